"""Does as much arrive as before: spans, falls and what is never said to have fallen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from offboarding.verification.comparing import (
    Kind,
    Line,
    Reading,
    changes,
    day_before,
    percent,
    reading,
    says_after,
    says_before,
    span_since,
)

AT = datetime(2026, 3, 31, 13, 40, 30, tzinfo=UTC)


def source(events: int | None = None, earlier: int | None = None, enabled: bool | None = True) -> Line:
    return Line(Kind.SOURCE, "s1", "Website", enabled, events=events, earlier=earlier)


def warehouse(state: str = "CONNECTED", enabled: bool = True) -> Line:
    return Line(Kind.WAREHOUSE, "w1", "Snowflake", enabled, state)


def of(*lines: Line, unknown: tuple[tuple[str, str], ...] = ()) -> Reading:
    return Reading(lines, unknown=unknown)


FALLS = [
    (100, 49, True, "more than half is gone"),
    (100, 50, False, "exactly half is not more than half"),
    (100, 0, True, "nothing arrives"),
    (19, 0, False, "so few events say nothing"),
    (20, 0, True, "the first number that says something"),
    (0, 0, False, "nothing before, nothing to compare"),
    (None, 0, False, "not known before"),
    (100, None, False, "not known after"),
    (100, 300, False, "more arrives"),
]


@pytest.mark.parametrize(("earlier", "events", "falls", "because"), FALLS, ids=[row[3] for row in FALLS])
def test_a_source_falls_by_more_than_the_share(
    earlier: int | None, events: int | None, falls: bool, because: str
) -> None:
    assert bool(changes(None, of(source(events, earlier)), 50)) is falls, because


def test_the_share_is_what_the_setting_says() -> None:
    after = of(source(75, 100))
    assert not changes(None, after, 25)
    assert changes(None, after, 20)


STATES = [
    (of(warehouse()), of(warehouse("FAILED")), "warehouse Snowflake was connected and no longer is"),
    (of(warehouse("FAILED")), of(warehouse("FAILED")), ""),
    (of(warehouse("")), of(warehouse("FAILED")), ""),
    (of(source()), of(source(enabled=False)), "source Website was enabled and no longer is"),
    (of(source(enabled=False)), of(source(enabled=False)), ""),
    (of(source()), of(), "source Website was enabled and is gone"),
    (of(source()), of(unknown=(("sources", "cannot be checked by API"),)), ""),
    (of(source(enabled=False)), of(), ""),
    (None, of(warehouse("FAILED")), ""),
]


@pytest.mark.parametrize(("before", "after", "says"), STATES)
def test_what_worked_and_no_longer_does_is_named(before: Reading | None, after: Reading, says: str) -> None:
    assert "; ".join(change.says for change in changes(before, after, 50)) == says


def test_full_hours_are_counted_as_soon_as_there_is_one() -> None:
    span = span_since(AT, AT + timedelta(hours=3))
    assert span is not None
    assert (span.granularity, span.start.hour, span.end.hour) == ("HOUR", 14, 16)


def test_before_the_first_full_hour_full_minutes_are_counted() -> None:
    span = span_since(AT, AT + timedelta(minutes=5))
    assert span is not None
    assert (span.granularity, span.start.minute, span.end.minute) == ("MINUTE", 41, 44)


def test_right_after_the_act_there_is_nothing_to_count() -> None:
    assert span_since(AT, AT + timedelta(seconds=70)) is None


def test_no_more_than_a_day_is_counted() -> None:
    span = span_since(AT, AT + timedelta(days=3))
    assert span is not None and span.end - span.start == timedelta(days=1)


@pytest.mark.parametrize("hours", [2, 20, 30, 24 * 9])
def test_the_same_hours_of_a_day_before_the_first_act_are_compared(hours: int) -> None:
    span = span_since(AT + timedelta(hours=hours), AT + timedelta(hours=hours + 3))
    assert span is not None
    earlier = span.earlier(AT)
    assert earlier.end <= AT and AT - earlier.end < timedelta(days=1)
    assert (span.start - earlier.start) % timedelta(days=1) == timedelta(0)


def test_before_are_the_24_full_hours_before_the_act() -> None:
    span = day_before(AT)
    assert (span.start, span.end) == (
        datetime(2026, 3, 30, 13, tzinfo=UTC),
        datetime(2026, 3, 31, 13, tzinfo=UTC),
    )


def test_a_reading_comes_back_from_its_json() -> None:
    seen = Reading((source(3, 4), warehouse()), "a", "b", (("event volume", "cannot be checked by API"),))
    assert reading(seen.as_json()) == seen


def test_a_change_in_percent_needs_something_before() -> None:
    assert [percent(source(50, 100)), percent(source(5, 0)), percent(source(5))] == [-50, None, None]


def test_what_was_not_known_is_said() -> None:
    seen = of(source(1200), unknown=(("event volume", "cannot be checked by API"),))
    assert says_before(seen) == (
        "1 source, 0 destinations, 0 warehouses; 1200 events in 24 hours; "
        "not known: event volume (cannot be checked by API)"
    )
    assert says_after(None, of(source(5, 5))).startswith("nothing was measured before the work")
    assert says_after(seen, of(source(5, 5))).endswith("events of 1 compared, none fell")

"""Clocks, limits and samples as plain values."""

from __future__ import annotations

import random
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offboarding.removals.rules import Group, Stage
from offboarding.reports.population import rules
from offboarding.reports.population.controls import controls
from offboarding.reports.population.rules import PlaceRow, Row, Standing
from offboarding.verification.rules import Now

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def place(gone_after: float | None = 3, name: str = "Acme Prod", choice: str = "remove") -> PlaceRow:
    gone_at = None if gone_after is None else NOON + hours(gone_after)
    now = Now.WAITING if gone_after is None else Now.VERIFIED
    return PlaceRow(name, "Acme", "production", choice, now, "waits for SCIM", gone_at)


def row(*places: PlaceRow, **more: Any) -> Row:
    fields: dict[str, Any] = {
        "number": 1001,
        "person": "Dan",
        "addresses": ("dan@x.example",),
        "kind": Group.COMPLETION,
        "reason": "Contract ended",
        "ticket": "",
        "requester": "Alice",
        "approvers": ("Bob",),
        "stage": Stage.RUNNING,
        "trigger": NOON,
        "filed": NOON - hours(2),
        "approved": NOON - hours(1),
        "closed": None,
        "due": NOON + hours(24),
        "places": places or (place(),),
    }
    return Row(**{**fields, **more})


LATER = NOON + hours(30)
STANDINGS = [
    (row(), LATER, Standing.IN_TIME, "", "gone within the limit"),
    (row(place(24)), LATER, Standing.IN_TIME, "", "on the dot"),
    (row(place(25)), LATER, Standing.LATE, "Acme Prod was found empty last", "an hour too late"),
    (row(place(1), place(26, "Acme EU")), LATER, Standing.LATE, "Acme EU was found empty last", "the last place counts"),
    (row(place(None)), NOON, Standing.OPEN, "", "there is time left"),
    (row(place(None)), LATER, Standing.OVERDUE, "Acme Prod: waits for SCIM", "the time is over"),
    (row(place(3), place(None, "Acme EU")), LATER, Standing.OVERDUE, "Acme EU: waits for SCIM", "one place is not gone"),
    (row(place(3), place(None, "Kept", "keep")), LATER, Standing.IN_TIME, "", "what stays on purpose does not count"),
    (row(place(26), filed=NOON + hours(25)), LATER, Standing.LATE, "asked for after the limit", "nobody asked in time"),
    (row(place(26), approved=NOON + hours(25)), LATER, Standing.LATE, "approved after the limit", "approved too late"),
    (row(place(None), approved=None), LATER, Standing.OVERDUE, "not approved yet", "nobody approved"),
    (row(place(26), approved=None, emergency=True), LATER, Standing.LATE, "Acme Prod was found empty last",
     "an emergency waits for no approval"),
    (row(stage=Stage.WITHDRAWN), LATER, Standing.NOT_MEASURED, "", "withdrawn"),
    (row(stage=Stage.REJECTED), LATER, Standing.NOT_MEASURED, "", "rejected"),
    (row(kind=Group.RESTORATION), LATER, Standing.NOT_MEASURED, "", "gives access, takes none"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "now", "stands", "why", "because"), STANDINGS, ids=[each[4] for each in STANDINGS]
)
def test_how_a_request_stands_and_why(
    one: Row, now: datetime, stands: Standing, why: str, because: str
) -> None:
    assert rules.standing(one, now) is stands, because
    assert rules.why_late(one, now) == why


def test_time_counts_from_the_trigger_and_is_never_negative() -> None:
    assert row(place(3)).elapsed == hours(3)
    assert row(place(-5)).elapsed == timedelta(0), "gone before it had to be"
    assert row(place(3)).since_approval == hours(4)
    assert row(place(None)).elapsed is None


def test_the_summary_adds_up() -> None:
    rows = [each[0] for each in STANDINGS]
    found = rules.summary(rows, LATER)
    assert found.requests == len(rows)
    judged = found.in_time + found.late + found.overdue
    assert judged + found.open + found.not_measured == found.requests
    assert found.measured == judged + found.open and found.gone == found.in_time + found.late
    assert found.percent == round(100 * found.in_time / judged)
    assert sum(rules.spread(rows)) == found.measured


MEDIANS = [
    ([], None, None),
    ([3], 3, 3),
    ([1, 3], 2, 3),
    ([1, 2, 9], 2, 9),
    (list(range(1, 11)), 5.5, 9),
    (list(range(1, 21)), 10.5, 18),
]


@pytest.mark.parametrize(("spans", "middle", "nine"), MEDIANS)
def test_median_and_nine_of_ten(spans: list[int], middle: float | None, nine: float | None) -> None:
    rows = [row(place(span)) for span in spans]
    random.Random(1).shuffle(rows)
    found = rules.summary(rows, LATER)
    assert found.median == (None if middle is None else hours(middle))
    assert found.nine_of_ten == (None if nine is None else hours(nine))


@pytest.mark.parametrize(
    ("took", "bucket"), [(0, 0), (1, 0), (1.01, 1), (4, 1), (24, 2), (72, 3), (73, 4), (None, 5)]
)
def test_each_time_falls_into_one_bar(took: float | None, bucket: int) -> None:
    assert rules.spread([row(place(took))]).index(1) == bucket


REFERENCES = [f"R-{number}" for number in range(1001, 1101)]


def test_the_same_seed_gives_the_same_sample_in_whatever_order() -> None:
    shuffled = REFERENCES.copy()
    random.Random(2).shuffle(shuffled)
    first = rules.sample(REFERENCES, 25, "20260331")
    assert first == rules.sample(shuffled, 25, "20260331")
    assert len(set(first)) == 25 and set(first) <= set(REFERENCES)
    assert first != rules.sample(REFERENCES, 25, "20260332")
    assert rules.sample(REFERENCES, 30, "20260331")[:25] == first, "a larger one goes on where it ended"


def test_a_sample_can_be_drawn_again_with_sha256sum() -> None:
    digest = '"$(printf "20260331:R-$n" | sha256sum | cut -c 1-64)"'
    script = f'for n in $(seq 1001 1100); do printf "%s R-$n\\n" {digest}; done | sort'
    told = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout
    drawn = [line.split()[1] for line in told.splitlines()]
    assert drawn[:25] == rules.sample(REFERENCES, 25, "20260331")


@pytest.mark.parametrize(("size", "there"), [(0, 0), (-3, 0), (1000, 100)])
def test_a_sample_has_no_more_than_there_are(size: int, there: int) -> None:
    assert len(rules.sample(REFERENCES, size, "x")) == there


def test_a_place_that_waits_keeps_the_request_from_being_gone() -> None:
    both = row(place(3), place(None))
    assert both.gone is None
    assert replace(both, places=(place(3), place(5))).gone == NOON + hours(5)


def test_the_controls_name_each_requirement_once() -> None:
    found = controls()
    assert len({(each.framework, each.number) for each in found}) == len(found) >= 11
    assert all(each.asks.endswith(".") and each.shows.endswith(".") for each in found)

"""When each line of a plan is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from offboarding.checklist.actions import due_of
from offboarding.checklist.rules import Kind, Line, Phase, moment_of

DUE = datetime(2026, 3, 31, 17, tzinfo=UTC)
LINE = Line(
    "x", Phase.FOLLOW_UP, Kind.AUTOMATIC, "x", "x", None, {"until": "2026-04-30"}, "", (), "", (), "", True
)


@pytest.mark.parametrize(
    ("at", "due", "why"),
    [
        ("", DUE, "with the request"),
        ("until", datetime(2026, 5, 1, 17, tzinfo=UTC), "the day after read-only access ends"),
        ("30 days", datetime(2026, 4, 30, 17, tzinfo=UTC), "so many days after the request"),
    ],
)
def test_a_line_is_due(at: str, due: datetime, why: str) -> None:
    assert due_of(replace(LINE, at=at), DUE) == due, why


# Read-only access lasts through its last day, in the zone of the request; a restoration ends at its minute.
ENDS = [
    (
        "2027-03-27",
        "Europe/Berlin",
        "2027-03-27T23:00",
        "the day that clocks go forward begins in winter time",
    ),
    ("2027-03-28", "Europe/Berlin", "2027-03-28T22:00", "that day has 23 hours"),
    ("2027-10-31", "Europe/Berlin", "2027-10-31T23:00", "a day of 25 hours"),
    ("2027-04-29", "Africa/Cairo", "2027-04-29T22:00", "there is no midnight: the day begins at one"),
    ("2027-11-06", "America/Havana", "2027-11-07T04:00", "midnight comes twice: the first one"),
    ("2027-03-28T00:30:00+00:00", "Europe/Berlin", "2027-03-28T00:30", "a restoration, to the minute"),
]


@pytest.mark.parametrize(("until", "zone", "utc", "because"), ENDS)
def test_when_an_end_date_comes(until: str, zone: str, utc: str, because: str) -> None:
    assert f"{moment_of(until, ZoneInfo(zone)).astimezone(UTC):%Y-%m-%dT%H:%M}" == utc, because

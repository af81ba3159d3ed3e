"""The start of a request, typed in a zone whose clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from offboarding.web.filing.forms import DetailsForm


def form(day: str, clock: str, zone: str = "Europe/Berlin") -> DetailsForm:
    given = {"reason": "contract-ended", "start": "at", "day": day, "clock": clock, "time_zone": zone}
    return DetailsForm(given)


@pytest.mark.parametrize(
    ("day", "clock", "zone", "utc"),
    [
        ("2027-03-28", "01:30", "Europe/Berlin", "2027-03-28T00:30"),
        ("2027-03-28", "03:30", "Europe/Berlin", "2027-03-28T01:30"),
        ("2027-10-31", "03:30", "Europe/Berlin", "2027-10-31T02:30"),
        ("2027-10-31", "02:30", "UTC", "2027-10-31T02:30"),
        ("2027-01-01", "09:00", "Pacific/Auckland", "2026-12-31T20:00"),
    ],
)
def test_a_time_in_a_zone_is_one_moment(day: str, clock: str, zone: str, utc: str) -> None:
    filled = form(day, clock, zone)
    assert filled.is_valid(), filled.errors
    assert f"{filled.starts_at(datetime.now(UTC)).astimezone(UTC):%Y-%m-%dT%H:%M}" == utc


@pytest.mark.parametrize(
    ("day", "clock", "says"),
    [
        ("2027-03-28", "02:30", "There is no 02:30 on 28 Mar 2027 in Europe/Berlin"),
        ("2027-10-31", "02:30", "02:30 on 31 Oct 2027 in Europe/Berlin comes twice"),
    ],
)
def test_a_time_that_comes_never_or_twice_is_said_at_its_field(day: str, clock: str, says: str) -> None:
    filled = form(day, clock)
    assert not filled.is_valid()
    assert says in filled.errors["clock"][0]


def test_other_mistakes_are_said_first() -> None:
    assert set(form("2027-03-28", "02:30", "Mars/Phobos").errors) == {"time_zone"}
    assert set(form("", "02:30").errors) == {"day"}

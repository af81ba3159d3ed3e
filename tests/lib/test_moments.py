"""Times on days when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from offboarding.lib.moments import moment
from offboarding.lib.refusals import Refused

BERLIN, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
FORWARD, BACK = date(2027, 3, 28), date(2027, 10, 31)

CLEAR = [
    (FORWARD, time(1, 59), BERLIN, "00:59", "the last minute of winter"),
    (FORWARD, time(3, 0), BERLIN, "01:00", "the first minute of summer"),
    (BACK, time(1, 59), BERLIN, "23:59", "before the hour that comes twice"),
    (BACK, time(3, 0), BERLIN, "02:00", "after it"),
    (date(2027, 4, 4), time(2, 0), LORD_HOWE, "15:30", "clocks go back by half an hour there"),
]


@pytest.mark.parametrize(("day", "clock", "zone", "utc", "because"), CLEAR)
def test_a_time_that_comes_once_is_one_moment(
    day: date, clock: time, zone: ZoneInfo, utc: str, because: str
) -> None:
    assert f"{moment(day, clock, zone).astimezone(UTC):%H:%M}" == utc, because


UNCLEAR = [
    (FORWARD, time(2, 0), BERLIN, "no-such-time"),
    (FORWARD, time(2, 59), BERLIN, "no-such-time"),
    (BACK, time(2, 0), BERLIN, "time-comes-twice"),
    (BACK, time(2, 59), BERLIN, "time-comes-twice"),
    (date(2027, 4, 4), time(1, 45), LORD_HOWE, "time-comes-twice"),
]


@pytest.mark.parametrize(("day", "clock", "zone", "code"), UNCLEAR)
def test_a_time_that_comes_never_or_twice_is_refused(
    day: date, clock: time, zone: ZoneInfo, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        moment(day, clock, zone)
    assert refused.value.code == code
    assert f"{clock:%H:%M}" in refused.value.sentence and zone.key in refused.value.sentence


def test_in_utc_every_time_comes_once() -> None:
    assert moment(BACK, time(2, 30), ZoneInfo("UTC")) == datetime(2027, 10, 31, 2, 30, tzinfo=UTC)

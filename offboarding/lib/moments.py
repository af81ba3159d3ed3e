"""A day, a time on the clock and a zone are one moment, except where clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from offboarding.lib.refusals import Refused


def after(last_day: date, zone: ZoneInfo, field: str = "start") -> datetime:
    """When this day is over there: the day itself still counts."""
    return moment(last_day + timedelta(days=1), time(), zone, field)


def moment(day: date, clock: time, zone: ZoneInfo, field: str = "clock") -> datetime:
    """The moment that somebody means. Raises Refused for a time that no clock shows, or that it shows twice."""
    said = datetime.combine(day, clock, zone)
    words = f"{clock:%H:%M} on {day.day} {day:%b %Y} in {zone.key}"
    first, second = said.utcoffset(), said.replace(fold=1).utcoffset()
    if first == second:
        return said
    if said.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != said.replace(tzinfo=None):
        sentence = f"There is no {words}: clocks are put forward over it. Choose a time before or after."
        raise Refused("no-such-time", sentence, field=field)
    sentence = f"{words} comes twice: clocks are put back. Choose a time before or after, or the zone UTC."
    raise Refused("time-comes-twice", sentence, field=field)

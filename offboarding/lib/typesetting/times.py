"""Times and sizes as the report writes them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Written out here, since the names of months must not follow the language of the machine.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(iso: str) -> datetime:
    """The moment of an ISO 8601 text, in UTC. A text without an offset is read as UTC."""
    read = datetime.fromisoformat(iso)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def zone_of(name: str) -> ZoneInfo:
    """The zone; UTC if the name is not known, for a record must not fail on a name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def local(iso: str | None, zone: ZoneInfo) -> str:
    """Such as "31 Mar 2026 16:50 CEST"; empty if there is no time."""
    if not iso:
        return ""
    at = moment(iso).astimezone(zone)
    return f"{_day(at)} {at:%H:%M} {_zone(at)}"


def both(iso: str | None, zone: ZoneInfo) -> str:
    """Such as "31 Mar 2026 16:50 CEST (14:50 UTC)"."""
    if not iso:
        return ""
    at = moment(iso)
    there = at.astimezone(zone)
    if there.utcoffset() == at.utcoffset():
        return local(iso, zone)
    utc = f"{at:%H:%M} UTC" if there.date() == at.date() else f"{_day(at)} {at:%H:%M} UTC"
    return f"{local(iso, zone)} ({utc})"


def utc(iso: str | None) -> str:
    """Such as "2026-03-31 14:50:00": the form of evidence, in every language."""
    return f"{moment(iso):%Y-%m-%d %H:%M:%S}" if iso else ""


def day(iso: str) -> str:
    """Such as "31 Mar 2033", from a date or a time; empty if there is none."""
    return _day(moment(iso)) if iso else ""


def span(minutes: int) -> str:
    """Such as "2 h 14 min" or "3 d 4 h"."""
    hours, rest = divmod(max(minutes, 0), 60)
    days, left = divmod(hours, 24)
    parts = [(days, "d"), (left, "h"), (rest if not days else 0, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 min"


def size(count: int) -> str:
    """Such as "12.4 kB"; decimal units."""
    if count < 1000:
        return f"{count} bytes"
    value, unit = count / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if value < 999.95:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}"


def _day(at: datetime) -> str:
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def _zone(at: datetime) -> str:
    name = at.tzname() or "UTC"
    # Zones without letters of their own answer with their offset, such as "+04".
    return name if name[0].isalpha() else f"UTC{name}"

"""Times as people read them: absolute first, the zone written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from django.utils import dateformat
from django.utils.translation import gettext as _

from offboarding.web.cards.states import Role


def _zone_name(when: datetime) -> str:
    """The name of the zone, as "CEST", or its number where it has no name, as "UTC-03"."""
    name = when.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def _amount(span: timedelta) -> str:
    """The two largest units that matter: 40 s, 18 min, 3 h 19 min, 12 d."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{hours // 24} d"


def relative(when: datetime, now: datetime) -> str:
    """Such as "in 3 h 19 min", "2 d ago", and "now" within 5 seconds."""
    span = when - now
    if abs(span) < timedelta(seconds=5):
        return _("now")
    if span > timedelta(0):
        return _("in %(amount)s") % {"amount": _amount(span)}
    return _("%(amount)s ago") % {"amount": _amount(-span)}


def _clock(when: datetime, seconds: bool) -> str:
    return dateformat.format(when, "H:i:s" if seconds else "H:i") + " " + _zone_name(when)


def absolute(when: datetime, now: datetime, *, seconds: bool = False) -> str:
    """Day and month in words, zone written: "today 17:00 CEST", "28 Mar 08:12 CET"."""
    clock = _clock(when, seconds)
    days = (when.date() - now.astimezone(when.tzinfo).date()).days
    near = {-1: _("yesterday %(clock)s"), 0: _("today %(clock)s"), 1: _("tomorrow %(clock)s")}
    if days in near:
        return near[days] % {"clock": clock}
    same_year = when.year == now.astimezone(when.tzinfo).year
    return dateformat.format(when, "j M" if same_year else "j M Y") + " " + clock


@dataclass(frozen=True, slots=True)
class TimeCard:
    """`<time>`: absolute first, relative after, UTC too where asked."""

    iso: str
    absolute: str
    relative: str = ""
    utc: str = ""

    @classmethod
    def of(
        cls, when: datetime, zone: tzinfo, now: datetime, *,
        seconds: bool = False, utc: bool = False, day: bool = True,
    ) -> TimeCard:  # fmt: skip
        """`when` and `now` are aware; `zone` is the reader's. `utc` adds UTC, for audit and evidence.

        `day=False` leaves the day out, where a heading already says it.
        """
        local, world = when.astimezone(zone), when.astimezone(UTC)
        clock = "%Y-%m-%d %H:%M:%S UTC" if seconds else "%Y-%m-%d %H:%M UTC"
        return cls(
            iso=world.isoformat(timespec="seconds"),
            absolute=absolute(local, now, seconds=seconds) if day else _clock(local, seconds),
            relative=relative(when, now),
            utc=world.strftime(clock) if utc else "",
        )


@dataclass(frozen=True, slots=True)
class DueCard:
    """A countdown: neutral with more than a quarter left, then attention, then bad and "2 h late"."""

    time: TimeCard
    role: Role

    @classmethod
    def of(cls, due: datetime, start: datetime, zone: tzinfo, now: datetime) -> DueCard:
        """`start` is when the time began to run, so that a quarter of it means something."""
        time = TimeCard.of(due, zone, now)
        if now > due:
            late = _("%(amount)s late") % {"amount": _amount(now - due)}
            return cls(replace(time, relative=late), "bad")
        return cls(time, "attention" if (due - now) * 4 < (due - start) else "neutral")

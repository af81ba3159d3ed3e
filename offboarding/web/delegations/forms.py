"""To whom, from when until when, and why: as it is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from offboarding.lib.moments import moment
from offboarding.lib.refusals import Refused
from offboarding.removals.actions import known_zone
from offboarding.users.models import User
from offboarding.web.account.forms import zone_choices
from offboarding.web.cards import FieldCard
from offboarding.web.cards.fields import options

USUALLY = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Typed:
    to: str = ""
    from_day: str = ""
    from_clock: str = ""
    until_day: str = ""
    until_clock: str = ""
    time_zone: str = ""
    why: str = ""

    @classmethod
    def of(cls, post: Mapping[str, Any]) -> Typed:
        return cls(**{name: str(post.get(name, "")).strip() for name in cls.__slots__})

    @classmethod
    def suggested(cls, now: datetime, zone: ZoneInfo) -> Typed:
        here = now.astimezone(zone)
        end = here + USUALLY
        return cls("", here.date().isoformat(), f"{here:%H:%M}", end.date().isoformat(), "18:00", zone.key)

    @property
    def starts_at(self) -> datetime:
        return self.moment("from")

    @property
    def ends_at(self) -> datetime:
        return self.moment("until")

    def moment(self, name: str) -> datetime:
        """Raises Refused with the field that cannot be read."""
        if not known_zone(self.time_zone):
            raise Refused("no-zone", _("Choose a time zone from the list."), field="time_zone")
        day, clock = getattr(self, f"{name}_day"), getattr(self, f"{name}_clock")
        try:
            when = date.fromisoformat(day)
        except ValueError:
            raise Refused("no-day", _("Enter a date like 2027-01-31."), field=f"{name}_day") from None
        try:
            at = time.fromisoformat(clock)
        except ValueError:
            raise Refused("no-clock", _("Enter a time like 17:00."), field=f"{name}_clock") from None
        return moment(when, at.replace(tzinfo=None), ZoneInfo(self.time_zone), f"{name}_clock")


def packed(typed: Typed) -> dict[str, str]:
    return asdict(typed)


def fields(typed: Typed, people: Sequence[User], wrong: Refused | None) -> tuple[FieldCard, ...]:
    at = str(wrong.facts.get("field", "")) if wrong else ""
    says = wrong.sentence if wrong else ""
    chosen = [("", _("– choose –")), *((str(each.pk), f"{each.name}, {each.email}") for each in people)]

    def field(name: str, label: str, kind: str = "text", **more: Any) -> FieldCard:
        return FieldCard(name, label, kind, getattr(typed, name), error=says if at == name else "", **more)

    return (
        field("to", _("Who decides in your place"), "select", options=options(chosen, typed.to)),
        field("from_day", _("First day"), "date", width="short"),
        field("from_clock", _("From"), "time", width="short"),
        field("until_day", _("Last day"), "date", width="short"),
        field("until_clock", _("Until"), "time", width="short"),
        field("time_zone", _("Time zone"), "select", options=options(zone_choices(), typed.time_zone), width="mid"),
        field("why", _("Why"), hint=_("Such as holidays. It stands in the record."), attrs=(("maxlength", "300"),)),
    )  # fmt: skip

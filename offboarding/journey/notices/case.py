"""One entry of the ledger about one request, and the pieces that notices about it are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.checklist.models import ChecklistItem, Plan
from offboarding.ledger.models import Entry
from offboarding.removals.models import RemovalRequest
from offboarding.users.models import User

NAMED = 8  # names or steps that are listed before "and 3 more"


def today() -> date:
    return datetime.now(UTC).date()


def actor_of(entry: Entry) -> str:
    label = entry.personal.filter(name="actor").values_list("value", flat=True).first()
    return label or _("Somebody")


@dataclass(frozen=True, slots=True)
class Words:
    subject: str
    lead: str
    facts: Sequence[tuple[str, str]]
    url: str
    brief: str = ""


class Case:
    """One entry about one request, read once for everybody who is told."""

    def __init__(self, entry: Entry, removal: RemovalRequest) -> None:
        self.entry, self.removal = entry, removal
        self.facts = entry.facts
        self.url = f"/requests/{removal.reference}/"

    @cached_property
    def actor(self) -> str:
        return actor_of(self.entry)

    @cached_property
    def plan(self) -> Plan:
        """The version that the entry names, else the newest."""
        version = self.facts.get("version") if self.entry.event.startswith("plan.") else None
        named = {"version": version} if version else {}
        return self.removal.plans.filter(**named).order_by("-version")[0]

    @cached_property
    def item(self) -> ChecklistItem:
        return self.plan.items.select_related("workspace").get(number=self.facts["item"])

    @cached_property
    def places(self) -> list[dict[str, Any]]:
        return [place for place in self.plan.data["places"] if place["choice"] != "keep"]


def short(address: str) -> str:
    """Enough to know who is meant, on a locked screen too."""
    return f"{address.split('@')[0]}@…"


def who(case: Case) -> tuple[str, str]:
    told = [part for part in (case.removal.person_name, *case.removal.addresses) if part]
    return _("Who"), ", ".join(told)


def count(case: Case) -> str:
    clients = {place["client"] for place in case.places}
    number = len(case.places)
    words = {"n": number, "client": next(iter(clients), "")}
    if len(clients) == 1:
        return ngettext("%(n)d %(client)s workspace", "%(n)d %(client)s workspaces", number) % words
    return ngettext("%(n)d workspace", "%(n)d workspaces", number) % words


def what(case: Case) -> str:
    words = {"who": short(case.removal.email), "places": count(case)}
    if case.removal.restores_id:
        return _("give %(who)s access to %(places)s back for a time") % words
    return _("remove %(who)s from %(places)s") % words


def where(case: Case) -> tuple[str, str]:
    return _("Where"), f"{count(case)}: {some(place['workspace'] for place in case.places)}"


def why(case: Case) -> tuple[str, str]:
    return _("Why"), ", ".join(part for part in (case.removal.reason_says, case.removal.ticket) if part)


def some(names: Iterable[str]) -> str:
    listed = list(names)
    shown = ", ".join(listed[:NAMED])
    left = len(listed) - NAMED
    return _("%(names)s and %(n)d more") % {"names": shown, "n": left} if left > 0 else shown


def local(moment: datetime, user: User) -> datetime:
    return moment.astimezone(ZoneInfo(user.time_zone or settings.TIME_ZONE))


def clock(when: datetime) -> str:
    name = when.tzname() or "UTC"
    return f"{dateformat.format(when, 'H:i')} {f'UTC{name}' if name[0] in '+-' else name}"


def at(moment: datetime | None, user: User) -> str:
    """ "22 Nov 2026 12:00 CET": a mail is read later than it was written, so nothing is "today"."""
    if moment is None:
        return _("not set")
    when = local(moment, user)
    return f"{dateformat.format(when, 'j M Y')} {clock(when)}"


def by(moment: datetime, user: User) -> str:
    """For a subject: "12:00 CET", with the day in front unless it is the reader's today."""
    when = local(moment, user)
    same_day = when.date() == local(datetime.now(UTC), user).date()
    return clock(when) if same_day else f"{dateformat.format(when, 'j M')} {clock(when)}"

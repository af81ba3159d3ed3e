"""What the pages about clients and engagements show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from offboarding.connections.models import Workspace
from offboarding.connections.queries import hours_of
from offboarding.connections.rules import SupportHours
from offboarding.directory.models import Client, Collaborator, Engagement
from offboarding.directory.rules import over
from offboarding.web.cards import FactCard, TagCard
from offboarding.web.removal.clock import Clock

ENDING_SOON = 14  # days


@dataclass(frozen=True, slots=True)
class ClientRow:
    name: str
    url: str
    engagements: str
    workspaces: str
    people: str
    next_end: str
    tag: TagCard | None


@dataclass(frozen=True, slots=True)
class EngagementRow:
    name: str
    url: str
    lead: str
    days: str
    people: str
    tag: TagCard


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    name: str
    url: str
    environment: str
    support: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    name: str
    url: str
    addresses: tuple[str, ...]
    kind: str
    pk: int


def client_rows(found: Iterable[Client], clock: Clock) -> tuple[ClientRow, ...]:
    """Of clients with the counts that the list asks for."""
    return tuple(client_row(each, clock) for each in found)


def client_row(client: Client, clock: Clock) -> ClientRow:
    running, places, people = client.running, client.places, client.people  # type: ignore[attr-defined]
    return ClientRow(
        name=client.name,
        url=url_of(client),
        engagements=ngettext("%d running", "%d running", running) % running if running else _("none"),
        workspaces=str(places or _("none")),
        people=str(people or _("none")),
        next_end=in_words(client.next_end) if client.next_end else "",  # type: ignore[attr-defined]
        tag=TagCard("closed", _("Ended")) if client.ended_at else None,
    )


def url_of(row: Client | Engagement) -> str:
    if isinstance(row, Client):
        return f"/setup/clients/{row.pk}/"
    return f"/setup/clients/{row.client_id}/engagements/{row.pk}/"


def zone_of_client(client: Client) -> ZoneInfo:
    return ZoneInfo(client.time_zone or settings.TIME_ZONE)


def in_words(day: date) -> str:
    return dateformat.format(day, "j M Y")


def days_of(engagement: Engagement) -> str:
    """ "1 Jan 2026 to 30 Apr 2026", "until 30 Apr 2026", "no last day"."""
    starts, ends = engagement.starts_on, engagement.ends_on
    if starts and ends:
        return _("%(first)s to %(last)s") % {"first": in_words(starts), "last": in_words(ends)}
    if ends:
        return _("until %(last)s") % {"last": in_words(ends)}
    return _("from %(first)s, no last day") % {"first": in_words(starts)} if starts else _("no last day")


def standing(engagement: Engagement, clock: Clock) -> TagCard:
    """Running, ending soon, over but not ended by anybody, ended, or not begun."""
    zone, here = zone_of_client(engagement.client), clock.now
    if engagement.ended_at:
        return TagCard("closed", _("Ended"))
    if over(engagement.ends_on, zone, here):
        return TagCard("late", _("Last day has passed"))
    today = here.astimezone(zone).date()
    if engagement.starts_on and engagement.starts_on > today:
        return TagCard("not_started", _("Not begun"))
    left = (engagement.ends_on - today).days if engagement.ends_on else ENDING_SOON
    if left < ENDING_SOON:
        words = ngettext("Ends in %d day", "Ends in %d days", left) % left if left else _("Ends today")
        return TagCard("due_soon", words)
    return TagCard("running")


def engagement_rows(found: Iterable[Engagement], clock: Clock) -> tuple[EngagementRow, ...]:
    return tuple(
        EngagementRow(
            name=each.name,
            url=url_of(each),
            lead=each.lead.name,
            days=days_of(each),
            people=str(each.people or _("none")),  # type: ignore[attr-defined]
            tag=standing(each, clock),
        )
        for each in found
    )


def workspace_rows(found: Iterable[Workspace], changeable: bool) -> tuple[WorkspaceRow, ...]:
    return tuple(
        WorkspaceRow(
            name=each.name,
            url=f"/setup/connections/{each.pk}/" if changeable else "",
            environment=f"{each.get_environment_display()}, {each.get_region_display()}",
            support=support(hours_of(each)),
        )
        for each in found
    )


def support(hours: SupportHours | None) -> str:
    """ "Mon, Tue, Wed 09:00 to 18:00"; the zone stands with the client."""
    if hours is None:
        return _("not said")
    names = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
    days = ", ".join(names[int(each) - 1] for each in sorted(hours.days))
    if hours.days == "12345":
        days = _("Mon to Fri")
    return f"{days} {hours.begins:%H:%M}–{hours.ends:%H:%M}"


def person_rows(found: Iterable[Collaborator]) -> tuple[PersonRow, ...]:
    return tuple(
        PersonRow(
            name=each.name,
            url=f"/people/{each.pk}/",
            addresses=tuple(one.email for one in each.addresses.all() if not one.retired_at),
            kind=each.get_kind_display(),
            pk=each.pk,
        )
        for each in found
    )


def client_facts(client: Client) -> tuple[FactCard, ...]:
    state = TagCard("closed", _("Ended")) if client.ended_at else TagCard("running", _("We work for them"))
    return (
        FactCard(_("State"), (state,)),
        FactCard(
            _("Time zone"),
            str(zone_of_client(client)).replace("_", " "),
            note=_("Last days end at midnight there, and support hours are told by its clocks."),
        ),
        FactCard(_("Contact at the client"), client.contact or _("not said")),
    )


def engagement_facts(engagement: Engagement, clock: Clock) -> tuple[FactCard, ...]:
    zone = str(zone_of_client(engagement.client)).replace("_", " ")
    meaning = _("Access may be used until this day ends in %(zone)s.") % {"zone": zone}
    return (
        FactCard(_("State"), (standing(engagement, clock),)),
        FactCard(_("Lead"), engagement.lead.name, note=led(engagement)),
        FactCard(_("First day"), in_words(engagement.starts_on) if engagement.starts_on else _("not said")),
        FactCard(
            _("Last day"),
            in_words(engagement.ends_on) if engagement.ends_on else _("none"),
            note=meaning if engagement.ends_on else "",
        ),
        FactCard(_("Contract or SOW"), engagement.sow or _("not said")),
    )


def led(engagement: Engagement) -> str:
    return "" if engagement.lead.is_active else _("Does not sign in here any more: choose somebody else.")


def listed(names: Sequence[str]) -> str:
    return ", ".join(names)

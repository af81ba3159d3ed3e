"""Where the days come from: steps with a day of their own, shared links, engagements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from operator import attrgetter

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.directory.models import Engagement
from offboarding.directory.queries import ending
from offboarding.directory.rules import Scope
from offboarding.execution.queries import FollowUp, follow_ups
from offboarding.packets.models import Share
from offboarding.packets.shares.queries import open_shares
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import removals_for
from offboarding.web.cards import TagCard, WorkRowCard
from offboarding.web.clients.cards import zone_of_client
from offboarding.web.removal.clock import Clock

KINDS = {
    "steps": lazy("Looks and steps"),
    "ends": lazy("Access that ends"),
    "links": lazy("Shared links"),
    "engagements": lazy("Engagements"),
}
MOST = 200  # of each kind
AHEAD = timedelta(days=90)  # engagements that end later are no news


@dataclass(frozen=True, slots=True)
class Wanted:
    """`client` is a slug, or empty for all; `mine`: only what this very person asked for, leads or shared."""

    scope: Scope
    clock: Clock
    what: str
    client: str
    mine: bool


@dataclass(frozen=True, slots=True)
class Dated:
    when: datetime
    row: WorkRowCard
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    rows: tuple[Dated, ...]
    more: bool


def rows(wanted: Wanted) -> Found:
    """Of all kinds that are wanted, the next first."""
    lists = [list(of(wanted)) for of in (steps, links, engagements)]
    found = sorted((row for rows in lists for row in rows), key=attrgetter("when"))
    return Found(tuple(found), any(len(rows) >= MOST for rows in lists))


def removals(wanted: Wanted) -> QuerySet[RemovalRequest]:
    found = removals_for(wanted.scope)
    if wanted.mine:
        found = found.filter(requester_id=wanted.scope.user_id)
    return found.filter(places__workspace__client__slug=wanted.client) if wanted.client else found


def steps(wanted: Wanted) -> Iterator[Dated]:
    if wanted.what not in ("", "steps", "ends"):
        return
    found = follow_ups(
        removals(wanted), wanted.clock.zone, MOST, ends={"steps": False, "ends": True}.get(wanted.what)
    )
    about = RemovalRequest.objects.in_bulk({each.removal for each in found})
    for each in found:
        yield Dated(each.when, step_row(each, about[each.removal], wanted.clock), bool(each.stopped))


def step_row(each: FollowUp, removal: RemovalRequest, clock: Clock) -> WorkRowCard:
    one = f"/requests/{removal.reference}/steps/{each.number}/"
    title, more = each.title, each.count - 1
    if more:
        title = ngettext("%(title)s, and %(n)d more like it", "%(title)s, and %(n)d more like it", more)
        title %= {"title": each.title, "n": more}
    return WorkRowCard(
        TagCard("needs_person") if each.stopped else TagCard("waiting", _("By itself")),
        removal.reference,
        title,
        f"/requests/{removal.reference}/checklist/?show=waiting" if more and not each.stopped else one,
        who(removal) if each.fixed else _("%(who)s; the day is not final yet") % {"who": who(removal)},
        clock.due(each.when, max(clock.now, each.when - timedelta(days=1))),
    )


def who(removal: RemovalRequest) -> str:
    return removal.person_name or removal.email


def links(wanted: Wanted) -> Iterator[Dated]:
    if wanted.what not in ("", "links"):
        return
    found = open_shares(wanted.scope, wanted.clock.now)
    if wanted.mine:
        found = found.filter(made_by_id=wanted.scope.user_id)
    if wanted.client:
        found = found.filter(packet__removal__places__workspace__client__slug=wanted.client).distinct()
    for share in found[:MOST]:
        yield Dated(share.until, link_row(share, wanted.clock))


def link_row(share: Share, clock: Clock) -> WorkRowCard:
    removal = share.packet.removal
    return WorkRowCard(
        TagCard("waiting", _("Link ends")),
        removal.reference,
        _("Link to the packet for %(address)s ends") % {"address": share.address},
        reverse("shares", args=[removal.number]),
        who(removal),
        clock.due(share.until, max(clock.now, share.until - timedelta(days=1))),
    )


def engagements(wanted: Wanted) -> Iterator[Dated]:
    if wanted.what not in ("", "engagements"):
        return
    found = ending(wanted.scope, (wanted.clock.now + AHEAD).date())
    if wanted.mine:
        found = found.filter(lead_id=wanted.scope.user_id)
    if wanted.client:
        found = found.filter(client__slug=wanted.client)
    for each in found[:MOST]:
        yield engagement_row(each, wanted.clock)


def named(each: Engagement) -> str:
    """Many are called after their client."""
    if each.name.startswith(each.client.name):
        return each.name
    return _("%(client)s, %(name)s") % {"client": each.client.name, "name": each.name}


def engagement_row(each: Engagement, clock: Clock) -> Dated:
    """The last day counts, where the client is."""
    assert each.ends_on
    over = datetime.combine(each.ends_on + timedelta(days=1), time(), zone_of_client(each.client))
    words = {"day": date_format(each.ends_on, "j M Y"), "lead": each.lead.name}
    late = over <= clock.now
    return Dated(
        over,
        WorkRowCard(
            TagCard("late", _("Is over")) if late else TagCard("due_soon", _("Ends")),
            "",
            named(each),
            reverse("engagement", args=[each.client_id, each.pk]),
            _("last day %(day)s; lead %(lead)s") % words,
        ),
    )

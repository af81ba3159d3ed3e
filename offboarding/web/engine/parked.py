"""What stopped and nobody works on, within the reader's sight; of the rest only how many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from offboarding.connections.queries import workspaces_in
from offboarding.directory.rules import Scope
from offboarding.discovery.models import Look
from offboarding.execution.models import Run
from offboarding.execution.rules import Cause, may_not_work
from offboarding.notifications.models import Message
from offboarding.packets.actions import why_not_again
from offboarding.packets.models import Packet
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import removals_for
from offboarding.users.rules import Role
from offboarding.work.rules import State

AT_MOST = 10  # of each kind
PLACES = "places__workspace"  # of a removal, for its clients


@dataclass(frozen=True, slots=True)
class Parked:
    """`again_url` is empty where a new try is not asked for here, or not by this person."""

    id: str
    title: str
    says: str
    url: str = ""
    again_url: str = ""
    again: str = ""


def steps() -> QuerySet[Run]:
    return Run.objects.filter(state=State.NEEDS_PERSON, cause=Cause.CRASHED)


def packets() -> QuerySet[Packet]:
    return Packet.objects.filter(state=State.NEEDS_PERSON)


def messages() -> QuerySet[Message]:
    return Message.objects.filter(state=State.NEEDS_PERSON, joined_to=None)


def looks() -> QuerySet[Look]:
    """Those that no later look for the same person and place has made up for."""
    later = Look.objects.filter(
        person=OuterRef("person"), workspace=OuterRef("workspace"), pk__gt=OuterRef("pk")
    )
    return Look.objects.filter(~Exists(later), state=State.NEEDS_PERSON)


def count() -> int:
    """Of all clients. 4 queries."""
    return sum(found.count() for found in (steps(), packets(), messages(), looks()))


def parked(scope: Scope, *roles: Role) -> list[Parked]:
    """Of the reader's clients, some of each kind. The number of queries does not grow with the rows."""
    seen = removals_for(scope)
    return [
        *parked_steps(scope, seen),
        *parked_packets(scope, seen),
        *parked_messages(seen),
        *parked_looks(scope, *roles),
    ]


def parked_steps(scope: Scope, seen: QuerySet[RemovalRequest]) -> Iterator[Parked]:
    rows = steps().filter(item__plan__removal__in=seen).select_related("item__plan__removal")
    for run in rows.prefetch_related(f"item__plan__removal__{PLACES}").order_by("pk")[:AT_MOST]:
        removal = run.item.plan.removal
        url = f"/requests/{removal.reference}/steps/{run.item.number}/"
        words = {"reference": removal.reference, "number": run.item.number, "title": run.item.title}
        may = not may_not_work(scope, clients_in(removal), removal.addresses)
        yield Parked(
            id=f"step-{run.pk}",
            title=_("%(reference)s, step %(number)d: %(title)s") % words,
            says=run.sentence,
            url=url,
            again_url=f"{url}retry/" if may else "",
            again=_("Try again"),
        )


def parked_packets(scope: Scope, seen: QuerySet[RemovalRequest]) -> Iterator[Parked]:
    rows = packets().filter(removal__in=seen).select_related("removal").prefetch_related(f"removal__{PLACES}")
    for packet in rows.order_by("pk")[:AT_MOST]:
        words = {"reference": packet.removal.reference, "version": packet.version}
        may = not why_not_again(scope, clients_in(packet.removal))
        yield Parked(
            id=f"packet-{packet.pk}",
            title=_("%(reference)s, evidence packet, version %(version)d") % words,
            says=packet.trouble or _("It %(what)s.") % {"what": packet.waiting_for},
            url=f"/requests/{packet.removal.reference}/evidence/",
            again_url=f"/setup/engine/packets/{packet.pk}/again/" if may else "",
            again=_("Make it again"),
        )


def parked_messages(seen: QuerySet[RemovalRequest]) -> Iterator[Parked]:
    """A message is about a request by its reference. It is sent again where it can be read."""
    about = [removal.reference for removal in seen.filter(number__in=numbers())]
    for mail in messages().filter(about__in=about).order_by("pk")[:AT_MOST]:
        url = f"/requests/{mail.about}/messages/"
        words = {"reference": mail.about, "subject": mail.subject}
        yield Parked(
            id=f"message-{mail.pk}",
            title=_("%(reference)s, message: %(subject)s") % words,
            says=mail.trouble,
            url=url,
        )


def numbers() -> list[int]:
    found = messages().exclude(about="").values_list("about", flat=True)[:100]
    return [int(about.removeprefix("R-")) for about in found]


def parked_looks(scope: Scope, *roles: Role) -> Iterator[Parked]:
    rows = looks().filter(workspace__in=workspaces_in(scope, *roles)).select_related("workspace")
    for look in rows.order_by("pk")[:AT_MOST]:
        yield Parked(
            id=f"look-{look.pk}",
            title=_("Search for a person in %(workspace)s") % {"workspace": look.workspace.name},
            says=_("It %(what)s.") % {"what": look.waiting_for},
            again_url=f"/setup/engine/looks/{look.pk}/again/",
            again=_("Search again"),
        )


def clients_in(removal: RemovalRequest) -> frozenset[int]:
    return frozenset(place.workspace.client_id for place in removal.places.all())

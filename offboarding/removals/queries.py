"""Who may see which removal. Pages and every other door ask here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from offboarding.connections.models import Workspace
from offboarding.connections.queries import covered, ever_connected, ground_of, grounded
from offboarding.directory.rules import Ground, Scope
from offboarding.lib.addresses import fold
from offboarding.lib.typed import whole
from offboarding.removals.models import Attachment, Place, RemovalRequest
from offboarding.removals.rules import OPEN, Choice, Stage
from offboarding.spelled import Asked


def removals_for(scope: Scope) -> QuerySet[RemovalRequest]:
    """Filed removals whose every workspace the user may know of, and the user's own drafts.

    Nobody sees a removal about themself.
    """
    foreign = Place.objects.filter(removal=OuterRef("pk")).exclude(within(scope))
    placed = Place.objects.filter(removal=OuterRef("pk"))
    filed = Q(filed_at__isnull=False) & Exists(placed) & ~Exists(foreign)
    own = Q(requester_id=scope.user_id) & ~Exists(foreign)
    return (
        RemovalRequest.objects.filter(filed | own)
        .exclude(pk__in=about(scope))
        .select_related("requester", "paused_by", "rest_cancelled_by", "restores")
    )


def beyond(scope: Scope) -> QuerySet[RemovalRequest]:
    """Filed removals of which the user may know a workspace and not all: only how many there are may be told."""
    places = Place.objects.filter(removal=OuterRef("pk"))
    known, foreign = places.filter(within(scope)), places.exclude(within(scope))
    found = RemovalRequest.objects.filter(Exists(known), Exists(foreign), filed_at__isnull=False)
    return found.exclude(pk__in=about(scope))


def within(scope: Scope) -> Q:
    """Places that the user may know of. An auditor of a period sees those whose access should have ended in it."""
    found = Q(workspace__in=ever_connected(scope.whole()).values("pk"))
    for window in scope.windows:
        here = Q() if window.client is None else Q(workspace__client=window.client)
        since = Q(removal__starts_at__gte=window.since) if window.since else Q()
        until = Q(removal__starts_at__lt=window.until) if window.until else Q()
        found |= here & since & until & Q(removal__starts_at__isnull=False)
    return found


def about(scope: Scope) -> list[int]:
    """Removals of the user's own access, under any of their addresses. Few: they are compared without case."""
    mine = scope.addresses
    candidates = RemovalRequest.objects.filter(near(mine)).values_list("pk", "addresses")
    return [pk for pk, addresses in candidates if any(fold(each) in mine for each in addresses)]


def near(addresses: Collection[str]) -> Q:
    """Requests that may name one of these. Databases keep JSON with other letters escaped, or compare only ASCII without
    case: where an address has some, all are read."""
    if not all(each.isascii() for each in addresses):
        return Q()
    found = Q(pk__in=[])
    for each in addresses:
        found |= Q(addresses__icontains=each)
    return found


def removal_for(scope: Scope, number: int) -> RemovalRequest | None:
    return removals_for(scope).filter(number=number).first()


def open_for_person(scope: Scope, person: str, addresses: Sequence[str]) -> list[RemovalRequest]:
    """Open removals, within the user's sight, of anyone with one of these addresses."""
    wanted = {fold(address) for address in addresses}
    return [
        removal
        for removal in removals_for(scope).filter(stage__in=[stage.value for stage in OPEN])
        if removal.person == person or wanted & {fold(address) for address in removal.addresses}
    ]


def open_beside(scope: Scope, removal: RemovalRequest) -> list[RemovalRequest]:
    """Other open removals, within the user's sight, that change the same person's access in one of the same workspaces.

    What gives access back for a time goes beside what took it. A fixed number of queries.
    """
    others = open_for_person(scope, removal.person, removal.addresses)
    theirs = Place.objects.filter(removal__in=others).exclude(choice=Choice.KEEP)
    ours = removal.places.exclude(choice=Choice.KEEP)
    shared = set(theirs.filter(workspace__in=ours.values("workspace")).values_list("removal", flat=True))
    own = (removal.pk, removal.restores_id)
    return [
        each for each in others if each.pk in shared and each.pk not in own and each.restores_id != removal.pk
    ]


def naming(scope: Scope, addresses: Sequence[str], most: int) -> list[RemovalRequest]:
    """Requests and own drafts, within the user's sight, that name one of these addresses; newest first."""
    wanted = {fold(address) for address in addresses}
    found = removals_for(scope).filter(near(addresses)).exclude(stage=Stage.WITHDRAWN, filed_at=None)
    named = (each for each in found.iterator() if wanted & {fold(one) for one in each.addresses})
    return list(islice(named, most))


def waiting_to_begin() -> QuerySet[RemovalRequest]:
    """Of all clients: approved, and the time to begin has come. For counting; who may see them asks `removals_for`."""
    return RemovalRequest.objects.filter(stage=Stage.APPROVED, starts_at__lte=Now())


def referred_to(references: Collection[str]) -> QuerySet[RemovalRequest]:
    """Those that are named so, of all clients; what names something else is left out."""
    return named_among(RemovalRequest.objects.all(), references)


def named_among(removals: QuerySet[RemovalRequest], references: Iterable[str]) -> QuerySet[RemovalRequest]:
    numbers = [number for name in references if name.startswith("R-") and (number := whole(name[2:]))]
    return removals.filter(number__in=numbers)


def restored_by(original: RemovalRequest, workspaces: Sequence[int]) -> list[RemovalRequest]:
    """Open restorations of what the request took away in any of these workspaces."""
    found = original.restorations.filter(stage__in=[stage.value for stage in OPEN])
    return list(found.filter(places__workspace__in=workspaces).distinct())


def expired_of(scope: Scope) -> QuerySet[RemovalRequest]:
    """The user's own that nobody decided in time, the first to be due on top."""
    return removals_for(scope).filter(requester_id=scope.user_id, stage=Stage.EXPIRED).order_by("due_at")


def drafts_of(scope: Scope) -> QuerySet[RemovalRequest]:
    """What the user began and has not sent, newest first."""
    return removals_for(scope).filter(requester_id=scope.user_id, stage=Stage.DRAFT)


def listed(scope: Scope) -> QuerySet[RemovalRequest]:
    """Removals as lists show them, newest first: a draft that was thrown away is not among them."""
    return removals_for(scope).exclude(stage=Stage.WITHDRAWN, filed_at=None)


def matching(removals: QuerySet[RemovalRequest], text: str) -> QuerySet[RemovalRequest]:
    """Those whose reference, person or address the text is a part of."""
    words = Q(person_name__icontains=text) | Q(addresses__icontains=text) | Q(ticket__icontains=text)
    if (number := whole(text.upper().removeprefix("R-"))) is not None:
        words |= Q(number=number)
    return removals.filter(words)


def places_of(removal: RemovalRequest) -> list[Place]:
    return list(removal.places.select_related("workspace", "workspace__client"))


def attachments_of(removal: RemovalRequest) -> QuerySet[Attachment]:
    """What is attached to it now."""
    return removal.attachments.filter(withdrawn_at=None).select_related("evidence", "added_by")


def clients_of(*removals: RemovalRequest) -> Ground:
    """Whose they are, and by which engagements their places are covered. One query."""
    if len(removals) == 1:
        return grounded(covered_in(removals[0].pk))
    return ground_of(Place.objects.filter(removal__in=removals).values("workspace"))


# Each step asks it of its request before it calls.
@Asked
def covered_in(removal: int) -> QuerySet[Workspace, Any]:
    return covered(Place.objects.filter(removal=removal).values("workspace"))

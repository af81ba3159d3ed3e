from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime

from django.db.models import Count, Q, QuerySet, Sum

from offboarding.checklist.models import Plan
from offboarding.connections.queries import ground_in
from offboarding.directory.queries import people_with, scope_of
from offboarding.directory.rules import Scope
from offboarding.emergencies.models import Ask, Brake, Emergency, Hold
from offboarding.emergencies.rules import (
    RELEASES,
    REVIEWS,
    SECONDS,
    Breaker,
    Standing,
    Volume,
    may_not_review,
    may_not_second,
)
from offboarding.lib.addresses import fold
from offboarding.removals import adjusting
from offboarding.removals.catalogue import MINUTES, PEOPLE, PLACES, VOLUME
from offboarding.removals.models import Place, RemovalRequest
from offboarding.removals.queries import clients_of, removals_for
from offboarding.removals.rules import OPEN, Choice
from offboarding.users.models import User
from offboarding.users.rules import Role

# What `refuses_review` and the pages read of each: fetch it with them.
WITH_PLACES = ("removal__places__workspace__client", "removal__places__workspace__coverage")


def emergency_of(removal: RemovalRequest) -> Emergency | None:
    if not removal.emergency:
        return None
    found = Emergency.objects.filter(removal=removal)
    return found.select_related("removal", "released_by", "second", "review__reviewer").first()


def of_one_press(emergency: Emergency) -> QuerySet[Emergency]:
    """This one and those of other clients that the same press released, in order of their numbers."""
    together = Emergency.objects.filter(Q(pk=emergency.press) | Q(first=emergency.press))
    return together.select_related("removal", "released_by", "second", "review__reviewer").order_by("pk")


def earlier(emergency: Emergency) -> QuerySet[Emergency]:
    """Those of the same press with a smaller number: of one that reaches everybody, people are told once."""
    return of_one_press(emergency).filter(pk__lt=emergency.pk)


def took_part(emergency: Emergency) -> frozenset[int]:
    """Who released it, and who confirmed that beforehand."""
    people = (emergency.released_by_id, emergency.second_id)
    return frozenset(pk for pk in people if pk is not None)


def standing(user: User, clients: frozenset[int], roles: Collection[Role], today: date) -> Standing:
    scope = scope_of(user, today)
    return Standing(user.pk, scope.addresses, bool(clients) and scope.covers(clients, *roles))


def releases(user: User, clients: frozenset[int], today: date) -> Standing:
    return standing(user, clients, RELEASES, today)


def why_not_second(user: User, ask: Ask, today: date) -> str:
    who = standing(user, frozenset(ask.clients), SECONDS, today)
    return may_not_second(who, ask.asked_by_id, ask.addresses)


def why_not_review(user: User, emergency: Emergency, today: date) -> str:
    who = standing(user, clients_of(emergency.removal), REVIEWS, today)
    return may_not_review(who, took_part(emergency), emergency.removal.addresses)


def everybody(roles: Collection[Role], clients: frozenset[int], today: date) -> list[User]:
    """Who holds one of these roles for all of the clients, each once, by name."""
    found = {user.pk: user for role in roles for user in people_with(role, clients, today)}
    return sorted(found.values(), key=lambda user: user.name)


def reviewers_of(emergency: Emergency, today: date) -> list[User]:
    people = everybody(REVIEWS, clients_of(emergency.removal), today)
    return [user for user in people if not why_not_review(user, emergency, today)]


def seconds_for(ask: Ask, today: date) -> list[User]:
    people = everybody(SECONDS, frozenset(ask.clients), today)
    return [user for user in people if not why_not_second(user, ask, today)]


def asks_for(scope: Scope) -> list[Ask]:
    """Emergencies that wait for a second person, as far as this user may know of them."""
    open_ = Ask.objects.filter(open=True, ends_at__gt=datetime.now(UTC)).select_related("asked_by")
    return [ask for ask in open_ if may_know(scope, ask)]


def may_know(scope: Scope, ask: Ask) -> bool:
    """Whoever asked, and who may confirm for all of its clients; nobody to whom it is about."""
    if scope.is_one_of(ask.addresses):
        return False
    return ask.asked_by_id == scope.user_id or scope.covers(frozenset(ask.clients), *SECONDS)


def held_for(addresses: Collection[str], clients: Collection[int]) -> frozenset[int]:
    """Of these clients, those at which an emergency is under way already for one of these addresses."""
    held = Hold.objects.filter(held=True, client__in=clients, address__in={fold(each) for each in addresses})
    return frozenset(held.values_list("client_id", flat=True))


def others_under_way(emergency: Emergency, seen: QuerySet[RemovalRequest]) -> list[Emergency]:
    """Of those that this reader may see, other presses about the same addresses that have not ended."""
    addresses = {fold(each) for each in emergency.removal.addresses}
    held = Hold.objects.filter(held=True, address__in=addresses).values("emergency")
    found = Emergency.objects.filter(pk__in=held, removal__in=seen).select_related("removal")
    return [each for each in found if each.press != emergency.press]


def open_for(addresses: Collection[str], clients: Collection[int]) -> Emergency | None:
    """An emergency that is under way already for one of these addresses at one of these clients."""
    held = Hold.objects.filter(held=True, client__in=clients, address__in={fold(each) for each in addresses})
    hold = held.select_related("emergency__removal").order_by("pk").first()
    return hold.emergency if hold else None


def open_emergencies(scope: Scope) -> list[Emergency]:
    """Emergencies that are not closed, within the user's sight, the first review to be due on top."""
    seen = removals_for(scope).filter(emergency=True, stage__in=[stage.value for stage in OPEN])
    found = Emergency.objects.filter(removal__in=seen).select_related("removal", "released_by", "review")
    return list(found.order_by("review_due_at", "pk"))


def to_review(scope: Scope) -> list[Emergency]:
    """Emergencies that wait for this user's review, the first to be due on top. A fixed number of queries."""
    if not scope.has(*REVIEWS):
        return []
    found = Emergency.objects.filter(review=None, removal__in=removals_for(scope)).order_by(
        "review_due_at", "pk"
    )
    waiting = found.select_related("removal", "released_by").prefetch_related(*WITH_PLACES)
    return [each for each in waiting if not refuses_review(scope, each)]


def refuses_review(scope: Scope, emergency: Emergency) -> str:
    clients = ground_in(place.workspace for place in emergency.removal.places.all())
    who = Standing(scope.user_id, scope.addresses, scope.covers(clients, *REVIEWS))
    return may_not_review(who, took_part(emergency), emergency.removal.addresses)


def unreviewed() -> list[Emergency]:
    """Of all clients, those that nobody has reviewed yet."""
    return list(Emergency.objects.filter(review=None).select_related("removal"))


def is_reviewed(removal: RemovalRequest) -> bool:
    return not removal.emergency or Emergency.objects.filter(removal=removal, review__isnull=False).exists()


def let_go_of(removal: RemovalRequest) -> set[int]:
    """The numbers of queued steps that somebody released with the second press."""
    rows = Emergency.objects.filter(removal=removal).values_list("turns__items", flat=True)
    return {number for items in rows if items for number in items}


# ---------------------------------------------------------------- the volume breaker


def breaker() -> Breaker:
    now = adjusting.standing(VOLUME).values
    return Breaker(now[PEOPLE], now[PLACES], now[MINUTES])


def removed_since(since: datetime, clients: frozenset[int], besides: Collection[RemovalRequest]) -> Volume:
    """What was approved, or released as an emergency, since then, in other requests that touch any of these clients."""
    touching = RemovalRequest.objects.filter(places__workspace__client__in=clients, restores=None)
    touching = touching.exclude(pk__in=[each.pk for each in besides])
    begun = touching.filter(Q(approved_at__gte=since) | Q(emergency=True, filed_at__gte=since)).distinct()
    people = begun.aggregate(n=Count("person", distinct=True))["n"]
    approved = begun.filter(emergency=False).values("pk")
    places = Place.objects.filter(removal__in=approved).exclude(choice=Choice.KEEP).count()
    urgent = Emergency.objects.filter(removal__in=begun.values("pk")).aggregate(n=Sum("places"))["n"]
    return Volume(people, places + (urgent or 0))


def brake_on(plan: Plan) -> Brake | None:
    return Brake.objects.filter(plan=plan).first()

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from offboarding.approvals.delegations.rules import STAND_IN, reach
from offboarding.approvals.models import Delegation
from offboarding.directory.models import Membership
from offboarding.directory.rules import EVERYWHERE, Scope
from offboarding.users.models import User


def in_force() -> QuerySet[Delegation]:
    """Those that hold at this moment, by the database's clock, between people who both sign in here."""
    holds = Q(cancelled_at=None, starts_at__lte=Now(), ends_at__gt=Now())
    return Delegation.objects.filter(holds, giver__is_active=True, to__is_active=True)


def givers_to(user_id: int) -> list[User]:
    """For whom this person may decide now, by name. One query."""
    found = in_force().filter(to=user_id).select_related("giver").order_by("giver__name", "pk")
    return list({each.giver_id: each.giver for each in found}.values())


def delegations_of(user: User) -> list[Delegation]:
    """Given and received, the newest first."""
    return list(delegating(user).order_by("-starts_at", "-pk")[:100])


def delegating(user: User) -> QuerySet[Delegation]:
    found = Delegation.objects.filter(Q(giver=user) | Q(to=user))
    return found.select_related("giver", "to", "cancelled_by")


def open_among(user: User, people: QuerySet[User]) -> list[Delegation]:
    """Those of this person that have not ended, where the other one is among these people too. One query."""
    found = delegating(user).filter(cancelled_at=None, ends_at__gt=Now(), giver__in=people, to__in=people)
    return list(found.order_by("starts_at", "pk"))


def candidates(scope: Scope) -> list[User]:
    """Who may be asked to decide in this person's place, by name: those who act for one of their clients."""
    held = Membership.objects.filter(role__in=STAND_IN).exclude(user=scope.user_id)
    clients = reach(scope)
    if EVERYWHERE not in clients:
        held = held.filter(Q(client=None) | Q(client__in=[each for each in clients if each]))
    return list(User.objects.filter(is_active=True, pk__in=held.values("user")).order_by("name", "pk"))

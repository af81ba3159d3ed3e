from __future__ import annotations

from datetime import date

from django.conf import settings

from offboarding.approvals.models import Approval
from offboarding.approvals.rules import Decision, Policy, Standing, needed
from offboarding.checklist.models import Plan
from offboarding.directory.queries import people_with, scope_of
from offboarding.directory.rules import Scope
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of, removals_for
from offboarding.removals.rules import Stage
from offboarding.users.models import User
from offboarding.users.rules import Role


def policy() -> Policy:
    return Policy(settings.OWNER_APPROVERS, settings.MANY_PLACES, settings.MANY_PLACES_APPROVERS)


def approvals_needed(plan: Plan) -> int:
    return needed(policy(), plan.data["places"])


def approvals_of(plan: Plan) -> list[Approval]:
    return list(plan.approvals.filter(decision=Decision.APPROVE).select_related("approver"))


def standing(user: User, plan: Plan, today: date) -> Standing:
    removal = plan.removal
    return Standing(
        user_id=user.pk,
        email=user.email,
        is_approver_for_all=scope_of(user, today).covers(clients_of(removal), Role.APPROVER),
        requester_id=removal.requester_id,
        editor_ids=frozenset(removal.plans.values_list("made_by_id", flat=True)),
        addresses=removal.addresses,
        decided_already=plan.approvals.exclude(decision=Decision.ASK).filter(approver=user).exists(),
    )


def to_decide(scope: Scope) -> list[RemovalRequest]:
    """Requests that wait for this approver, the first to be due on top."""
    if not scope.has(Role.APPROVER):
        return []
    waiting = (
        removals_for(scope)
        .filter(stage=Stage.PLANNED)
        .exclude(requester_id=scope.user_id)
        .order_by("due_at")
        .prefetch_related("plans__approvals", "places__workspace")
    )
    return [
        removal
        for removal in waiting
        if scope.covers(frozenset(place.workspace.client_id for place in removal.places.all()), Role.APPROVER)
        and not any(
            approval.approver_id == scope.user_id and approval.decision != Decision.ASK
            for approval in list(removal.plans.all())[-1].approvals.all()
        )
    ]


def approvers_for(removal: RemovalRequest, today: date) -> list[User]:
    """Who may decide: approvers for every client in it, without the requester and the person themself."""
    own = {address.casefold() for address in removal.addresses}
    return [
        user
        for user in people_with(Role.APPROVER, clients_of(removal), today)
        if user.pk != removal.requester_id and user.email.casefold() not in own
    ]


def questions_to(scope: Scope) -> list[Approval]:
    """Questions that approvers asked this user and that wait for an answer, the first to be due on top."""
    found = Approval.objects.filter(
        decision=Decision.ASK,
        answered_at=None,
        plan__removal__requester=scope.user_id,
        plan__removal__stage=Stage.PLANNED,
        plan__removal__in=removals_for(scope),
    )
    return list(found.select_related("approver", "plan__removal").order_by("plan__removal__due_at", "pk"))


def decisions_of(scope: Scope, limit: int) -> list[Approval]:
    """The user's own decisions, newest first."""
    found = Approval.objects.filter(approver=scope.user_id, plan__removal__in=removals_for(scope))
    return list(found.select_related("plan__removal").order_by("-pk")[:limit])


def open_questions(removal: RemovalRequest) -> list[Approval]:
    found = Approval.objects.filter(plan__removal=removal, decision=Decision.ASK, answered_at=None)
    return list(found.select_related("approver"))


def is_asked(plan: Plan, user: User, note: str) -> bool:
    """True if this very question of theirs waits for its answer. Ask under the removal's lock."""
    asked = Approval.objects.filter(plan=plan, approver=user, decision=Decision.ASK, answered_at=None)
    return asked.filter(note=note.strip()).exists()

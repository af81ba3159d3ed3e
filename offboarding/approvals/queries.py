from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from offboarding.approvals.delegations.queries import givers_to, in_force
from offboarding.approvals.delegations.rules import reaches
from offboarding.approvals.models import Approval, Asking
from offboarding.approvals.policies.queries import INSTALLED, decided_under, installed
from offboarding.approvals.policies.rules import needed
from offboarding.approvals.rules import (
    Decision,
    Ruling,
    Standing,
    Voter,
    best,
    helps,
    in_all,
    may_not_decide,
    not_their_turn,
    rulings_in,
    still_holds,
    with_at_least,
)
from offboarding.checklist.models import Plan
from offboarding.checklist.queries import newest_plan
from offboarding.checklist.rules import Found
from offboarding.connections.queries import ground_in
from offboarding.directory.queries import people_holding, scope_of, scopes_of
from offboarding.directory.rules import Scope
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of, removals_for
from offboarding.removals.rules import Stage
from offboarding.spelled import Asked
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work import clock

# Who did steps of a request, or has them: rooms above say so when Django starts.
DOERS: list[Callable[[RemovalRequest], set[int]]] = []


# ---------------------------------------------------------------- what a plan is decided under


def rulings_of(plan: Plan) -> tuple[Ruling, ...]:
    """As they were frozen with the plan; for plans of before there were policies, what the installation says."""
    return ruled(plan, clients_of(plan.removal))


def ruled(plan: Plan, clients: frozenset[int]) -> tuple[Ruling, ...]:
    """The same where the clients are known. One query for the brake, unless it was fetched with the plan."""
    body = plan.data
    rulings = rulings_in(body) or (as_installed(body, clients),)
    brake = getattr(plan, "brake", None)
    return with_at_least(rulings, brake.people or 2) if brake else rulings


def as_installed(body: dict[str, Any], clients: frozenset[int]) -> Ruling:
    changed = [place for place in body["places"] if place["choice"] != "keep"]
    terms = installed()
    return Ruling(INSTALLED, 0, clients, terms, needed(terms, changed, len(changed)))


def rulings_to_be(removal: RemovalRequest, places: Sequence[Found]) -> tuple[Ruling, ...]:
    """What a draft would be decided under if it were sent now."""
    listed = [
        {
            "choice": place.choice.value,
            "owner": place.seen.owner,
            "outcome": place.seen.outcome.value,
            "environment": place.environment,
            "workspace_id": place.workspace_id,
        }
        for place in places
    ]
    return rulings_in({"places": listed, "decided_under": decided_under(removal)})


def asking_of(plan: Plan) -> Asking | None:
    """None for plans that were frozen before requests for approval had an end."""
    return Asking.objects.filter(plan=plan).first()


def is_over(plan: Plan) -> bool:
    """True once nobody can decide on this plan any more, also before the engine has said so."""
    asking = asking_of(plan)
    return asking is not None and asking.expires_at <= clock.now()


def approvals_needed(plan: Plan) -> int:
    return in_all(rulings_of(plan))


def approvals_of(plan: Plan) -> list[Approval]:
    """Those that have not fallen, oldest first."""
    return standing_yes(plan.pk)


@Asked
def standing_yes(plan: int) -> QuerySet[Approval]:
    found = Approval.objects.filter(plan=plan, decision=Decision.APPROVE, fell_at=None)
    return found.select_related("approver", "right_of")


def voters_of(approvals: Iterable[Approval], clients: frozenset[int], today: date) -> list[Voter]:
    """Who has said yes, with what they hold today: a role that was lost meanwhile does not count. One query.

    A yes that was given for somebody else counts as theirs.
    """
    given = list(approvals)
    scopes = scopes_of([each.right_of for each in given if each.approver.is_active], today)
    return [voter(each, scopes, clients) for each in given]


def voter(approval: Approval, scopes: Mapping[int, Scope], clients: frozenset[int]) -> Voter:
    found = scopes.get(approval.right_of_id)
    return Voter.of(found, clients) if found else Voter(approval.right_of_id, False, frozenset(), False)


# ---------------------------------------------------------------- whether it still stands


def fell(removal: RemovalRequest, plan: Plan) -> bool:
    """True while an approval has fallen and enough others are still missing. One query."""
    return bool(fallen(plan.pk))


@Asked
def fallen(plan: int) -> QuerySet[Asking, int]:
    return Asking.objects.filter(plan=plan).exclude(fell_at=None).values_list("pk", flat=True)


def falling(removal: RemovalRequest, plan: Plan, today: date) -> list[Approval]:
    """Approvals of this plan whose giver may not approve any more: disabled, or without the role. At most three queries."""
    given = approvals_of(plan)
    clients = clients_of(removal)
    scopes = scopes_of([each.right_of for each in given if each.approver.is_active], today)
    return [each for each in given if not still_holds(each.held, voter(each, scopes, clients), clients)]


def why_fell(approvals: Sequence[Approval]) -> str:
    names = ", ".join(each.approver.name for each in approvals)
    return f"{names} approved this and may not approve it any more, so the approval no longer stands."


# ---------------------------------------------------------------- who decides


def standing(user: User, plan: Plan, today: date) -> Standing:
    """By the right with which this person's yes would count now: their own, or one that was delegated to them."""
    rulings, clients = rulings_of(plan), clients_of(plan.removal)
    said = voters_of(approvals_of(plan), clients, today)
    return best(standings(user, plan, clients, today), rulings, said)


def standings(user: User, plan: Plan, clients: frozenset[int], today: date) -> list[Standing]:
    """Their own first, then one for each person who has delegated to them, where they may see the request at all."""
    scope = scope_of(user, today)
    own = own_standing(user, scope, plan, clients)
    givers = givers_to(user.pk) if reaches(scope, clients) else []
    scopes = scopes_of(givers, today)
    return [own, *(for_giver(own, giver, scopes[giver.pk], plan, clients) for giver in givers)]


def for_giver(own: Standing, giver: User, scope: Scope, plan: Plan, clients: frozenset[int]) -> Standing:
    """The right of somebody else in the hands of this person. What keeps either of them out keeps both out."""
    return replace(
        own,
        voter=Voter.of(scope, clients),
        acts_for=giver.name,
        about_giver=scope.is_one_of(plan.removal.addresses),
        decided_already=own.decided_already or has_decided(plan, giver.pk),
        works=own.works or works(scope, clients, plan.removal),
    )


def has_decided(plan: Plan, user_id: int) -> bool:
    """With their own hands, or through somebody else's."""
    counts = plan.approvals.filter(fell_at=None).exclude(decision=Decision.ASK)
    return counts.filter(Q(approver=user_id) | Q(right_of=user_id)).exists()


def own_standing(user: User, scope: Scope, plan: Plan, clients: frozenset[int]) -> Standing:
    removal = plan.removal
    return Standing(
        user_id=user.pk,
        voter=Voter.of(scope, clients),
        requester_id=removal.requester_id,
        editor_ids=editors_of(removal),
        about_them=scope.is_one_of(removal.addresses),
        decided_already=has_decided(plan, user.pk),
        works=works(scope, clients, removal),
    )


def editors_of(removal: RemovalRequest) -> frozenset[int]:
    return frozenset(removal.plans.values_list("made_by_id", flat=True))


def works(scope: Scope, clients: frozenset[int], removal: RemovalRequest) -> bool:
    """True for those whose role does the steps by hand, and for those who did or have one."""
    if scope.covers(clients, Role.OPERATOR):
        return True
    return any(scope.user_id in doers(removal) for doers in DOERS)


def kept_apart(removal: RemovalRequest) -> set[int]:
    """Who approved under a policy that keeps approving and doing apart: they work on no step. One query."""
    found = Approval.objects.filter(plan__removal=removal, decision=Decision.APPROVE, apart=True)
    pairs = found.values_list("approver_id", "right_of_id")
    return {user for pair in pairs for user in pair}


def approvers_for(removal: RemovalRequest, today: date) -> list[User]:
    """Whose yes would count now, by name: without the requester, the editors and the person themself.

    For a draft: who would be asked first.
    """
    plan = newest_plan(removal)
    if plan is not None:
        return deciders(removal, rulings_of(plan), approvals_of(plan), today)
    return deciders(removal, rulings_in_draft(removal), [], today)


def rulings_in_draft(removal: RemovalRequest) -> tuple[Ruling, ...]:
    return rulings_in({"places": [], "decided_under": decided_under(removal)})


def deciders(
    removal: RemovalRequest, rulings: Sequence[Ruling], given: Sequence[Approval], today: date
) -> list[User]:
    """A fixed number of queries, however many people there are."""
    clients = clients_of(removal)
    out = {removal.requester_id, *editors_of(removal)}
    out |= {user for each in given for user in (each.approver_id, each.right_of_id)}
    apart = any(ruling.terms.apart for ruling in rulings)
    said = voters_of(given, clients, today)

    def free(user: User, scope: Scope) -> bool:
        part = user.pk in out or scope.is_one_of(removal.addresses)
        return not part and not (apart and works(scope, clients, removal))

    asked = [
        user
        for user, scope in people_holding([Role.APPROVER, Role.SECURITY], today)
        if free(user, scope) and any(helps(ruling, said, Voter.of(scope, clients)) for ruling in rulings)
    ]
    delegates = list(
        {each.to_id: each.to for each in in_force().filter(giver__in=asked).select_related("to")}.values()
    )
    scopes = scopes_of(delegates, today)
    others = (user for user in delegates if free(user, scopes[user.pk]) and reaches(scopes[user.pk], clients))
    return sorted(
        {user.pk: user for user in (*asked, *others)}.values(), key=lambda user: (user.name, user.pk)
    )


def to_decide(scope: Scope, today: date) -> list[RemovalRequest]:
    """Requests whose turn has come to this person, the first to be due on top. A fixed number of queries."""
    givers = givers_to(scope.user_id)
    if not scope.has(Role.APPROVER, Role.SECURITY) and not givers:
        return []
    fallen = Asking.objects.filter(plan__removal=OuterRef("pk")).exclude(fell_at=None)
    waiting = list(
        removals_for(scope)
        .filter(Q(stage=Stage.PLANNED) | Q(stage=Stage.RUNNING) & Exists(fallen))
        .exclude(requester_id=scope.user_id)
        .order_by("due_at")
        .prefetch_related("plans__approvals__right_of", "plans__brake", "places__workspace__coverage")
    )
    plans = {removal.pk: list(removal.plans.all())[-1] for removal in waiting}
    decided = {each.right_of for plan in plans.values() for each in plan.approvals.all()}
    scopes = scopes_of({*decided, *givers}, today)
    rights = [scope, *(scopes[giver.pk] for giver in givers)]
    return [
        removal
        for removal in waiting
        if any(is_asked_of(scope, right, removal, plans[removal.pk], scopes) for right in rights)
    ]


def is_asked_of(
    scope: Scope, right: Scope, removal: RemovalRequest, plan: Plan, scopes: Mapping[int, Scope]
) -> bool:
    """From what is read already: the plans with their decisions, and the places. `right` is theirs, or delegated to them."""
    clients = ground_in(place.workspace for place in removal.places.all())
    if right is not scope and not reaches(scope, clients):
        return False
    me, pair = Voter.of(right, clients), {scope.user_id, right.user_id}
    counts = (each for each in plan.approvals.all() if each.fell_at is None)
    decided = [each for each in counts if each.decision != Decision.ASK]
    rulings = ruled(plan, clients)
    who = Standing(
        user_id=scope.user_id,
        voter=me,
        requester_id=removal.requester_id,
        editor_ids=frozenset(each.made_by_id for each in removal.plans.all()),
        about_them=scope.is_one_of(removal.addresses),
        decided_already=any(pair & {each.approver_id, each.right_of_id} for each in decided),
        works=any(each.covers(clients, Role.OPERATOR) for each in (scope, right)),
        acts_for="" if right is scope else right.email,
        about_giver=right.is_one_of(removal.addresses),
    )
    said = [voter(each, scopes, clients) for each in decided if each.decision == Decision.APPROVE]
    return not (may_not_decide(who, rulings) or not_their_turn(rulings, said, me))


def questions_to(scope: Scope) -> list[Approval]:
    """Questions that approvers asked this user and that wait for an answer, the first to be due on top."""
    found = Approval.objects.filter(
        decision=Decision.ASK,
        answered_at=None,
        plan__removal__requester=scope.user_id,
        plan__removal__stage=Stage.PLANNED,
        plan__removal__in=removals_for(scope),
    )
    return list(
        found.select_related("approver", "plan__removal")
        .defer("plan__body")
        .order_by("plan__removal__due_at", "pk")
    )


def decisions_of(scope: Scope, limit: int) -> list[Approval]:
    """The user's own decisions, newest first."""
    found = Approval.objects.filter(approver=scope.user_id, plan__removal__in=removals_for(scope))
    return list(found.select_related("plan__removal").defer("plan__body").order_by("-pk")[:limit])


def open_questions(removal: RemovalRequest) -> list[Approval]:
    found = Approval.objects.filter(plan__removal=removal, decision=Decision.ASK, answered_at=None)
    return list(found.select_related("approver"))


def is_asked(plan: Plan, user: User, note: str) -> bool:
    """True if this very question of theirs waits for its answer. Ask under the removal's lock."""
    asked = Approval.objects.filter(plan=plan, approver=user, decision=Decision.ASK, answered_at=None)
    return asked.filter(note=note.strip()).exists()

"""Changing a policy is an act of two people: one administrator proposes, another lets it come into force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.db.models.functions import Now

from offboarding.approvals.models import Policy, PolicyVersion
from offboarding.approvals.policies.queries import people_in, version_in_force
from offboarding.approvals.policies.rules import (
    ROLES,
    Selector,
    Standing,
    Terms,
    may_not_approve,
    may_not_set,
    wrong_with,
)
from offboarding.connections.models import Workspace
from offboarding.directory.models import Client
from offboarding.directory.queries import scope_of, scopes_of
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused, within
from offboarding.removals.rules import REASONS, Group
from offboarding.users.models import User
from offboarding.users.rules import actor_of

LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Proposal:
    """What shall hold from now on. `terms` None: nothing of its own, so that a more general policy applies."""

    selector: Selector
    terms: Terms | None
    why: str


def check(user: User, said: Proposal, today: date) -> None:
    """Asked before somebody proves who they are, and again when it is written. Raises Refused with the field."""
    if why := may_not_set(scope_of(user, today), said.selector.client):
        raise Refused("may-not-set", why, field="client")
    check_selector(said.selector)
    if not within(said.why, LONGEST, "why"):
        raise Refused(
            "no-reason", "Say why: it stands in the record, and the second person reads it.", field="why"
        )
    if said.terms is None:
        return
    faults = wrong_with(said.terms) or wrong_people(said.terms, said.selector.client, today)
    if faults:
        field, sentence = next(iter(faults.items()))
        raise Refused("bad-terms", sentence, field=field, faults=faults)


def check_selector(selector: Selector) -> None:
    if selector.client is not None and not Client.objects.filter(pk=selector.client).exists():
        raise Refused("no-client", "Choose a client from the list.", field="client")
    if selector.environment not in ("", *Workspace.Environment.values):
        raise Refused("no-environment", "Choose an environment from the list.", field="environment")
    if selector.reason not in ("", *REASONS, *(group.value for group in Group)):
        raise Refused("no-reason", "Choose a reason from the list.", field="reason")


def wrong_people(terms: Terms, client: int | None, today: date) -> dict[str, str]:
    """Who is named has to be able to do it, or the policy would ask nobody."""
    people = {user.pk: user for user in User.objects.filter(pk__in=people_in(terms))}
    scopes = scopes_of(people.values(), today)
    faults = {}
    for number, turn in enumerate(terms.turns):
        for pk in turn.people:
            if pk not in people or not may_take(scopes[pk], turn, client):
                name = people[pk].name if pk in people else "Somebody"
                faults[f"people-{number}"] = f"{name} does not hold the role that this turn asks."
    if any(pk not in people or not scopes[pk].near() for pk in terms.escalate_to):
        faults["escalate_to"] = "Somebody named here has no role any more."
    return faults


def may_take(scope: Scope, turn: Any, client: int | None) -> bool:
    role = ROLES[turn.who]
    return scope.covers(frozenset({client}), role) if client is not None else scope.has(role)


def propose(user: User, said: Proposal, method: str, today: date) -> PolicyVersion:
    """Write down what shall hold. Nothing changes before somebody else approves it."""
    check(user, said, today)
    try:
        with transaction.atomic():
            policy, _ = Policy.objects.get_or_create(
                client=Client.objects.filter(pk=said.selector.client or 0).first(),
                environment=said.selector.environment,
                reason=said.selector.reason,
            )
            Policy.objects.select_for_update().get(pk=policy.pk)
            check_changes(policy, said)
            made = PolicyVersion.objects.create(
                policy=policy,
                ends=said.terms is None,
                terms_data=(said.terms or Terms()).as_json(),
                why=said.why.strip(),
                proposed_by=user,
                proposed_method=method,
            )
            tell(Event.POLICY_PROPOSED, made, user, {"why": made.why, "method": method})
    except IntegrityError as error:
        raise Refused(
            "proposed-already",
            "A change of this policy is proposed already. It is decided or withdrawn first.",
        ) from error
    return made


def check_changes(policy: Policy, said: Proposal) -> None:
    now = version_in_force(policy)
    if now is None and said.terms is None:
        raise Refused("nothing-changed", "This policy says nothing now, so there is nothing to end.")
    if now is not None and said.terms == now.terms:
        raise Refused("nothing-changed", "This is what the policy says already.")


def approve(proposal: PolicyVersion, user: User, method: str, today: date) -> PolicyVersion:
    """The second person lets it come into force. Requests that wait for a decision stay under what they were sent with."""
    with transaction.atomic():
        locked = open_proposal(proposal)
        guard(locked, user, today)
        still_administers(locked, today)
        newest = locked.policy.versions.aggregate(newest=Max("version"))["newest"] or 0
        decided = {"decided_by": user, "decided_at": Now(), "decided_method": method}
        PolicyVersion.objects.filter(pk=locked.pk).update(
            standing=Standing.APPROVED, version=newest + 1, **decided
        )
        locked.refresh_from_db()
        tell(Event.POLICY_APPROVED, locked, user, {"version": locked.version, "method": method})
    return locked


def decline(proposal: PolicyVersion, user: User, method: str, note: str, today: date) -> None:
    note = within(note, LONGEST, "note")
    if not note:
        raise Refused("no-note", "Say why you decline it.", field="note")
    with transaction.atomic():
        locked = open_proposal(proposal)
        guard(locked, user, today)
        decided = {"decided_by": user, "decided_at": Now(), "decided_method": method, "note": note}
        PolicyVersion.objects.filter(pk=locked.pk).update(standing=Standing.DECLINED, **decided)
        tell(Event.POLICY_DECLINED, locked, user, {"note": note})


def withdraw(proposal: PolicyVersion, user: User) -> None:
    """Who proposed it takes it back."""
    with transaction.atomic():
        locked = open_proposal(proposal)
        if locked.proposed_by_id != user.pk:
            raise Refused("not-yours", "Only the person who proposed this withdraws it.")
        PolicyVersion.objects.filter(pk=locked.pk).update(standing=Standing.WITHDRAWN, decided_at=Now())
        tell(Event.POLICY_WITHDRAWN, locked, user, {})


def open_proposal(proposal: PolicyVersion) -> PolicyVersion:
    """Locked through its policy: of two people who decide at once, the second finds it decided."""
    Policy.objects.select_for_update().get(pk=proposal.policy_id)
    locked = PolicyVersion.objects.select_related("policy__client", "proposed_by").get(pk=proposal.pk)
    if locked.standing != Standing.PROPOSED:
        raise Refused("decided-meanwhile", f"This proposal is {locked.standing} already.")
    return locked


def guard(proposal: PolicyVersion, user: User, today: date) -> None:
    if why := may_not_approve(scope_of(user, today), proposal.policy.client_id, proposal.proposed_by_id):
        raise Refused("may-not-approve", why)


def still_administers(proposal: PolicyVersion, today: date) -> None:
    """Two administrators agree: a proposal of somebody who is none any more counts for nothing."""
    if may_not_set(scope_of(proposal.proposed_by, today), proposal.policy.client_id):
        raise Refused(
            "proposer-gone",
            f"{proposal.proposed_by.name}, who proposed this, may not change this policy any more. Decline it, and have it"
            " proposed by somebody who may.",
        )


def tell(event: Event, version: PolicyVersion, user: User, facts: dict[str, Any]) -> None:
    said = {
        "policy": version.policy_id,
        "proposal": version.pk,
        "name": str(version.policy),
        "ends": version.ends,
        "terms": version.terms_data,
    }
    record(event, actor=actor_of(user), facts={**said, **facts})

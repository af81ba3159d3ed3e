"""Deciding on exactly one plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding.approvals import falling, queries
from offboarding.approvals.models import Approval
from offboarding.approvals.rules import (
    Decision,
    Ruling,
    asked_as,
    enough,
    may_not_decide,
    not_their_turn,
)
from offboarding.checklist.models import Plan
from offboarding.checklist.queries import newest_plan
from offboarding.emergencies.actions import put_brake
from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused, within
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of
from offboarding.removals.rules import Stage
from offboarding.users.models import User
from offboarding.users.rules import actor_of

EVENTS = {
    Decision.APPROVE: Event.PLAN_APPROVED,
    Decision.REJECT: Event.PLAN_REJECTED,
    Decision.ASK: Event.QUESTION_ASKED,
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What was decided, on which fingerprint, and how the person proved who they are."""

    decision: Decision
    fingerprint: str
    note: str
    text: str
    method: str
    address: str | None


def decide(removal: RemovalRequest, user: User, said: Statement, today: date) -> Approval:
    """Record one decision. The removal moves on when enough distinct people approved this very plan."""
    try:
        with transaction.atomic():
            locked = RemovalRequest.objects.select_for_update().get(pk=removal.pk)
            plan = checked(locked, user, said, today)
            rulings = queries.rulings_of(plan)
            made = write(plan, user, said, rulings, today)
            move_on(locked, plan, rulings, said, user, today)
    except IntegrityError as error:
        raise Refused("decided-meanwhile", "Your decision is recorded already.") from error
    except Refused as refusal:
        refused(removal, user, said, refusal)
        raise
    return made


def checked(removal: RemovalRequest, user: User, said: Statement, today: date) -> Plan:
    plan = newest_plan(removal)
    if plan is None:
        raise Refused("not-filed", f"{removal.reference} is still a draft. There is nothing to decide yet.")
    if plan.fingerprint != said.fingerprint:
        raise Refused(
            "plan-changed",
            "The plan changed while you were reading. Your decision was not recorded. Read the changes and decide again.",
            version=plan.version,
        )
    renews = removal.stage == Stage.RUNNING and queries.fell(removal, plan)
    if removal.stage == Stage.EXPIRED or (removal.stage == Stage.PLANNED and queries.is_over(plan)):
        raise Refused(
            "expired",
            f"Nobody decided on {removal.reference} in time, so this request for approval has ended. Its requester can ask"
            " again.",
        )
    if removal.stage != Stage.PLANNED and not renews:
        raise Refused(
            "decided-meanwhile", f"{removal.reference} is {removal.stage} already. Nothing is left to decide."
        )
    if renews and said.decision is not Decision.APPROVE:
        raise Refused(
            "under-way",
            "The work has begun, so there is only a yes to give. To stop the work, pause it or cancel the rest.",
        )
    if said.decision is not Decision.APPROVE and not said.note.strip():
        raise Refused("no-note", "Write a note: it is needed to reject or to ask.", field="note")
    rulings, who = queries.rulings_of(plan), queries.standing(user, plan, today)
    if why := may_not_decide(who, rulings):
        raise Refused("may-not-decide", why)
    if said.decision is Decision.APPROVE:
        given = queries.voters_of(queries.approvals_of(plan), clients_of(removal), today)
        if why := not_their_turn(rulings, given, who.voter):
            raise Refused("not-your-turn", why)
    if said.decision is Decision.ASK and queries.is_asked(plan, user, said.note):
        raise Refused("decided-meanwhile", "Your question is recorded already. It waits for its answer.")
    return plan


def write(plan: Plan, user: User, said: Statement, rulings: Sequence[Ruling], today: date) -> Approval:
    who = queries.standing(user, plan, today)
    # A right that was delegated is named beside the hands that used it.
    delegated = {"for": who.voter.user_id} if who.acts_for else {}
    made = Approval.objects.create(
        plan=plan,
        fingerprint=plan.fingerprint,
        approver=user,
        right_of_id=who.voter.user_id,
        held=asked_as(rulings, who.voter),
        requester_id=plan.removal.requester_id,
        plan_made_by_id=plan.made_by_id,
        decision=said.decision.value,
        note=said.note.strip(),
        text=said.text,
        method=said.method,
        address=said.address,
        apart=any(ruling.terms.apart for ruling in rulings),
    )
    record(
        EVENTS[said.decision],
        actor=actor_of(user),
        about=plan.removal.reference,
        facts={
            "version": plan.version,
            "fingerprint": plan.fingerprint,
            "method": said.method,
            "text": said.text,
            "note": said.note.strip(),
            **delegated,
        },
        personal={"address": said.address or "", **({"for": who.acts_for} if who.acts_for else {})},
    )
    return made


def move_on(
    removal: RemovalRequest,
    plan: Plan,
    rulings: Sequence[Ruling],
    said: Statement,
    user: User,
    today: date,
) -> None:
    if said.decision is Decision.REJECT:
        removals.move(removal, Stage.REJECTED, actor_of(user))
    if said.decision is not Decision.APPROVE:
        return
    given = queries.voters_of(queries.approvals_of(plan), clients_of(removal), today)
    if not enough(rulings, given):
        return
    if removal.stage == Stage.RUNNING:
        return falling.stands_again(plan, user)
    # Asked where it would begin now, on one person's word. A brake stands from then on, and asks for one more.
    if len(given) > 1 or put_brake(plan, user) is None:
        removals.move(removal, Stage.APPROVED, actor_of(user), approved_at=Now())


def refused(removal: RemovalRequest, user: User, said: Statement, refusal: Refused) -> None:
    """A decision that was not accepted is part of the record too."""
    not_accepted(removal, user, refusal.code, said.decision.value, said.fingerprint)


def not_accepted(
    removal: RemovalRequest, user: User, why: str, decision: str = "", fingerprint: str = ""
) -> None:
    """Also a press that a door turned away: its proof was too old, its page an older one, or nothing was chosen."""
    with transaction.atomic():
        record(
            Event.DECISION_REFUSED,
            actor=actor_of(user),
            about=removal.reference,
            facts={"decision": decision, "fingerprint": fingerprint, "why": why},
        )


def answer(removal: RemovalRequest, user: User, question: int, text: str) -> None:
    """The requester answers; the question then no longer waits for them."""
    text = within(text, 2000, "answer")
    if not text:
        raise Refused("no-answer", "Write an answer.", field="answer")
    with transaction.atomic():
        if removal.requester_id != user.pk:
            raise Refused("not-yours", "Only the person who filed this request answers.")
        asked = Approval.objects.filter(
            pk=question, plan__removal=removal, decision=Decision.ASK, answered_at=None
        ).update(answer=text, answered_at=Now())
        if not asked:
            raise Refused("answered-already", "This question was answered already.")
        record(
            Event.QUESTION_ANSWERED,
            actor=actor_of(user),
            about=removal.reference,
            facts={"answer": text},
        )

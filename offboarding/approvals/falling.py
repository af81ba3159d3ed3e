"""An approval stands only while its giver may still approve: asked again at the moment when something is done.

Once the work is done it stays as it was, whatever becomes of the person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction

from offboarding import pulse
from offboarding.approvals import queries
from offboarding.approvals.models import Approval, Asking
from offboarding.approvals.rules import enough, in_all
from offboarding.checklist.models import Plan
from offboarding.emergencies.actions import hold_back
from offboarding.ledger.actions import APP, Event, record
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of
from offboarding.removals.rules import Stage
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work import clock

WAITS = "Nothing more is changed until somebody else has approved it."


def why_not_standing(removal: RemovalRequest, plan: Plan) -> str:
    """Why nothing may be changed now, in a sentence; empty if every approval stands. At most four queries."""
    if queries.fell(removal, plan):
        return WAITS
    gone = queries.falling(removal, plan, datetime.now(UTC).date())
    return f"{queries.why_fell(gone)} {WAITS}" if gone else ""


def fall(plan: Plan) -> str:
    """Writes down what does not stand any more, and says it in a sentence; empty if everything stands.

    Before the work has begun the request waits for a decision again. What has begun waits where it is.
    """
    with transaction.atomic():
        removal = RemovalRequest.objects.select_for_update().get(pk=plan.removal_id)
        gone = queries.falling(removal, plan, datetime.now(UTC).date())
        if not gone or removal.stage not in (Stage.APPROVED, Stage.RUNNING):
            return WAITS if queries.fell(removal, plan) else ""
        mark(plan, removal, gone)
    return f"{queries.why_fell(gone)} {WAITS}"


def mark(plan: Plan, removal: RemovalRequest, gone: Sequence[Approval]) -> None:
    now, running = clock.now(), removal.stage == Stage.RUNNING
    Approval.objects.filter(pk__in=[each.pk for each in gone]).update(fell_at=now)
    ask_afresh(plan, now, running)
    if not running:
        removals.move(removal, Stage.PLANNED, approved_at=None)
    record(
        Event.APPROVAL_FELL,
        actor=APP,
        about=removal.reference,
        facts={
            "version": plan.version,
            "approvers": [each.approver_id for each in gone],
            "says": queries.why_fell(gone),
            "begun": running,
        },
    )


def owner_found(plan: Plan, says: str) -> str:
    """Somebody who goes became a Workspace Owner after the approval: from then on it takes as many people as for an Owner.

    Says why nothing is done before they have approved; empty if enough have. A yes that was given counts.
    """
    with transaction.atomic():
        removal = RemovalRequest.objects.select_for_update().get(pk=plan.removal_id)
        rulings = queries.rulings_of(plan)
        people = max(ruling.terms.owner for ruling in rulings)
        if removal.stage == Stage.RUNNING and not removal.emergency and people > in_all(rulings):
            hold_back(plan, people, says)
            wait_for_more(plan, removal, says)
        return f"{says} {WAITS}" if queries.fell(removal, plan) else ""


def wait_for_more(plan: Plan, removal: RemovalRequest, says: str) -> None:
    today = datetime.now(UTC).date()
    given = queries.voters_of(queries.approvals_of(plan), clients_of(removal), today)
    if enough(queries.rulings_of(plan), given):
        return
    ask_afresh(plan, clock.now(), running=True)
    facts = {"version": plan.version, "approvers": [], "says": says, "begun": True}
    record(Event.APPROVAL_FELL, actor=APP, about=removal.reference, facts=facts)


def ask_afresh(plan: Plan, now: datetime, running: bool) -> None:
    """The times begin anew, as long as they were. What runs does not end by itself, so it waits without an end."""
    asked = queries.asking_of(plan)
    spans = asked or Asking(
        asked_at=now, expires_at=now + timedelta(days=7), remind_at=now + timedelta(days=1)
    )
    Asking.objects.update_or_create(
        plan=plan,
        defaults={
            "asked_at": now,
            "remind_at": spans.remind_at and now + (spans.remind_at - spans.asked_at),
            "escalate_at": spans.escalate_at and now + (spans.escalate_at - spans.asked_at),
            "expires_at": now + (spans.expires_at - spans.asked_at),
            "reminded_at": None,
            "escalated_at": None,
            "over_at": None,
            "fell_at": now if running else None,
        },
    )


def stands_again(plan: Plan, user: User) -> None:
    """Enough others have approved what runs: it goes on. Call in the transaction of the decision."""
    Asking.objects.filter(plan=plan).update(fell_at=None)
    transaction.on_commit(pulse.wake)
    record(
        Event.APPROVAL_STANDS_AGAIN,
        actor=actor_of(user),
        about=plan.removal.reference,
        facts={"version": plan.version},
    )

"""Starting runs, ending them, and what people do with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from offboarding.approvals.falling import fall, why_not_standing
from offboarding.checklist.models import ChecklistItem, Plan
from offboarding.checklist.rules import Kind
from offboarding.directory.queries import scope_of
from offboarding.evidence.models import Evidence
from offboarding.execution import queries
from offboarding.execution.models import Proof, Run
from offboarding.execution.owners import unapproved_by_hand
from offboarding.execution.rules import (
    REMEDIES,
    UNDO_FOR,
    Cause,
    Ended,
    Waits,
    first_look_after,
    may_retry,
    may_take_over,
    proof_missing,
    waits_as,
)
from offboarding.ledger.actions import APP, Actor, Event, record, record_each
from offboarding.lib.refusals import Refused, within
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.spelled import add_from
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work.actions import move, move_all, put_down
from offboarding.work.rules import ENDED, State

LONGEST_NOTE = 2000  # characters
# Steps by hand that end with a decision: their note is what was decided.
DECISIONS = ("client-told",)
# By the playbook's code: why a step by hand cannot be signed off yet; empty if it can.
SIGN_OFF: dict[str, Callable[[Run], str]] = {}


def touched() -> dict[str, Any]:
    return {"touched_at": Now()}


# ---------------------------------------------------------------- what the journey does


def start(plan: Plan, first: str = "") -> None:
    """A run for each item, all waiting; `release` lets go of those whose turn it is. Twice makes nothing twice.

    Those of the step `first` are released at once, and go before whatever else is due anywhere.
    """
    items = plan.items.order_by("pk")
    waiting = Run(state=State.WAITING, not_before=None)
    given: dict[str, F | Q] = {
        "item_id": F("pk"),
        "manual": Q(kind=Kind.MANUAL),
        "urgent": Q(step=first) & ~Q(step=""),
    }
    add_from(items, waiting, given)
    record(Event.ITEMS_STARTED, actor=APP, about=plan.removal.reference, facts={"items": items.count()})
    if first:
        release(queries.urgent_in(plan))


def release(runs: Sequence[Run]) -> None:
    """Their turn has come: to the engine, or to a person. All of one request; the same few queries for many as for one."""
    by_hand, by_itself = [run for run in runs if run.manual], [run for run in runs if not run.manual]
    with transaction.atomic():
        ready = [run for after, some in together(by_itself) for run in let_go(some, after)]
        asked = {"cause": Cause.MANUAL, "waiting_for": "", "not_before": None}
        freed = ready + move_all(by_hand, State.NEEDS_PERSON, **asked, **touched())
        if freed:
            facts = [{**named(run), "to": str(run.state)} for run in freed]
            about = freed[0].item.plan.removal.reference
            record_each(Event.ITEM_MOVED, facts, actor=APP, about=about)


def together(runs: Sequence[Run]) -> list[tuple[timedelta, list[Run]]]:
    """Those that begin at the same time."""
    found: dict[timedelta, list[Run]] = {}
    for run in runs:
        found.setdefault(first_look_after(run.item.step), []).append(run)
    return list(found.items())


def let_go(runs: Sequence[Run], after: timedelta) -> list[Run]:
    return move_all(runs, State.READY, waiting_for="", not_before=Now() + after, **touched())


def join(plan: Plan, items: Sequence[ChecklistItem]) -> None:
    """Runs for lines that were added beside the plan: they wait for their turn like the others. Twice makes nothing twice."""
    made = [
        Run(item=item, manual=item.kind == Kind.MANUAL, state=State.WAITING, not_before=None)
        for item in items
    ]
    Run.objects.bulk_create(made, ignore_conflicts=True)


def schedule(run: Run, at: datetime, why: str) -> None:
    """Its turn comes at a time."""
    Run.objects.filter(pk=run.pk, state=State.WAITING, not_before=None).update(
        not_before=at, waiting_for=why, fence=run.fence + 1, **touched()
    )


def goes_on(run: Run) -> None:
    """What stopped it is over, so it tries again without being asked."""
    with transaction.atomic():
        if move(run, State.READY, not_before=Now(), cause="", remedy="", sentence="", **touched()):
            moved(run, APP)


# ---------------------------------------------------------------- what the engine does


def done(run: Run, how: Ended, sentence: str) -> None:
    """Seen, so done. The only way in which an automated step ends well."""
    with transaction.atomic(savepoint=False):
        put_down(
            run,
            State.DONE,
            after=None,
            ended=how.value,
            ended_at=Now(),
            sentence=sentence[:500],
            cause="",
            remedy="",
            **touched(),
        )
        tell(run, Event.ITEM_DONE, APP, {"ended": how.value, "says": sentence[:500]})


def needs_person(run: Run, cause: Cause, sentence: str, remedy: str) -> None:
    with transaction.atomic():
        put_down(
            run,
            State.NEEDS_PERSON,
            after=None,
            cause=cause.value,
            sentence=sentence[:500],
            remedy=remedy[:500],
            **touched(),
        )
        tell(
            run,
            Event.ITEM_MOVED,
            APP,
            {"to": State.NEEDS_PERSON.value, "cause": cause.value, "says": sentence[:500]},
        )


def crashed(run: Run) -> None:
    """It stopped three times in the middle and is parked; say so where people look. The engine holds the transaction."""
    sentence = f"This step {run.waiting_for}."
    Run.objects.filter(pk=run.pk).update(
        cause=Cause.CRASHED, sentence=sentence, remedy=REMEDIES[Cause.CRASHED], waiting_for="", **touched()
    )
    tell(
        run,
        Event.ITEM_MOVED,
        APP,
        {"to": State.NEEDS_PERSON.value, "cause": Cause.CRASHED.value, "says": sentence},
    )


def stop(run: Run, sentence: str) -> None:
    with transaction.atomic():
        put_down(run, State.CANCELLED, after=None, sentence=sentence, ended_at=Now(), **touched())
        tell(run, Event.ITEM_MOVED, APP, {"to": State.CANCELLED.value, "says": sentence})


# ---------------------------------------------------------------- what people do


def guard(run: Run, user: User) -> None:
    """Only those who look after every client of the removal act on its steps, whichever door they came through."""
    if why := queries.why_not(scope_of(user, datetime.now(UTC).date()), run.item.plan.removal):
        raise Refused("not-a-worker", why)


def retry(run: Run, user: User) -> None:
    """Try again: what stopped, and what would try by itself a little later."""
    guard(run, user)
    with transaction.atomic():
        if not may_retry(state_of(run), run.manual):
            raise Refused("not-retryable", "This step is not waiting for a new try.")
        if run.item.plan.removal.paused_at:
            raise Refused("paused", "The work on this request is paused. Let it go on first.")
        afresh = {"not_before": Now(), "started_at": Now(), "waiting_for": ""}
        if not move(run, State.READY, **afresh, cause="", remedy="", sentence="", **touched()):
            raise Refused("moved-meanwhile", "This step moved on meanwhile. Look at it again.")
        tell(run, Event.ITEM_RETRIED, actor_of(user), {})


def take_over(run: Run, user: User) -> None:
    """Do it by hand. The tries so far stay as they are."""
    guard(run, user)
    if says := unapproved_by_hand(run):
        raise Refused("approval-fell", says)
    with transaction.atomic():
        if not may_take_over(state_of(run), run.manual):
            raise Refused("not-takeable", "Only a step that stopped, or waits to try again, is done by hand.")
        if not move(run, State.NEEDS_PERSON, **kept(run)) and not kept_in_place(run):
            raise Refused("moved-meanwhile", "This step moved on meanwhile. Look at it again.")
        run.refresh_from_db()
        tell(run, Event.ITEM_TAKEN_OVER, actor_of(user), {})


def state_of(run: Run) -> Waits:
    return waits_as(
        State(run.state), run.not_before is not None, run.cause, run.item.at, run.attempts.exists()
    )


def kept(run: Run) -> dict[str, Any]:
    return {
        "manual": True,
        "cause": Cause.TAKEN_OVER,
        "waiting_for": "",
        "not_before": None,
        **touched(),
    }


def kept_in_place(run: Run) -> bool:
    """A step that needs a person already stays so; it only becomes manual."""
    rows = Run.objects.filter(pk=run.pk, fence=run.fence, state=State.NEEDS_PERSON)
    return bool(rows.update(fence=run.fence + 1, **kept(run)))


def assign(run: Run, user: User, to: User | None) -> None:
    """Hand a step to somebody who may do it, or to nobody in particular."""
    guard(run, user)
    if to is not None:
        guard(run, to)
    with transaction.atomic():
        if State(run.state) in ENDED:
            raise Refused("ended", "This step has ended, so nobody else takes it.")
        Run.objects.filter(pk=run.pk).update(assigned_to=to, **touched())
        tell(run, Event.ITEM_MOVED, actor_of(user), {"assigned_to": str(to.pk) if to else ""})


def sign_off(run: Run, user: User, *, attested: bool, note: str) -> None:
    """A person did it, says so, and has attached what shows it."""
    guard(run, user)
    if not attested:
        raise Refused(
            "not-attested", "Tick the box to say that you did this and it is right.", field="attest"
        )
    note = within(note, LONGEST_NOTE, "note")
    still_approved(run)
    if run.item.code in DECISIONS and not note:
        raise Refused("no-note", "Write down what was decided, and why.", field="note")
    with transaction.atomic():
        # A renewal of the approval holds this row too: nobody approves and does a step at the same moment.
        RemovalRequest.objects.select_for_update(no_key=True).get(pk=run.item.plan.removal_id)
        guard(run, user)
        lock(run)
        if not run.manual:
            raise Refused("not-manual", "This step runs by itself. Choose Do by hand first.")
        if run.state != State.NEEDS_PERSON:
            raise Refused("not-its-turn", "This step does not wait for a person now. Look at it again.")
        standing = run.proofs.filter(withdrawn_at=None).exclude(
            corrected_by__withdrawn_at=None, corrected_by__isnull=False
        )
        proofs = list(standing.select_related("evidence"))
        kinds = [proof.evidence.media_type for proof in proofs]
        if missing := proof_missing(run.item.proof, kinds, run.item.kind != Kind.MANUAL):
            raise Refused("no-proof", missing, field="file")
        if (why := SIGN_OFF.get(run.item.code)) and (says := why(run)):
            raise Refused("not-yet", says)
        if did_it_by_hand(run, user):
            raise Refused("own-work", "You removed this access by hand, so someone else verifies it.")
        ends = {
            "ended": Ended.BY_HAND,
            "ended_at": Now(),
            "ended_by": user,
            "note": note,
            "cause": "",
        }
        if not move(run, State.DONE, **ends, sentence=f"Done by hand by {user.name}", **touched()):
            raise Refused("moved-meanwhile", "This step moved on meanwhile. Look at it again.")
        tell(
            run,
            Event.ITEM_SIGNED_OFF,
            actor_of(user),
            {"note": note, "proofs": [proof.evidence.sha256 for proof in proofs]},
        )


def still_approved(run: Run) -> None:
    """Work by hand too waits while the approval does not stand. That it fell is written down, whatever follows."""
    if run.item.plan.removal.stage != Stage.RUNNING:
        return
    if says := why_not_standing(run.item.plan.removal, run.item.plan):
        raise Refused("approval-fell", fall(run.item.plan) or says)
    if says := unapproved_by_hand(run):
        raise Refused("approval-fell", says)


def lock(run: Run) -> None:
    """So that what is attached stays attached until the sign-off stands, and the other way round."""
    run.refresh_from_db(from_queryset=Run.objects.select_for_update())


def did_it_by_hand(run: Run, user: User) -> bool:
    """Nobody verifies what they did themself."""
    if run.item.kind != Kind.VERIFICATION:
        return False
    own = Run.objects.filter(
        item__plan=run.item.plan, item__workspace=run.item.workspace, item__phase="remove", ended_by=user
    )
    return own.filter(ended=Ended.BY_HAND).exists()


def undo_sign_off(run: Run, user: User, now: datetime) -> None:
    guard(run, user)
    with transaction.atomic():
        # Closing locks this row too: a removal never closes over a sign-off that is being taken back.
        stage = RemovalRequest.objects.select_for_update().get(pk=run.item.plan.removal_id).stage
        if run.ended != Ended.BY_HAND or run.ended_by_id != user.pk or not run.ended_at:
            raise Refused("not-yours", "Only the person who signed off takes it back.")
        if now - run.ended_at > UNDO_FOR or stage != Stage.RUNNING:
            raise Refused(
                "too-late", "A sign-off can be taken back for 10 minutes, while the request is running."
            )
        cleared = {"ended": "", "ended_at": None, "ended_by": None, "sentence": ""}
        if not move(run, State.NEEDS_PERSON, **cleared, cause=Cause.MANUAL, **touched()):
            raise Refused("moved-meanwhile", "This step moved on meanwhile. Look at it again.")
        tell(run, Event.SIGN_OFF_UNDONE, actor_of(user), {})


def skip(run: Run, user: User, reason: str) -> None:
    """Not done, on purpose. It is shown as skipped, never as done."""
    guard(run, user)
    reason = within(reason, LONGEST_NOTE, "reason")
    if not reason:
        raise Refused("no-reason", "Say why this step is skipped.", field="reason")
    with transaction.atomic():
        if State(run.state) in ENDED or run.state == State.RUNNING:
            raise Refused("moved-meanwhile", "This step moved on meanwhile. Look at it again.")
        changes = {
            "ended": Ended.WAIVED,
            "ended_at": Now(),
            "ended_by": user,
            "note": reason,
            "cause": "",
        }
        if not move(
            run,
            State.CANCELLED,
            **changes,
            sentence=f"Skipped by {user.name}: {reason}"[:500],
            **touched(),
        ):
            raise Refused("moved-meanwhile", "This step moved on meanwhile. Look at it again.")
        tell(run, Event.ITEM_SKIPPED, actor_of(user), {"reason": reason})


def may_add_proof(run: Run, user: User, corrects: int | None = None) -> None:
    """Asked before the bytes are kept, so that no file is stored that nothing will name. Raises Refused."""
    guard(run, user)
    still_takes(run, corrects)


def still_takes(run: Run, corrects: int | None) -> None:
    """A step that was signed off takes a correction, however late: the old file stays, and a packet gets one version more."""
    signed_off = run.state == State.DONE and run.ended == Ended.BY_HAND
    if State(run.state) in ENDED and not (signed_off and corrects):
        raise Refused("ended", "This step has ended, so nothing can be added to it.")


def add_proof(run: Run, user: User, evidence: Evidence, corrects: int | None = None) -> Proof:
    """`corrects`: the proof that this file takes the place of. Both stay on record, and the new one names the old."""
    guard(run, user)
    with transaction.atomic():
        lock(run)
        still_takes(run, corrects)
        same = run.proofs.filter(evidence__sha256=evidence.sha256, withdrawn_at=None).first()
        if same:
            return same
        old = corrected(run, corrects) if corrects else None
        proof = Proof.objects.create(run=run, evidence=evidence, added_by=user, replaces=old)
        Run.objects.filter(pk=run.pk).update(**touched())
        named_old = {"corrects": old.evidence.sha256} if old else {}
        facts = {"sha256": evidence.sha256, **named_old}
        tell(run, Event.PROOF_ADDED, actor_of(user), facts, {"shows": evidence.shows})
    return proof


def corrected(run: Run, proof_id: int) -> Proof:
    found = run.proofs.filter(pk=proof_id, withdrawn_at=None, corrected_by=None).select_related("evidence")
    if (proof := found.first()) is None:
        raise Refused(
            "not-attached", "The file that this corrects is not attached any more.", field="corrects"
        )
    return proof


def withdraw_proof(run: Run, user: User, proof_id: int, why: str) -> None:
    """It stays on record as taken back, by whom and why, and its bytes are not in the packet."""
    guard(run, user)
    why = within(why, 300, "reason")
    if not why:
        raise Refused("no-reason", "Say why this file is taken back.", field="reason")
    with transaction.atomic():
        lock(run)
        if State(run.state) in ENDED:
            raise Refused("ended", "This step has ended, so its proof stays.")
        proof = run.proofs.filter(pk=proof_id, withdrawn_at=None).select_related("evidence").first()
        if proof is None:
            raise Refused("gone", "This file is not attached any more.")
        said = {"withdrawn_at": Now(), "withdrawn_by": user, "withdrawn_because": why}
        Proof.objects.filter(pk=proof.pk).update(**said)
        facts, typed = {"sha256": proof.evidence.sha256}, {"why": why}  # it may name anybody
        tell(run, Event.PROOF_WITHDRAWN, actor_of(user), facts, typed)


# ---------------------------------------------------------------- the record


def moved(run: Run, actor: Actor) -> None:
    tell(run, Event.ITEM_MOVED, actor, {"to": str(run.state)})


def tell(
    run: Run, event: Event, actor: Actor, facts: dict[str, Any], personal: dict[str, str] | None = None
) -> None:
    about = run.item.plan.removal.reference
    record(event, actor=actor, about=about, facts={**named(run), **facts}, personal=personal)


def named(run: Run) -> dict[str, Any]:
    return {"item": run.item.number, "title": run.item.title}

"""What stands between a step and its next call, and what becomes of steps when the rest is cancelled."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from offboarding.approvals.falling import why_not_standing
from offboarding.checklist.models import Plan
from offboarding.checklist.rules import Kind
from offboarding.execution import queries
from offboarding.execution.actions import tell, touched
from offboarding.execution.models import Run
from offboarding.execution.queries import history_of
from offboarding.execution.rules import Cause, Ended, Fate, Halt, fate, halts, settles_in
from offboarding.ledger.actions import APP, Event, record
from offboarding.removals.models import Place, RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.spelled import Asked
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work.actions import move, put_down
from offboarding.work.rules import ENDED, State

# A restoration that has ended is read again before anybody else looks.
AFTERWARDS = timedelta(hours=1)
RESTS = "Paused, until somebody lets the work go on"


class Halted(Exception):
    """A call was about to begin, and may not. Nothing was written."""

    def __init__(self, halt: Halt) -> None:
        super().__init__(halt.value)
        self.halt = halt


def halt_of(run: Run) -> Halt | None:
    """As it is at this moment. Only `may_begin` makes sure. One query."""
    removal, superseded = queries.removal_now(run)
    return told(run, removal, superseded)


def may_begin(run: Run) -> None:
    """Call inside the transaction that writes the intent, before anything else. Raises Halted.

    Whoever pauses, cancels or changes the removal holds the same row: either the intent stands before that, or it never
    does.
    """
    lock(run.item.plan.removal_id)
    # Asked once the row is held: a plan that came meanwhile counts.
    removal, superseded = queries.removal_now(run)
    if found := told(run, removal, superseded):
        raise Halted(found)
    if not_standing(run, removal):
        raise Halted(Halt.APPROVAL_FELL)


@Asked
def lock(pk: int) -> QuerySet[RemovalRequest, int]:
    return RemovalRequest.objects.select_for_update(no_key=True).filter(pk=pk).values_list("pk", flat=True)


def told(run: Run, removal: RemovalRequest, superseded: bool) -> Halt | None:
    approved = removal.stage in (Stage.RUNNING, Stage.CLOSED) and not superseded
    cut_off = removal.rest_cancelled_at is not None and not ends(run)
    return halts(approved, removal.paused_at is not None, cut_off)


def not_standing(run: Run, removal: RemovalRequest) -> str:
    """Why the approval does not carry this step any more; empty if it does. What was closed stays approved.

    An end that was promised comes, whatever became of the approvers.
    """
    if removal.stage != Stage.RUNNING or ends(run):
        return ""
    return why_not_standing(removal, run.item.plan)


def rest(run: Run) -> None:
    """Until the work goes on. What has a date comes back by itself; the route lets go of all others."""
    put_down(run, State.WAITING, after=None, waiting_for=RESTS, cause=Cause.PAUSED, remedy="", **touched())


def goes_on(run: Run) -> None:
    """The pause is over."""
    move(run, State.READY, not_before=Now(), cause="", waiting_for="", **touched())


# ---------------------------------------------------------------- cancelling the rest


def cut_short(plan: Plan, user: User, reason: str) -> None:
    """Cancel what has not run; let what was called be seen out. Call inside the transaction that marks the removal."""
    runs = list(runs_of(plan))
    touched_places = places_called(plan)
    gone = []
    for run in runs:
        match fate_of(run, run.item.workspace_id in touched_places):
            case Fate.CANCELLED if cancel(run, user, reason):
                gone.append(run.item.number)
            case Fate.SEEN_OUT if run.state == State.NEEDS_PERSON and not run.manual:
                move(run, State.READY, not_before=Now(), cause="", remedy="", sentence="", **touched())
    facts = {"reason": reason, "items": gone}
    record(Event.REST_CANCELLED, actor=actor_of(user), about=plan.removal.reference, facts=facts)


def runs_of(plan: Plan) -> QuerySet[Run]:
    found = (
        Run.objects.filter(item__plan=plan).select_related("item__plan__removal").defer("item__plan__body")
    )
    return found.prefetch_related("attempts").order_by("item__number")


def fate_of(run: Run, place_called: bool) -> Fate:
    history = history_of(list(run.attempts.all()))
    return fate(
        ended=State(run.state) in ENDED,
        stopped=run.state == State.NEEDS_PERSON,
        looks=looks(run),
        ends=ends(run),
        seals=run.item.step == "packet.seal",
        called=bool(history.answered or history.doubtful),
        in_doubt=settles_in(history) is not None,
        place_called=place_called,
    )


def looks(run: Run) -> bool:
    """Only reads, whatever it is called."""
    return run.item.kind == Kind.VERIFICATION or run.item.step.startswith("verify.")


def ends(run: Run) -> bool:
    """Takes away again what the same request gave for a time: an end that was promised comes, whatever is cancelled."""
    return run.item.step == "segment.end_access"


def restored_until(run: Run, now: datetime) -> tuple[datetime, str] | None:
    """Follow-ups leave a place alone while a restoration gives access there; until when, and why."""
    if not run.item.at:
        return None
    found = Place.objects.filter(
        removal__restores=run.item.plan.removal_id,
        removal__stage__in=[Stage.APPROVED, Stage.RUNNING],
        workspace=run.item.workspace,
    )
    place = found.select_related("removal").order_by("-ends_at").first()
    if place is None or place.ends_at is None:
        return None
    return max(
        place.ends_at, now
    ) + AFTERWARDS, f"the end of {place.removal.reference}, which restores access"


def places_called(plan: Plan) -> set[int]:
    """Workspaces where a call may have had an effect, or somebody did by hand what was to be removed."""
    found = set()
    for run in runs_of(plan):
        history = history_of(list(run.attempts.all()))
        by_hand = run.ended == Ended.BY_HAND and run.item.phase == "remove"
        if run.item.workspace_id and not looks(run) and (history.answered or history.doubtful or by_hand):
            found.add(run.item.workspace_id)
    return found


def cancel(run: Run, user: User, reason: str) -> bool:
    """False for a step that a worker holds: the worker itself cancels it instead of calling."""
    ends = {"ended": Ended.CANCELLED, "ended_at": Now(), "ended_by": user, "note": reason, "cause": ""}
    says = cancelled_says(user, reason)
    return move(run, State.CANCELLED, **ends, sentence=says, waiting_for="", remedy="", **touched())


def cancelled_says(user: User, reason: str) -> str:
    return f"Cancelled by {user.name}: {reason}"[:500]


def seen_out(run: Run, says: str = "") -> None:
    """The end of a step that a worker holds, after the rest was cancelled. `says`: what its last look saw."""
    removal = RemovalRequest.objects.select_related("rest_cancelled_by").get(pk=run.item.plan.removal_id)
    user, reason = removal.rest_cancelled_by, removal.steered_because
    assert user is not None
    sentence = f"{says}. {cancelled_says(user, reason)}"[:500] if says else cancelled_says(user, reason)
    ends = {"ended": Ended.CANCELLED, "ended_at": Now(), "ended_by": user, "note": reason, "cause": ""}
    with transaction.atomic():
        put_down(run, State.CANCELLED, after=None, **ends, sentence=sentence, remedy="", **touched())
        tell(run, Event.ITEM_MOVED, APP, {"to": State.CANCELLED.value, "says": sentence})

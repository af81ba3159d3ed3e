"""Claiming rows, renewing leases, writing only while the claim holds, and standing still."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cache
from time import monotonic
from typing import Any, TypeVar

from django.db import IntegrityError, connection, models, transaction
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.spelled import Asked, Later, change
from offboarding.work import clock
from offboarding.work.lightly import lightly
from offboarding.work.models import Lost, Order, Slot, Standstill
from offboarding.work.rules import CRASHES_BEFORE_PARKING, LOOKS_WHILE_STILL, STILL, State, may_move

# Longer than one call may take with its deadline (20 s), short enough that what a dead worker held goes on within 30 s.
LEASE = timedelta(seconds=25)

O = TypeVar("O", bound=Order)  # noqa: E741  (an order)


class LostLease(Exception):
    """Somebody else holds this row now. Whatever we wanted to write is not ours to write."""


class StandsStill(Exception):
    """Nothing outside is changed now. What was about to begin has left no trace."""


def nothing_more(_row: Order) -> None:
    pass


def claim(model: type[O], pk: int, parked: Callable[[O], None] = nothing_more) -> O | None:
    """Take one due row, or None if it is not due or somebody was faster.

    A row whose lease ran out counts one crash more; the third parks it for a person, and tells `parked` so within the
    same transaction.
    """
    if not connection.features.has_select_for_update and due_row(model).first(pk) is None:
        return None  # where there is one writer at a time, nobody queues for a row that somebody else has
    with lightly():
        row: O | None = due_row(model).first(pk)
        if row is None:
            return None
        crashes = row.crashes + lost_by(row)
        if crashes >= CRASHES_BEFORE_PARKING:
            park(row, crashes)
            parked(row)
            return None
        here = {"pk": row.pk, "fence": row.fence, "state": row.state}
        row.state, row.fence, row.crashes = State.RUNNING.value, row.fence + 1, crashes
        taken = {"state": row.state, "fence": row.fence, "crashes": crashes, "lease_until": Later(LEASE)}
        won = change(model, here, taken)
    if not won:
        return None
    del row.lease_until  # who asks for it reads it then
    return row


@cache
def due_row(model: type[O]) -> Asked[O]:
    def build(pk: int) -> models.QuerySet[O]:
        rows = model._default_manager.select_for_update(skip_locked=True)
        return rows.filter(Order.due(Now()), pk=pk)

    return Asked(build)


def lost_by(row: Order) -> int:
    """1 if the row's lease ran out, which is counted; 0 if nobody held it."""
    if row.state != State.RUNNING:
        return 0
    day, _ = Lost.objects.get_or_create(kind=row._meta.label, day=clock.now().date())
    Lost.objects.filter(pk=day.pk).update(times=models.F("times") + 1)
    return 1


def park(row: Order, crashes: int) -> None:
    type(row)._default_manager.filter(pk=row.pk, fence=row.fence).update(
        state=State.NEEDS_PERSON.value,
        fence=row.fence + 1,
        crashes=crashes,
        lease_until=None,
        not_before=None,
        waiting_for=stopped(crashes),
    )
    row.refresh_from_db()


def stopped(crashes: int) -> str:
    return f"stopped {crashes} times while working on this; a person has to look"


def renew(row: Order) -> None:
    """Hold the lease for longer. Raises LostLease when it is no longer ours."""
    if not change(type(row), held(row), {"lease_until": Later(LEASE)}):
        raise LostLease


class Hold:
    """Renews a lease now and then while slow work goes on; call `touch` as often as you like."""

    def __init__(self, row: Order) -> None:
        self.row = row
        self.renewed = monotonic()

    def touch(self) -> None:
        if monotonic() - self.renewed > LEASE.total_seconds() / 10:
            renew(self.row)
            self.renewed = monotonic()


def keep(row: Order, **changes: Any) -> None:
    """Write while working. Raises LostLease when the row is no longer ours."""
    if not change(type(row), held(row), changes):
        raise LostLease
    for name, value in changes.items():
        setattr(row, name, value)


def put_down(row: Order, state: State, *, after: timedelta | None = timedelta(0), **changes: Any) -> None:
    """End a claim: move to `state`, due again `after` (None: not before somebody says so)."""
    assert may_move(State.RUNNING, state)
    changes.setdefault("waiting_for", "")
    due = None if after is None else Later(after)
    ended = {"state": state.value, "not_before": due, "lease_until": None, "crashes": 0, **changes}
    if not change(type(row), held(row), ended):
        raise LostLease
    row.state = state.value


def held(row: Order) -> dict[str, Any]:
    """How a row is found while it is ours."""
    return {"pk": row.pk, "fence": row.fence, "state": State.RUNNING.value}


def move(row: Order, there: State, **changes: Any) -> bool:
    """Move a row that nobody holds. False if it is not in a state that allows this, or was just taken.

    The fence goes up, so a worker that still believes it holds the row can write nothing. Crashes are forgotten: whoever
    moves a row has looked at it.
    """
    here = State(row.state)
    if not may_move(here, there) or here is State.RUNNING:
        return False
    moved = (
        type(row)
        ._default_manager.filter(pk=row.pk, fence=row.fence, state=here.value)
        .update(state=there.value, fence=row.fence + 1, crashes=0, **changes)
    )
    if moved:
        row.refresh_from_db()
        if there is State.READY:
            pulse.nudge(row)
    return bool(moved)


def move_all(rows: Sequence[O], there: State, **changes: Any) -> list[O]:
    """`move` for many rows in a few queries: gives those that moved, in their order. Call within a transaction."""
    if not rows:
        return []
    table = type(rows[0])._default_manager
    may = [here.value for here in State if may_move(here, there) and here is not State.RUNNING]
    locked = table.select_for_update().filter(pk__in=[row.pk for row in rows], state__in=may).order_by("pk")
    fences = dict(locked.values_list("pk", "fence"))
    moved = [row for row in rows if fences.get(row.pk) == row.fence]
    table.filter(pk__in=[row.pk for row in moved]).update(
        state=there.value, fence=models.F("fence") + 1, crashes=0, **changes
    )
    for row in moved:
        row.state = there.value
        if there is State.READY:
            pulse.nudge(row)
    return moved


def fire(name: str, slot: str) -> bool:
    """True for exactly one caller per name and slot."""
    try:
        with transaction.atomic():
            Slot.objects.create(name=name, slot=slot)
    except IntegrityError:
        return False
    return True


# ---------------------------------------------------------------- standing still


def must_not_stand_still() -> None:
    """Asked in the transaction that says what is about to be changed outside. Raises StandsStill.

    The row is locked until that transaction ends: once `halt` has returned, nothing more begins.
    """
    (row,) = still(1)
    if row.stands:
        raise StandsStill


@Asked
def still(pk: int) -> models.QuerySet[Standstill]:
    return Standstill.objects.select_for_update().filter(pk=pk)


def rest_still(row: Order, **changes: Any) -> None:
    """Put down what would have changed something. `let_go` makes it due at once."""
    put_down(row, State.WAITING, after=LOOKS_WHILE_STILL, waiting_for=STILL, **changes)


def halt(why: str, by: str) -> bool:
    """Stand still from now on; False if the engine does so already. The caller's transaction also tells the ledger."""
    row = Standstill.objects.select_for_update().get(pk=1)
    if row.stands:
        return False
    since = clock.now()
    # Its moment is what a standstill is known by, and a clock may stand, or go back.
    if row.since and since <= row.since:
        since = row.since + timedelta(milliseconds=1)
    Standstill.objects.filter(pk=1).update(why=why[:500], by=by[:150], since=since, ended_at=None)
    return True


def let_go(since: datetime, accepted: str) -> bool:
    """End the standstill that began at `since`; False if it is over, or is another one. Frees nothing yet: see `free`."""
    row = Standstill.objects.select_for_update().get(pk=1)
    if not row.stands or row.since != since:
        return False
    Standstill.objects.filter(pk=1).update(ended_at=clock.now(), accepted=accepted)
    return True


def free(model: type[Order]) -> int:
    """What waited only because the engine stood still is due now. Returns how many rows."""
    waiting = model._default_manager.filter(state=State.WAITING.value, waiting_for=STILL)
    return waiting.update(not_before=Now(), waiting_for="", fence=models.F("fence") + 1)

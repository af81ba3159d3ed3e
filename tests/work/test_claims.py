"""Claiming, holding and putting down a row: one worker at a time, and only while the claim holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db.models.functions import Now

from offboarding.discovery.models import Look
from offboarding.work import clock
from offboarding.work.actions import LEASE, LostLease, claim, keep, move, put_down, renew
from offboarding.work.engine import REST
from offboarding.work.rules import CRASHES_BEFORE_PARKING, State

Make = Callable[..., Any]
PAST, FUTURE = timedelta(seconds=-1), timedelta(seconds=60)


def at(shift: timedelta) -> datetime:
    return datetime.now(UTC) + shift


CLAIMS = [
    ("ready", {"not_before": PAST}, True, "its time has come"),
    ("waiting", {"not_before": PAST}, True, "the wait is over"),
    ("unknown", {"not_before": PAST}, True, "look what happened"),
    ("verifying", {"not_before": PAST}, True, "the next look"),
    ("ready", {"not_before": FUTURE}, False, "not yet"),
    ("waiting", {"not_before": None}, False, "waits for something else"),
    ("needs_person", {"not_before": PAST}, False, "waits for a person"),
    ("running", {"lease_until": FUTURE}, False, "somebody holds it"),
    ("running", {"lease_until": PAST}, True, "whoever held it is gone"),
    ("done", {"not_before": PAST}, False, "it has ended"),
    ("failed", {"not_before": PAST}, False, "it has ended"),
    ("cancelled", {"not_before": PAST}, False, "it has ended"),
]


@pytest.mark.parametrize(("state", "times", "claimed", "because"), CLAIMS)
def test_only_what_is_due_is_claimed(
    order: Make, state: str, times: dict[str, Any], claimed: bool, because: str
) -> None:
    row = order(state=state, **{name: shift and at(shift) for name, shift in times.items()})
    assert (claim(Look, row.pk) is not None) is claimed, because


def test_a_claim_raises_the_fence_and_sets_a_lease(order: Make) -> None:
    row = claim(Look, order().pk)
    assert row is not None
    assert (row.state, row.fence) == ("running", 1)
    left = row.lease_until - datetime.now(UTC)
    assert LEASE - timedelta(seconds=5) < left < LEASE + timedelta(seconds=5)


def test_what_a_dead_worker_held_is_taken_up_within_30_seconds() -> None:
    assert timedelta(seconds=20) < LEASE < timedelta(seconds=30 - REST)


@pytest.mark.django_db
def test_all_workers_go_by_the_clock_of_the_database() -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        ours, shared = datetime.now(UTC), clock.now()
    assert timedelta(minutes=59) < ours - shared < timedelta(minutes=61)
    assert shared.tzinfo is UTC


def test_a_row_is_claimed_once(order: Make) -> None:
    pk = order().pk
    assert claim(Look, pk) is not None
    assert claim(Look, pk) is None


def lose(row: Any) -> None:
    """Somebody else takes the row after the lease has run out."""
    Look.objects.filter(pk=row.pk).update(lease_until=at(PAST))
    assert claim(Look, row.pk) is not None


LATE = [
    ("renew", lambda row: renew(row)),
    ("keep", lambda row: keep(row, tries=3)),
    ("put down", lambda row: put_down(row, State.DONE)),
]


@pytest.mark.parametrize(("what", "write"), LATE)
def test_a_stale_worker_writes_nothing(order: Make, what: str, write: Callable[[Any], None]) -> None:
    row = claim(Look, order().pk)
    lose(row)
    before = Look.objects.values().get()
    with pytest.raises(LostLease):
        write(row)
    assert Look.objects.values().get() == before


@pytest.mark.parametrize("state", [state for state in State if state is not State.RUNNING])
def test_a_row_is_put_down_into_any_state_once(order: Make, state: State) -> None:
    row = claim(Look, order().pk)
    assert row is not None
    put_down(row, state, after=None)
    row.refresh_from_db()
    assert (row.state, row.lease_until, row.not_before) == (state.value, None, None)
    with pytest.raises(LostLease):
        put_down(row, state)


def test_a_wait_is_counted_by_the_databases_clock(order: Make) -> None:
    row = claim(Look, order().pk)
    assert row is not None
    put_down(row, State.WAITING, after=timedelta(seconds=30), waiting_for="Segment asked us to wait")
    row.refresh_from_db()
    assert timedelta(seconds=25) < row.not_before - datetime.now(UTC) <= timedelta(seconds=31)


def crash(row: Any, times: int) -> None:
    """So many workers die while they hold the row; the next one comes to look."""
    for _ in range(times):
        claim(Look, row.pk)
        Look.objects.filter(pk=row.pk).update(lease_until=at(PAST))
    claim(Look, row.pk)
    row.refresh_from_db()


@pytest.mark.parametrize("times", range(1, CRASHES_BEFORE_PARKING))
def test_a_few_crashes_are_survived(order: Make, times: int) -> None:
    row = order()
    crash(row, times)
    assert (row.state, row.crashes) == ("running", times)


def test_three_crashes_park_the_row_for_a_person(order: Make) -> None:
    row = order()
    crash(row, CRASHES_BEFORE_PARKING)
    assert (row.state, row.lease_until, row.not_before) == ("needs_person", None, None)
    assert row.waiting_for == "stopped 3 times while working on this; a person has to look"


def test_the_room_is_told_of_a_parked_row(order: Make) -> None:
    told: list[int] = []
    row = order(state="running", lease_until=at(PAST), crashes=CRASHES_BEFORE_PARKING - 1)
    assert claim(Look, row.pk, lambda parked: told.append(parked.pk)) is None
    assert told == [row.pk]


def test_work_that_ends_well_forgets_its_crashes(order: Make) -> None:
    row = order()
    crash(row, 2)
    put_down(row, State.READY)
    row.refresh_from_db()
    assert row.crashes == 0


def test_a_parked_row_that_is_tried_again_is_claimed(order: Make) -> None:
    row = order()
    crash(row, CRASHES_BEFORE_PARKING)
    assert move(row, State.READY, not_before=Now())
    assert claim(Look, row.pk) is not None


def test_a_move_is_refused_for_a_row_that_somebody_holds(order: Make) -> None:
    row = claim(Look, order().pk)
    assert row is not None
    assert not move(row, State.CANCELLED)


def test_a_move_is_refused_for_a_row_that_moved_meanwhile(order: Make) -> None:
    row = order(state="needs_person")
    same = Look.objects.get(pk=row.pk)
    assert move(row, State.READY, not_before=Now())
    assert not move(same, State.CANCELLED)


def test_a_move_takes_the_row_out_of_a_stale_workers_hands(order: Make) -> None:
    row = claim(Look, order().pk)
    assert row is not None
    Look.objects.filter(pk=row.pk).update(state="needs_person")
    assert move(Look.objects.get(pk=row.pk), State.READY, not_before=Now())
    with pytest.raises(LostLease):
        keep(row, tries=1)

"""A row's whole life at random: workers that claim, die, come back late; people who move it. What must always hold, holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from offboarding.discovery.models import Look
from offboarding.work.actions import LostLease, claim, keep, move, put_down
from offboarding.work.rules import CRASHES_BEFORE_PARKING, ENDED, State, may_move

PAST = timedelta(seconds=-1)
RESTING = [state for state in State if state is not State.RUNNING]
WORKERS = 3


class Life(RuleBasedStateMachine):
    """`holds` is what each worker believes that it holds; only the newest claim is true."""

    make: Callable[..., Any]

    def __init__(self) -> None:
        super().__init__()
        self.pk = self.make().pk
        self.holds: dict[int, Any] = {}
        self.newest = 0

    def row(self) -> Any:
        return Look.objects.get(pk=self.pk)

    @rule(worker=st.integers(0, WORKERS - 1))
    def claims(self, worker: int) -> None:
        before = self.row()
        got = claim(Look, self.pk)
        if got is not None:
            assert got.fence == before.fence + 1 > self.newest
            self.holds[worker], self.newest = got, got.fence

    @precondition(lambda self: self.row().state == State.RUNNING)
    @rule()
    def the_lease_runs_out(self) -> None:
        Look.objects.filter(pk=self.pk).update(lease_until=datetime.now(UTC) + PAST)

    @rule()
    def time_passes(self) -> None:
        Look.objects.filter(pk=self.pk).exclude(not_before=None).update(not_before=datetime.now(UTC) + PAST)

    @precondition(lambda self: self.holds)
    @rule(worker=st.integers(0, WORKERS - 1), state=st.sampled_from(RESTING), wait=st.booleans())
    def puts_down(self, worker: int, state: State, wait: bool) -> None:
        held = self.holds.pop(worker, None)
        if held is None:
            return
        try:
            put_down(held, state, after=timedelta(0) if wait else None)
        except LostLease:
            assert held.fence < self.row().fence or self.row().state != State.RUNNING
        else:
            assert held.fence == self.row().fence

    @precondition(lambda self: self.holds)
    @rule(worker=st.integers(0, WORKERS - 1), number=st.integers(0, 9))
    def writes(self, worker: int, number: int) -> None:
        held = self.holds.get(worker)
        if held is None:
            return
        before = self.row()
        try:
            keep(held, tries=number)
        except LostLease:
            assert self.row().tries == before.tries
        else:
            assert before.state == State.RUNNING and held.fence == before.fence

    @rule(state=st.sampled_from(RESTING))
    def a_person_moves_it(self, state: State) -> None:
        before = self.row()
        moved = move(self.row(), state, not_before=Now())
        assert moved is (before.state != State.RUNNING and may_move(State(before.state), state))

    @invariant()
    def somebody_holds_it_or_it_rests(self) -> None:
        row = self.row()
        assert (row.state == State.RUNNING) is (row.lease_until is not None)

    @invariant()
    def crashes_are_counted_and_then_a_person_is_asked(self) -> None:
        row = self.row()
        assert row.crashes <= CRASHES_BEFORE_PARKING
        assert row.crashes < CRASHES_BEFORE_PARKING or row.state not in (State.RUNNING, State.READY)

    @invariant()
    def at_most_one_worker_may_write(self) -> None:
        row = self.row()
        true = {held.fence for held in self.holds.values() if held.fence == row.fence}
        assert len(true) <= 1

    @invariant()
    def what_has_ended_is_never_due(self) -> None:
        if self.row().state in ENDED:
            assert claim(Look, self.pk) is None


@pytest.mark.django_db
def test_the_life_of_an_order(order: Callable[..., Any]) -> None:
    Life.make = staticmethod(order)
    budget = settings(
        max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Life, settings=budget)

"""Whose turn it is, and when a removal may close."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from offboarding.connections.models import Workspace
from offboarding.execution import queries as runs
from offboarding.execution.models import Run
from offboarding.journey.rules import HELPS, Line, to_release
from offboarding.removals.models import RemovalRequest
from offboarding.work.rules import ENDED, State
from tests import conftest
from tests.execution import conftest as execution
from tests.lasting import lasting

lasting(
    globals(), conftest, "today clients person alice bob decide segment connect workspace seen drafted filed"
)
lasting(globals(), execution, "started")

LINE = Line(step="", at="", automatic=True, waits_for=())


def test_a_line_waits_for_all_of_them() -> None:
    lines = {1: LINE, 2: LINE, 3: replace(LINE, waits_for=(1, 2))}
    assert to_release(lines, [3], {1}) == []
    assert to_release(lines, [3], {1, 2}) == [3]


def test_of_a_long_checklist_the_engine_gets_its_own_lines_first() -> None:
    by_hand = {number: replace(LINE, automatic=False) for number in range(1, 60)}
    lines = {**by_hand, 60: LINE, 61: LINE}
    assert to_release(lines, list(lines), set())[:4] == [60, 61, 1, 2]


NOT_ITS = [
    ({"at": "30 days"}, "closing gives it its date"),
    ({"at": "until"}, "it has its date"),
    ({"step": "packet.seal"}, "closing lets go of it"),
]


@pytest.mark.parametrize(("change", "because"), NOT_ITS)
def test_some_lines_are_not_let_go_by_the_route(change: dict[str, str], because: str) -> None:
    assert to_release({1: LINE}, [1], set()) == [1]
    assert to_release({1: replace(LINE, **change)}, [1], set()) == [], because


# ---------------------------------------------------------------- which are waiting, over, and done


FREED = [
    (State.DONE, True, "what it waited for is done"),
    (State.CANCELLED, True, "skipped on purpose: nobody will do it"),
    (State.FAILED, False, "a person decides first"),
    (State.WAITING, False, "not yet"),
    (State.READY, False, "not yet"),
    (State.RUNNING, False, "not yet"),
    (State.UNKNOWN, False, "nobody knows"),
    (State.VERIFYING, False, "not seen yet"),
    (State.NEEDS_PERSON, False, "a person has to act"),
]


@pytest.fixture(scope="module")
def plan(started: Any) -> Any:
    """Read and changed by tests, never worked on, so one is enough."""
    return started("Acme Staging").plans.get()


def put(plan: Any, step: str, **fields: Any) -> int:
    run = Run.objects.filter(item__plan=plan, item__step=step, item__at="").first()
    assert run is not None
    ended = {"ended": "already"} if fields.get("state") == State.DONE else {}
    Run.objects.filter(pk=run.pk).update(**{**ended, **fields})
    return int(run.item.number)


@pytest.mark.parametrize(("state", "freed", "because"), FREED)
def test_a_line_waits_until_what_it_waits_for_is_settled(
    plan: Any, state: State, freed: bool, because: str
) -> None:
    number = put(plan, "segment.remove_member", state=state)
    assert (number in runs.over(plan, HELPS)) is freed, because


@pytest.mark.parametrize(("step", "over"), [("verify.measure_before", True), ("verify.place", False)])
def test_what_only_helps_holds_nothing_up_when_it_stops(plan: Any, step: str, over: bool) -> None:
    assert (put(plan, step, state=State.NEEDS_PERSON) in runs.over(plan, HELPS)) is over


RESTS = [
    ({}, True, "it waits for others"),
    ({"not_before": datetime(2026, 1, 1, tzinfo=UTC)}, False, "it waits for Segment, or for its time"),
    ({"cause": "paused"}, False, "it rested during a pause, and its end lets go of it"),
    *(({"state": state}, False, "it had its turn") for state in State if state is not State.WAITING),
]


@pytest.mark.parametrize(("change", "waits", "because"), RESTS)
def test_only_what_waits_for_other_lines_is_let_go_of(
    plan: Any, change: dict[str, Any], waits: bool, because: str
) -> None:
    number = put(plan, "verify.place", **{"state": State.WAITING, "not_before": None, **change})
    assert (number in runs.waiting_for_a_turn(plan)) is waits, because


CLOSES = [
    (State.DONE, True, "done"),
    (State.CANCELLED, True, "skipped"),
    (State.FAILED, False, "what failed is not done"),
    *((state, False, "something is open") for state in State if state not in ENDED),
]


@pytest.mark.parametrize(("state", "closes", "because"), CLOSES)
def test_a_removal_closes_when_everything_in_scope_ended_well(
    plan: Any, state: State, closes: bool, because: str
) -> None:
    Run.objects.filter(item__blocks_closing=True).update(state=State.DONE, ended="already")
    assert runs.may_close(plan), "what comes later does not hold the closing"
    put(plan, "segment.remove_member", state=state)
    assert runs.may_close(plan) is closes, because


def test_a_request_whose_work_has_not_begun_does_not_close(filed: Any) -> None:
    assert not runs.may_close(filed().plans.get())


# ---------------------------------------------------------------- what stopped and may go on


WAKES = [
    ({"cause": "token-refused"}, {}, True, "the token works again"),
    ({"cause": "token-refused"}, {"refused_at": Now()}, False, "it does not"),
    ({"cause": "last-owner"}, {}, False, "another cause"),
    ({"cause": "token-refused", "state": "done", "ended": "already"}, {}, False, "done by hand meanwhile"),
    ({"cause": "not-reached"}, {"closed_at": Now() + timedelta(minutes=1)}, True, "it answers again"),
    ({"cause": "not-reached"}, {}, False, "nobody knows that it does"),
]


@pytest.mark.parametrize(("fields", "connection", "wakes", "because"), WAKES)
def test_only_what_its_connection_stopped_wakes_by_itself(
    plan: Any, fields: dict[str, Any], connection: dict[str, Any], wakes: bool, because: str
) -> None:
    put(plan, "segment.remove_member", **{"state": "needs_person", "touched_at": Now(), **fields})
    Workspace.objects.update(**connection)
    assert bool(runs.stopped_by_connections()) is wakes, because


STEERED = [
    ({}, {}, True, "the pause is over"),
    ({"paused_at": Now(), "steered_because": "wait"}, {}, False, "it is not"),
    ({}, {"cause": ""}, False, "it did not rest"),
    ({}, {"state": "needs_person"}, False, "a person has it"),
    ({}, {"state": "cancelled"}, False, "it is over"),
]


@pytest.mark.parametrize(("removal", "change", "goes_on", "because"), STEERED)
def test_only_what_rested_goes_on_after_a_pause(
    plan: Any, olga: Any, removal: dict[str, Any], change: dict[str, Any], goes_on: bool, because: str
) -> None:
    paused = {"state": "waiting", "cause": "paused", "not_before": None}
    put(plan, "segment.remove_member", **{**paused, **change})
    if removal:
        RemovalRequest.objects.update(**removal, paused_by=olga)
    assert bool(runs.rested()) is goes_on, because

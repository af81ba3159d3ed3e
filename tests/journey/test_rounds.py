"""A turn costs as much as happened, and not as much as is open; and nothing depends on being told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from offboarding.execution import actions as execution
from offboarding.execution import queries as runs
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.journey.rounds import Rounds
from offboarding.journey.rules import AT_ONCE, IN_ORDER
from offboarding.ledger.models import Entry
from offboarding.removals.models import RemovalRequest
from offboarding.work.actions import move_all
from offboarding.work.rules import State

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has just started."""
    monkeypatch.setattr(journey, "rounds", Rounds())


def open_requests(alice: Any, count: int) -> list[int]:
    """Requests that are running, and that nothing happens to."""
    newest = RemovalRequest.objects.order_by("number").values_list("number", flat=True).last() or 1000
    now = datetime.now(UTC)
    times = {"filed_at": now, "starts_at": now, "due_at": now, "started_at": now}
    made = RemovalRequest.objects.bulk_create(
        RemovalRequest(
            number=newest + n, stage="running", requester=alice, addresses=["x@x.example"], **times
        )
        for n in range(1, count + 1)
    )
    return [each.pk for each in made]


def queries_of(act: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)


def first_round() -> None:
    while journey.rounds.first_round:
        journey.tick()


def test_a_turn_costs_the_same_with_ten_and_with_a_thousand_open_requests(alice: Any) -> None:
    open_requests(alice, 10)
    first_round()
    few = queries_of(journey.tick)
    open_requests(alice, 990)
    first_round()
    assert queries_of(journey.tick) == few


def test_a_turn_reads_only_what_is_new_in_the_ledger(started: Make) -> None:
    started("Acme Staging")
    journey.tick()
    assert Entry.objects.count() > 10
    assert len(journey.rounds.these()) == 1
    with CaptureQueriesContext(connection) as asked:
        journey.rounds.news()
    assert len(asked) == 1


def test_what_the_ledger_tells_is_looked_at_in_the_next_turn(
    started: Make, run_of: Make, turns: Make, alice: Any
) -> None:
    open_requests(alice, 10 * IN_ORDER)
    removal = started("Acme Staging")
    first_round()
    turns(run_of(removal, "remove-member"))
    assert removal.pk in journey.rounds.these()


def test_each_has_its_turn_though_the_ledger_says_nothing(alice: Any) -> None:
    every = set(open_requests(alice, 5 * IN_ORDER))
    first_round()
    seen = {pk for _ in range(6) for pk in journey.rounds.these()}
    assert seen == every


def test_another_ledger_begins_a_round_of_everything(started: Make, alice: Any) -> None:
    every = set(open_requests(alice, 5 * IN_ORDER))
    started("Acme Staging")
    first_round()
    journey.rounds.read_to = (journey.rounds.read_to[0], "another")
    assert every <= set(journey.rounds.these())


def test_what_was_named_is_not_lost_when_the_database_goes_away(
    started: Make, run_of: Make, turns: Make, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_requests(alice, 10 * IN_ORDER)
    removal = started("Acme Staging")
    first_round()
    turns(run_of(removal, "remove-member"))
    with monkeypatch.context() as away:
        away.setattr(Rounds, "in_order", lambda _self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            journey.rounds.these()
    assert removal.pk in journey.rounds.these()


def test_many_are_let_go_of_with_as_many_queries_as_few(started: Make) -> None:
    removal = started("Acme Production", "Acme Staging", "Globex Production")
    Run.objects.update(state=State.WAITING, not_before=None, cause="", manual=True)
    plan = removal.plans.get()
    numbers = runs.waiting_for_a_turn(plan)
    few, many = (
        list(runs.runs_numbered(plan, part).values()) for part in (numbers[:2], numbers[2 : AT_ONCE + 2])
    )
    assert len(many) > 10 * len(few)
    assert queries_of(lambda: execution.release(many)) == queries_of(lambda: execution.release(few))
    told = Entry.objects.filter(event="item.moved").order_by("-seq")[: len(few)]
    assert all(b"needs_person" in bytes(each.body) for each in told)


def test_of_many_only_what_nobody_touched_meanwhile_moves(started: Make) -> None:
    plan = started("Acme Staging").plans.get()
    found = list(runs.runs_numbered(plan, runs.waiting_for_a_turn(plan)).values())[:3]
    Run.objects.filter(pk=found[0].pk).update(fence=found[0].fence + 1)
    Run.objects.filter(pk=found[1].pk).update(state=State.RUNNING)
    assert move_all(found, State.NEEDS_PERSON, cause="manual") == [found[2]]
    assert Run.objects.get(pk=found[2].pk).fence == found[2].fence + 1


def test_a_line_that_was_added_meanwhile_has_its_turn(started: Make) -> None:
    from offboarding.journey import lines

    plan = started("Acme Staging").plans.get()
    known = lines.of(plan, [])
    last = plan.items.order_by("number").last()
    last.pk, last.number = None, last.number + 1
    last.save()
    assert last.number not in known
    assert last.number in lines.of(plan, [last.number])


def test_the_audit_trail_gets_a_moment_and_places_are_read_at_once(started: Make) -> None:
    removal = started("Acme Staging")
    named = Run.objects.filter(item__plan__removal=removal).select_related("item__plan__removal")
    pair = [named.get(item__code=code) for code in ("read-again", "audit-events")]
    Run.objects.filter(pk__in=[run.pk for run in pair]).update(state=State.WAITING, not_before=None)
    execution.release([named.get(pk=run.pk) for run in pair])
    read, trail = (named.get(pk=run.pk) for run in pair)
    assert (read.state, trail.state) == (State.READY, State.READY)
    assert read.not_before and trail.not_before
    assert trail.not_before - read.not_before >= timedelta(seconds=4)

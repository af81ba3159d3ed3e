"""Many workers at the same time, on a real database: nothing is lost, nothing happens twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from offboarding.discovery.models import Look
from offboarding.work import desks
from offboarding.work.actions import LostLease, claim, fire, move, put_down
from offboarding.work.engine import PACE, REST, Engine
from offboarding.work.models import Beat, Slot
from offboarding.work.rules import State

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


def together(work: Callable[[int], Any], count: int = THREADS) -> list[Any]:
    """Run `work` in so many threads that all start at the same moment."""
    gate = threading.Barrier(count)

    def one(number: int) -> Any:
        try:
            gate.wait(10)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_of_many_workers_one_gets_the_row(order: Make) -> None:
    pk = order().pk
    assert sum(row is not None for row in together(lambda _: claim(Look, pk))) == 1
    assert Look.objects.get(pk=pk).fence == 1


def test_of_many_workers_one_takes_over_from_the_dead(order: Make) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    pk = order(state="running", fence=4, lease_until=past).pk
    assert sum(row is not None for row in together(lambda _: claim(Look, pk))) == 1
    row = Look.objects.get(pk=pk)
    assert (row.fence, row.crashes) == (5, 1)


def test_a_held_row_is_put_down_once(order: Make) -> None:
    pk = order().pk
    claim(Look, pk)
    copies = [Look.objects.get(pk=pk) for _ in range(THREADS)]

    def down(number: int) -> bool:
        try:
            put_down(copies[number], State.DONE, tries=number)
        except LostLease:
            return False
        return True

    assert sum(together(down)) == 1


def test_of_many_people_one_moves_the_row(order: Make) -> None:
    pk = order(state="needs_person").pk
    copies = [Look.objects.get(pk=pk) for _ in range(THREADS)]
    wishes = [State.READY, State.CANCELLED] * (THREADS // 2)
    assert sum(together(lambda number: move(copies[number], wishes[number]))) == 1


def test_a_schedule_fires_once_per_slot() -> None:
    assert sum(together(lambda _: fire("hourly", "2026-03-31T10"))) == 1
    assert fire("hourly", "2026-03-31T11")
    assert Slot.objects.count() == 2


def worked_off(engines: list[Engine]) -> None:
    """All of them run until every row is done, or for 20 seconds."""
    workers = [threading.Thread(target=engine.run) for engine in engines]
    for worker in workers:
        worker.start()
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while Look.objects.exclude(state="done").exists() and datetime.now(UTC) < deadline:
        threading.Event().wait(0.05)
    for engine in engines:
        engine.stop()
    for worker in workers:
        worker.join(10)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Callable[[desks.Desk], None]:
    """There is this desk and nothing else, and the engines' threads leave no connection open."""

    def only(desk: desks.Desk) -> None:
        monkeypatch.setattr(desks, "DESKS", {"discovery.Look": desk})
        monkeypatch.setattr(desks, "SCHEDULES", {})
        monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 0)

    return only


def test_engines_share_the_work_without_doing_any_twice(
    order: Make, alone: Callable[[desks.Desk], None]
) -> None:
    done: list[int] = []

    def perform(look: Any) -> None:
        done.append(look.pk)
        put_down(look, State.DONE)

    alone(desks.Desk(Look, perform))
    wanted = sorted(order().pk for _ in range(20))
    worked_off([Engine(4), Engine(4)])
    assert sorted(done) == wanted


@pytest.mark.parametrize(("spare", "at_once"), [(True, 1), (False, 3)])
def test_work_that_nobody_waits_for_takes_one_thread(
    order: Make, alone: Callable[[desks.Desk], None], spare: bool, at_once: int
) -> None:
    most, here, met = 0, 0, threading.Event()

    def perform(look: Any) -> None:
        nonlocal most, here
        here += 1
        most = max(most, here)
        if most == 3:
            met.set()
        met.wait(0.2)
        here -= 1
        put_down(look, State.DONE)

    alone(desks.Desk(Look, perform, spare=spare))
    for _ in range(3):
        order()
    worked_off([Engine(4)])
    assert most == at_once


def test_a_message_about_work_that_nobody_waits_for_brings_no_second_row(order: Make) -> None:
    inner: list[bool] = []
    first, second = order().pk, order().pk

    def perform(look: Any) -> None:
        inner.append(desk.look(second))
        put_down(look, State.DONE)

    desk = desks.Desk(Look, perform, spare=True)
    assert desk.look(first) and inner == [False]
    assert Look.objects.get(pk=second).state == "ready"


def test_work_that_crashes_does_not_stop_the_engine(order: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def perform(look: Any) -> None:
        if look.pk == bad:
            raise RuntimeError
        put_down(look, State.DONE)

    monkeypatch.setattr(desks, "DESKS", {"discovery.Look": desks.Desk(Look, perform)})
    bad, good = order().pk, order().pk
    engine = Engine(2)
    for pk in (bad, good):
        engine.look("discovery.Look", pk)
    assert Look.objects.get(pk=good).state == "done"
    assert Look.objects.get(pk=bad).state == "running", (
        "it keeps its lease, and comes back when that runs out"
    )


def test_an_engine_says_that_it_lives() -> None:
    Engine(1).beat()
    Engine(1).beat()
    assert Beat.objects.count() == 1


def test_an_engine_that_is_woken_all_the_time_keeps_its_schedules_at_their_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each piece of work that ends wakes it. Looking at every request each time would leave no time for the work."""
    kept: list[int] = []
    always = desks.Schedule("always", lambda _: "", lambda: kept.append(1))
    monkeypatch.setattr(desks, "SCHEDULES", {"always": always})
    engine = Engine(1)
    for _ in range(20):
        engine.keep_schedules()
    assert len(kept) == 1
    assert engine.rest() < REST, "what was left out is made up for soon, even if nobody wakes it again"
    engine.kept -= PACE
    engine.keep_schedules()
    assert len(kept) == 2 and engine.rest() == REST


def test_what_a_schedule_releases_is_handed_out_before_others_tell_of_it(
    order: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a click to the first call nobody waits for notices."""
    told: list[str] = []
    pk = order(state="waiting", not_before=None).pk

    def release() -> None:
        Look.objects.filter(pk=pk).update(not_before=datetime.now(UTC) - timedelta(seconds=1))

    def perform(look: Any) -> None:
        told.append("work")
        put_down(look, State.DONE)

    class AtOnce:
        def submit(self, work: Callable[..., None], *given: Any) -> Future[None]:
            done: Future[None] = Future()
            done.set_result(work(*given))
            return done

    notices = desks.Schedule("notices", lambda _: "", lambda: told.append("notices"))
    route = desks.Schedule("route", lambda _: "", release, first=True)
    monkeypatch.setattr(desks, "DESKS", {"discovery.Look": desks.Desk(Look, perform)})
    monkeypatch.setattr(desks, "SCHEDULES", {"notices": notices, "route": route})
    Engine(1).turn(AtOnce())  # type: ignore[arg-type]
    assert told == ["work", "notices"]

"""Standing still, and counting what was lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from offboarding.discovery.models import Look
from offboarding.work import clock, desks
from offboarding.work.actions import StandsStill, claim, free, halt, let_go, must_not_stand_still
from offboarding.work.models import Lost, Standstill
from offboarding.work.queries import stands_still, standstill
from offboarding.work.rules import STILL
from tests.work.test_at_once import together

Make = Callable[..., Any]
SECOND = timedelta(seconds=1)


def still(why: str = "restored") -> datetime:
    with transaction.atomic():
        assert halt(why, "Offboard")
    since = standstill().since
    assert since
    return since


@pytest.mark.django_db
def test_the_engine_stands_still_once_and_goes_on_once() -> None:
    since = still()
    with transaction.atomic():
        assert not halt("again", "Olga"), "the first reason stays"
    assert (standstill().why, stands_still()) == ("restored", True)
    with transaction.atomic():
        assert let_go(since, "")
        assert not let_go(since, "")
    assert not stands_still()


@pytest.mark.django_db
def test_who_read_about_another_standstill_does_not_end_this_one() -> None:
    since = still()
    with transaction.atomic():
        assert let_go(since, "")
    still("another")
    with transaction.atomic():
        assert not let_go(since, "")
    assert stands_still()


@pytest.mark.django_db
def test_two_standstills_never_bear_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    first = still()
    with transaction.atomic():
        assert let_go(first, "")
    monkeypatch.setattr(clock, "now", lambda: first)
    second = still("another")
    assert second > first
    with transaction.atomic():
        assert not let_go(first, "")
        assert let_go(second, "")


@pytest.mark.django_db
def test_nothing_begins_while_the_engine_stands_still() -> None:
    must_not_stand_still()
    still()
    with pytest.raises(StandsStill):
        must_not_stand_still()


def changes_something(_row: Any) -> None:
    with transaction.atomic():
        must_not_stand_still()
    raise AssertionError


def test_what_would_change_something_is_put_down_and_freed_later(order: Make) -> None:
    row = order()
    since = still()
    desks.Desk(Look, changes_something).look(row.pk)
    row.refresh_from_db()
    assert (row.state, row.waiting_for, row.crashes) == ("waiting", STILL, 0)
    assert row.not_before > datetime.now(UTC) + timedelta(minutes=50), "it is looked at now and then"
    with transaction.atomic():
        let_go(since, "")
        assert free(Look) == 1
    assert desks.DESKS["discovery.Look"].due(5) == [row.pk]


def test_only_what_waited_for_the_engine_is_freed(order: Make) -> None:
    order(state="waiting", waiting_for="Segment asked us to wait", not_before=datetime.now(UTC) + SECOND * 99)
    assert free(Look) == 0


@pytest.mark.django_db(transaction=True)
def test_many_processes_that_start_together_stand_still_once() -> None:
    def begin(_number: int) -> bool:
        with transaction.atomic():
            return halt("restored", "Offboard")

    assert sum(together(begin)) == 1


@pytest.mark.django_db(transaction=True)
def test_once_it_stands_still_nothing_more_begins() -> None:
    """What asked before holds the row until it has committed; what asks afterwards is told."""
    asked, halted, log = threading.Event(), threading.Event(), []

    def begins(_: int) -> None:
        with transaction.atomic():
            must_not_stand_still()
            asked.set()
            halted.wait(0.3)  # time for the other to come first, if it could
            log.append("began")
        halted.wait(5)
        with pytest.raises(StandsStill):
            must_not_stand_still_alone()

    def halts(_: int) -> None:
        asked.wait(5)
        with transaction.atomic():
            halt("restored", "Offboard")
        log.append("halted")
        halted.set()

    together(lambda number: (begins, halts)[number](number), 2)
    assert log == ["began", "halted"]


def must_not_stand_still_alone() -> None:
    with transaction.atomic():
        must_not_stand_still()


# ---------------------------------------------------------------- the first question


def test_a_process_asks_once_before_its_first_work(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    opening = desks.Opening()
    monkeypatch.setattr(desks, "FIRST", [lambda: asked.append(1)])
    for _ in range(3):
        opening.ask()
    assert asked == [1]


def test_a_question_that_failed_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([OSError, None])

    def question() -> None:
        if answer := next(answers):
            raise answer

    opening = desks.Opening()
    monkeypatch.setattr(desks, "FIRST", [question])
    with pytest.raises(OSError):
        opening.ask()
    opening.ask()
    assert opening.asked


def test_work_waits_for_the_answer(monkeypatch: pytest.MonkeyPatch, order: Make) -> None:
    """A Celery worker's first message asks before the row is claimed."""
    seen: list[str] = []
    row = order()

    def question() -> None:
        seen.append(Look.objects.get(pk=row.pk).state)

    monkeypatch.setattr(desks, "FIRST", [question])
    monkeypatch.setattr(desks, "opening", desks.Opening())
    monkeypatch.setattr(desks, "close_old_connections", lambda: None)  # the test's own is in use
    monkeypatch.setattr(desks, "DESKS", {"discovery.Look": desks.Desk(Look, lambda _row: None)})
    desks.look("discovery.Look", row.pk)
    assert seen == ["ready"]


# ---------------------------------------------------------------- lost leases


def test_a_lease_that_ran_out_is_counted(order: Make) -> None:
    for _ in range(3):
        row = order(state="running", lease_until=datetime.now(UTC) - SECOND)
        assert claim(Look, row.pk)
    claim(Look, order().pk)
    counted = Lost.objects.get()
    assert (counted.kind, counted.times, counted.day) == ("discovery.Look", 3, datetime.now(UTC).date())


@pytest.mark.django_db(transaction=True)
def test_many_leases_that_run_out_together_are_all_counted(order: Make) -> None:
    past = datetime.now(UTC) - SECOND
    rows = [order(state="running", lease_until=past).pk for _ in range(8)]
    assert all(together(lambda number: claim(Look, rows[number])))
    assert Lost.objects.get().times == 8


@pytest.mark.django_db
def test_the_row_is_there_from_the_beginning() -> None:
    assert Standstill.objects.count() == 1
    assert connection.in_atomic_block

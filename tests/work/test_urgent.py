"""What nothing may hold up: it begins before schedules and other work, and is found without anybody's nudge."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from django.db.models import Q

from offboarding import pulse
from offboarding.discovery.models import Look
from offboarding.execution.models import Run
from offboarding.work import clock, desks
from offboarding.work.engine import HOLDS, REST, TELLS, Engine
from tests.execution.conftest import run_of, started  # noqa: F401

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db(transaction=True)
URGENT = "urgent"
ONE_SECOND = timedelta(seconds=1)


class Pool:
    """Nothing ends before it is said so."""

    def __init__(self) -> None:
        self.held: dict[int, Future[None]] = {}

    def submit(self, _work: Any, _kind: str, pk: int) -> Future[None]:
        self.held[pk] = Future()
        return self.held[pk]


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Any:
    desk = replace(desks.DESKS["discovery.Look"], first=Q(waiting_for=URGENT))
    monkeypatch.setattr(desks, "DESKS", {"discovery.Look": desk})
    return Pool()


def ended(pool: Any, pk: int) -> None:
    Look.objects.filter(pk=pk).update(state="done", not_before=None)
    pool.held.pop(pk).set_result(None)


def test_it_begins_before_any_schedule_and_holds_all_of_them_up(
    order: Make, pool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[list[int]] = []
    always = desks.Schedule("always", lambda _: "", lambda: kept.append(sorted(pool.held)), first=True)
    monkeypatch.setattr(desks, "SCHEDULES", {"always": always})
    plain, urgent, engine = order().pk, order(waiting_for=URGENT).pk, Engine(4)
    engine.kept = monotonic() - 1
    engine.turn(pool)
    engine.turn(pool)
    assert sorted(pool.held) == [urgent] and not kept
    engine.kept -= TELLS
    engine.turn(pool)
    assert sorted(pool.held) == [urgent] and kept == [[urgent]], "people hear of it while it goes on"
    ended(pool, urgent)
    engine.kept -= REST
    engine.turn(pool)
    assert sorted(pool.held) == [plain] and len(kept) == 2


def test_it_holds_nothing_up_for_ever(order: Make, pool: Any) -> None:
    plain, urgent, engine = order().pk, order(waiting_for=URGENT).pk, Engine(4)
    engine.hand_out(pool)
    engine.holding = monotonic() - HOLDS
    engine.hand_out(pool)
    assert sorted(pool.held) == sorted([plain, urgent])


def test_an_engine_that_rests_finds_it_although_nobody_nudges(order: Make, pool: Any) -> None:
    """The broker is gone, and the press was made in another process."""
    order(waiting_for=URGENT)
    pulse.woken.clear()
    began = monotonic()
    Engine(1).wait()
    assert monotonic() - began < REST and not pulse.woken.is_set()


@pytest.fixture
def patient() -> Any:
    return replace(desks.DESKS["discovery.Look"], last=Q(waiting_for="patient"))


def test_what_goes_last_is_handed_out_after_what_came_later(order: Make, patient: Any) -> None:
    last, plain = order(waiting_for="patient").pk, order().pk
    assert patient.due(4) == [plain, last]


def test_what_goes_last_takes_its_place_once_it_has_waited_long_enough(order: Make, patient: Any) -> None:
    last, plain = order(waiting_for="patient").pk, order().pk
    Look.objects.filter(pk=last).update(not_before=clock.now() - 2 * desks.LONG_ENOUGH)
    assert patient.due(4) == [last, plain]


def test_the_audit_trail_is_looked_at_after_steps_that_take_access_away(
    started: Make,  # noqa: F811
    run_of: Make,  # noqa: F811
) -> None:
    removal = started("Acme Staging")
    trail, remove = run_of(removal, "audit-events"), run_of(removal, "remove-member")
    Run.objects.exclude(pk__in=[trail.pk, remove.pk]).update(state="waiting", not_before=None)
    Run.objects.filter(pk=trail.pk).update(state="ready", not_before=clock.now() - 2 * ONE_SECOND)
    Run.objects.filter(pk=remove.pk).update(state="ready", not_before=clock.now() - ONE_SECOND)
    assert desks.DESKS["execution.Run"].due(4) == [remove.pk, trail.pk]

"""What nothing may hold up: it begins before schedules and other work, and is found without anybody's nudge."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest
from django.db.models import Q

from offboarding import pulse
from offboarding.discovery.models import Look
from offboarding.work import desks
from offboarding.work.engine import HOLDS, REST, TELLS, Engine

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db(transaction=True)
URGENT = "urgent"


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

"""A row that kills its process takes down what is worked on beside it. Its neighbours are not parked with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offboarding.discovery.models import Look
from offboarding.work import desks
from offboarding.work.engine import Engine

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db


class Slow:
    """A pool in which nothing ends before it is said so."""

    def __init__(self) -> None:
        self.held: dict[int, Future[None]] = {}

    def submit(self, _work: Any, _kind: str, pk: int) -> Future[None]:
        self.held[pk] = Future()
        return self.held[pk]

    def end(self, pk: int) -> None:
        Look.objects.filter(pk=pk).update(state="done", lease_until=None, ended_at=datetime.now(UTC))
        self.held.pop(pk).set_result(None)


@pytest.fixture
def dropped(order: Make) -> Make:
    """Rows whose worker died so many times: `dropped(3, crashes=1)`."""

    def make(count: int, crashes: int) -> list[int]:
        past = datetime.now(UTC) - timedelta(seconds=1)
        held = {"state": "running", "fence": 1, "lease_until": past, "crashes": crashes}
        return [order(**held).pk for _ in range(count)]

    return make


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Slow:
    monkeypatch.setattr(desks, "DESKS", {"discovery.Look": desks.DESKS["discovery.Look"]})
    return Slow()


def test_what_was_dropped_once_goes_on_together(dropped: Make, pool: Any) -> None:
    rows = dropped(3, crashes=0)
    Engine(4).hand_out(pool)
    assert sorted(pool.held) == rows


def test_what_was_dropped_twice_goes_on_one_at_a_time(dropped: Make, pool: Any) -> None:
    rows, engine, seen = dropped(3, crashes=1), Engine(4), []
    while engine.hand_out(pool):
        assert len(pool.held) == 1 and not engine.hand_out(pool)
        seen += list(pool.held)
        pool.end(seen[-1])
    assert seen == rows


def test_suspects_hold_nobody_else_up(dropped: Make, order: Make, pool: Any) -> None:
    suspects, fresh = dropped(5, crashes=1), order().pk
    Engine(2).hand_out(pool)
    assert sorted(pool.held) == [suspects[0], fresh]

"""Workers of a trial: processes that run the product's own engine, with time made shorter.

Whatever waits for Segment's sake waits a twentieth, and a lease is short, so that a trial of hours takes minutes. Nothing
else differs: what is due, what is claimed and what is written is the product's own. Only ever in a forked process.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

from offboarding.work import desks
from offboarding.work.rules import State
from tests.faults import crew
from tests.faults.processes import kill, spawn, still_there
from tests.faults.world import disconnect

SHORTER = 20
DEADLINE = 1.0  # seconds for one call; twenty in the product


def hasten(lease: float = 2.0) -> None:
    """For the rest of this process."""
    from offboarding.connections import circuit, keyring, limits
    from offboarding.discovery import perform as looking
    from offboarding.execution import perform, rules
    from offboarding.execution.steps import STEPS
    from offboarding.work import actions, engine

    actions.LEASE = timedelta(seconds=lease)
    engine.REST = 0.2  # no round of the schedules comes sooner: with less, most computing went into rounds that find nothing
    rules.SETTLE = tuple(each / SHORTER for each in rules.SETTLE)
    perform.SPREAD /= SHORTER
    perform.back_off = looking.back_off = shortened(perform.back_off)
    circuit.open_for = shortened(circuit.open_for)
    limits.MINUTE = 60 / SHORTER / 10
    keyring.gateway_for.__defaults__ = (None, DEADLINE)
    for step in STEPS.values():
        step.patience = tuple(each / SHORTER for each in step.patience)


def shortened(real: Callable[..., timedelta]) -> Callable[..., timedelta]:
    return lambda *given: real(*given) / SHORTER


def engine(threads: int, prepare: Callable[[], Any] = lambda: None, lease: float = 2.0) -> int:
    """A worker process; its number."""

    def work() -> None:
        from offboarding.work.engine import Engine

        hasten(lease)
        prepare()
        made = Engine(threads)
        signal.signal(signal.SIGTERM, lambda *_: made.stop())
        made.run()

    return spawn(work)


class Crowd:
    """So many workers; one that died is replaced."""

    def __init__(self, start: Callable[[], int], count: int) -> None:
        self.start, self.deaths = start, 0
        self.numbers = [start() for _ in range(count)]

    def replace_dead(self) -> int:
        """How many died by themselves since the last time."""
        before = self.deaths
        for at, number in enumerate(self.numbers):
            if not still_there(number):
                self.deaths += 1
                self.numbers[at] = self.start()
        return self.deaths - before

    def kill_one(self, at: int) -> None:
        kill(self.numbers[at])
        self.numbers[at] = self.start()

    def end(self) -> None:
        for number in self.numbers:
            os.kill(number, signal.SIGKILL)
            os.waitpid(number, 0)


def wait_until(done: Callable[[], bool], seconds: float, meanwhile: Callable[[], Any] = lambda: None) -> bool:
    """Real workers take real time. False if it never came true."""
    end = monotonic() + seconds
    while monotonic() < end:
        meanwhile()
        if done():
            disconnect()
            return True
        sleep(0.1)
    return False


def at_rest(*kinds: str) -> bool:
    """Nothing is held, and nothing will be due before long."""
    for kind in kinds or tuple(desks.DESKS):
        rows = desks.DESKS[kind].model._default_manager
        if rows.filter(state=State.RUNNING).exists():
            return False
        if rows.filter(not_before__lt=crew.soon()).exclude(state__in=crew.RESTING).exists():
            return False
    return True

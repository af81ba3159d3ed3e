"""A worker is stopped (SIGSTOP) past its lease and continued (SIGCONT): it writes nothing any more.

Each time a process begins a turn and stops itself at a moment drawn at random, outside of transactions: within one it would
hold the row's lock, so that nobody could take the row. Its lease ends, another worker goes on, often to the end, and then
the first one is continued. What it leaves behind is compared with what stood there before.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db import connection

from offboarding.execution.models import Attempt, Run
from offboarding.ledger.models import Entry
from offboarding.verification.models import Finding
from offboarding.work import desks
from offboarding.work.rules import ENDED, State
from tests.faults import crew, worlds
from tests.faults.boundaries import Boundaries
from tests.faults.case import Case, Given, Measured
from tests.faults.filling import fill
from tests.faults.invariants import TWICE, check
from tests.faults.processes import ended, spawn
from tests.faults.world import disconnect

RUN = "execution.Run"
PEOPLE = 5
# A turn passes some twenty moments outside of transactions; those of its claim come first.
LATEST = 24
# Here a lock may still be held: the commit is not over, or a row that was inserted is not read back yet.
HOLDING = ("before a commit", "after a write")


def places(long: bool) -> int:
    return 15 if long else 3


def stops_at(wanted: int) -> Callable[[int, str], None]:
    passed = [0]

    def meet(_number: int, name: str) -> None:
        if not connection.in_atomic_block and name not in HOLDING:
            passed[0] += 1
            if passed[0] == wanted:
                os.kill(os.getpid(), signal.SIGSTOP)

    return meet


def stopped(pk: int, moment: int) -> int | None:
    """A process that stopped in the middle of its turn; None if the turn was over before."""

    def work() -> None:
        Boundaries(stops_at(moment)).install()
        desks.DESKS[RUN].look(pk)

    number = spawn(work)
    _, status = os.waitpid(number, os.WUNTRACED)
    return number if os.WIFSTOPPED(status) else None


def written(pk: int) -> tuple[Any, ...]:
    """All that a worker of this run could have written."""
    run = Run.objects.filter(pk=pk).values().get()
    tries = list(Attempt.objects.filter(run=pk).order_by("number").values())
    findings = Finding.objects.filter(attempt__run=pk).count()
    reference = Run.objects.get(pk=pk).item.plan.removal.reference
    return run, tries, findings, Entry.objects.filter(about=reference).count()


def due(given: Given) -> int | None:
    crew.hurry()
    crew.journey.tick()
    ready = desks.DESKS[RUN].due(1000)
    return given.dice.choice(ready) if ready else None


def overtaken(given: Given, pk: int) -> tuple[bool, str]:
    """Whether a worker was stopped while it held the row, and what it wrote afterwards that it should not have."""
    number = stopped(pk, given.dice.randrange(2, LATEST))
    if number is None:
        return False, ""
    held = Run.objects.get(pk=pk).state == State.RUNNING
    for _ in range(given.dice.choice([1, 1, 3, 8])):
        if Run.objects.get(pk=pk).state in (*ENDED, State.NEEDS_PERSON):
            break
        crew.one_turn(RUN, pk)
    before = written(pk)
    disconnect()
    os.kill(number, signal.SIGCONT)
    ended(number)
    after = written(pk)
    changed = [
        name for name, then, now in zip(("row", "tries", "findings", "ledger"), before, after) if then != now
    ]
    return held, f"run {pk}: a worker that lost its lease changed its {', '.join(changed)}" if changed else ""


def run(given: Given) -> Measured:
    fill(given.world.segment, places(given.long), PEOPLE)
    wanted, seen, faults = given.size(200, 12), Counter[str](), list[str]()
    while seen["stopped"] < wanted:
        pk = due(given)
        if pk is None:
            faults.append(f"the work was over after {seen['stopped']} stops")
            break
        held, wrong = overtaken(given, pk)
        seen["stopped"] += held
        faults += [wrong] if wrong else []
    crew.everything(people=False)
    verdict = check(given.world)
    return Measured(
        f"{seen['stopped']} times SIGSTOP past the lease, another worker, then SIGCONT",
        f"{len(faults)} stale writes, {verdict.says(TWICE)}",
        [*faults, *verdict.faults],
    )


CASE = Case(
    3,
    "a worker stopped past its lease and continued",
    run,
    workspaces=lambda long: worlds.many(places(long), PEOPLE),
)

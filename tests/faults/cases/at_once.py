"""One message delivered 100 times, and 100 claims of one row at once: one worker at a time, and no second effect.

The Celery task itself is called, by eight processes with many threads, all at the same moment, on rows whose work is a
removal. Then as many ask for one row.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep, time

from django.db import OperationalError, connection, transaction

from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act
from offboarding.work.actions import claim
from offboarding.work.rules import State
from offboarding.work.tasks import look
from tests.faults import crew, worlds
from tests.faults.case import Case, Given, Measured
from tests.faults.filling import fill
from tests.faults.invariants import TWICE, check
from tests.faults.processes import ended, spawn

RUN = "execution.Run"
PROCESSES = 8
PLACES = 3


def people(long: bool) -> int:
    return 5 if long else 2


def connect(until: float) -> None:
    """A server lets in only so many at once, and others use it too: whoever finds it full comes as soon as there is room."""
    while True:
        try:
            return connection.ensure_connection()
        except OperationalError:
            if time() > until:
                raise
            sleep(0.05)


def together(count: int, folder: Path, work: Callable[[], bool]) -> int:
    """`work` so many times at the same moment, in threads of several processes. How often it answered with True."""
    shares = [count // PROCESSES + (number < count % PROCESSES) for number in range(PROCESSES)]
    begin = time() + 1.0

    def one() -> bool:
        connect(begin + 30)
        sleep(max(0.0, begin - time()))
        try:
            return bool(work())
        except OperationalError:
            return False  # SQLite was busy for longer than its patience: a delivery that failed
        finally:
            connection.close()

    def many(number: int) -> None:
        gate = threading.Barrier(shares[number])
        with ThreadPoolExecutor(shares[number]) as pool:
            tried = [pool.submit(lambda: (gate.wait(30), one())[1]) for _ in range(shares[number])]
            (folder / f"won-{number}").write_text(str(sum(each.result() for each in tried)))

    numbers = [spawn(lambda number=number: many(number)) for number in range(PROCESSES)]
    assert [ended(number) for number in numbers] == [0] * PROCESSES
    return sum(int((folder / f"won-{number}").read_text()) for number in range(PROCESSES))


def overlapping(pk: int) -> int:
    """Tries of one run that were open at the same time as the one before."""
    tries = list(Attempt.objects.filter(run=pk).order_by("number"))
    return sum(
        before.closed_at is None or after.begun_at < before.closed_at
        for before, after in itertools.pairwise(tries)
    )


def deliver(given: Given, pk: int, times: int) -> list[str]:
    together(times, given.folder, lambda: (look(RUN, pk), True)[1])
    run, wrong = Run.objects.get(pk=pk), []
    if overlapping(pk):
        wrong.append(f"run {pk}: two workers at once")
    calls = Attempt.objects.filter(run=pk, act=Act.CALL).count()
    if (run.state, calls) != (State.DONE, 1):
        wrong.append(f"run {pk} is {run.state} after {calls} calls")
    return wrong


def claims(given: Given, pk: int, times: int) -> list[str]:
    fence = Run.objects.get(pk=pk).fence
    won = together(times, given.folder, lambda: claim(Run, pk) is not None)
    run = Run.objects.get(pk=pk)
    past = datetime.now(UTC) - timedelta(seconds=1)
    with transaction.atomic():
        Run.objects.filter(pk=pk).update(lease_until=past)
    return [] if (won, run.fence) == (1, fence + 1) else [f"run {pk}: {won} of {times} claims won"]


def run(given: Given) -> Measured:
    fill(given.world.segment, PLACES, people(given.long))
    rounds, times = given.size(10, 2), given.size(100, 30)
    acts = Run.objects.filter(item__step="segment.cancel_invitation") | Run.objects.filter(
        item__step="segment.remove_member"
    )
    for each in acts.filter(item__at="").order_by("pk"):
        crew.until_due(each.item.plan.removal, each.item.step)
    ready = list(acts.filter(state=State.READY).order_by("pk").values_list("pk", flat=True))[: 2 * rounds]
    half = len(ready) // 2
    faults = [wrong for pk in ready[:half] for wrong in deliver(given, pk, times)]
    faults += [wrong for pk in ready[half:] for wrong in claims(given, pk, times)]
    crew.everything(people=False)
    verdict = check(given.world)
    return Measured(
        f"{half} messages delivered {times} times each, {len(ready) - half} rows claimed {times} times, all at once",
        f"{len(faults)} with more than one worker, {verdict.says(TWICE)}",
        [*faults, *verdict.faults],
    )


CASE = Case(
    4,
    "one message delivered 100 times, one row claimed 100 times",
    run,
    workspaces=lambda long: worlds.many(PLACES, people(long)),
)

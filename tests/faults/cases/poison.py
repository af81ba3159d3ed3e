"""One row kills its process each time that somebody works on it. It is parked for a person; all others go on.

Two workers with four threads each. A worker that dies takes what its other threads held with it, so rows that did nothing
wrong are dropped beside the poison, and come back together with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from offboarding.execution.models import Run
from offboarding.execution.rules import Cause
from offboarding.work import desks
from offboarding.work.rules import CRASHES_BEFORE_PARKING, State
from tests.faults import crew, worlds
from tests.faults.boundaries import die
from tests.faults.case import Case, Given, Measured
from tests.faults.filling import fill
from tests.faults.invariants import LOST, check
from tests.faults.workers import Crowd, at_rest, engine, wait_until

RUN = "execution.Run"
PEOPLE = 2


def places(long: bool) -> int:
    return 20 if long else 4


def poisoned(pk: int) -> None:
    real = desks.DESKS[RUN]

    def perform(run: Any) -> None:
        if run.pk == pk:
            die()
        real.perform(run)

    desks.DESKS[RUN] = replace(real, perform=perform)


def run(given: Given) -> Measured:
    steps = fill(given.world.segment, places(given.long), PEOPLE)
    ready = list(
        Run.objects.filter(state=State.READY).order_by("not_before", "pk").values_list("pk", flat=True)
    )
    pk = given.dice.choice(ready)
    crowd = Crowd(lambda: engine(4, lambda: poisoned(pk), lease=1.0), 2)
    try:
        over = wait_until(lambda: at_rest(RUN), 300, crowd.replace_dead)
    finally:
        crowd.end()
    crew.everything(people=False)
    poison, verdict = Run.objects.get(pk=pk), check(given.world)
    faults = list(verdict.faults) + ([] if over else ["the others did not come to rest"])
    if (poison.state, poison.cause) != (State.NEEDS_PERSON, Cause.CRASHED):
        faults.append(f"the poison is {poison.state} ({poison.cause}), not parked")
    if crowd.deaths != CRASHES_BEFORE_PARKING:
        faults.append(f"{crowd.deaths} processes died, not {CRASHES_BEFORE_PARKING}")
    innocent = Run.objects.filter(cause=Cause.CRASHED).exclude(pk=pk).count()
    if innocent:
        faults.append(f"{innocent} others were parked with it")
    return Measured(
        f"one row of {steps} that kills its worker, 2 workers with 4 threads",
        f"{crowd.deaths} workers died, then it was parked; {innocent} others parked; {verdict.says(LOST)}",
        faults,
    )


CASE = Case(
    11,
    "a row that kills its process each time",
    run,
    workspaces=lambda long: worlds.many(places(long), PEOPLE),
)

"""kill -9 at every checkpoint of what is no step: looks, packets, mails and all other rows, and what runs by the clock."""

from __future__ import annotations

from offboarding.execution.steps import OWN, STEPS
from tests.faults.case import Case, Given, Measured
from tests.faults.cases.kill_at_checkpoints import killed
from tests.faults.scenarios import kinds

SHORT = ("discovery.Look", "journey")  # in the short form: a row, and a schedule


def run(given: Given) -> Measured:
    return killed(given, [kind for kind in kinds() if kind not in (*STEPS, *OWN)] if given.long else SHORT)


CASE = Case(1, "kill -9 at every checkpoint of every other kind of work", run)

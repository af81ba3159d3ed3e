"""kill -9 at every checkpoint of every kind of step, one process for each. `kill_at_desks` does the same with all else.

A first process counts the moments that the work passes: commits, calls, files, mails. Then one process for each moment dies
there, another goes on, and the invariants are checked. Instead of waiting for the dead one's lease, its end is set to the
past. The short form takes a few moments of a few kinds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict

from offboarding.execution.steps import OWN, STEPS
from offboarding.work import desks
from tests.faults import crew
from tests.faults.boundaries import Boundaries, die_at
from tests.faults.case import Case, Given, Measured
from tests.faults.invariants import FALSE_GONE, LOST, TWICE, Verdict, check
from tests.faults.processes import finished, told
from tests.faults.scenarios import DAN, SCENARIOS, Target, left_undone, without_scenario

KILLED = -9
SHORT = ("segment.remove_member",)  # in the short form: a step that acts
SHORT_MOMENTS = 4


def moments(target: Target) -> list[str]:
    """What the work passes when nobody dies, by name."""
    names: list[str] = []
    Boundaries(lambda _number, name: names.append(name)).install()
    target.drive()
    return names


def dies(target: Target, moment: int) -> int:
    def work() -> None:
        Boundaries(die_at(moment)).install()
        target.drive()

    return finished(work)


def goes_on(kind: str) -> None:
    """Another process does the rest. Never this one: threads that set a report here would be missing in all later copies of it.

    What comes after a step is the same whoever did it, so its mails and its packet are left to their own kinds.
    """
    whole = kind not in (*STEPS, *OWN)
    if kind in desks.SCHEDULES:
        desks.SCHEDULES[kind].run()
    crew.everything(people=whole, news=whole)
    left = left_undone() if kind in desks.SCHEDULES else []
    assert not left, left


def prepared(given: Given, kind: str) -> Target:
    """By a process of its own, for the same reason as above: a scenario may set a report."""
    there = told(given.folder / "target", lambda: json.dumps(asdict(SCENARIOS[kind]())))
    return Target(**json.loads(there))


def trial(given: Given, kind: str, verdict: Verdict, deaths: Counter[str]) -> None:
    world = given.world
    world.put_back("empty")
    target = prepared(given, kind)
    if target.back:
        world.segment.ask("POST", "workspaces/acme-staging/members", {"email": DAN})
    world.keep("due")
    names = told(given.folder / "moments", lambda: "\n".join(moments(target))).split("\n")
    if names == [""]:
        verdict.add(LOST, [f"{kind}: the scenario leaves nothing to do, so nobody can die of it"])
        return
    chosen = range(len(names)) if given.long else sorted(given.dice.sample(range(len(names)), SHORT_MOMENTS))
    for moment in chosen:
        world.put_back("due")
        code = dies(target, moment)
        where = f"{kind}, killed {names[moment]} (moment {moment})"
        if code != KILLED:
            verdict.add(LOST, [f"{where}: the process was not there to be killed, it ended with {code}"])
        deaths[names[moment].split(" ", 1)[1]] += 1
        if code := finished(lambda: goes_on(kind)):
            verdict.add(LOST, [f"{where}: the one who went on ended with {code}"])
        verdict.merge(check(world, came_back=target.back), where)


def run(given: Given) -> Measured:
    return killed(given, [*STEPS, *OWN] if given.long else SHORT)


def killed(given: Given, kinds: Iterable[str]) -> Measured:
    verdict, deaths = Verdict(), Counter[str]()
    verdict.add(LOST, without_scenario())
    wanted = [kind for kind in kinds if kind in SCENARIOS]
    given.world.keep("empty")
    for kind in wanted:
        try:
            trial(given, kind, verdict, deaths)
        except AssertionError as error:  # the other kinds are tried all the same
            verdict.add(LOST, [f"{kind}: {error}"])
    where = ", ".join(f"{count} at {name}" for name, count in deaths.most_common())
    return Measured(
        f"{deaths.total()} kill -9 over {len(wanted)} kinds: {where}",
        verdict.says(LOST, FALSE_GONE, TWICE),
        verdict.faults,
    )


CASE = Case(1, "kill -9 at every checkpoint of every kind of step", run)

"""kill -9 at random moments while half of all calls go wrong: nothing is lost, nothing is falsely gone, no key is left over.

Four processes run the product's own engine. At random times one of them dies and another takes its place; whether it had
rows in hand is read from memory that it shared with us. Meanwhile people file, hand keys over and ask for new tries.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from time import monotonic
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from offboarding.execution import perform
from offboarding.execution.models import Attempt, Run, Secret
from offboarding.execution.rules import Act
from offboarding.execution.steps import add_write_key
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.work import desks
from offboarding.work.rules import ENDED, State
from tests.faults import crew, troubles, worlds
from tests.faults.case import Case, Given, Measured
from tests.faults.hands import Hands
from tests.faults.invariants import (
    BLIND,
    FALSE_GONE,
    LOST,
    STALE,
    TWICE,
    Verdict,
    check,
    false_gone,
    of_today,
)
from tests.faults.segment import Json
from tests.faults.truths import Facts
from tests.faults.workers import SHORTER, Crowd, at_rest, engine, shortened, wait_until

WORKERS, THREADS = 4, 4
LEASE = 5.0  # seconds; what five processes on two cores can renew in time
MOST = 4096  # workers in one trial
SLOWEST = 3000  # seconds
AT_ONCE = 160  # steps that are under way when the next person is filed
STEPS_A_PLACE = 6  # about so many steps run by themselves for one person in one place


def places(long: bool) -> int:
    return 12 if long else 3


def people(long: bool) -> int:
    return 30 if long else 2


def workspaces(long: bool) -> Json:
    return worlds.many(places(long), people(long))


class InHand:
    """How many rows each worker holds at this moment, in memory that outlives it."""

    def __init__(self) -> None:
        self.memory, self.started = mmap.mmap(-1, MOST), 0

    def next(self) -> Callable[[], None]:
        """What the next worker does first."""
        own, lock = self.started, Lock()
        self.started += 1

        def watch() -> None:
            real = desks.Desk.take_up

            def count(by: int) -> None:
                with lock:
                    self.memory[own] += by

            def watched(desk: desks.Desk, row: Any) -> None:
                count(1)
                try:
                    real(desk, row)
                finally:
                    count(-1)

            desks.Desk.take_up = watched  # type: ignore[method-assign]
            add_write_key.TURN_OF_ANOTHER /= SHORTER
            perform.back_off = shortened(perform.back_off)

        return watch


class Trial:
    """One crowd, one killer, one pair of hands; all of it in this process, a step every tenth of a second."""

    def __init__(self, given: Given) -> None:
        self.given, self.hands, self.in_hand = given, Hands(), InHand()
        self.wanted, self.kills, self.hits, self.rows = given.size(500, 20), 0, 0, 0
        self.verdict, self.looks, self.next_kill, self.next_look = Verdict(), 0, 0.0, 0.0
        self.to_file = list(range(people(given.long)))
        self.slots: dict[int, int] = {}
        self.crowd = Crowd(self.start, WORKERS)

    def start(self) -> int:
        number = engine(THREADS, self.in_hand.next(), LEASE)
        self.slots[number] = self.in_hand.started - 1
        return number

    def tick(self) -> None:
        self.crowd.replace_dead()
        behind = self.kills_by_now() - self.kills
        if behind > 0 and (behind > WORKERS or monotonic() >= self.next_kill):
            for _ in range(max(1, min(WORKERS, int(behind / WORKERS)))):
                self.kill()
            self.next_kill = monotonic() + self.given.dice.uniform(0.1, 1.0)
        self.file()
        self.hands.answer()
        hours_pass()
        if monotonic() >= self.next_look:
            self.look()

    def kills_by_now(self) -> float:
        """Kills are spread over the work: the last one comes when seven eighths of it are over."""
        ended = Run.objects.filter(manual=False, state__in=ENDED).count()
        expected = people(self.given.long) * places(self.given.long) * STEPS_A_PLACE
        return min(self.wanted, 2 + self.wanted * ended / expected * 8 / 7)

    def kill(self) -> None:
        """Mostly one that is at work, as far as can be seen from here; by the time that it dies it may have ended."""
        held = [self.in_hand.memory[self.slots[number]] for number in self.crowd.numbers]
        busy = [at for at in range(WORKERS) if held[at]] if self.given.dice.random() < 0.8 else []
        at = self.given.dice.choice(busy or range(WORKERS))
        slot = self.slots[self.crowd.numbers[at]]
        self.crowd.kill_one(at)
        died_with = self.in_hand.memory[slot]
        self.hits, self.rows = self.hits + bool(died_with), self.rows + died_with
        self.kills += 1

    def file(self) -> None:
        """One more person leaves as long as there is little to do."""
        under_way = Run.objects.filter(manual=False, item__at="").exclude(state__in=ENDED).count()
        if self.to_file and under_way < AT_ONCE:
            number = self.to_file.pop(0)
            crew.decide(crew.file(worlds.email(number), worlds.choices(number, places(self.given.long))))

    def look(self) -> None:
        """What says gone is gone at this moment too, not only in the end."""
        begun, claimed = monotonic(), of_today()
        self.verdict.add(FALSE_GONE, false_gone(claimed, Facts(self.given.world.segment), came_back=False))
        took = monotonic() - begun  # longer the more there is; in the meantime nobody is killed
        self.looks, self.next_look = self.looks + 1, monotonic() + max(self.given.size(10, 2), 3 * took)

    def over(self) -> bool:
        return not self.to_file and not unfinished() and at_rest("execution.Run", "packets.Packet")


def hours_pass() -> None:
    """What is measured is measured again hours later; the workers' time is only twenty times as fast."""
    hours = Run.objects.filter(state=State.WAITING, item__step="verify.measure_after")
    hours.filter(not_before__gt=Now() + timedelta(seconds=2)).update(not_before=Now())


def finish(trial: Trial) -> None:
    """The trouble is over: everything comes to its end without waiting for anybody but Olga."""
    trial.given.world.segment.clear_trouble()
    for _ in range(20):
        crew.everything(people=False)
        if not trial.hands.answer():
            return


def unfinished() -> list[str]:
    """With every call answered and every person asked, nothing is left to wait for but dates."""
    left = Run.objects.filter(item__at="").exclude(state__in=ENDED).select_related("item__plan__removal")
    open_ = RemovalRequest.objects.exclude(stage=Stage.CLOSED)
    return [
        *(
            f"{run.item.plan.removal.reference} step {run.item.number} {run.item.code} is {run.state} {run.cause}"
            for run in left
        ),
        *(f"{removal.reference} is {removal.stage}" for removal in open_),
    ]


def judged(given: Given, trial: Trial, over: bool) -> Verdict:
    verdict = trial.verdict
    verdict.merge(check(given.world), "in the end")
    verdict.add(LOST, unfinished())
    if not over:
        verdict.add(LOST, ["the work did not come to its end while workers were killed"])
    if trial.kills < trial.wanted or trial.hits < trial.wanted / 4:
        verdict.add(LOST, [f"void: {trial.kills} kills, {trial.hits} of them met work"])
    if trial.crowd.deaths:
        verdict.add(LOST, [f"{trial.crowd.deaths} workers died by themselves"])
    return verdict


def run(given: Given) -> Measured:
    settings.KEY_GRACE_DAYS = 0
    segment, there = given.world.segment, [worlds.slug(place) for place in range(places(given.long))]
    for number in range(people(given.long)):
        crew.look([worlds.email(number)], there)
    segment.ask("DELETE", "calls")
    troubles.begin(segment, given.seed, {slug: [worlds.email(1)] for slug in there})
    trial = Trial(given)
    try:
        over = wait_until(trial.over, SLOWEST, trial.tick)
    finally:
        trial.crowd.end()
    calls = segment.calls()
    cut = Attempt.objects.filter(result="")
    cut_off, calls_cut_off = cut.count(), cut.filter(act=Act.CALL).count()
    finish(trial)
    verdict = judged(given, trial, over)
    steps, keys = Run.objects.filter(manual=False).count(), Secret.objects.count()
    return Measured(
        f"{trial.kills} kill -9 of {WORKERS} workers, {trial.hits} of them with work in hand ({trial.rows} rows),"
        f" over {steps} steps; {troubles.says(calls)}",
        f"{verdict.count(TWICE)} orphans among {keys} new keys, {verdict.says(LOST, FALSE_GONE, TWICE, BLIND, STALE)};"
        f" {cut_off} tries cut off, {calls_cut_off} of them calls; looked {trial.looks} times meanwhile;"
        f" people: {trial.hands.says()}",
        verdict.faults,
    )


CASE = Case(2, "kill -9 at random moments while half of all calls go wrong", run, workspaces=workspaces)

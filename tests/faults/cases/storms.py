"""429 from several calls at once: until `Retry-After` ends nothing goes out with that credential, whoever works.

By the simulator's log: after the answer 429 has left, a call that arrives within the lag was on its way already and is counted
apart; one that arrives later, and before `Retry-After` ends, is a fault.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from offboarding.connections.models import Workspace
from offboarding.execution.models import Run
from offboarding.work.rules import State
from tests.faults import crew, worlds
from tests.faults.case import Case, Given, Measured
from tests.faults.filling import fill
from tests.faults.invariants import FALSE_GONE, LOST, TWICE, check
from tests.faults.segment import Json
from tests.faults.workers import Crowd, at_rest, engine, wait_until

WORKERS, THREADS = 4, 4
WAIT = 3  # seconds of Retry-After
# Between asking whether a pause stands and the call's arrival, and between the 429 and the pause that it brings.
LAG = 0.5
PLACES = 3


def people(long: bool) -> int:
    return 24 if long else 4


@dataclass
class Storm:
    refusals: int = 0
    on_their_way: int = 0
    longest_lag: float = 0.0
    early: int = 0


def judged(calls: list[Json]) -> Storm:
    by_token = defaultdict[str, list[Json]](list)
    for call in calls:
        if call["token"]:
            by_token[call["token"]].append(call)
    storm = Storm()
    for own in by_token.values():
        for refused in (call for call in own if call["status"] == 429):
            storm.refusals += 1
            weigh(storm, refused, own)
    return storm


def weigh(storm: Storm, refused: Json, own: list[Json]) -> None:
    for call in own:
        after = call["at"] - refused["ended"]
        if call is refused or not 0 < after < refused["retry_after"]:
            continue
        if after <= LAG:
            storm.on_their_way += 1
            storm.longest_lag = max(storm.longest_lag, after)
        else:
            storm.early += 1


def run(given: Given) -> Measured:
    segment = given.world.segment
    steps = fill(segment, PLACES, people(given.long))
    segment.ask("DELETE", "calls")
    storms = given.size(12, 3)
    for slug in (worlds.slug(place) for place in range(PLACES)):
        segment.trouble(
            "limit", {"workspace": slug}, retry_after=WAIT, chance=0.1, skip=5, count=storms, seed=given.seed
        )
    crowd = Crowd(lambda: engine(THREADS), WORKERS)
    try:
        over = wait_until(lambda: at_rest("execution.Run"), 900, crowd.replace_dead)
    finally:
        crowd.end()
    calls = segment.calls()
    crew.everything()
    verdict, storm = check(given.world), judged(calls)
    faults = list(verdict.faults) + ([] if over else ["the steps did not come to rest"])
    if storm.early:
        faults.append(f"{storm.early} calls came before Retry-After ended")
    if storm.refusals < PLACES * storms / 2:
        faults.append(f"only {storm.refusals} calls were answered 429: there was no storm")
    if stuck := Run.objects.filter(state=State.NEEDS_PERSON, manual=False, cause="not-reached").count():
        faults.append(f"{stuck} steps gave up because they were asked to wait")
    if Workspace.objects.exclude(open_until=None).exists():
        faults.append("being asked to wait opened a circuit")
    return Measured(
        f"{storm.refusals} answers 429 with Retry-After {WAIT} s to {WORKERS} workers with {THREADS} threads, {steps} steps",
        f"{storm.early} calls before Retry-After ended ({storm.on_their_way} were on their way, the last arrived"
        f" {storm.longest_lag * 1000:.0f} ms after the 429); {verdict.says(LOST, FALSE_GONE, TWICE)}",
        faults,
    )


CASE = Case(
    7,
    "429 to several workers at once",
    run,
    workspaces=lambda long: worlds.many(PLACES, people(long)),
)

"""How many steps a second, when Segment answers at once: through the engine, through two Celery workers, and bare.

    python -m tests.bench.steps

PostgreSQL. Four steps for each workspace: measure before, remove, read again, fetch the audit trail. `bare` makes the
same calls in Celery tasks that write nothing down: what the record costs is the ratio.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.bench import ground
from tests.bench.table import Row

WORKSPACES, MEMBERS = 60, 50
STEPS = ("verify.measure_before", "segment.remove_member", "verify.place", "verify.audit_events")
WORKERS = ("worker1", "worker2")


def pace(place: ground.Ground, begin: Callable[[], object], ended: Callable[[], bool]) -> tuple[float, int]:
    """Steps a second, and calls."""
    began = time.time()
    begin()
    seconds = ground.until(ended, 600, 0.1)
    calls = len([call for call in place.calls(began) if call["at"] < began + seconds])
    return WORKSPACES * len(STEPS) / seconds, calls


def through(place: ground.Ground, removal: Any, start: Callable[[], list[str]]) -> tuple[float, int]:
    names = start()
    time.sleep(8)  # they are up, and have nothing to do
    found = pace(place, lambda: ground.approve(removal), ground.all_done(removal, *STEPS))
    for name in names:
        place.stop(name)
    return found


def engine_alone(place: ground.Ground) -> list[str]:
    place.manage("engine", "engine", "--threads", "16")
    return ["engine"]


def with_workers(place: ground.Ground) -> list[str]:
    place.manage("engine", "engine", "--threads", "1")
    for name in WORKERS:
        place.celery(name)
    return ["engine", *WORKERS]


def bare(place: ground.Ground, calls: int) -> tuple[float, int]:
    from tests.bench.bare import measure

    for name in WORKERS:
        place.celery(name, "tests.bench.bare")
    time.sleep(8)
    jobs = accounts(place)
    began = time.time()
    found = pace(
        place,
        lambda: [measure.delay(*job) for job in jobs],
        lambda: len(place.calls(began)) >= calls,
    )
    for name in WORKERS:
        place.stop(name)
    return found


def accounts(place: ground.Ground) -> list[tuple[str, str, str]]:
    """Where the person is, and under which id: looked up before the time is taken."""
    from offboarding.simulators.worlds.synthetic import PERSON
    from tests.bench.bare import open_gateway

    found = []
    for row in place.product.described["workspaces"]:
        with open_gateway(row["base_url"], row["token"]) as gateway:
            key = next(member.id for member in gateway.members() if member.email == PERSON)
        found.append((row["base_url"], row["token"], key))
    return found


def main() -> None:
    with ground.ground(ground.one_role_each(WORKSPACES, MEMBERS), production=True) as place:
        ground.people()
        places = ground.connected(place.product.described["workspaces"])
        found = []
        for start in (engine_alone, with_workers):
            place.control.post("reset")
            removal = ground.filed(places)
            found.append(through(place, removal, lambda start=start: start(place)))
        place.control.post("reset")
        plain, _ = bare(place, found[1][1])
        on = f"PostgreSQL, Redis, {place.cores}"
        hows = ("one engine, 16 threads", "two Celery workers of 8 threads, an engine of 1")
        for how, (steps, calls) in zip(hows, found, strict=True):
            beside = f"{plain / steps:.1f} × as long as bare Celery tasks with the same calls ({plain:.0f} a second)"
            what = f"steps a second; {how}"
            print(Row("steps", what, f"{steps:.1f} ({calls} calls)", beside, on).told())


if __name__ == "__main__":
    main()

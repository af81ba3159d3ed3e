"""From the press in an emergency to the first call at Segment, to the last membership gone, and to the last workspace that was
read again and found empty.

    python -m tests.bench.emergency              # 100 workspaces, 20 presses
    python -m tests.bench.emergency 10 5         # fewer of both

Once in one process of the product (`serve`) on SQLite, and once on PostgreSQL with gunicorn, an engine and two Celery workers,
whose Redis is gone. Whoever approves is disabled. The workspaces belong to several clients, so one press files several
requests. Nobody has looked for the person before: what each step needs, it reads.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from statistics import quantiles
from typing import Any

from tests.bench import ground
from tests.bench.removal import Figure
from tests.bench.table import Row
from tests.faults.broker import broker
from tests.journeys.reader import Reader
from tests.journeys.stack import answers

WORKSPACES, PRESSES, MEMBERS, LATENCY, THREADS = 100, 20, 400, 0.1, 16
CLIENTS = ("acme", "globex", "initech", "hooli", "umbrella")
GONE = "without-redis"


def people() -> None:
    """Sam is security of all clients; whoever could approve is disabled."""
    from offboarding.directory.models import Membership
    from offboarding.users.models import User

    _, bob = ground.people()
    User.objects.filter(pk=bob.pk).update(is_active=False)
    sam = User.objects.create_user("sam@northwind.example", "Sam", ground.PASSWORD)
    Membership.objects.create(user=sam, role="security", client=None)


def connected(rows: list[dict[str, Any]]) -> None:
    """Spread over the clients."""
    for number, slug in enumerate(CLIENTS):
        ground.connected(rows[number :: len(CLIENTS)], slug)


def signed_in(place: ground.Ground) -> Reader:
    sam = Reader(f"http://localhost:{place.port}")
    sam.get("/signin/").press("Sign in", login="sam@northwind.example", password=ground.PASSWORD)
    return sam


def press(sam: Reader, address: str) -> float:
    """The moment of the press, in seconds since 1970."""
    since = datetime.now(UTC)
    page = sam.get("/emergency/")
    pressed = time.time()
    page.press(
        "Remove access now", email=address, typed=address, incident="INC-1", reason="credentials-compromised",
        known_day=since.date().isoformat(), known_clock="00:00", time_zone="UTC",
    )  # fmt: skip
    assert sam.path.startswith("/emergency/R-"), sam.text
    return pressed


def all_done(*steps: str) -> bool:
    """In every emergency so far."""
    from offboarding.execution.models import Run

    found = Run.objects.filter(item__plan__removal__emergency=True, item__step__in=steps, item__at="")
    return not found.exclude(state="done").exists()


def arrived(place: ground.Ground, since: float) -> bool:
    return bool(place.calls(since))


def first_calls(place: ground.Ground, sam: Reader, presses: int) -> list[float]:
    """Seconds from each press, for somebody else each time, to the first call that arrived after it."""
    waits = []
    for number in range(presses):
        pressed = press(sam, f"person{number}@partner.example")
        ground.until(partial(arrived, place, pressed), 30)
        waits.append(min(call["at"] for call in place.calls(pressed)) - pressed)
        ground.until(
            partial(all_done, "segment.contain", "verify.place", "verify.reach", "verify.activity"), 300, 0.5
        )
    return waits


def presses(place: ground.Ground, waits: list[float], on: str, workspaces: int) -> Row:
    cuts = quantiles(waits, n=20, method="inclusive")
    told = f"p50 {cuts[9] * 1000:.0f} ms, p95 {cuts[18] * 1000:.0f} ms"
    what = f"emergency press to the first call at Segment; {len(waits)} presses, {workspaces} workspaces"
    return Row("emergency", what, told, f"slowest {max(waits) * 1000:.0f} ms", f"{on}, {place.cores}")


def emptied(place: ground.Ground, sam: Reader, on: str, workspaces: int) -> Iterator[Row]:
    """Until the last membership is gone, and until the last workspace was read again."""
    began = press(sam, ground.PERSON)
    ground.until(partial(all_done, "verify.place"), 600)
    seconds = time.time() - began
    calls = [
        call for call in place.calls(began) if "audit" not in call["path"] and call["at"] < began + seconds
    ]
    what = f"{workspaces} workspaces of {len(CLIENTS)} clients, {LATENCY * 1000:.0f} ms a call, {THREADS} threads"
    yield told("emergency press to the last membership gone", what, before_the_last_went(calls, began), on)
    yield told("emergency press to the last workspace read again", what, (calls, seconds), on)


def before_the_last_went(calls: list[dict[str, Any]], began: float) -> tuple[list[dict[str, Any]], float]:
    """What it took in each workspace until its membership was gone, and how long until all were."""
    gone = {call["workspace"]: call["ended"] for call in calls if call["method"] == "DELETE"}
    needed = [call for call in calls if call["ended"] <= gone.get(call["workspace"], 0.0)]
    return needed, max(gone.values()) - began


def told(until: str, what: str, took: tuple[list[dict[str, Any]], float], on: str) -> Row:
    calls, seconds = took
    each = Figure(THREADS, 1, seconds, calls)
    measured = f"{seconds:.1f} s, {len(calls)} calls: {seconds / each.bound:.1f} × its calls alone"
    return Row(
        "emergency",
        f"{until}; {what}",
        measured,
        f"one after the other: {each.in_a_row / seconds:.0f} × as long",
        on,
    )


def in_one_process(place: ground.Ground, _stack: ExitStack) -> str:
    place.manage("serve", "serve", "--bind", f"127.0.0.1:{place.port}")
    return "one process, SQLite"


def without_redis(place: ground.Ground, stack: ExitStack) -> str:
    """It was there when everything began, and is gone before the first press."""
    server = stack.enter_context(broker())
    server.start()
    place.product.environ["OFFBOARD_REDIS_URL"] = server.url
    bind = ("-b", f"127.0.0.1:{place.port}", "--threads", "8", "--no-control-socket")
    place.product.start("web", sys.executable, "-m", "gunicorn", "offboarding.wsgi", *bind)
    place.manage("engine", "engine")
    for name in ("one", "two"):
        place.celery(name)
    ground.until(lambda: answers(f"http://localhost:{place.port}/readyz"), 120)
    server.kill()
    return "web, engine, two workers, PostgreSQL, Redis gone"


def measure(gone: bool, workspaces: int, count: int) -> None:
    world = ground.one_role_each(workspaces, MEMBERS)
    with ground.ground(world, production=gone) as place, ExitStack() as stack:
        place.product.environ["OFFBOARD_ENGINE_THREADS"] = str(THREADS)
        people()
        connected(place.product.described["workspaces"])
        on = (without_redis if gone else in_one_process)(place, stack)
        ground.until(lambda: answers(f"http://localhost:{place.port}/readyz"), 60)
        place.latency(LATENCY)
        for row in emptied(place, signed_in(place), f"{on}, {place.cores}", workspaces):
            print(row.told(), flush=True)
        waits = first_calls(place, signed_in(place), count)
        print(presses(place, waits, on, workspaces).told(), flush=True)


def main(workspaces: int = WORKSPACES, count: int = PRESSES) -> None:
    """The second form sets up Django in another way, so it has a process of its own."""
    measure(False, workspaces, count)
    again = ("-m", "tests.bench.emergency", str(workspaces), str(count), GONE)
    subprocess.run([sys.executable, *again], check=True)


if __name__ == "__main__":
    numbers = map(int, sys.argv[1:3])
    measure(True, *numbers) if GONE in sys.argv else main(*numbers)

"""From the press in an emergency to the first call at Segment, and to the last workspace that was read again and found empty.

    python -m tests.bench.emergency              # 100 workspaces, 20 presses
    python -m tests.bench.emergency 10 5         # fewer of both

One process of the product (`serve`) on SQLite. Nobody has looked for the person before: what each step needs, it reads.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from functools import partial
from statistics import quantiles
from typing import Any

from tests.bench import ground
from tests.bench.removal import Figure
from tests.bench.table import Row
from tests.journeys.reader import Reader
from tests.journeys.stack import answers

WORKSPACES, PRESSES, MEMBERS, LATENCY, THREADS = 100, 20, 400, 0.1, 16
FEW = 3  # workspaces that the presses are measured on


def security() -> Any:
    from offboarding.directory.models import Client, Membership
    from offboarding.users.models import User

    sam = User.objects.create_user("sam@northwind.example", "Sam", ground.PASSWORD)
    for client in Client.objects.all():
        Membership.objects.create(user=sam, role="security", client=client)
    return sam


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


def newest() -> Any:
    from offboarding.removals.models import RemovalRequest

    return RemovalRequest.objects.order_by("-number")[0]


def arrived(place: ground.Ground, since: float) -> bool:
    return bool(place.calls(since))


def first_calls(place: ground.Ground, sam: Reader, presses: int) -> list[float]:
    """Seconds from each press, for somebody else each time, to the first call that arrived after it."""
    waits = []
    for number in range(presses):
        pressed = press(sam, f"person{number}@partner.example")
        ground.until(partial(arrived, place, pressed), 30)
        waits.append(min(call["at"] for call in place.calls(pressed)) - pressed)
        ground.until(ground.all_done(newest(), "verify.place", "verify.reach", "verify.activity"), 120, 0.2)
    return waits


def presses(place: ground.Ground, waits: list[float], on: str) -> Row:
    cuts = quantiles(waits, n=20, method="inclusive")
    told = f"p50 {cuts[9] * 1000:.0f} ms, p95 {cuts[18] * 1000:.0f} ms"
    what = f"emergency press to the first call at Segment; {len(waits)} presses, {FEW} workspaces"
    return Row("emergency", what, told, f"slowest {max(waits) * 1000:.0f} ms", f"{on}, {place.cores}")


def emptied(place: ground.Ground, sam: Reader, on: str, workspaces: int) -> Row:
    began = press(sam, ground.PERSON)
    ground.until(ground.all_done(newest(), "verify.place"), 600)
    seconds = time.time() - began
    calls = [
        call for call in place.calls(began) if "audit" not in call["path"] and call["at"] < began + seconds
    ]
    each = Figure(THREADS, seconds, calls)
    what = (
        f"emergency press to the last workspace read again; {workspaces} workspaces, {LATENCY * 1000:.0f} ms a call, "
        f"{THREADS} threads"
    )
    measured = f"{seconds:.1f} s, {len(calls)} calls: {seconds / each.bound:.1f} × its calls alone"
    return Row(
        "emergency", what, measured, f"one after the other: {each.in_a_row / seconds:.0f} × as long", on
    )


def main(workspaces: int = WORKSPACES, count: int = PRESSES) -> None:
    with ground.ground(ground.one_role_each(workspaces, MEMBERS)) as place:
        place.product.environ |= {"OFFBOARD_ENGINE_THREADS": str(THREADS), "OFFBOARD_BREAKER_PEOPLE": "10000"}
        ground.people()
        security()
        rows = place.product.described["workspaces"]
        ground.connected(rows[:FEW])
        place.manage("serve", "serve", "--bind", f"127.0.0.1:{place.port}")
        ground.until(lambda: answers(f"http://localhost:{place.port}/readyz"), 60)
        sam = signed_in(place)
        print(presses(place, first_calls(place, sam, count), "one process, SQLite").told(), flush=True)
        ground.connected(rows[FEW:])
        place.latency(LATENCY)
        print(emptied(place, signed_in(place), f"one process, SQLite, {place.cores}", workspaces).told())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))

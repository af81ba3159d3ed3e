"""From the click on Approve to the first call at Segment: by the browser's side of HTTP, and by the simulator's clock.

    python -m tests.bench.click

The engine has nothing to do when somebody clicks. The time holds the whole request of the page: sign-in was before.
"""

from __future__ import annotations

import time
from statistics import quantiles
from typing import Any

from tests.bench import ground
from tests.bench.table import Row
from tests.journeys.reader import Reader
from tests.journeys.stack import answers

CLICKS, MEMBERS = 40, 50
AT_LEAST = 6.5  # seconds from one click to the next: a person may confirm who they are ten times a minute


def signed_in(place: ground.Ground) -> Reader:
    bob = Reader(f"http://localhost:{place.port}")
    bob.get("/signin/").press("Sign in", login="bob@northwind.example", password=ground.PASSWORD)
    return bob


def before_approving(bob: Reader, removal: Any) -> None:
    """One press before the end."""
    bob.get(f"/requests/{removal.reference}/approve/").press("Continue", decision="approve")
    if bob.path == "/confirm-identity/":
        bob.press("Confirm", password=ground.PASSWORD)
    time.sleep(1.5)  # nothing is left from opening the page


def click(place: ground.Ground, bob: Reader, removal: Any) -> float:
    """Seconds to the first call that arrived after the click."""
    began = time.time()
    before_approving(bob, removal)
    clicked = time.time()
    bob.press("Approve removal from")
    ground.until(lambda: bool(place.calls(clicked)), 30)
    ground.until(ground.all_done(removal, "verify.place", "verify.audit_events"), 60, 0.2)
    first = min(call["at"] for call in place.calls(clicked))
    time.sleep(max(0.0, AT_LEAST - (time.time() - began)))
    return float(first - clicked)


def measured(place: ground.Ground, removals: list[Any], on: str) -> Row:
    bob = signed_in(place)
    waits = [click(place, bob, removal) for removal in removals]
    cuts = quantiles(waits, n=20, method="inclusive")
    told = f"p50 {cuts[9] * 1000:.0f} ms, p95 {cuts[18] * 1000:.0f} ms"
    what = f"approved click to the first call at Segment; {len(waits)} clicks"
    return Row("click", what, told, f"slowest {max(waits) * 1000:.0f} ms", f"{on}, {place.cores}")


def main() -> None:
    with ground.ground(ground.one_role_each(CLICKS, MEMBERS)) as place:
        ground.people()
        places = ground.connected(place.product.described["workspaces"])
        removals = [ground.filed([each]) for each in places]
        place.manage("serve", "serve", "--bind", f"127.0.0.1:{place.port}")
        ground.until(lambda: answers(f"http://localhost:{place.port}/readyz"), 60)
        print(measured(place, removals, "one process, SQLite").told())


if __name__ == "__main__":
    main()

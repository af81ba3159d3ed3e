"""What a removal of thousands of steps costs: its pages, and its packet.

    python -m tests.bench.large

One person is taken out of 100 workspaces. Beside it: the same pages of a removal from one workspace, and the same packet.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from tests.bench import ground
from tests.bench.packet import apart
from tests.bench.table import Row
from tests.journeys.stack import answers

WORKSPACES, MEMBERS = 100, 400
PAGES = {
    "access": "",
    "checklist": "checklist/",
    "one filter of it": "checklist/?show=waiting",
    "timeline": "timeline/",
    "evidence": "evidence/",
    "one step": "steps/20/",
}


def worked_off(place: ground.Ground, removals: list[Any]) -> None:
    """Approved, and done as far as no person is needed. Then the rest is cancelled, which closes it and seals its packet."""
    from offboarding.journey import actions as journey
    from offboarding.packets.models import Packet

    place.manage("serve", "serve", "--bind", f"127.0.0.1:{place.port}")
    ground.until(lambda: answers(f"http://localhost:{place.port}/readyz"), 60)
    for removal in removals:
        ground.approve(removal)
    for removal in removals:
        ground.until(ground.all_done(removal, "verify.place"), 600)
    for removal in removals:
        removal.refresh_from_db()
        journey.cancel_rest(removal, removal.requester, "Measured.")
    ground.until(lambda: Packet.objects.filter(state="done").count() == len(removals), 600)
    place.stop("serve")


def reader() -> Any:
    from django.conf import settings
    from django.test import Client

    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client()
    client.force_login(ground.people()[1], backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def page(client: Any, path: str) -> tuple[float, int]:
    """The least of three times, in seconds of a core, and bytes."""
    took, size = [], 0
    for _ in range(3):
        began = time.process_time()
        answer = client.get(path, secure=True)
        took.append(time.process_time() - began)
        assert answer.status_code == 200, (path, answer.status_code)
        size = len(answer.content)
    return min(took), size


def steps_of(removal: Any) -> int:
    from offboarding.execution.models import Run

    return Run.objects.filter(item__plan__removal=removal).count()


def packet(reference: str) -> None:
    """The next version of it; in a process of its own, so that its memory is all that is counted."""
    ground.set_up({})
    from django.db import transaction

    from offboarding.packets.actions import order
    from offboarding.removals.models import RemovalRequest
    from offboarding.work import desks

    with transaction.atomic():
        made = order(RemovalRequest.objects.get(number=reference.partition("-")[2]), "It was measured.")
    assert desks.DESKS["packets.Packet"].look(made.pk)
    made.refresh_from_db()
    assert made.file, made.trouble
    print(made.size)


def main() -> None:
    with ground.ground(ground.one_role_each(WORKSPACES, MEMBERS)) as place:
        ground.people()
        places = ground.connected(place.product.described["workspaces"])
        few, many = ground.filed(places[:1]), ground.filed(places[1:])
        worked_off(place, [few, many])
        client, steps = reader(), steps_of(many)
        for name, path in PAGES.items():
            short, _ = page(client, f"/requests/{few.reference}/{path}")
            long, size = page(client, f"/requests/{many.reference}/{path}")
            what = f"a removal of {steps} steps in {WORKSPACES - 1} workspaces: {name}"
            beside = f"{long / short:.1f} × the same page for one workspace"
            told = f"{long * 1000:.0f} ms of a core, {size / 1000:.0f} kB"
            print(Row("large", what, told, beside, f"SQLite, {place.cores}").told())
        one, _, _ = apart(sys.executable, "-m", "tests.bench.large", few.reference)
        took, megabytes, told = apart(sys.executable, "-m", "tests.bench.large", many.reference)
        what = f"a removal of {steps} steps in {WORKSPACES - 1} workspaces: its packet"
        told = f"{took:.0f} s, {megabytes:.0f} MB of memory, {int(told.split()[-1]) / 1e6:.1f} MB"
        print(Row("large", what, told, f"{one:.0f} s for one workspace", f"SQLite, {place.cores}").told())


if __name__ == "__main__":
    packet(sys.argv[1]) if sys.argv[1:] else main()

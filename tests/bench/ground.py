"""What the measurements share: an installation of its own, workspaces that answer at a set pace, one person in all of them."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from offboarding.simulators.worlds.synthetic import PERSON, synthetic
from tests import servers
from tests.journeys.stack import Installation, environment, own_database, own_redis

PASSWORD = "correct horse battery"
UNLIMITED = {"default": 0, "iam_write": 0}


@dataclass
class Ground:
    """A place to measure on. Django in this process speaks to the same database as the processes that do the work."""

    product: Installation
    port: int
    control: httpx.Client = field(default_factory=httpx.Client)

    @property
    def cores(self) -> str:
        """The machine, as far as a ratio depends on it."""
        return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}"

    def calls(self, since: float = 0.0) -> list[dict[str, Any]]:
        return [call for call in self.control.get("calls").json() if call["at"] >= since]

    def latency(self, seconds: float) -> None:
        self.control.delete("trouble")
        if seconds:
            self.control.post("trouble", json={"do": "latency", "seconds": seconds})

    def segment(self, world: dict[str, Any]) -> None:
        """Starts the simulated workspaces in a process of their own."""
        folder = self.product.folder
        (folder / "world.json").write_text(json.dumps(world))
        words = ["--port", "0", "--strict", "--world", str(folder / "world.json")]
        described = folder / "segment.json"
        self.product.start(
            "segment", sys.executable, "-m", "offboarding.simulators", *words, "--describe", str(described)
        )
        servers.wait_for(described.exists)
        self.product.described = json.loads(described.read_text())
        control = self.product.described["control"]
        self.control = httpx.Client(
            base_url=control["url"] + "/", headers={"Authorization": f"Bearer {control['token']}"}, timeout=30
        )

    def manage(self, name: str, *words: str) -> None:
        self.product.start(name, sys.executable, "manage.py", *words)

    def celery(self, name: str, app: str = "offboarding") -> None:
        """A worker as the documentation starts it."""
        pool = ("--pool", "threads", "--concurrency", "8", "--without-gossip", "--without-mingle")
        self.product.start(
            name, sys.executable, "-m", "celery", "-A", app, "worker", *pool, "-n", f"{name}@{self.port}"
        )

    def stop(self, name: str) -> None:
        process = self.product.processes.pop(name)
        process.terminate()
        process.wait(60)


@contextmanager
def ground(world: dict[str, Any], production: bool = False) -> Iterator[Ground]:
    """Once a process: it sets up Django."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="offboard-bench-")))
        port = servers.free_port()
        environ = environment(folder, port)
        # However much goes at once, one approver is enough: what is measured is not how fast people decide.
        environ |= {"OFFBOARD_BREAKER_PEOPLE": "10000", "OFFBOARD_BREAKER_PLACES": "10000"}
        # The daily copies of audit trails would be under way meanwhile, or not.
        environ |= {"OFFBOARD_TRAIL_HOURS": "0"}
        if production:
            os.environ["TEST_POSTGRES"] = stack.enter_context(servers.postgres()).url
            os.environ["TEST_REDIS"] = stack.enter_context(servers.redis()).url
            environ |= {
                "OFFBOARD_DATABASE_URL": stack.enter_context(own_database()),
                "OFFBOARD_REDIS_URL": own_redis(),
            }
        made = Ground(Installation(f"http://localhost:{port}", {}, environ, folder, {}), port)
        stack.callback(made.product.stop)
        set_up(environ)
        made.segment(world)
        yield made


def set_up(environ: dict[str, str]) -> None:
    os.environ.update(environ, DJANGO_SETTINGS_MODULE="offboarding.settings")
    import logging

    import django
    from django.core.management import call_command

    django.setup()
    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)


def one_role_each(workspaces: int, members: int) -> dict[str, Any]:
    """The person is a Source Admin in each workspace, and nothing else is in the way."""
    world = synthetic(workspaces, members)
    for number, row in enumerate(world["workspaces"]):
        seat = {"email": PERSON, "name": "Dan Reyes", "permissions": ["Source Admin"]}
        row["members"]["seats"] = {str(number % members): seat}
        row["invites"], row["groups"] = [], []
    return {**world, "limits": UNLIMITED}


def until(settled: Callable[[], bool], seconds: float, pause: float = 0.05) -> float:
    """How long it took. Raises when it takes longer than it may."""
    began = time.monotonic()
    while not settled():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"not settled after {seconds:.0f} s")
        time.sleep(pause)
    return time.monotonic() - began


# ---------------------------------------------------------------- people, places, a request


def people() -> tuple[Any, Any]:
    """Alice asks, Bob approves."""
    from offboarding.directory.models import Client, Membership
    from offboarding.users.models import User

    client, _ = Client.objects.get_or_create(name="Acme", slug="acme")
    made = []
    for key, role in (("alice", "requester"), ("bob", "approver")):
        email = f"{key}@northwind.example"
        user = User.objects.filter(email=email).first() or User.objects.create_user(
            email, key.capitalize(), PASSWORD
        )
        Membership.objects.get_or_create(user=user, role=role, client=client)
        made.append(user)
    return made[0], made[1]


def connected(rows: list[dict[str, Any]], slug: str = "acme") -> list[Any]:
    """The workspaces of one client."""
    from offboarding.connections.actions import connect
    from offboarding.directory.models import Client
    from offboarding.ledger.actions import APP

    client, _ = Client.objects.get_or_create(slug=slug, defaults={"name": slug.capitalize()})
    return [
        connect(
            client,
            token=row["token"],
            actor=APP,
            name=row["name"],
            slug=row["slug"],
            environment=row["environment"].lower(),
            region=row["region"].lower(),
            base_url=row["base_url"],
            segment_id=row["id"],
            managed_by="hand",
        )
        for row in rows
    ]


def filed(places: list[Any]) -> Any:
    """A request that waits for its decision, after real looks."""
    from offboarding.discovery import actions as discovery
    from offboarding.discovery.models import Look
    from offboarding.journey import actions as journey
    from offboarding.removals import actions as removals
    from offboarding.removals.rules import Choice
    from offboarding.work import desks

    alice, _ = people()
    now = datetime.now(UTC)
    removal = removals.draft(alice, [PERSON], "Dan Reyes", now.date())
    discovery.ask(alice, removal.addresses, places)
    waiting = list(Look.objects.filter(ended_at=None).values_list("pk", flat=True))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda pk: desks.look("discovery.Look", pk), waiting))
    wishes = [removals.Wish(place, Choice.REMOVE) for place in places]
    removals.choose(removal, alice, wishes, now.date())
    removals.describe(removal, alice, reason="contract-ended", starts_at=now, time_zone="UTC", now=now)
    journey.file(removal, alice, removal.version)
    removal.refresh_from_db()
    return removal


def approve(removal: Any) -> None:
    from offboarding.approvals import actions as approvals
    from offboarding.approvals.rules import Decision
    from offboarding.checklist.queries import newest_plan

    plan = newest_plan(removal)
    assert plan is not None
    said = approvals.Statement(Decision.APPROVE, plan.fingerprint, "", "Approve removal", "password", None)
    approvals.decide(removal, people()[1], said, datetime.now(UTC).date())


def runs(removal: Any, *steps: str) -> Any:
    """The runs of these steps that begin at once."""
    from offboarding.execution.models import Run

    return Run.objects.filter(item__plan__removal=removal, item__step__in=steps, item__at="")


def ended(removal: Any, *steps: str) -> datetime:
    """When the last of them ended, by the clock of the database, which is this machine's."""
    return max(runs(removal, *steps).values_list("ended_at", flat=True))


def all_done(removal: Any, *steps: str) -> Callable[[], bool]:
    """Asked many times a second on the machine that is measured, so as cheaply as can be."""
    from offboarding.spelled import Asked

    found = runs(removal, *steps).order_by()
    some = Asked(lambda: found.values_list("pk")[:1])
    left = Asked(lambda: found.exclude(state="done").values_list("pk")[:1])
    return lambda: bool(some()) and not left()

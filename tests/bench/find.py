"""How long finding one person takes, in 14 and in 100 workspaces, beside the calls' own critical path.

    python -m tests.bench.find

Each call takes 100 ms at the simulated Segment, on top of its own work. What the calls alone take is the longer of one
workspace's calls in a row and all calls spread over the threads: nothing could be faster.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

import logging

from django.core.management import call_command

from offboarding.connections.actions import connect
from offboarding.connections.models import Workspace
from offboarding.directory.models import Client
from offboarding.discovery.actions import ask
from offboarding.discovery.models import Look
from offboarding.ledger.actions import APP
from offboarding.simulators.simulator import Simulator
from offboarding.simulators.worlds.synthetic import PERSON, synthetic
from offboarding.users.models import User
from offboarding.work.engine import Engine
from tests.bench.table import Row

LATENCY = 0.1
MEMBERS = 400


@dataclass(frozen=True)
class Figure:
    workspaces: int
    threads: int
    seconds: float
    calls: int

    @property
    def path(self) -> float:
        """One workspace's calls, one after the other."""
        return self.calls / self.workspaces * LATENCY

    @property
    def bound(self) -> float:
        """What that many threads cannot go below."""
        return max(self.path, self.calls * LATENCY / self.threads)


def measure(workspaces: int, threads: int) -> Figure:
    with Simulator(
        synthetic(workspaces, MEMBERS, latency=LATENCY), port=0, eu_port=0, strict=True
    ) as segment:
        connected = connect_all(segment)
        engine = Engine(threads)
        worker = threading.Thread(target=engine.run, daemon=True)
        worker.start()
        started = time.perf_counter()
        key = ask(alice(), [PERSON], connected)
        while Look.objects.filter(person=key, workspace__in=connected, ended_at=None).exists():
            time.sleep(0.02)
        seconds = time.perf_counter() - started
        engine.stop()
        worker.join()
        return Figure(workspaces, threads, seconds, len(segment.journal.calls({})))


def connect_all(segment: Simulator) -> list[Workspace]:
    client, _ = Client.objects.get_or_create(name="Acme", slug="acme")
    return [
        connect(
            client,
            token=row["token"],
            actor=APP,
            name=f"{row['name']} {row['base_url']}",
            slug=row["slug"],
            environment=row["environment"].lower(),
            region=row["region"].lower(),
            base_url=row["base_url"],
            segment_id=row["id"],
        )
        for row in segment.describe()["workspaces"]
    ]


def alice() -> User:
    email = "alice@northwind.example"
    return User.objects.filter(email=email).first() or User.objects.create_user(email, "Alice")


def main() -> None:
    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)
    for workspaces, threads in ((14, 16), (100, 16), (100, 64)):
        print(row(measure(workspaces, threads)).told())


def row(figure: Figure) -> Row:
    what = f"find one person; {figure.workspaces} workspaces, {LATENCY * 1000:.0f} ms a call, {figure.threads} threads"
    measured = (
        f"{figure.seconds:.1f} s, {figure.calls} calls: {figure.seconds / figure.bound:.1f} × its calls alone"
    )
    beside = f"one after the other: {figure.calls * LATENCY / figure.seconds:.0f} × as long"
    return Row(
        "find",
        what,
        measured,
        beside,
        f"one process, SQLite, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}",
    )


if __name__ == "__main__":
    main()

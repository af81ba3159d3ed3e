"""The product as it runs in production, in processes of its own: gunicorn, an engine and two Celery workers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests import servers
from tests.faults.world import World
from tests.migrated import ROOT

THREADS = 3  # of the engine and of each worker
WORKERS = ("worker1", "worker2")
# What is measured is waiting for what is broken, not for other programs on the same processors: the web server and its
# visitor go first where that is allowed.
FIRST = -10


def go_first() -> None:
    """This process, from now on."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, FIRST)


@dataclass
class Product:
    """`log(name)`: what a process wrote. Workers also listen to a queue of their own name."""

    world: World
    redis_url: str
    port: int = field(default_factory=servers.free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"http://localhost:{self.port}"

    def environ(self) -> dict[str, str]:
        told = {"OFFBOARD_REDIS_URL": self.redis_url, "OFFBOARD_BASE_URL": self.base}
        return {**os.environ, **told, "OFFBOARD_VOLUME_WATCH_MINUTES": "0"}

    def path(self, name: str) -> Path:
        return self.world.folder / f"{name}.log"

    def log(self, name: str) -> str:
        return self.path(name).read_text(errors="replace")

    def start(self, name: str, *words: str) -> None:
        with self.path(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=ROOT,
                env=self.environ(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=go_first if name == "web" else None,
            )

    def begin(self) -> None:
        """All of them; returns when the web server answers and an engine ticks."""
        bind = f"127.0.0.1:{self.port}"
        self.start("web", "gunicorn", "offboarding.wsgi", "-b", bind, "--threads", "8", "--no-control-socket")
        self.start("engine", "tests.faults.hastened", "engine", "--threads", str(THREADS))
        for name in WORKERS:
            pool = ("--pool", "threads", "-c", str(THREADS), "--loglevel", "INFO")
            queues = ("-n", f"{name}@trial", "-Q", f"celery,{name}")
            self.start(name, "celery", "-A", "tests.faults.hastened", "worker", *pool, *queues)
        try:
            servers.wait_for(self.ready, 180, pause=0.5)  # asking costs the time in which the others begin
        except servers.NoServer as error:
            told = "\n".join(f"--- {name}\n{self.log(name)[-2000:]}" for name in self.processes)
            raise servers.NoServer(f"the product is not ready\n{told}") from error

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.base}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def dead(self) -> list[str]:
        """Those that ended by themselves."""
        codes = {name: process.poll() for name, process in self.processes.items()}
        return [f"{name} ended with {code}" for name, code in codes.items() if code is not None]

    def end(self) -> None:
        """At once: a worker that waits for its broker may take its time to end kindly."""
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()


@contextmanager
def product(world: World, redis_url: str) -> Iterator[Product]:
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    made = Product(world, redis_url)
    try:
        made.begin()
        yield made
    finally:
        made.end()

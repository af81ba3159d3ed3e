"""Everything at once: database, simulated workspaces, people, pages, engine. Ends all of it when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from offboarding.demo import folder, ports, simulators
from offboarding.demo.actions import fill
from offboarding.demo.cast import CAST, PASSWORD
from offboarding.server import Serving, serve

GRACE = 4  # seconds that work under way may take to end after Ctrl-C


class Command(BaseCommand):
    help = "Runs the product on believable data and simulated workspaces, at one address."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--fresh", action="store_true", help="start over: forget what was done so far")

    def handle(self, *_args: Any, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        if not settings.DEMO:
            raise CommandError(
                "This installation is not a demo. Start it with `make demo`, or set OFFBOARD_DEMO=1."
            )
        binds, log = free_binds(options["port"]), settings.DATA / "demo.log"
        with held_folder():
            if options["fresh"]:
                start_over()
            with errors_in(log):
                status = self.run(options["port"], binds, log)
        self.stdout.write("Stopped.")
        sys.exit(status)

    def run(self, port: int, binds: tuple[str, ...], log: Path) -> int:
        began = monotonic()
        self.stdout.write(f"Offboard, demo. Data and log are in {settings.DATA}")
        process = simulators.start(log)
        try:
            self.prepare(process)
            return self.serve(port, binds, log, began)
        except KeyboardInterrupt:
            return 0
        except simulators.DidNotStart as error:
            raise CommandError(f"The simulated workspaces did not start. {log} says why.") from error
        finally:
            simulators.stop(process)

    def prepare(self, process: subprocess.Popen[bytes]) -> None:
        with self.step("Database"):
            call_command("migrate", verbosity=0, interactive=False)
        with self.step("Style sheet and script"):
            call_command("collectstatic", verbosity=0, interactive=False)
        with self.step("Simulated workspaces"):
            described = simulators.wait_for(process)
        with self.step("People and connections"):
            fill(described, datetime.now(UTC).date())

    def serve(self, port: int, binds: tuple[str, ...], log: Path, began: float) -> int:
        settings.BASE_URL = os.environ.get("OFFBOARD_BASE_URL") or f"http://localhost:{port}"
        label, since = "Pages and engine", monotonic()
        self.begin(label)

        def ready() -> None:
            self.done(since)
            self.welcome(log, monotonic() - began)

        serving = Serving(
            binds, engine_threads=settings.ENGINE_THREADS, log=str(log), grace=GRACE, ready=ready
        )
        return serve(serving)

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        since = monotonic()
        self.begin(label)
        yield
        self.done(since)

    def begin(self, label: str) -> None:
        self.stdout.write(f"  {label:<26}", ending="")
        self.stdout.flush()

    def done(self, since: float) -> None:
        self.stdout.write(f"{monotonic() - since:5.1f} s")
        self.stdout.flush()

    def welcome(self, log: Path, seconds: float) -> None:
        names = [player.name.split()[0] for player in CAST]
        self.stdout.write(
            f"\nReady after {seconds:.0f} s:  {settings.BASE_URL}\n\n"
            f"One press there signs you in as {', '.join(names[:-1])} or {names[-1]}.\n"
            f"By hand: {CAST[0].email}, password {PASSWORD}, and the others alike.\n"
            f"The log: {log}\n"
            "Ctrl-C stops everything and keeps the data. `make demo FRESH=1` starts over."
        )
        self.stdout.flush()


def free_binds(port: int) -> tuple[str, ...]:
    if not 1 <= port <= 65535:
        raise CommandError("A port is a number from 1 to 65535.")
    try:
        return ports.binds(port)
    except ports.Taken as error:
        raise CommandError(
            f"Port {port} is in use, or not yours to use. Choose another one: make demo PORT={port + 1}"
        ) from error


@contextmanager
def held_folder() -> Iterator[None]:
    try:
        held = folder.take(settings.DATA)
    except folder.InUse as error:
        raise CommandError(
            f"A demo is running on {settings.DATA} already. Stop it first, or choose another folder with OFFBOARD_DATA."
        ) from error
    with held:
        yield


def start_over() -> None:
    name = str(settings.DATABASES["default"]["NAME"])
    if Path(name).parent != settings.DATA:
        raise CommandError(f"Only a database in {settings.DATA} can be started over. Empty {name} yourself.")
    folder.empty(settings.DATA)


@contextmanager
def errors_in(log: Path) -> Iterator[None]:
    """Sends standard error, where the log lines go, into the file. What ends the command is shown again."""
    shown = os.dup(2)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(shown, 2)
        os.close(shown)

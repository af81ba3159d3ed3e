"""Runs cases, each on each of its databases in a process of its own, and says what was measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from offboarding.env import fresh_keys
from tests import servers
from tests.faults.databases import POSTGRES, SQLITE, Templates, clean

ROOT = Path(__file__).resolve().parent.parent.parent
LONGEST = 3600  # seconds for one case


@dataclass(frozen=True)
class Row:
    """What one case brought on one database."""

    case: str
    database: str  # sqlite or postgres
    server: str  # in words, with its version
    seed: int
    passed: bool
    injected: str
    measured: str
    seconds: float
    date: str
    told: str = ""  # what went wrong, in full

    def line(self) -> str:
        end = "passed" if self.passed else "FAILED"
        return f"{self.case} ({self.server}): {self.injected}: {self.measured} (seed {self.seed}, {self.seconds:.0f} s) {end}"


@cache
def ready() -> None:
    """Cases speak of models, so Django has to know them. No database is opened here."""
    before = dict(os.environ)
    os.environ.update(
        {
            **fresh_keys(),
            "OFFBOARD_DATA": tempfile.mkdtemp(prefix="offboard-faults-none-"),
            "DJANGO_SETTINGS_MODULE": "offboarding.settings",
        }
    )
    import django

    django.setup()
    shutil.rmtree(os.environ["OFFBOARD_DATA"], ignore_errors=True)
    os.environ.clear()
    os.environ.update(before)


def load_cases(wanted: list[str] | None = None) -> MappingProxyType[str, Any]:
    ready()
    from tests.faults.case import load, names

    found = {name: load(name) for name in wanted or names()}
    return MappingProxyType(dict(sorted(found.items(), key=lambda each: each[1].order)))


class Stand:
    """Where cases are tried: servers, and migrated databases to copy."""

    def __init__(self, folder: Path, server: servers.Server | None) -> None:
        self.folder, self.server = folder, server
        self.templates = Templates(folder, server.url if server else "")
        self.number = 0

    def says(self, database: str) -> str:
        if database == SQLITE:
            import sqlite3

            return f"SQLite {sqlite3.sqlite_version}"
        return self.server.says.split(",")[0] if self.server else "PostgreSQL"

    def perform(self, name: str, database: str, seed: int, long: bool) -> Row:
        case, began = load_cases()[name], time.monotonic()
        if database == POSTGRES and self.server is None:
            return self.row(name, database, seed, began, told="no PostgreSQL was found")
        self.number += 1
        folder = self.folder / f"{self.number}-{name}-{database}"
        folder.mkdir()
        words = ["--database", database, "--folder", str(folder), "--seed", str(seed)] + ["--long"] * long
        with self.database(case, database, folder, long) as url:
            code, told = run([*words, *(["--url", url] if url else [])], name, self.environ())
        measured = folder / "measured.json"
        if code or not measured.exists():
            return self.row(name, database, seed, began, told=told[-4000:] or f"ended with {code}")
        return self.row(name, database, seed, began, json.loads(measured.read_text()))

    @contextmanager
    def database(self, case: Any, database: str, folder: Path, long: bool) -> Iterator[str]:
        if not case.needs_world:
            yield ""
            return
        (folder / "workspaces.json").write_text(json.dumps(case.workspaces(long)))
        if case.own_server:
            with servers.own_cluster(servers.postgres_programs()) as cluster:
                cluster.tell(folder / "cluster.json")
                yield Templates(folder, cluster.url).of(database).url
            return
        with self.templates.one(database, folder.name.replace("-", "_")) as made:
            yield made.url

    def environ(self) -> dict[str, str]:
        return {**clean(), **({"TEST_POSTGRES": self.server.url} if self.server else {})}

    def row(
        self,
        name: str,
        database: str,
        seed: int,
        began: float,
        measured: dict[str, Any] | None = None,
        told: str = "",
    ) -> Row:
        found = measured or {"injected": "", "measured": "did not run to its end", "faults": [told]}
        return Row(
            name,
            database,
            self.says(database),
            seed,
            not found["faults"],
            found["injected"],
            found["measured"],
            time.monotonic() - began,
            datetime.now(UTC).date().isoformat(),
            "\n".join(found["faults"][:20]),
        )


def run(words: list[str], name: str, environ: dict[str, str]) -> tuple[int, str]:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.one", name, *words],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return 1, f"did not end within {LONGEST} seconds"
    return done.returncode, done.stdout


@contextmanager
def stand() -> Iterator[Stand]:
    """One folder, one PostgreSQL if any can be had, and no traces afterwards.

    In memory where there is room: what is tried are processes that die, not power cuts, and disks would set the pace.
    """
    folder = Path(tempfile.mkdtemp(prefix="offboard-faults-", dir=servers.roomy()))
    try:
        with found_postgres() as server:
            made = Stand(folder, server)
            try:
                yield made
            finally:
                made.templates.drop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def found_postgres() -> Iterator[servers.Server | None]:
    looking = servers.postgres()
    try:
        server = looking.__enter__()
    except servers.NoServer:
        yield None
        return
    try:
        yield server
    finally:
        looking.__exit__(None, None, None)

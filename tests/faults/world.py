"""What a case plays in: simulated workspaces, a database, a data folder, and the cast. Inside one Django process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from offboarding.env import fresh_keys
from tests import tsa
from tests.faults.databases import Database
from tests.faults.segment import Segment, segment


@dataclass
class World:
    database: Database
    folder: Path
    segment: Segment
    kept: dict[str, tuple[Database, dict[str, Any]]] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def mails(self) -> Path:
        return self.folder / "mail"

    def keep(self, name: str) -> None:
        """All of it as it is now, to be put back as often as wanted."""
        disconnect()
        copied(self.data, self.folder / f"{name}-data")
        copied(self.mails, self.folder / f"{name}-mail")
        self.kept[name] = self.database.copy_to(name), self.segment.keep()

    def put_back(self, name: str) -> None:
        disconnect()
        copied(self.folder / f"{name}-data", self.data)
        copied(self.folder / f"{name}-mail", self.mails)
        database, workspaces = self.kept[name]
        self.database.become(database)
        self.segment.put_back(workspaces)

    def forget(self) -> None:
        disconnect()
        for database, _ in self.kept.values():
            database.drop()


def copied(there: Path, here: Path) -> None:
    shutil.rmtree(here, ignore_errors=True)
    if there.exists():
        shutil.copytree(there, here)


def disconnect() -> None:
    """Before every fork, and before a database is copied."""
    from django.db import connections

    connections.close_all()


@contextmanager
def world(database: Database, folder: Path, workspaces: str | dict[str, Any]) -> Iterator[World]:
    """Sets Django up on this database; so one a process."""
    with segment(workspaces, folder) as simulated, tsa.running(folder / "tsa") as (url, certificates):
        os.environ.update({"OFFBOARD_TIME_STAMP_URL": url, "OFFBOARD_TIME_STAMP_CA": str(certificates)})
        made = World(database, folder, simulated)
        set_up(made)
        try:
            yield made
        finally:
            made.forget()


def set_up(made: World) -> None:
    os.environ.update(
        {
            **fresh_keys(),
            "OFFBOARD_DATA": str(made.data),
            "OFFBOARD_DATABASE_URL": made.database.url,
            "OFFBOARD_SIMULATORS": "1",
            "OFFBOARD_SECOND_FACTOR": "offered",
            "OFFBOARD_OWNER_APPROVERS": "1",
            # So much goes at once here that a second person would be asked about each request.
            "OFFBOARD_BREAKER_PEOPLE": "10000",
            "OFFBOARD_BREAKER_PLACES": "10000",
            "OFFBOARD_MANY_PLACES_APPROVERS": "1",
            "OFFBOARD_MAIL": f"folder:{made.mails}",
            "OFFBOARD_CHECKPOINT_MAIL": "checkpoints@partner.example",
            "DJANGO_SETTINGS_MODULE": "offboarding.settings",
        }
    )
    import django

    django.setup()
    quieten(made.folder / "offboard.log")
    from datetime import UTC, datetime, timedelta

    from offboarding.demo.actions import fill
    from offboarding.packets import stamped
    from offboarding.work.starting import settle

    # Stamps are asked for by their own scenarios alone, so no packet waits for one.
    stamped.PATIENCE = timedelta(0)

    fill(made.segment.described, datetime.now(UTC).date())
    settle()
    disconnect()


def quieten(path: Path) -> None:
    """The product's log goes to a file, which is searched for secrets too."""
    import logging

    root = logging.getLogger()
    formatter = root.handlers[0].formatter if root.handlers else None
    handler = logging.FileHandler(path, delay=False)
    handler.setFormatter(formatter)
    root.handlers = [handler]

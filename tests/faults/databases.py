"""Databases of one's own: migrated once, then copied as often as wanted."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.migrated import copied_as, copied_to, create, drop

SQLITE, POSTGRES = "sqlite", "postgres"
BOTH = (SQLITE, POSTGRES)


@dataclass(frozen=True)
class Database:
    """One database. `copies` of it are made and put back beside it."""

    kind: str
    url: str

    @property
    def name(self) -> str:
        return urlsplit(self.url).path.lstrip("/")

    def copy_to(self, name: str) -> Database:
        """Nobody may be connected meanwhile. A copy of that name is replaced."""
        if self.kind == SQLITE:
            other = Path(self.path).with_name(f"{name}.sqlite3")
            copy_file(Path(self.path), other)
            return Database(SQLITE, f"sqlite:///{other}")
        copied = f"{self.name.split('_copy_')[0]}_copy_{name}"
        create(server_of(self.url), copied, self.name)
        return Database(POSTGRES, urlsplit(self.url)._replace(path=f"/{copied}").geturl())

    def become(self, other: Database) -> None:
        """From now on what `other` is. Whoever is still connected is cut off."""
        if self.kind == SQLITE:
            copy_file(Path(other.path), Path(self.path))
        else:
            create(server_of(self.url), self.name, other.name)

    def drop(self) -> None:
        if self.kind == SQLITE:
            for path in beside(Path(self.path)):
                path.unlink(missing_ok=True)
        else:
            drop(server_of(self.url), self.name)

    @property
    def path(self) -> str:
        return "/" + self.name


def beside(path: Path) -> list[Path]:
    return [path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")]


def copy_file(there: Path, here: Path) -> None:
    """With what its log holds, if somebody died while it was open."""
    for old, new in zip(beside(there), beside(here)):
        new.unlink(missing_ok=True)
        if old.exists() and not old.name.endswith("-shm"):
            shutil.copyfile(old, new)


def server_of(url: str) -> str:
    return urlsplit(url)._replace(path="/postgres").geturl()


class Templates:
    """Migrated databases without a row, made when first asked for."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder, self.server = folder, server
        self.made: dict[str, Database] = {}

    def of(self, kind: str) -> Database:
        if kind not in self.made:
            self.made[kind] = self.migrated(self.fresh(kind, "template"))
        return self.made[kind]

    def fresh(self, kind: str, name: str) -> Database:
        if kind == SQLITE:
            return Database(SQLITE, f"sqlite:///{self.folder / name}.sqlite3")
        called = f"offboard_faults_{secrets.token_hex(4)}_{name}"
        return Database(POSTGRES, urlsplit(self.server)._replace(path=f"/{called}").geturl())

    def migrated(self, database: Database) -> Database:
        if database.kind == SQLITE:
            copied_to(Path(database.path))
            return database
        copied_as(database.name, self.server)
        return database

    @contextmanager
    def one(self, kind: str, name: str) -> Iterator[Database]:
        """A migrated database for one case, gone afterwards."""
        made = self.fresh(kind, name)
        made.become(self.of(kind))
        try:
            yield made
        finally:
            made.drop()

    def drop(self) -> None:
        for made in self.made.values():
            made.drop()


def clean() -> dict[str, str]:
    """Our environment without settings of the product."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("OFFBOARD_", "DJANGO_"))
    }

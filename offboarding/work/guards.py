"""Rules that ask several tables, said once more as triggers. Each room registers its own in `apps.py`.

SQLite cannot make a table anew while a trigger names it, and migrations do that. So these are taken away before every
migration and put back after it, whichever tables it made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from offboarding.lib.triggers import refuse_if


@dataclass(frozen=True, slots=True)
class Guard:
    """`condition`: SQL that both databases know, over NEW and OLD; the act is refused where it holds.

    `only`: the one database that needs it, if not both do.
    """

    name: str
    table: str
    act: str
    condition: str
    only: str = ""


GUARDS: list[Guard] = []


def register(guards: Iterable[Guard]) -> None:
    GUARDS.extend(guards)


def of_one_client(name: str, table: str, condition: str) -> tuple[Guard, Guard]:
    """The same for a row that comes and for one that changes."""
    return (
        Guard(f"{name}_when_it_comes", table, "INSERT", condition),
        Guard(f"{name}_when_it_changes", table, "UPDATE", condition),
    )


def stays_with_its_client(name: str, table: str) -> Guard:
    return Guard(f"{name}_stays_with_its_client", table, "UPDATE", "NEW.client_id <> OLD.client_id")


def needed(database: BaseDatabaseWrapper) -> list[Guard]:
    return [guard for guard in GUARDS if guard.only in ("", database.vendor)]


def standing(database: BaseDatabaseWrapper) -> set[str]:
    asked = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if database.vendor != "sqlite":
        asked = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    with database.cursor() as cursor:
        cursor.execute(asked)
        return {name for (name,) in cursor.fetchall()}


def take_away(using: str, **_: Any) -> None:
    """Before migrations: their tables may be made anew."""
    database = connections[using]
    there = standing(database)
    with database.cursor() as cursor:
        for guard in GUARDS:
            if guard.name in there:
                on = "" if database.vendor == "sqlite" else f" ON {guard.table}"
                cursor.execute(f"DROP TRIGGER {guard.name}{on}")


def put_back(using: str, **_: Any) -> None:
    """After migrations. Nothing is done where they stand already, or where a table is not there (yet)."""
    database = connections[using]
    there, tables = standing(database), set(database.introspection.table_names())
    missing = [guard for guard in needed(database) if guard.name not in there]
    if not {guard.table for guard in GUARDS} <= tables:
        return
    with database.cursor() as cursor:
        for guard in missing:
            for statement in refuse_if(database.vendor, guard.name, guard.table, guard.act, guard.condition):
                cursor.execute(statement)

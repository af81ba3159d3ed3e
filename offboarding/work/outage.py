"""Why the database gives nothing: it is away, or its tables are not those of this version."""

from __future__ import annotations

from django.db import Error, ProgrammingError

AWAY = "The database does not answer."
BEHIND = (
    "The tables are not those of this version, or this role may not read them."
    " Run migrate, and limit_web_role after it where one is used."
)


def is_behind(error: Error) -> bool:
    """No waiting helps. PostgreSQL has a kind of its own for it; SQLite only says so."""
    return isinstance(error, ProgrammingError) or str(error).startswith(("no such table", "no such column"))


def says(error: Error) -> str:
    return BEHIND if is_behind(error) else AWAY

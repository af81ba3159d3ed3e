"""Why a process cannot start here, in a sentence: asked by each before it takes its first work."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from offboarding.work.sealed import missing_key

NO_TABLES = "The tables are missing, or older than this version. Run `python manage.py migrate` first."


def why_not() -> str:
    """Empty if nothing stands in the way, or nobody can say: a database that is away is waited for."""
    return missing_tables() or missing_key()


def missing_tables() -> str:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return ""
    finally:
        if not connection.in_atomic_block:
            connection.close()  # whoever starts may fork
    return NO_TABLES if missing else ""

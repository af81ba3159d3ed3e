"""What each process does before it takes its first work: it asks why it cannot start here, in a sentence, and settles."""

from __future__ import annotations

import gc

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from offboarding.work.sealed import missing_key

# So many new objects between two searches for garbage among the newest, and so many searches among these until one goes further.
SEARCHES = (20_000, 20, 20)
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


def settle() -> None:
    """What is loaded by now stays to the end: no search for garbage walks it again. That was a tenth of all computing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SEARCHES)

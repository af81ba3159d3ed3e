"""Emptying the database after tests that commit for real. Django's own flush is refused by the tables that only grow."""

from __future__ import annotations

from django.db import connection, transaction

KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def wipe() -> None:
    """Every row goes, every trigger stays, and the ledger has its head again, the engine its one row."""
    tables = [
        name
        for name in connection.introspection.django_table_names(only_existing=True, include_views=False)
        if name not in KEPT
    ]
    connection.close()
    if connection.vendor == "sqlite":
        wipe_sqlite(tables)
    else:
        wipe_postgresql(tables)
    from offboarding.ledger.models import Head
    from offboarding.ledger.rules import GENESIS
    from offboarding.work.models import Standstill

    Head.objects.create(pk=1, seq=0, hash=GENESIS)
    Standstill.objects.create(pk=1)


def wipe_postgresql(tables: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("SET session_replication_role = DEFAULT")


def wipe_sqlite(tables: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys = OFF")
        with transaction.atomic():
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
            for table in tables:
                cursor.execute(f"DELETE FROM {table}")
            for _, sql in triggers:
                cursor.execute(sql)
        cursor.execute("PRAGMA foreign_keys = ON")

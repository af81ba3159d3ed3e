"""On PostgreSQL the pages may run as a role that owns nothing: it appends, and cannot take the triggers away."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from offboarding.ledger.actions import APP, Event, record
from offboarding.ledger.management.commands.limit_web_role import GROWING, NEVER_CHANGED, WRITTEN_ONCE
from offboarding.ledger.models import Entry

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no roles"),
]
ROLE = "offboard_tests_web"


@pytest.fixture
def limited() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE} NOLOGIN")
        call_command("limit_web_role", ROLE, stdout=StringIO())
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
        yield


def test_it_works_as_ever(limited: None) -> None:
    with transaction.atomic():
        record(Event.REMOVAL_FILED, actor=APP, about="R-1")
    assert Entry.objects.count() == 1


def acts() -> Iterator[str]:
    """All that would change a table of the record, or take away what guards it."""
    for table in (*WRITTEN_ONCE, *NEVER_CHANGED):
        yield from (f"UPDATE {table} SET {column} = {column}" for column in columns_of(table))
        yield f"TRUNCATE {table} CASCADE"
        yield f"ALTER TABLE {table} DISABLE TRIGGER ALL"
        yield f"DROP TRIGGER {table}_no_truncate ON {table}"
        yield f"CREATE OR REPLACE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE sql AS ''"
        yield f"DROP TABLE {table} CASCADE"
    yield from (f"DELETE FROM {table}" for table in WRITTEN_ONCE)
    yield "SET session_replication_role = replica"


def columns_of(table: str) -> list[str]:
    (model,) = (each for each in apps.get_models() if each._meta.db_table == table)
    grows = GROWING.get(table, "").split(", ")
    return [field.column for field in model._meta.concrete_fields if field.column not in grows]


@pytest.mark.parametrize("sql", list(acts()))
def test_it_can_neither_change_the_record_nor_take_its_guards_away(limited: None, sql: str) -> None:
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(sql)


def test_a_role_that_is_not_there_is_told() -> None:
    with pytest.raises(CommandError, match="There is no role"):
        call_command("limit_web_role", "nobody_of_that_name")


def test_it_is_made_with_a_password_and_keeps_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for password in ("first-of-two", "second'of\\two"):
        monkeypatch.setattr("sys.stdin", StringIO(f"{password}\n"))
        call_command("limit_web_role", ROLE, "--password-stdin", stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = %s", [ROLE])
        assert cursor.fetchone() == (True, False)
        cursor.execute("SELECT has_table_privilege(%s, 'ledger_entry', 'UPDATE')", [ROLE])
        assert cursor.fetchone() == (False,)


def test_without_a_password_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("\n"))
    with pytest.raises(CommandError, match="no password in the first line"):
        call_command("limit_web_role", ROLE, "--password-stdin")
    with pytest.raises(CommandError, match="There is no role"):
        call_command("limit_web_role", ROLE)


def test_from_the_owner_of_the_tables_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (owner,) = cursor.fetchone()
        cursor.execute(f"CREATE ROLE {ROLE} NOLOGIN SUPERUSER")
    for role in (owner, ROLE):
        monkeypatch.setattr("sys.stdin", StringIO("another-password\n"))
        with pytest.raises(CommandError, match="Name another role"):
            call_command("limit_web_role", role, "--password-stdin")

"""On PostgreSQL the pages may run as a role that owns nothing: it appends, and cannot take the triggers away."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from offboarding.ledger.actions import APP, Event, record
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


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE ledger_entry SET about = 'x'",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry CASCADE",
        "UPDATE ledger_personal SET value = 'x'",
        "DELETE FROM ledger_checkpoint",
        "UPDATE ledger_signingkey SET why = 'x'",
        "DELETE FROM evidence_evidence",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER ledger_entry_no_update ON ledger_entry",
        "DROP TABLE ledger_entry",
        "SET session_replication_role = replica",
    ],
)
def test_it_can_neither_change_the_record_nor_take_its_guards_away(limited: None, sql: str) -> None:
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(sql)


def test_a_role_that_is_not_there_is_told() -> None:
    with pytest.raises(CommandError, match="There is no role"):
        call_command("limit_web_role", "nobody_of_that_name")

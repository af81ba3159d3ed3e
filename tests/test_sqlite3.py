"""Threads that write to SQLite take turns, and nobody keeps a turn who is gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from offboarding.sqlite3 import base

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="other databases have many writers"),
]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever does not get a turn gives up at once."""
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)
    connection.close()
    yield
    connection.close()


def elsewhere(work: Any) -> Any:
    """What `work` brings in a thread of its own, with a connection of its own."""
    told: list[Any] = []

    def run() -> None:
        try:
            told.append(work())
        except OperationalError as error:
            told.append(str(error))
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return told[0]


def write() -> str:
    with transaction.atomic():
        return "written"


def test_one_thread_writes_at_a_time() -> None:
    with transaction.atomic():
        assert elsewhere(write) == "database is locked"
    assert elsewhere(write) == "written"


def test_a_transaction_inside_another_one_takes_no_turn_of_its_own() -> None:
    with transaction.atomic(), transaction.atomic():
        pass
    assert elsewhere(write) == "written"


@pytest.mark.parametrize("leave", ["error", "closed", "rolled back"])
def test_whoever_leaves_in_the_middle_keeps_no_turn(leave: str) -> None:
    def fail() -> None:
        with transaction.atomic():
            if leave == "closed":
                connection.close()
            if leave == "rolled back":
                transaction.set_rollback(True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert elsewhere(write) == "written"


def test_whoever_cannot_begin_keeps_no_turn() -> None:
    """Another process writes; here it is a connection that takes no turns."""
    with base.base.DatabaseWrapper(connection.settings_dict, "other").cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError):
            write()
        cursor.execute("ROLLBACK")
        cursor.connection.close()
    assert elsewhere(write) == "written"

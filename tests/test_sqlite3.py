"""Threads that write to SQLite take turns, nobody keeps a turn who is gone, and what is committed is on the disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.models.functions import Now

from offboarding.discovery.models import Look
from offboarding.sqlite3 import base
from offboarding.work.actions import claim
from offboarding.work.lightly import lightly

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


# ---------------------------------------------------------------- waiting for the disk


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[base.DatabaseWrapper]:
    """A file of its own, set up as in production: the other tests wait for no disk."""
    init = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    options = {**connection.settings_dict["OPTIONS"], "init_command": init, "timeout": 5}
    settings = {**connection.settings_dict, "NAME": str(tmp_path / "full.sqlite3"), "OPTIONS": options}
    made = base.DatabaseWrapper(settings, "full")
    monkeypatch.setattr(connections._connections, "full", made, raising=False)
    with made.cursor() as cursor:
        cursor.execute("CREATE TABLE note (text TEXT)")
    yield made
    made.close()


def synchronous(database: base.DatabaseWrapper) -> int:
    with database.cursor() as cursor:
        return int(cursor.execute("PRAGMA synchronous").fetchone()[0])


def note(database: base.DatabaseWrapper) -> None:
    with database.cursor() as cursor:
        cursor.execute("INSERT INTO note VALUES ('kept')")


def test_a_statement_on_its_own_waits_for_the_disk_by_itself(full: base.DatabaseWrapper) -> None:
    with transaction.atomic(using="full"):
        note(full)
        assert synchronous(full) == 1
    assert synchronous(full) == base.FULL


@pytest.mark.parametrize("ends", ["committed", "rolled back"])
def test_a_transaction_has_reached_the_disk_when_its_commit_comes_back(
    full: base.DatabaseWrapper, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    settled: list[int] = []
    really = os.fsync
    monkeypatch.setattr(os, "fsync", lambda log: (settled.append(os.fstat(log).st_ino), really(log)))
    with transaction.atomic(using="full"):
        note(full)
        transaction.set_rollback(ends == "rolled back", using="full")
    log = Path(full.log.path).stat()
    assert settled == ([log.st_ino] if ends == "committed" else [])


def test_what_may_be_lost_with_the_machine_reaches_the_disk_with_what_comes_next(
    full: base.DatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[int] = []
    monkeypatch.setattr(os, "fsync", settled.append)
    monkeypatch.setattr(full, "lightly", True)
    with transaction.atomic(using="full"):
        note(full)
    assert not settled
    monkeypatch.setattr(full, "lightly", False)
    with transaction.atomic(using="full"):
        note(full)
    assert len(settled) == 1


def test_only_what_begins_lightly_may_be_lost() -> None:
    with lightly():
        assert connection.lightly  # type: ignore[attr-defined]
    assert not connection.lightly  # type: ignore[attr-defined]


def test_nobody_queues_for_a_row_that_is_not_due(alice: Any, workspace: Any) -> None:
    taken = Look.objects.create(
        workspace=workspace("Acme"), person="x", addresses=["x@x.example"], asked_by=alice, not_before=None
    )
    with transaction.atomic():
        assert elsewhere(lambda: claim(Look, taken.pk)) is None
    Look.objects.update(not_before=Now())
    with transaction.atomic():
        assert elsewhere(lambda: claim(Look, taken.pk)) == "database is locked", "its turn to be taken"


def test_one_wait_serves_all_that_were_written_before_it_began(
    full: base.DatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[int] = []
    monkeypatch.setattr(os, "fsync", waits.append)
    log = full.log
    threads = [threading.Thread(target=log.settle) for _ in range(5)]
    with log.disk:
        for thread in threads:
            thread.start()
        while repr(log.tickets) != "count(6)":
            pass
    for thread in threads:
        thread.join(10)
    assert len(waits) == 1


def test_a_disk_that_fails_is_said_and_the_turn_is_over(
    full: base.DatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_log: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OperationalError, match="disk"), transaction.atomic(using="full"):
        note(full)
    monkeypatch.undo()
    assert not full.log.turn.locked()


def test_a_log_that_was_removed_had_reached_the_file(full: base.DatabaseWrapper) -> None:
    base.to_disk(str(Path(full.log.path).with_name("never-was")))

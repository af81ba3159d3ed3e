"""The ledger: entries hang together, stand with the change that they tell of, and cannot be written otherwise."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.db.models import Model

from offboarding.evidence.models import Evidence
from offboarding.ledger import queries
from offboarding.ledger.actions import APP, Actor, Event, checkpoint, record
from offboarding.ledger.models import Checkpoint, Entry, Head, Personal
from offboarding.ledger.rules import GENESIS, first_broken
from offboarding.lib import canonical
from offboarding.lib.hashing import salted_digest, sha256_hex

pytestmark = pytest.mark.django_db
ALICE = Actor("user", "7", "Alice Weber")


def write(event: Event = Event.REMOVAL_FILED, **more: Any) -> Entry:
    with transaction.atomic():
        return record(event, actor=ALICE, about="R-1001", **more)


def test_an_entry_follows_from_the_one_before_it() -> None:
    first, second = write(), write()
    assert canonical.loads(bytes(first.body))["prev"] == GENESIS
    assert canonical.loads(bytes(second.body))["prev"] == first.hash
    assert [first.seq, second.seq] == [1, 2]
    assert second.hash == sha256_hex(bytes(second.body))
    assert queries.broken() is None


def test_personal_values_stand_apart_as_salted_digests() -> None:
    entry = write(personal={"name": "Dan Reyes"})
    assert b"Dan" not in bytes(entry.body) and b"Alice" not in bytes(entry.body)
    kept = Personal.objects.get(entry=entry, name="name")
    digest = canonical.loads(bytes(entry.body))["personal"]["name"]
    assert salted_digest(bytes(kept.salt), kept.value) == digest


def test_erasing_a_personal_value_breaks_nothing() -> None:
    write(personal={"name": "Dan Reyes"})
    write()
    Personal.objects.filter(name="name").delete()
    assert queries.broken() is None


def test_the_same_value_has_another_digest_in_each_entry() -> None:
    entries = [write(personal={"name": "Dan Reyes"}) for _ in range(2)]
    digests = {canonical.loads(bytes(entry.body))["personal"]["name"] for entry in entries}
    assert len(digests) == 2


def test_a_change_that_is_rolled_back_takes_its_entry_along() -> None:
    write()
    with transaction.atomic():
        record(Event.REMOVAL_CLOSED, actor=APP)
        transaction.set_rollback(True)
    assert write().seq == 2
    assert queries.broken() is None


@pytest.mark.django_db(transaction=True)
def test_an_entry_without_a_change_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="belongs to a change"):
        record(Event.REMOVAL_CLOSED, actor=APP)


def test_what_has_no_canonical_form_is_not_written() -> None:
    with pytest.raises(canonical.NotCanonical), transaction.atomic():
        record(Event.REMOVAL_FILED, actor=APP, facts={"share": 0.5})
    assert not Entry.objects.exists()


def test_entries_about_one_removal_are_found() -> None:
    write()
    with transaction.atomic():
        record(Event.REMOVAL_FILED, actor=APP, about="R-1002")
    assert [entry.seq for entry in queries.entries_about("R-1001")] == [1]


# ---------------------------------------------------------------- only grows


def evidence() -> Evidence:
    return Evidence.objects.create(
        sha256="0" * 64, size=1, media_type="text/plain", name="n", shows="s", source="app", taken_by="x",
        keep_until="2033-01-01",
    )  # fmt: skip


def grown() -> list[Model]:
    write()
    made = checkpoint()
    assert made
    file = evidence()
    connection.check_constraints()  # PostgreSQL truncates no table for which a check is still pending
    return [Entry.objects.get(), made, file]


@pytest.mark.parametrize("table", [0, 1, 2], ids=["entries", "checkpoints", "evidence"])
@pytest.mark.parametrize("act", ["update", "delete", "replace", "truncate"])
def test_the_database_refuses_every_change_of_the_record(table: int, act: str) -> None:
    row = grown()[table]
    name, key = row._meta.db_table, row._meta.pk.column  # type: ignore[union-attr]
    columns = ", ".join(field.column for field in row._meta.concrete_fields)
    sql = {
        "update": f"UPDATE {name} SET {key} = {key}",
        "delete": f"DELETE FROM {name}",
        "replace": f"INSERT OR REPLACE INTO {name} ({columns}) SELECT {columns} FROM {name}",
        "truncate": f"TRUNCATE {name} CASCADE",
    }[act]
    if (act == "replace") is (connection.vendor == "postgresql") and act in ("replace", "truncate"):
        sql = f"UPDATE {name} SET {key} = {key}"  # neither word exists there; the plain way is refused all the same
    if act == "truncate" and connection.vendor == "sqlite":
        sql = f"DELETE FROM {name}"
    with (
        pytest.raises(DatabaseError, match="only grows"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


# ---------------------------------------------------------------- checkpoints


def test_a_checkpoint_is_signed_and_leaves_the_database(settings: Any, tmp_path: Any) -> None:
    from base64 import b64decode

    from offboarding.lib.signing import verify

    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    write()
    made = checkpoint()
    assert made is not None
    assert (made.size, made.head) == (1, Head.objects.get().hash)
    assert verify(made.public_key.encode(), b64decode(made.signature), bytes(made.body))
    (line,) = settings.CHECKPOINT_FILE.read_bytes().splitlines()
    outside = json.loads(line)
    assert canonical.dumps(outside["checkpoint"]) == bytes(made.body)
    assert outside["signature"] == made.signature


def test_nothing_new_needs_no_new_checkpoint(settings: Any, tmp_path: Any) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    assert checkpoint() is None, "an empty ledger has nothing to sign"
    write()
    assert checkpoint() == checkpoint()
    assert Checkpoint.objects.count() == 1
    assert len(settings.CHECKPOINT_FILE.read_bytes().splitlines()) == 1


def test_a_checkpoint_names_the_one_before_it(settings: Any, tmp_path: Any) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    write()
    first = checkpoint()
    write()
    second = checkpoint()
    assert first and second
    assert canonical.loads(bytes(second.body))["previous"] == first.root
    assert len(settings.CHECKPOINT_FILE.read_bytes().splitlines()) == 2


def test_a_delivery_that_was_cut_off_is_made_up_for(settings: Any, tmp_path: Any) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "not there yet" / "checkpoints.jsonl"
    write()
    with pytest.raises(OSError):
        checkpoint()
    settings.CHECKPOINT_FILE.parent.mkdir()
    assert checkpoint() == Checkpoint.objects.get()
    assert len(settings.CHECKPOINT_FILE.read_bytes().splitlines()) == 1


# ---------------------------------------------------------------- the chain as a rule


def chain(length: int) -> list[tuple[int, str, bytes]]:
    made, prev = [], GENESIS
    for seq in range(1, length + 1):
        data = canonical.dumps({"seq": seq, "prev": prev})
        prev = sha256_hex(data)
        made.append((seq, prev, data))
    return made


def swapped(rows: list[tuple[int, str, bytes]]) -> list[tuple[int, str, bytes]]:
    (a, b, c), (d, e, f) = rows[1], rows[2]
    return [rows[0], (a, e, f), (d, b, c), *rows[3:]]


BREAKS = [
    (lambda rows: rows, None, "whole"),
    (lambda rows: [], None, "empty is whole"),
    (lambda rows: rows[:1] + rows[2:], 2, "an entry is missing in the middle"),
    (lambda rows: rows[1:], 1, "the first is missing"),
    (lambda rows: [*rows[:2], (3, rows[2][1], b"{}"), *rows[3:]], 3, "the words of one were changed"),
    (lambda rows: [*rows[:2], (3, "f" * 64, rows[2][2]), *rows[3:]], 3, "the hash of one was changed"),
    (swapped, 2, "two changed places"),
]


@pytest.mark.parametrize(("change", "first", "because"), BREAKS)
def test_the_first_broken_entry_is_named(change: Any, first: int | None, because: str) -> None:
    found = first_broken(change(chain(5)))
    assert (found and found.seq) == first, because


def test_a_forged_chain_breaks_where_it_was_forged() -> None:
    """Every later hash was made anew, but the entry before the forgery is known from a checkpoint."""
    rows = chain(5)
    assert first_broken(rows[2:], prev=rows[1][1], start=3) is None
    assert first_broken(rows[2:], prev="e" * 64, start=3) is not None


def test_an_entry_carries_the_databases_time_however_wrong_the_workers_clock_is() -> None:
    before = write()
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1)):
        entry, made = write(), checkpoint()
    assert timedelta(0) <= entry.at - before.at < timedelta(minutes=1)
    assert made is not None and abs(made.at - entry.at) < timedelta(minutes=1)

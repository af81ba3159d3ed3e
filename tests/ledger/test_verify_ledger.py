"""`manage.py verify_ledger`: says that all is well, or which entry is the first that is not."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from offboarding.ledger.actions import APP, Event, checkpoint, record
from offboarding.ledger.models import Checkpoint, Entry, Personal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def written(db: None, settings: Any, tmp_path: Any) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    for number in range(5):
        with transaction.atomic():
            record(Event.REMOVAL_FILED, actor=APP, about=f"R-{number}")
    checkpoint()


@pytest.fixture
def forger() -> Iterator[None]:
    """Somebody who owns the database and takes its triggers away; they are back when the test is rolled back."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'ledger_%'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
            yield
        else:
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = DEFAULT")


def drop(seq: int) -> None:
    Personal.objects.filter(entry_id=seq).delete()
    Entry.objects.filter(seq=seq)._raw_delete("default")


def verify() -> str:
    told = StringIO()
    call_command("verify_ledger", stdout=told)
    return told.getvalue().strip()


def test_a_whole_ledger_holds() -> None:
    assert verify() == "5 entries and 1 checkpoints hold."


def test_an_altered_entry_is_named(forger: None) -> None:
    body = bytes(Entry.objects.get(seq=3).body).replace(b"R-2", b"R-9")
    Entry.objects.filter(seq=3).update(body=body)
    with pytest.raises(CommandError, match="entry 3 was altered"):
        verify()


def test_a_missing_entry_is_named(forger: None) -> None:
    drop(2)
    with pytest.raises(CommandError, match="entry 2 is missing"):
        verify()


def test_a_cut_off_end_shows_at_the_checkpoint(forger: None) -> None:
    drop(5)
    with pytest.raises(CommandError, match="do not agree with the checkpoint at entry 5"):
        verify()


def test_a_cut_off_end_shows_at_the_head_even_before_the_next_checkpoint(forger: None) -> None:
    with transaction.atomic():
        record(Event.REMOVAL_FILED, actor=APP)
    drop(6)
    with pytest.raises(CommandError, match="entry 6 is missing"):
        verify()


def test_a_chain_made_anew_does_not_agree_with_its_checkpoint(forger: None) -> None:
    from offboarding.lib import canonical
    from offboarding.lib.hashing import sha256_hex

    prev = "0" * 64
    for entry in Entry.objects.order_by("seq"):
        data = {**canonical.loads(bytes(entry.body)), "about": "R-7", "prev": prev}
        body = canonical.dumps(data)
        prev = sha256_hex(body)
        Entry.objects.filter(seq=entry.seq).update(body=body, hash=prev)
    with pytest.raises(CommandError, match="do not agree with the checkpoint at entry 5"):
        verify()


def test_a_checkpoint_with_another_root_is_named(forger: None) -> None:
    Checkpoint.objects.update(root="0" * 64)
    with pytest.raises(CommandError, match="checkpoint"):
        verify()


def test_a_checkpoint_with_a_wrong_signature_is_named(forger: None) -> None:
    other = Checkpoint.objects.get()
    Checkpoint.objects.update(signature="A" * len(other.signature))
    with pytest.raises(CommandError, match="signature"):
        verify()


def test_a_column_that_says_something_else_than_its_entry_is_named(forger: None) -> None:
    """Pages search by columns; the chain is over the bytes."""
    Entry.objects.filter(seq=4).update(about="R-1", event="removal.closed")
    with pytest.raises(CommandError, match="entry 4"):
        verify()

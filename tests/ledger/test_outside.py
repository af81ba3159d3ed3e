"""The file outside the database tells whether the database is older than what was signed, and never cries wolf."""

from __future__ import annotations

import threading
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction

from offboarding.ledger import outside as outside_places
from offboarding.ledger import queries
from offboarding.ledger.actions import APP, Event, checkpoint, record
from offboarding.ledger.models import Checkpoint, Delivery, Entry, Head
from offboarding.lib import canonical
from offboarding.lib.signing import Signer
from tests.work.test_at_once import together


@pytest.fixture(name="file")
def outside(settings: Any, tmp_path: Path, db: None) -> Path:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    return tmp_path / "checkpoints.jsonl"


def write(count: int = 1, about: str = "") -> None:
    for _ in range(count):
        with transaction.atomic():
            record(Event.REMOVAL_FILED, actor=APP, about=about)


def restored(size: int) -> None:
    """The database as it was when it had so many entries. The triggers refuse it, so they are off meanwhile."""
    from offboarding.ledger.models import Personal

    hash_then = Entry.objects.get(seq=size).hash
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            cursor.execute("SET session_replication_role = replica")
        Personal.objects.filter(entry_id__gt=size).delete()
        Checkpoint.objects.filter(size__gt=size)._raw_delete("default")
        Entry.objects.filter(seq__gt=size)._raw_delete("default")
        if connection.vendor == "sqlite":
            for _, sql in triggers:
                cursor.execute(sql)
        else:
            cursor.execute("SET session_replication_role = DEFAULT")
    Head.objects.filter(pk=1).update(seq=size, hash=hash_then)


def test_what_was_signed_is_known(file: Path) -> None:
    for _ in range(3):
        write(2)
        checkpoint()
    assert len(file.read_text().splitlines()) == 3
    assert queries.not_known_here() is None


def test_without_a_file_nothing_is_compared(file: Path) -> None:
    write()
    assert queries.not_known_here() is None
    file.touch()
    assert queries.not_known_here() is None


def test_a_database_older_than_the_file_is_found(file: Path) -> None:
    write(3)
    checkpoint()
    write(2)
    checkpoint()
    restored(4)
    found = queries.not_known_here()
    assert found and (found.size, found.at[-1]) == (5, "Z")


def test_it_is_found_even_after_the_database_has_grown_past_it(file: Path) -> None:
    write(3)
    checkpoint()
    restored(2)
    write(9, about="R-2")
    found = queries.not_known_here()
    assert found and found.size == 3, "the same size, another head"


def test_it_is_found_when_the_last_line_is_an_older_one(file: Path) -> None:
    """Two engines sign at the same time, and the slower one writes its smaller statement last."""
    write(2)
    small = checkpoint()
    write(2)
    checkpoint()
    assert small
    outside_places.to_file(small)
    restored(3)
    found = queries.not_known_here()
    assert found and found.size == 4


def test_a_statement_that_a_person_accepted_is_not_found_again(file: Path) -> None:
    write(4)
    checkpoint()
    restored(2)
    accepted = queries.newest_outside()
    assert queries.not_known_here(accepted) is None
    write(1, about="R-2")
    checkpoint()
    assert queries.not_known_here(accepted) is None, "the ledger goes on from the database"
    write(3, about="R-3")
    checkpoint()
    restored(4)
    assert queries.not_known_here(accepted), "restored once more"


def test_what_another_key_signed_is_not_ours(file: Path) -> None:
    write(4)
    checkpoint()
    restored(2)
    assert queries.not_known_here()
    (line,) = file.read_bytes().splitlines()
    other, said = Signer.generate(), canonical.loads(line)["checkpoint"]
    body = canonical.dumps({**said, "key_id": other.key_id})
    forged = {"checkpoint": canonical.loads(body), "signature": b64encode(other.sign(body)).decode()}
    file.write_bytes(canonical.dumps(forged) + b"\n")
    assert queries.not_known_here() is None


def test_the_newest_checkpoint_goes_to_the_mailbox_once(file: Path, settings: Any) -> None:
    settings.CHECKPOINT_MAIL = "checkpoints@example.com"
    write()
    checkpoint()
    write()
    made = checkpoint()
    outside_places.deliver_newest()
    outside_places.deliver_newest()
    (sent,) = mail.outbox
    assert made and sent.to == ["checkpoints@example.com"] and sent.subject == "Checkpoint of 2 entries"
    assert outside_places.line_of(made).decode() in sent.body.splitlines()


def test_a_mail_server_that_does_not_take_it_is_asked_again(file: Path, settings: Any) -> None:
    works, settings.CHECKPOINT_MAIL = settings.EMAIL_BACKEND, "checkpoints@example.com"
    write()
    checkpoint()
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    outside_places.deliver_newest()
    settings.EMAIL_BACKEND = works
    assert not Delivery.objects.exists()
    outside_places.deliver_newest()
    assert len(mail.outbox) == 1 and Delivery.objects.count() == 1


def test_without_a_mailbox_nothing_is_sent(file: Path) -> None:
    write()
    checkpoint()
    outside_places.deliver_newest()
    assert not mail.outbox and not Delivery.objects.exists()


def test_a_line_that_was_altered_is_not_ours(file: Path) -> None:
    write(4)
    checkpoint()
    file.write_text(file.read_text().replace('"size":4', '"size":9'))
    assert queries.not_known_here() is None


@pytest.mark.parametrize("rest", [b'{"checkpoint":{"at"', b"\xff\xfe\n", b"[]\n", b'{"checkpoint":1}\n'])
def test_a_line_that_was_cut_off_says_nothing_and_spoils_nothing(file: Path, rest: bytes) -> None:
    write(2)
    checkpoint()
    with file.open("ab") as torn:
        torn.write(rest)
    assert queries.not_known_here() is None
    write(1)
    checkpoint()
    restored(2)
    found = queries.not_known_here()
    assert found and found.size == 3


def test_only_the_newest_statements_are_read(file: Path) -> None:
    write()
    checkpoint()
    line = file.read_bytes()
    file.write_bytes(line * (2 * queries.TAIL // len(line)))
    assert 1 < len(queries.lines_outside()) * len(line) <= queries.TAIL


# ---------------------------------------------------------------- the order, also after a crash


def test_the_row_stands_before_the_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies between the two leaves a row without a line, which is no alarm, and the line follows."""

    def dies(_made: Checkpoint) -> None:
        raise KeyboardInterrupt

    write(2)
    with monkeypatch.context() as patch:
        patch.setattr(outside_places, "to_file", dies)
        with pytest.raises(KeyboardInterrupt):
            checkpoint()
    assert (Checkpoint.objects.count(), file.exists()) == (1, False)
    assert queries.not_known_here() is None
    checkpoint()
    assert len(file.read_text().splitlines()) == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_signed_within_a_transaction_that_may_be_rolled_back(file: Path) -> None:
    write(2)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        checkpoint()
    assert not file.exists()


@pytest.mark.django_db(transaction=True)
def test_engines_that_sign_at_the_same_time_raise_no_alarm(file: Path) -> None:
    """Six write and sign, two compare all the while."""
    ended, alarms = threading.Event(), []

    def one(number: int) -> None:
        if number >= 6:
            while not ended.is_set():
                alarms.append(queries.not_known_here())
            return
        try:
            for _ in range(8):
                write(1, about=f"R-{number}")
                checkpoint()
        finally:
            working.acquire()
            if working.acquire(blocking=False):
                working.release()
            else:
                ended.set()

    working = threading.Semaphore(6)
    together(one, 8)
    assert alarms and not any(alarms)
    assert queries.not_known_here() is None
    assert len(file.read_text().splitlines()) >= Checkpoint.objects.count()


def test_the_signature_is_that_of_the_key(file: Path, settings: Any) -> None:
    write()
    checkpoint()
    said = queries.statement_in(queries.lines_outside()[0])
    assert said and said.key_id == Signer.from_seed(bytes.fromhex(settings.SIGNING_KEY)).key_id
    assert queries.signed_by_us(said)

"""`manage.py verify_ledger`: says that all is well, or which entry is the first that is not."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from offboarding.ledger import tiles, whole
from offboarding.ledger.actions import APP, Event, checkpoint, record, record_each
from offboarding.ledger.models import Checkpoint, Entry, Head, Personal, Tile
from offboarding.ledger.tiles import WIDTH, NotWhole
from offboarding.lib import canonical
from offboarding.lib.signing import Signer
from tests.ledger import forging

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
    with forging.without_triggers():
        yield


def verify(*outside: Path) -> str:
    told = StringIO()
    call_command("verify_ledger", checkpoint=list(outside), stdout=told)
    return told.getvalue().strip()


def test_a_whole_ledger_holds() -> None:
    assert verify() == "5 entries and 1 checkpoints hold."


def test_an_altered_entry_is_named(forger: None) -> None:
    body = bytes(Entry.objects.get(seq=3).body).replace(b"R-2", b"R-9")
    Entry.objects.filter(seq=3).update(body=body)
    with pytest.raises(CommandError, match="entry 3 was altered"):
        verify()


def test_a_missing_entry_is_named(forger: None) -> None:
    forging.delete(2)
    with pytest.raises(CommandError, match="entry 2 is missing"):
        verify()


def test_a_cut_off_end_shows_at_the_checkpoint(forger: None) -> None:
    forging.delete(5)
    with pytest.raises(CommandError, match="do not agree with the checkpoint at entry 5"):
        verify()


def test_a_cut_off_end_shows_at_the_head_even_before_the_next_checkpoint(forger: None) -> None:
    with transaction.atomic():
        record(Event.REMOVAL_FILED, actor=APP)
    forging.delete(6)
    with pytest.raises(CommandError, match="entry 6 is missing"):
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


FORGED = [
    (lambda: forging.edit(3), "entry 3 was altered", "an entry says something else"),
    (lambda: forging.delete(3), "entry 3 is missing", "an entry is gone"),
    (lambda: forging.insert(3), "entry 3 does not follow entry 2", "an entry was slipped in"),
    (lambda: forging.swap(3), "entry 3 does not follow entry 2", "two entries changed places"),
]


@pytest.mark.parametrize(("forge", "says", "because"), FORGED, ids=[row[2] for row in FORGED])
def test_the_first_entry_that_somebody_touched_is_named(
    forger: None, forge: Callable[[], None], says: str, because: str
) -> None:
    forge()
    with pytest.raises(CommandError, match=says):
        verify()


REWRITTEN = [
    (lambda: forging.truncate(4), "at entry 5", "the end is cut off, and the head with it"),
    (
        lambda: forging.rewrite(lambda told: told.update(about="R-7")),
        "at entry 5",
        "the whole chain made anew",
    ),
]


@pytest.mark.parametrize(("forge", "where", "because"), REWRITTEN, ids=[row[2] for row in REWRITTEN])
def test_what_the_database_cannot_tell_is_told_by_a_checkpoint_from_outside(
    forger: None, settings: Any, tmp_path: Path, forge: Callable[[], None], where: str, because: str
) -> None:
    kept = tmp_path / "kept elsewhere.jsonl"
    kept.write_bytes(settings.CHECKPOINT_FILE.read_bytes())
    forge()
    assert "hold" in verify(), "it was done so well that the database alone says nothing"
    with pytest.raises(CommandError, match=f"do not agree with the checkpoint from outside {where}"):
        verify(kept)


def test_a_checkpoint_from_outside_holds(settings: Any) -> None:
    assert verify(settings.CHECKPOINT_FILE).endswith("1 checkpoints from outside hold too.")


def test_a_forger_cannot_sign_a_checkpoint_of_their_own(forger: None) -> None:
    """The right root, a good signature, the wrong key."""
    made, other = Checkpoint.objects.get(), Signer.generate()
    body = canonical.dumps({**canonical.loads(bytes(made.body)), "key_id": other.key_id})
    signature = b64encode(other.sign(body)).decode()
    public = other.public_pem().decode()
    Checkpoint.objects.update(body=body, signature=signature, key_id=other.key_id, public_key=public)
    with pytest.raises(CommandError, match=f"signed by {other.key_id}, no key of this ledger"):
        verify()


@pytest.mark.parametrize("text", ["", "{}\n", '{"checkpoint":{}}\n', "hello"])
def test_a_file_without_checkpoints_proves_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text(text)
    with pytest.raises(CommandError, match="line 1: this is no checkpoint"):
        verify(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        verify(tmp_path / "nothing")


def test_another_name_beside_an_entry_is_found(forger: None) -> None:
    """Pages show these names."""
    Personal.objects.filter(entry_id=2, name="actor").update(value="Somebody Else")
    with pytest.raises(CommandError, match="the actor beside entry 2 is not the one that was recorded"):
        verify()


def test_a_name_that_was_erased_is_no_fault() -> None:
    Personal.objects.filter(entry_id=2).delete()
    assert "hold" in verify()


def test_a_head_that_names_another_end_is_found() -> None:
    Head.objects.update(hash="f" * 64)
    with pytest.raises(CommandError, match="the head does not name entry 5"):
        verify()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 4 and 20 entries: five of them, and one that stands on four."""
    monkeypatch.setattr(tiles, "HEIGHT", 2)
    monkeypatch.setattr(tiles, "WIDTH", 4)
    with transaction.atomic():
        record_each(Event.ITEM_MOVED, [{"n": n} for n in range(15)], actor=APP)
    checkpoint()


@pytest.mark.parametrize(
    ("tier", "index", "name", "upto"),
    [(0, 0, "nodes", 4), (0, 3, "root", 16), (1, 0, "nodes", 16), (1, 0, "root", 16)],
    ids=["a leaf", "what stands on leaves", "a node above them", "what stands on nodes"],
)
def test_stored_hashes_that_do_not_fit_their_entries_are_found(
    small: None, tier: int, index: int, name: str, upto: int
) -> None:
    assert "20 entries" in verify() and Tile.objects.count() == 6
    kept = Tile.objects.filter(tier=tier, index=index)
    kept.update(**{name: bytes(kept.values_list(name, flat=True).get())[:-1] + b"?"})
    with pytest.raises(CommandError, match=f"the stored hashes of the entries up to {upto} do not fit"):
        verify()


@pytest.mark.parametrize(("tier", "index"), [(0, 5), (1, 1), (2, 0)])
def test_stored_hashes_of_entries_that_are_not_there_yet_are_found(
    small: None, tier: int, index: int
) -> None:
    Tile.objects.create(tier=tier, index=index, nodes=b"?" * 128, root=b"?" * 32)
    with pytest.raises(CommandError, match="stored hashes of entries behind entry 20"):
        verify()


def test_a_ledger_with_a_gap_is_not_signed(forger: None) -> None:
    with transaction.atomic():
        record(Event.REMOVAL_FILED, actor=APP)
    forging.delete(3)
    with pytest.raises(NotWhole, match="entry 3 is missing"):
        checkpoint()


def test_the_walk_says_how_far_it_is() -> None:
    with transaction.atomic():
        record_each(Event.ITEM_MOVED, [{"n": n} for n in range(2 * WIDTH)], actor=APP)
    seen: list[int] = []
    assert whole.first_wrong(mark=seen.append) is None
    assert seen == [WIDTH, 2 * WIDTH]

"""Every byte that was kept is read again: what is missing, changed or extra is named, by the command and every night."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from offboarding.evidence.actions import keep
from offboarding.evidence.folder import place_of
from offboarding.evidence.models import Evidence
from offboarding.ledger.models import Entry
from offboarding.packets.models import Packet
from offboarding.retention import checking
from offboarding.retention.models import EvidenceCheck
from offboarding.retention.queries import faults_of, newest_check
from offboarding.work.actions import claim
from offboarding.work.rules import State

pytestmark = pytest.mark.django_db
File = Callable[[bytes], Evidence]


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_ROOT, settings.PACKET_ROOT = tmp_path / "evidence", tmp_path / "packets"
    settings.PACKET_ROOT.mkdir()


@pytest.fixture
def file(clients: dict[str, Any]) -> File:
    def make(data: bytes) -> Evidence:
        return keep(
            BytesIO(data), name="t", media_type="text/plain", shows="t", source="app", taken_by="x",
            client=clients["Acme"],
        )  # fmt: skip

    return make


@pytest.fixture
def packet(filed: Any, settings: Any) -> Packet:
    from hashlib import sha256

    (settings.PACKET_ROOT / "R-1-packet.zip").write_bytes(b"zip")
    return Packet.objects.create(
        removal=filed(), file="R-1-packet.zip", sha256=sha256(b"zip").hexdigest(), state=State.DONE,
        sealed_at="2026-03-31T00:00Z", not_before=None,
    )  # fmt: skip


def verify(**options: Any) -> str:
    said = StringIO()
    call_command("verify_evidence", stdout=said, **options)
    return said.getvalue()


def broken(**options: Any) -> tuple[str, list[str]]:
    """(last sentence, lines that name a fault)"""
    said = StringIO()
    with pytest.raises(CommandError) as error:
        call_command("verify_evidence", stdout=said, **options)
    return str(error.value), said.getvalue().splitlines()


def spoil(row: Evidence, data: bytes = b"spoilt") -> None:
    place_of(row.sha256).chmod(0o640)
    place_of(row.sha256).write_bytes(data)


def old(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    os.utime(path, (0, 0))
    return path


def read_all() -> EvidenceCheck:
    made = checking.order()
    assert made
    held = claim(EvidenceCheck, made.pk)
    assert held
    checking.perform(held)
    return EvidenceCheck.objects.get(pk=made.pk)


def test_all_is_as_it_was(file: File, packet: Packet) -> None:
    file(b"one"), file(b"two"), file(b"one")
    assert verify() == "3 files, 9 bytes, are as they were.\n"


def test_each_fault_is_named_once(file: File, packet: Packet, settings: Any) -> None:
    rows = sorted((file(bytes([n])) for n in range(4)), key=lambda row: row.sha256)
    spoil(rows[0])
    place_of(rows[1].sha256).unlink()
    place_of(rows[2].sha256).unlink()
    place_of(rows[2].sha256).mkdir()
    extra = old(place_of("ab" + "0" * 62))
    stray = old(settings.EVIDENCE_ROOT / "notes.txt")
    (settings.PACKET_ROOT / packet.file).write_bytes(b"zap")
    old(settings.PACKET_ROOT / "R-9-packet.zip")
    said, lines = broken()
    assert said == "1 files are as they were; 1 missing, 2 changed, 1 unreadable, 3 extra."
    assert sorted(lines) == sorted(
        [
            f"changed: {rows[0].sha256}",
            f"missing: {rows[1].sha256}",
            f"unreadable: {rows[2].sha256}",
            f"extra: {extra.name}",
            f"extra: {stray.name}",
            f"changed: {packet.file}",
            "extra: R-9-packet.zip",
        ]
    )


def test_what_is_being_stored_right_now_is_not_extra(file: File) -> None:
    file(b"one")
    place_of("ab" + "0" * 62).parent.mkdir(exist_ok=True)
    place_of("ab" + "0" * 62).write_bytes(b"its row comes")
    assert verify().startswith("1 files")


def test_a_part_of_it_can_be_read(file: File) -> None:
    rows = sorted((file(bytes([n])) for n in range(5)), key=lambda row: row.sha256)
    spoil(rows[0])
    assert verify(after=rows[1].sha256).startswith("3 files")
    assert verify(sample=0).startswith("0 files")
    assert broken(sample=5)[0].endswith("1 changed.")
    assert broken(since=rows[0].taken_at.date())[0].endswith("1 changed.")


def test_every_night_it_is_read_and_told(file: File, packet: Packet) -> None:
    row = file(b"one")
    found = read_all()
    assert (found.files, found.packets, found.size, found.wrong) == (1, 1, 6, 0)
    spoil(row)
    found = read_all()
    assert (found.wrong, found.named) == (1, [["changed", row.sha256]])
    told = Entry.objects.filter(event="evidence.checked").order_by("-seq")[0]
    assert f'"named":["changed: {row.sha256}"]'.encode() in bytes(told.body)


def test_a_packet_knows_which_faults_are_its_own(file: File, packet: Packet, settings: Any) -> None:
    spoil(file(b"of somebody else"))
    (settings.PACKET_ROOT / packet.file).unlink()
    read_all()
    check = newest_check()
    assert check and check.wrong == 2
    assert faults_of(check, packet) == [f"missing: {packet.file}"]


def test_killed_it_goes_on_and_counts_nothing_twice(
    file: File, packet: Packet, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [file(bytes([n])) for n in range(7)]
    spoil(min(rows, key=lambda row: row.sha256))
    monkeypatch.setattr(checking, "OFTEN", 3)
    honest, left = checking.note, [5]

    def dies(*given: Any) -> None:
        left[0] -= 1
        if not left[0]:
            raise SystemExit
        honest(*given)

    monkeypatch.setattr(checking, "note", dies)
    with pytest.raises(SystemExit):
        read_all()
    EvidenceCheck.objects.update(state=State.READY)
    held = claim(EvidenceCheck, EvidenceCheck.objects.get().pk)
    assert held and held.files == 3
    checking.perform(held)
    found = EvidenceCheck.objects.get()
    assert (found.files, found.packets, found.wrong) == (7, 1, 1)


def test_one_walk_at_a_time() -> None:
    assert checking.order() and checking.order() is None

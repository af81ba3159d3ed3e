"""A packet carries a stamped checkpoint, and an auditor checks the stamp with openssl alone."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.db import transaction

from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.ledger.actions import APP, Event, checkpoint, current_key, record
from offboarding.ledger.models import Checkpoint, Stamp
from offboarding.ledger.outside import line_of
from offboarding.packets import perform
from offboarding.packets.contents import AUTHORITIES, STAMP, STAMPED, Redacts
from offboarding.packets.models import Packet
from offboarding.packets.queries import path_of
from offboarding.packets.reader import open_packet
from offboarding.packets.redaction.redact import redacted
from offboarding.packets.redaction.restore import contents_of
from offboarding.packets.report.instructions import commands
from offboarding.packets.verifier import verify
from offboarding.packets.writer import write_packet
from offboarding.stamps.actions import wake
from offboarding.stamps.models import Stamping
from offboarding.work import desks
from offboarding.work.actions import claim
from tests.tsa import Authority, served

Make = Callable[..., Any]
ALL = {f"data/{each}" for each in (STAMPED, STAMP, AUTHORITIES)}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "ours")


@pytest.fixture
def tsa(authority: Authority, settings: Any) -> Iterator[None]:
    with served(authority.answer) as (url, _):
        settings.TIME_STAMP_URL, settings.TIME_STAMP_CA = url, str(authority.ca)
        yield


@pytest.fixture
def closed(running: Make, settings: Any, tmp_path: Path) -> Packet:
    """A request that closes; its packet is ordered."""
    settings.PACKET_ROOT, settings.EVIDENCE_ROOT = tmp_path / "packets", tmp_path / "evidence"
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    removal = running("Acme Production")
    Run.objects.filter(item__plan__removal=removal, item__blocks_closing=True).update(
        state="done", ended="already", ended_at=datetime.now(UTC)
    )
    journey.advance(removal.pk)
    return Packet.objects.get()


def turn(packet: Packet) -> Packet:
    Packet.objects.filter(pk=packet.pk).exclude(not_before=None).update(
        not_before=datetime.now(UTC) - timedelta(seconds=5)
    )
    held = claim(Packet, packet.pk)
    assert held
    perform.perform(held)
    packet.refresh_from_db()
    return packet


def stamp() -> None:
    desks.DESKS["stamps.Stamping"].look(Stamping.objects.get().pk)


def test_a_packet_waits_for_the_stamp_of_a_checkpoint_that_covers_it(
    tsa: None, closed: Packet, tmp_path: Path
) -> None:
    assert (turn(closed).state, closed.sealed_at) == ("waiting", None)
    assert "time stamp" in closed.waiting_for
    stamp()
    assert turn(closed).state == "done"
    stamped = Stamp.objects.get().checkpoint
    bag = open_packet(path_of(closed)).bag
    assert set(bag) >= ALL
    unpacked = tmp_path / "unpacked"
    ZipFile(path_of(closed)).extractall(unpacked)
    name = closed.removal.reference
    for command in commands(name, stamped=True):
        if command.run.startswith(("unzip", "openssl ts")):
            done = subprocess.run(
                shlex.split(command.run), cwd=unpacked, capture_output=True, text=True, check=True
            )
    assert "Verification: OK" in done.stdout + done.stderr
    assert command.run.startswith("python3") and "openssl ts -verify" in (unpacked / "VERIFY.txt").read_text()
    assert (unpacked / name / "data" / STAMPED).read_bytes() == line_of(stamped)
    said = verify(str(path_of(closed)))
    assert said.ok and "The time stamp names the checkpoint" in str(said.lines)


def test_openssl_says_no_to_another_checkpoint_and_to_another_authority(
    tsa: None, closed: Packet, tmp_path: Path, authority: Authority
) -> None:
    turn(closed)
    stamp()
    (tmp_path / "tsr").write_bytes(bytes(Stamp.objects.get().answer))
    line = line_of(Checkpoint.objects.get(stamp__isnull=False))
    other = Authority(tmp_path / "other")
    for data, ca in ((line + b" ", authority.ca), (line, other.ca)):
        (tmp_path / "data").write_bytes(data)
        command = ["openssl", "ts", "-verify", "-data", "data", "-in", "tsr", "-CAfile", str(ca)]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode


def test_a_stamp_holds_with_openssl_after_its_certificate_is_over(
    tmp_path: Path, tsa: None, closed: Packet, authority: Authority
) -> None:
    """As the instructions say: asked as of the stamped time."""
    turn(closed)
    stamp()
    made = Stamp.objects.get()
    (tmp_path / "tsr").write_bytes(bytes(made.answer))
    (tmp_path / "data").write_bytes(line_of(made.checkpoint))
    command = [
        "openssl",
        "ts",
        "-verify",
        "-data",
        "data",
        "-in",
        "tsr",
        "-CAfile",
        str(authority.ca),
        "-attime",
    ]
    later = str(int((made.at + timedelta(days=3650)).timestamp()))
    then = str(int(made.at.timestamp()))
    codes = [
        subprocess.run([*command, at], cwd=tmp_path, capture_output=True, check=False).returncode
        for at in (later, then)
    ]
    assert codes == [1, 0]


def test_the_same_packet_is_the_same_bytes_twice_whatever_is_stamped_meanwhile(
    tsa: None, closed: Packet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its maker died once the file stood."""

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    turn(closed)
    stamp()
    with monkeypatch.context() as patch:
        patch.setattr(perform.actions, "sealed", dies)
        with pytest.raises(KeyboardInterrupt):
            turn(closed)
    (file,) = perform.Path(perform.settings.PACKET_ROOT).glob("*-packet.zip")
    first = file.read_bytes()
    with transaction.atomic():
        record(Event.REMOVAL_READ, actor=APP, about=closed.removal.reference)
    checkpoint()
    wake()
    stamp()
    assert Stamp.objects.count() == 2, "a newer one, which is not taken"
    Packet.objects.update(state="ready", not_before=datetime.now(UTC), lease_until=None)
    assert turn(closed).state == "done"
    assert file.read_bytes() == first == path_of(closed).read_bytes()


def test_an_authority_that_is_down_holds_a_packet_up_for_two_minutes_and_no_longer(
    closed: Packet, settings: Any, authority: Authority
) -> None:
    settings.TIME_STAMP_URL, settings.TIME_STAMP_CA = "http://127.0.0.1:9/tsr", str(authority.ca)
    assert turn(closed).state == "waiting"
    stamp()
    assert turn(closed).state == "waiting"
    Packet.objects.update(created_at=datetime.now(UTC) - timedelta(seconds=121))
    assert turn(closed).state == "done"
    assert not ALL & set(open_packet(path_of(closed)).bag)
    assert verify(str(path_of(closed))).ok


def test_without_an_authority_a_packet_is_as_before(closed: Packet) -> None:
    assert turn(closed).state == "done"
    bag = open_packet(path_of(closed))
    assert not ALL & set(bag.bag) and b"openssl ts" not in bag.small("VERIFY.txt")


def test_a_redacted_copy_carries_the_same_stamp(tsa: None, closed: Packet, tmp_path: Path) -> None:
    turn(closed)
    stamp()
    turn(closed)
    whole = open_packet(path_of(closed))
    (tmp_path / "copy").mkdir()
    contents = redacted(contents_of(whole), Redacts(closed.sha256, closed.bag_sha256))
    copy = open_packet(write_packet(contents, tmp_path / "copy", current_key()).path)
    for path in ALL:
        assert copy.small(path) == whole.small(path)


def test_the_program_finds_a_stamp_that_is_over_something_else(
    tsa: None, closed: Packet, tmp_path: Path
) -> None:
    turn(closed)
    stamp()
    turn(closed)
    contents = contents_of(open_packet(path_of(closed)))
    (tmp_path / "wrong").mkdir()
    wrong = replace(contents, checkpoint=replace(contents.checkpoint, stamp=b"another one"))
    said = verify(str(write_packet(wrong, tmp_path / "wrong", current_key()).path))
    assert not said.ok and "The time stamp is not over the checkpoint of this packet." in str(said.lines)

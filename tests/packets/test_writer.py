"""Writing a packet: one file that ordinary tools agree with, the same every time, whole or not there."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from offboarding.lib import canonical, signing
from offboarding.lib.bags import ChangedSource
from offboarding.lib.signing import Signer
from offboarding.packets import contents as parts
from offboarding.packets.contents import PacketContents
from offboarding.packets.lists import tables
from offboarding.packets.report.instructions import commands
from offboarding.packets.verifier import verify
from offboarding.packets.writer import PacketRefused, WrittenPacket, evidence_path, read_part, write_packet
from tests.packets.test_verifier import chain

Make = Callable[..., PacketContents]
MakeEvidence = Callable[..., parts.Evidence]
BAGIT = Path(sys.executable).with_name("bagit.py")


@pytest.fixture
def written(sample: Make, signer: Signer, tmp_path: Path) -> WrittenPacket:
    return write_packet(sample(), tmp_path, signer)


def bag_of(packet: WrittenPacket) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(read_part(packet.path, packet.bag.offset, packet.bag.size))))


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{BAGIT.parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        shell=True,
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": path, "LANG": "C.UTF-8"},
    )


def test_each_command_of_the_instructions_agrees(written: WrittenPacket) -> None:
    folder = written.path.parent
    zipfile.ZipFile(written.path).extractall(folder)
    answers = (
        "R-1042.zip: OK",
        "Signature Verified Successfully",
        "R-1042/data/report.pdf",
        "is valid",
        "whole",
    )
    for command, answer in zip(commands("R-1042"), answers, strict=True):
        done = shell(command.run, folder)
        assert done.returncode == 0, (command.run, done.stderr)
        assert answer in done.stdout + done.stderr


def test_the_instructions_tell_the_commands_and_the_key(written: WrittenPacket, signer: Signer) -> None:
    text = zipfile.ZipFile(written.path).read("VERIFY.txt").decode()
    assert all(command.run in text for command in commands("R-1042"))
    assert signer.key_id in text
    assert all(len(line) <= 150 for line in text.splitlines())


def test_the_command_that_prints_the_fingerprint_of_the_key_prints_it(
    written: WrittenPacket, signer: Signer
) -> None:
    text = zipfile.ZipFile(written.path).read("VERIFY.txt").decode()
    command = next(line.strip() for line in text.splitlines() if "openssl pkey " in line)
    zipfile.ZipFile(written.path).extractall(written.path.parent)
    assert shell(command, written.path.parent).stdout.strip() == signer.key_id


def test_the_page_for_auditors_tells_the_same_commands_and_files(written: WrittenPacket) -> None:
    page = (Path(__file__).parents[2] / "docs" / "verify-a-packet.md").read_text()
    assert all(command.run in page for command in commands("R-1042"))
    assert all(f"`{part.path}`" in page for part in written.parts)
    data = {name.removeprefix("R-1042/data/") for name in bag_of(written).namelist() if "/data/" in name}
    assert all(f"`{name}`" in page for name in data if not name.startswith("evidence/"))


def test_two_writings_give_the_same_bytes(sample: Make, signer: Signer, tmp_path: Path) -> None:
    found = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found.add(write_packet(sample(), tmp_path / name, signer).path.read_bytes())
    assert len(found) == 1


def test_what_is_told_of_the_packet_is_so(written: WrittenPacket, signer: Signer) -> None:
    data = written.path.read_bytes()
    assert (written.sha256, written.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert written.bag.path == "R-1042.zip"
    for part in written.parts:
        piece = b"".join(read_part(written.path, part.offset, part.size))
        assert hashlib.sha256(piece).hexdigest() == part.sha256
        assert zipfile.ZipFile(written.path).read(part.path) == piece
    line = f"{written.bag.sha256}  R-1042.zip\n".encode()
    assert signing.verify(signer.public_pem(), written.signature, line)
    assert written.part("R-1042.zip.sha256.sig").size == 64
    with pytest.raises(KeyError):
        written.part("nothing")


def test_the_bag_holds_all_of_it(written: WrittenPacket, sample: Make) -> None:
    assert bag_of(written).namelist() == [
        f"R-1042/{name}"
        for name in (
            "bagit.txt",
            "data/report.pdf",
            "data/removal.json",
            "data/plan.json",
            "data/approvals.json",
            "data/runs.json",
            "data/findings.json",
            *(f"data/lists/{name}.csv" for name in tables(sample())),
            "data/evidence/01-members-before.json",
            "data/evidence/02-members-after.json",
            "data/evidence/03-Screenshot-50.png",
            "data/ledger/entries.jsonl",
            "data/ledger/proofs.json",
            "data/ledger/checkpoint.json",
            "data/keys/public.pem",
            "manifest-sha256.txt",
            "bag-info.txt",
            "VERIFY.txt",
            "verify.py",
            "tagmanifest-sha256.txt",
        )
    ]


def test_the_record_keeps_exact_names_and_has_each_required_field(written: WrittenPacket) -> None:
    record = json.loads(bag_of(written).read("R-1042/data/removal.json"))
    assert record["reference"] == "R-1042"
    assert record["ticket"] == "OPS-771"
    assert record["handoff_notes"]
    assert record["executed_by"] == ["Offboard", "Olga Ortiz"]
    assert [place["workspace"] for place in record["places"]] == ["Acme Prod", "Acme Dev", "Acme EU"]
    assert record["places"][0]["removed_at"] == "2026-03-31T09:44:00Z"
    assert record["credentials"][0]["act"] == "rotated"
    assert record["resources"][0]["kind"] == "source"
    assert record["evidence"][2]["name"] == "Screenshot 漢字 50%.png"
    assert record["evidence"][2]["path"] == "data/evidence/03-Screenshot-50.png"


def test_sha256sum_of_the_plan_is_its_fingerprint(written: WrittenPacket, sample: Make) -> None:
    plan = bag_of(written).read("R-1042/data/plan.json")
    assert hashlib.sha256(plan).hexdigest() == sample().plan_fingerprint
    assert (
        json.loads(bag_of(written).read("R-1042/data/approvals.json"))[1]["fingerprint"]
        == sample().plan_fingerprint
    )


def test_the_ledger_entries_stand_as_they_were_written(written: WrittenPacket, sample: Make) -> None:
    lines = bag_of(written).read("R-1042/data/ledger/entries.jsonl").splitlines()
    assert lines == [entry.data for entry in sample().entries]
    made = json.loads(bag_of(written).read("R-1042/data/ledger/checkpoint.json"))
    statement = sample().checkpoint
    assert canonical.dumps(made["checkpoint"]) == statement.data
    assert b64decode(made["signature"]) == statement.signature


def test_answers_that_canonical_json_refuses_do_not_stop_a_packet(
    sample: Make, signer: Signer, tmp_path: Path
) -> None:
    odd = {"share": 0.25, "huge": 2**60, "half": "\ud83d", 7: None}
    written = write_packet(sample(runs=(parts.Run(1, "Acme", "done", before=odd),)), tmp_path, signer)
    before = json.loads(bag_of(written).read("R-1042/data/runs.json"))[0]["before"]
    assert before == {"share": "0.25", "huge": str(2**60), "half": "[U+D83D]", "7": None}


def test_a_later_version_has_a_name_of_its_own(sample: Make, signer: Signer, tmp_path: Path) -> None:
    first = write_packet(sample(), tmp_path, signer)
    more = parts.Addendum(
        2, "2026-04-02T08:00:00Z", "Offboard", "The audit event came in.", 1, first.bag.sha256
    )
    second = write_packet(sample(version=2, addenda=(more,)), tmp_path, signer)
    assert (first.path.name, second.path.name) == ("R-1042-packet.zip", "R-1042-v2-packet.zip")
    assert second.bag.path == "R-1042-v2.zip"
    assert f"It follows version 1, whose bag has the SHA-256 {first.bag.sha256}." in str(
        verify(str(second.path)).lines
    )


def refused_contents(made: PacketContents) -> list[tuple[str, PacketContents]]:
    first, *rest = made.entries
    forged = replace(made.checkpoint, signature=bytes(64))
    return [
        ("signs that a file name", replace(made, reference="../R-1042")),
        ("does not have the fingerprint", replace(made, plan={"v": 2})),
        ("No approval carries", replace(made, approvals=made.approvals[:1])),
        ("No approval carries", replace(made, approvals=())),
        ("same number", replace(made, evidence=made.evidence + made.evidence[:1])),
        ("signature of the checkpoint", replace(made, checkpoint=forged)),
        ("out of order", replace(made, entries=(*rest, first))),
        ("does not have the hash", replace(made, entries=(replace(first, data=b"{}"), *rest))),
    ]


def test_contents_that_contradict_themselves_are_refused(
    sample: Make, signer: Signer, tmp_path: Path
) -> None:
    for says, made in refused_contents(sample()):
        with pytest.raises(PacketRefused, match=says):
            write_packet(made, tmp_path, signer)
    assert list(tmp_path.iterdir()) == []


def test_an_emergency_needs_no_approval(sample: Make, signer: Signer, tmp_path: Path) -> None:
    assert write_packet(sample(approvals=(), approved_at=None, emergency="INC-9"), tmp_path, signer).size


def test_damaged_evidence_leaves_no_packet_and_no_rest(
    sample: Make, make_evidence: MakeEvidence, signer: Signer, tmp_path: Path
) -> None:
    damaged = replace(
        make_evidence(1, "a.json", b"what was captured"), open=lambda: io.BytesIO(b"what is there now")
    )
    with pytest.raises(ChangedSource, match=r"01-a\.json: its SHA-256"):
        write_packet(sample(evidence=(damaged,)), tmp_path, signer)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "path", "reason"),
    [
        ("members.json", "evidence/07-members.json", "a plain name stays"),
        ("../../etc/passwd", "evidence/07-etc-passwd", "no way up"),
        ("漢字.png", "evidence/07-png", "other scripts stand in the record"),
        ("漢字", "evidence/07-file", "nothing left"),
        ("a\x00b\r\n%.txt", "evidence/07-a-b.txt", "no control signs, no percent"),
        ("x" * 300 + ".png", "evidence/07-" + "x" * 80 + ".png", "not too long"),
        (".hidden", "evidence/07-hidden", "not hidden"),
        ("report.", "evidence/07-report", "no dot at the end"),
    ],
)
def test_evidence_gets_a_name_that_every_system_can_write(
    name: str, path: str, reason: str, make_evidence: MakeEvidence
) -> None:
    assert evidence_path(make_evidence(7, name, b"")) == path, reason


class Noise(io.RawIOBase):
    """So many bytes that differ from piece to piece, without holding them."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        taken = min(size, self.left)
        self.left -= taken
        return self.left.to_bytes(8, "big") * (taken // 8)


def test_memory_does_not_grow_with_the_evidence(
    sample: Make, make_evidence: MakeEvidence, signer: Signer, tmp_path: Path
) -> None:
    size = 200 << 20
    seen, stream = hashlib.sha256(), Noise(size)
    while chunk := stream.read(1 << 20):
        seen.update(chunk)
    large = replace(
        make_evidence(1, "export.bin", b""),
        size=size,
        sha256=seen.hexdigest(),
        open=lambda: Noise(size),  # type: ignore[arg-type, return-value]
    )
    contents = sample(evidence=(large,))
    tracemalloc.start()
    written = write_packet(contents, tmp_path, signer)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert written.size > size
    assert peak < 16 << 20


# ---------------------------------------------------------------- with nothing but coreutils and openssl

COREUTILS = ("sha256sum", "cut", "tail", "base64")
PAGE = Path(__file__).parents[2] / "docs" / "verify-a-packet.md"


def bare(command: str, folder: Path, tools: Path) -> subprocess.CompletedProcess[str]:
    """In a shell that finds these tools alone, and no network where this machine can take it away."""
    shell = ["/bin/sh", "-c", command]
    away = ["/usr/bin/unshare", "-rn"] if offline() else []
    return subprocess.run(
        [*away, *shell], check=False, cwd=folder, capture_output=True, text=True, env={"PATH": str(tools)}
    )


def offline() -> bool:
    tried = subprocess.run(["/usr/bin/unshare", "-rn", "true"], check=False, capture_output=True)
    return tried.returncode == 0


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with links to a few tools of coreutils and to openssl, and nothing else."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in (*COREUTILS, "openssl"):
        found = shutil.which(name)
        assert found, name
        (folder / name).symlink_to(found)
    return folder


def test_coreutils_and_openssl_prove_a_packet_that_was_sealed_two_keys_ago(
    written: WrittenPacket, signer: Signer, tools: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for part in written.parts[:4]:  # each can be downloaded alone, so nothing has to be unpacked
        (empty / part.path).write_bytes(b"".join(read_part(written.path, part.offset, part.size)))
    second, third = Signer.generate(), Signer.generate()
    (empty / "signing-keys.jsonl").write_bytes(chain(signer, second, third))
    sums, signed = (bare(each.run, empty, tools) for each in commands("R-1042")[:2])
    assert (sums.stdout, sums.returncode) == ("R-1042.zip: OK\n", 0), sums.stderr
    assert "Signature Verified Successfully" in signed.stdout
    script = next(each for each in blocks() if "while IFS" in each)
    followed = bare(script, empty, tools)
    ours = (signer.key_id, second.key_id, third.key_id)
    assert followed.stdout.split("Signature Verified Successfully") == [
        f"{ours[0]}\n", f"\n{ours[1]}\n", f"\n{ours[2]}\n"
    ], followed.stderr  # fmt: skip


def test_the_same_commands_stop_at_a_key_for_which_nobody_signed(
    signer: Signer, tools: Path, tmp_path: Path
) -> None:
    stranger = Signer.generate()
    links = (
        chain(signer, Signer.generate()).splitlines(True)[:1]
        + chain(Signer.generate(), stranger).splitlines(True)[1:]
    )
    (tmp_path / "signing-keys.jsonl").write_bytes(b"".join(links))
    followed = bare(next(each for each in blocks() if "while IFS" in each), tmp_path, tools)
    assert stranger.key_id not in followed.stdout and "Successfully" not in followed.stdout


def blocks() -> list[str]:
    """The commands of the page, as they stand there."""
    found: list[list[str]] = [[]]
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("    "):
            found[-1].append(line[4:])
        elif found[-1]:
            found.append([])
    return ["\n".join(each) for each in found]

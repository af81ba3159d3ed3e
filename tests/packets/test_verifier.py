"""The verifier: every change is found, and no hostile file harms the one who checks it."""

import ast
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from offboarding.lib import canonical
from offboarding.lib.bags import StoredZip, from_bytes, write_bag
from offboarding.lib.signing import Signer
from offboarding.packets import contents as parts
from offboarding.packets import verifier, writer
from offboarding.packets.contents import PacketContents
from offboarding.packets.verifier import Line, Report, main, verify
from offboarding.packets.writer import WrittenPacket, write_packet

Make = Callable[..., PacketContents]
MakeLedger = Callable[..., tuple[parts.Checkpoint, tuple[parts.Entry, ...]]]
PROGRAM = Path(verifier.__file__)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report of a few bytes, so that a whole packet can be changed byte by byte."""
    monkeypatch.setattr(writer, "render", lambda contents, key_id: b"%PDF-1.7 small\n")


@pytest.fixture
def packet(small: None, sample: Make, signer: Signer, tmp_path: Path) -> WrittenPacket:
    return write_packet(sample(), tmp_path, signer)


class Found(Exception):
    """The first failed check: enough to know that a change was found."""


class Quick(Report):
    def check(self, step: Callable[[], str]) -> bool:
        if not super().check(step):
            raise Found
        return True


def is_found(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            verifier.Packet(file, str(path), Quick(), None).run()
        except Found:
            return True
    return False


def failures(path: Path) -> str:
    return "\n".join(line.says for line in verify(str(path)).lines if not line.ok)


# ---------------------------------------------------------------- a whole packet


def test_a_whole_packet_is_whole(packet: WrittenPacket, signer: Signer) -> None:
    report = verify(str(packet.path))
    assert report.ok, report.lines
    assert len(report.lines) == 14
    assert report.key_id == signer.key_id


def test_the_bag_with_its_files_beside_it_is_whole_too(packet: WrittenPacket, tmp_path: Path) -> None:
    zipfile.ZipFile(packet.path).extractall(tmp_path)
    assert verify(str(tmp_path / "R-1042.zip")).ok
    (tmp_path / "R-1042.zip.sha256.sig").unlink()
    assert "R-1042.zip.sha256.sig is missing" in failures(tmp_path / "R-1042.zip")


@pytest.mark.parametrize("key", ["right", "RIGHT", "wrong"])
def test_the_key_can_be_named(key: str, packet: WrittenPacket, signer: Signer) -> None:
    wanted = {"right": signer.key_id, "RIGHT": signer.key_id.upper(), "wrong": "0" * 16}[key]
    assert verify(str(packet.path), wanted).ok is (key != "wrong")


def test_the_program_in_the_packet_runs_alone(packet: WrittenPacket, tmp_path: Path) -> None:
    zipfile.ZipFile(packet.path).extract("verify.py", tmp_path)
    command = [sys.executable, "-I", "-S", str(tmp_path / "verify.py"), str(packet.path)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={"PYTHONIOENCODING": "ascii"}
    )
    assert done.returncode == 0, done.stdout
    assert "This packet is whole: all 14 checks passed." in done.stdout
    with packet.path.open("ab") as file:
        file.write(b"x")
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


def test_the_program_needs_the_standard_library_only() -> None:
    tree = ast.parse(PROGRAM.read_text(), feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)
    assert "subprocess" not in names
    assert "socket" not in names


def test_an_emergency_without_approval_is_whole_and_says_so(
    small: None, sample: Make, signer: Signer, tmp_path: Path
) -> None:
    made = write_packet(sample(approvals=(), emergency="INC-9"), tmp_path, signer)
    report = verify(str(made.path))
    assert report.ok
    assert any("nobody approved it beforehand" in line.says for line in report.lines)


# ---------------------------------------------------------------- changes


def unfound(path: Path, places: Iterable[int]) -> list[int]:
    """Where one changed bit of a byte is not found. Which bit is unforeseen; a seed keeps a failure repeatable."""
    chance, left = random.Random(1042), []
    with path.open("r+b", buffering=0) as file:
        for at in places:
            file.seek(at)
            old = file.read(1)
            file.seek(at)
            file.write(bytes([old[0] ^ (1 << chance.randrange(8))]))
            if not is_found(path):
                left.append(at)
            file.seek(at)
            file.write(old)
    assert verify(str(path)).ok
    return left


def test_each_changed_byte_is_found(
    small: None, sample: Make, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All bytes of a packet of the same build, but for the two long texts that stand in it twice: they are a line each."""
    lines = {"VERIFY.txt": b"Run verify.py.\n", "verify.py": b"print('whole')\n"}
    monkeypatch.setattr(
        writer, "_tags", lambda contents, signer: [from_bytes(name, text) for name, text in lines.items()]
    )
    made = write_packet(sample(), tmp_path, signer)
    assert unfound(made.path, range(made.size)) == []


def test_a_changed_byte_of_the_long_texts_is_found(packet: WrittenPacket) -> None:
    """Of a packet as it is handed out, every hundredth byte, which are hundreds in each copy of the program."""
    assert unfound(packet.path, range(0, packet.size, 101)) == []


def plain_commands_agree(path: Path) -> bool:
    """unzip, sha256sum and openssl, as the instructions give them."""
    folder, line = path.parent / "unpacked", "R-1042.zip.sha256"
    shutil.rmtree(folder, ignore_errors=True)
    commands = (
        f"unzip -q {path} -d {folder}",
        f"cd {folder} && sha256sum --strict -c {line}",
        f"cd {folder} && openssl pkeyutl -verify -pubin -inkey signing-key.pem -rawin -in {line} -sigfile {line}.sig",
    )
    return all(
        subprocess.run(command, shell=True, check=False, capture_output=True).returncode == 0
        for command in commands
    )


def test_a_changed_byte_of_any_content_is_found_by_the_plain_commands(packet: WrittenPacket) -> None:
    assert plain_commands_agree(packet.path)
    whole, chance = packet.path.read_bytes(), random.Random(1042)
    places = [part.offset + chance.randrange(part.size) for part in packet.parts for _ in range(6)]
    for at in places:
        packet.path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not plain_commands_agree(packet.path), at


@pytest.mark.parametrize("length", [0, 1, 21, 22, 97, 98, 500, -1, -22, -23, -5000])
def test_a_cut_off_packet_is_found(length: int, packet: WrittenPacket) -> None:
    data = packet.path.read_bytes()
    packet.path.write_bytes(data[:length])
    assert not verify(str(packet.path)).ok


@pytest.mark.parametrize("more", [b"\n", b"PK\5\6" + bytes(18), bytes(1000)])
def test_bytes_before_or_after_are_found(more: bytes, packet: WrittenPacket) -> None:
    data = packet.path.read_bytes()
    for changed in (data + more, more + data):
        packet.path.write_bytes(changed)
        assert not verify(str(packet.path)).ok


def test_a_packet_zipped_again_is_found(packet: WrittenPacket) -> None:
    with zipfile.ZipFile(packet.path) as found:
        files = {name: found.read(name) for name in found.namelist()}
    with zipfile.ZipFile(packet.path, "w", zipfile.ZIP_STORED) as again:
        for name, data in files.items():
            again.writestr(name, data)
    assert not verify(str(packet.path)).ok


# Someone with another key, or none, makes a new zip out of the old files. Each change is one of these.
Files = dict[str, bytes]


def forge(
    packet: WrittenPacket, change: Callable[[Files], None], signer: Signer, manifests: bool = True
) -> Path:
    """The packet with changed files, all digests made anew and signed with `signer`."""
    with zipfile.ZipFile(packet.path) as outer, zipfile.ZipFile(outer.open("R-1042.zip")) as bag:
        files = {name.removeprefix("R-1042/"): bag.read(name) for name in bag.namelist()}
    change(files)
    path = packet.path.with_name("forged.zip")
    with path.open("w+b") as out:
        zipped = StoredZip(out)
        with zipped.inner("R-1042.zip", 1 << 30) as inner:
            _forge_bag(out, files, manifests)
        line = f"{inner().sha256}  R-1042.zip\n".encode()
        beside = {
            "R-1042.zip.sha256": line,
            "R-1042.zip.sha256.sig": signer.sign(line),
            "signing-key.pem": signer.public_pem(),
            "VERIFY.txt": files["VERIFY.txt"],
            "verify.py": files["verify.py"],
        }
        for name, data in beside.items():
            zipped.add(from_bytes(name, data))
        zipped.finish()
    return path


def _forge_bag(out: IO[bytes], files: Files, manifests: bool) -> None:
    tags = ("VERIFY.txt", "verify.py")
    payload = [from_bytes(name[5:], data) for name, data in files.items() if name.startswith("data/")]
    if manifests:
        write_bag(out, "R-1042", payload, [], [from_bytes(name, files[name]) for name in tags])
        return
    zipped = StoredZip(out)
    for name, data in files.items():
        zipped.add(from_bytes(f"R-1042/{name}", data))
    zipped.finish()


def edit(name: str, change: Callable[[Any], Any]) -> Callable[[Files], None]:
    def apply(files: Files) -> None:
        value = change(json.loads(files[name]))
        files[name] = verifier.canonical(value)

    return apply


def rename(files: Files) -> None:
    files["data/evidence/01-other.json"] = files.pop("data/evidence/01-members-before.json")


def swap(files: Files) -> None:
    one, two = "data/evidence/01-members-before.json", "data/evidence/02-members-after.json"
    files[one], files[two] = files[two], files[one]


BAG_CHANGES: list[tuple[Callable[[Files], object], str]] = [
    (lambda files: files.pop("data/evidence/01-members-before.json"), "is missing"),
    (lambda files: files.update({"data/evidence/04-more.txt": b"x"}), "data/evidence/04-more.txt was added"),
    (lambda files: files.update({"data/plan.json": b"{}"}), "data/plan.json was changed"),
    (lambda files: files.update({"note.txt": b"x"}), "note.txt was added"),
    (lambda files: files.update({"VERIFY.txt": b"all is well"}), "VERIFY.txt was changed"),
    (lambda files: files.update({"bagit.txt": b"BagIt-Version: 0.97\n"}), "BagIt 1.0"),
    (lambda files: files.update({"manifest-sha256.txt": b"x\n"}), "not a SHA-256 and a path"),
    (lambda files: files.update({"bag-info.txt": b"Payload-Oxum: 1.1\n"}), "another size or number"),
    (lambda files: files.pop("tagmanifest-sha256.txt"), "tagmanifest-sha256.txt is missing"),
    (rename, "01-other.json was added"),
    (swap, "was changed"),
]


@pytest.mark.parametrize(("change", "says"), BAG_CHANGES)
def test_a_bag_that_does_not_fit_its_manifests_is_found_even_if_signed(
    change: Callable[[Files], None], says: str, packet: WrittenPacket, signer: Signer
) -> None:
    assert says in failures(forge(packet, change, signer, manifests=False))


def after(version: int, sha256: str) -> dict[str, Any]:
    """What a version says of the first one before it."""
    return {"version": version, "replaces_version": 1, "replaces_sha256": sha256}


RECORD_CHANGES: list[tuple[Callable[[Files], None], str]] = [
    (edit("data/plan.json", lambda plan: {**plan, "more": 1}), "not the plan whose fingerprint"),
    (
        edit("data/removal.json", lambda one: {**one, "addenda": [after(1, "no")]}),
        "a version before it without a SHA-256",
    ),
    (
        edit("data/removal.json", lambda one: {**one, "version": 2, "addenda": [after(2, "no")]}),
        "without a SHA-256",
    ),
    (edit("data/approvals.json", lambda all: []), "No approval of this plan"),
    (edit("data/approvals.json", lambda all: [{**all[1], "fingerprint": "0" * 64}]), "of another plan"),
    (edit("data/removal.json", lambda one: {**one, "evidence": one["evidence"][1:]}), "but not in both"),
    (swap, "is not the evidence that was captured"),
    (lambda files: files.update({"data/keys/public.pem": b"x"}), "beside the bag is not the one inside"),
    (lambda files: files.update({"data/plan.json": b'{"a": 1}'}), "not written in canonical form"),
    (edit("data/ledger/proofs.json", lambda all: all[1:]), "not the same in number"),
    (
        edit("data/ledger/proofs.json", lambda all: [{**one, "path": []} for one in all]),
        "not part of the ledger",
    ),
    (
        edit("data/ledger/proofs.json", lambda all: [{**one, "seq": 9} for one in all]),
        "not the one that its proof",
    ),
    (
        edit("data/ledger/proofs.json", lambda all: [{**one, "personal": 1} for one in all]),
        "does not have the form",
    ),
    (
        edit("data/ledger/checkpoint.json", lambda one: {**one, "signature": "AA=="}),
        "signature of the ledger",
    ),
    (
        edit(
            "data/ledger/checkpoint.json", lambda one: {**one, "checkpoint": {**one["checkpoint"], "size": 9}}
        ),
        "signature of the ledger",
    ),
    (lambda files: files.update({"data/findings.json": b"[" * 100_000}), ""),
    (lambda files: files.update({"data/approvals.json": b"[" * 100_000}), "does not have the form"),
]


@pytest.mark.parametrize(("change", "says"), RECORD_CHANGES)
def test_a_record_that_does_not_fit_together_is_found_even_if_signed(
    change: Callable[[Files], None], says: str, packet: WrittenPacket, signer: Signer
) -> None:
    found = failures(forge(packet, change, signer))
    assert says in found
    assert bool(found) is bool(says)


def test_a_packet_signed_anew_by_someone_else_shows_another_key(
    packet: WrittenPacket, signer: Signer
) -> None:
    thief = Signer.generate()
    change = edit("data/removal.json", lambda record: {**record, "notes": ["all is well"]})

    def with_key(files: Files) -> None:
        change(files)
        files["data/keys/public.pem"] = thief.public_pem()

    report = verify(str(forge(packet, with_key, thief)), signer.key_id)
    assert [line.says for line in report.lines if not line.ok] == [
        f"The signature is sound, but by key {thief.key_id}, not by the key that you named."
    ]


# ---------------------------------------------------------------- keys that followed each other


def chain(*signers: Signer, since: str = "2026-04-0{}T00:00:00.000000Z", unsigned: int = 0) -> bytes:
    """As the ledger tells it: each key's statement, signed by the key before. `unsigned`: the place of a lost one."""
    lines, before = [], None
    for n, key in enumerate(signers):
        said = {
            "v": 1,
            "key_id": key.key_id,
            "public_key": key.public_pem().decode(),
            "since": since.format(n + 1),
            "previous": before.key_id if before else "",
            "why": "burnt" if unsigned and n == unsigned else "",
        }
        signature = before.sign(canonical.dumps(said)) if before and n != (unsigned or -1) else b""
        lines.append(canonical.dumps({"key": said, "signature": b64encode(signature).decode()}))
        before = key
    return b"".join(line + b"\n" for line in lines)


def test_a_packet_that_was_sealed_two_keys_ago_still_verifies(packet: WrittenPacket, signer: Signer) -> None:
    second, third = Signer.generate(), Signer.generate()
    assert not verify(str(packet.path), third.key_id).ok
    report = verify(str(packet.path), third.key_id, chain(signer, second, third))
    assert report.ok, report.lines
    assert any(f"up to {third.key_id}" in line.says for line in report.lines)


NO_CHAINS = [
    (lambda old, new: chain(Signer.generate(), new), "does not lead from", "the packet's key is not in it"),
    (lambda old, new: chain(new, old), "does not lead from", "it leads the other way"),
    (lambda old, new: chain(old, Signer.generate()), "does not lead from", "the named key is not in it"),
    (lambda old, new: chain(old, new, unsigned=1), "No key signed for", "the old key was lost"),
    (
        lambda old, new: chain(old, new).replace(b'"why":""', b'"why":"x"'),
        "did not sign for",
        "a statement altered",
    ),
    (
        lambda old, new: chain(old, new, since="2026-03-0{}T00:00:00.000000Z"),
        "had been followed by another key",
        "an old key signs what came after it",
    ),
    (
        lambda old, new: chain(Signer.generate(), old, new),
        "is older than the key",
        "a key signs what came before it",
    ),
    (
        lambda old, new: b"".join(chain(old, Signer.generate(), new).splitlines(True)[::2]),
        "has a gap",
        "a link is gone",
    ),
    (lambda old, new: b"{}", "does not have the form", "no chain at all"),
]


@pytest.mark.parametrize(("made", "says", "because"), NO_CHAINS, ids=[row[2] for row in NO_CHAINS])
def test_a_chain_that_does_not_lead_to_the_named_key_is_refused(
    made: Callable[[Signer, Signer], bytes], says: str, because: str, packet: WrittenPacket, signer: Signer
) -> None:
    newest = Signer.generate()
    report = verify(str(packet.path), newest.key_id, made(signer, newest))
    assert any(says in line.says for line in report.lines if not line.ok), report.lines


def test_the_command_takes_the_chain_from_a_file(
    packet: WrittenPacket, signer: Signer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newest, path = Signer.generate(), tmp_path / "signing-keys.jsonl"
    words = ["--key-id", newest.key_id, "--keys", str(path), str(packet.path)]
    assert main(words) == 1 and "cannot be read" in capsys.readouterr().out
    path.write_bytes(chain(signer, newest))
    assert main(words) == 0


def test_a_name_that_an_entry_does_not_hold_is_found(
    small: None, sample: Make, signer: Signer, tmp_path: Path
) -> None:
    first, *rest = sample().entries
    wrong = replace(first, personal=(parts.Disclosure("person", "Somebody else", first.personal[1].salt),))
    made = write_packet(sample(entries=(wrong, *rest)), tmp_path, signer)
    assert "holds another person" in failures(made.path)


def test_entries_of_another_ledger_are_found(
    small: None, sample: Make, make_ledger: MakeLedger, signer: Signer, tmp_path: Path
) -> None:
    _, others = make_ledger(signer, about="R-2000")
    made = write_packet(sample(entries=others), tmp_path, signer)
    assert "not part of the ledger" in failures(made.path)


# ---------------------------------------------------------------- hostile files


def zip_of(path: Path, *files: tuple[str, bytes], **how: int) -> Path:
    with zipfile.ZipFile(path, "w", **how) as made:  # type: ignore[call-overload]
        for name, data in files:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = how.get("compression", zipfile.ZIP_STORED)
            made.writestr(info, data)
    return path


def handmade(name: bytes, times: int = 1) -> bytes:
    """A zip in the form of a packet, with names that the writer would refuse."""
    body = directory = b""
    for _ in range(times):
        local = (20, 0x0800, 0, 0, 33, 0, 0, 0, len(name), 0)
        central = (768 | 20, 20, 0x0800, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0o100644 << 16, len(body))
        directory += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", *central) + name
        body += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", *local) + name
    return body + directory + verifier.end_bytes(times, len(directory), len(body))


@pytest.mark.parametrize(
    ("name", "times", "says"),
    [
        (b"../../etc/cron.d/x", 1, "unsafe path"),
        (b"/etc/passwd", 1, "unsafe path"),
        (b"a\\..\\b", 1, "unsafe path"),
        (b"C:evil", 1, "unsafe path"),
        (b"a\x1b]0;evil\x07", 1, "cannot be seen"),
        ("a\u202eb".encode(), 1, "cannot be seen"),
        (b"\xff", 1, "does not have the form"),
        (b"same", 2, "twice"),
        (b"fine", 1, "neither a packet nor a bag"),
    ],
)
def test_hostile_names_are_refused_and_not_printed_raw(
    name: bytes, times: int, says: str, tmp_path: Path
) -> None:
    (tmp_path / "evil").write_bytes(handmade(name, times))
    found = failures(tmp_path / "evil")
    assert says in found
    assert found.isprintable()


def test_a_bomb_is_refused_without_unpacking_it(tmp_path: Path) -> None:
    bomb = zip_of(tmp_path / "bomb.zip", ("R-1/data/x", bytes(50 << 20)), compression=zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 100_000
    assert not verify(str(bomb)).ok


def test_sizes_that_lie_are_refused(tmp_path: Path) -> None:
    whole = handmade(b"fine")
    for at in range(len(whole)):
        for value in (0xFF, 0x7F):
            (tmp_path / "lie").write_bytes(whole[:at] + bytes([value]) * 4 + whole[at + 4 :])
            assert not verify(str(tmp_path / "lie")).ok


def test_an_endless_number_of_files_is_refused(tmp_path: Path) -> None:
    end = verifier.end_bytes(2**63, 46, 0)
    (tmp_path / "many").write_bytes(bytes(46) + end)
    assert not verify(str(tmp_path / "many")).ok


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verifier.main([str(tmp_path / "nothing.zip")]) == 1
    assert "The file cannot be opened" in capsys.readouterr().out
    assert verify(str(tmp_path)).lines[0].ok is False


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fall_over(data: bytes) -> None:
    path = f"/proc/self/fd/{(number := os.memfd_create('packet'))}"
    try:
        os.write(number, data)
        assert not verify(path).ok
    finally:
        os.close(number)


def test_a_report_without_a_line_is_not_a_yes() -> None:
    assert not Report().ok
    made = Report()
    made.lines = [Line(True, "one"), Line(False, "two")]
    assert not made.ok


# ---------------------------------------------------------------- Ed25519

VECTORS = [  # RFC 8032, section 7.1: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc_hold_and_neighbours_do_not(key: str, message: str, signature: str) -> None:
    public, data, made = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert verifier.ed25519_verify(public, made, data)
    assert not verifier.ed25519_verify(public, made, data + b"x")
    assert not verifier.ed25519_verify(public, bytes([made[0] ^ 1]) + made[1:], data)
    assert not verifier.ed25519_verify(public, made[:63] + bytes([made[63] ^ 1]), data)
    assert not verifier.ed25519_verify(public, made[:63], data)
    assert not verifier.ed25519_verify(public[:31], made, data)


def test_a_second_signature_made_from_the_first_is_refused() -> None:
    """Adding the order of the group to the scalar gives other bytes for the same point (RFC 8032, 8.4)."""
    key, message, signature = (bytes.fromhex(text) for text in VECTORS[1])
    scalar = int.from_bytes(signature[32:], "little") + verifier.ORDER
    assert not verifier.ed25519_verify(key, signature[:32] + scalar.to_bytes(32, "little"), message)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ((2**255 - 19).to_bytes(32, "little"), "not reduced"),
        ((2).to_bytes(32, "little"), "not on the curve"),
        ((1 | 1 << 255).to_bytes(32, "little"), "minus zero"),
    ],
)
def test_a_key_that_is_no_point_is_refused(key: bytes, reason: str) -> None:
    assert verifier.decode_point(key) is None, reason


def keys() -> Iterator[Ed25519PrivateKey]:
    for number in range(8):
        yield Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def test_it_agrees_with_an_independent_implementation() -> None:
    for key in keys():
        raw = key.public_key().public_bytes_raw()
        assert verifier.ed25519_verify(raw, key.sign(raw), raw)

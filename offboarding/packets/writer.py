"""Writes a packet: one zip that carries the bag, its digest line, the signature, the key, and how to check them.

`R-1042-packet.zip` is what an auditor downloads. Inside it stand, stored byte for byte:

    R-1042.zip             the bag (BagIt 1.0)
    R-1042.zip.sha256      its digest line, for `sha256sum -c`
    R-1042.zip.sha256.sig  the Ed25519 signature over that line
    signing-key.pem        the public key
    VERIFY.txt, verify.py  how to check it all, by hand and by program

Since nothing is packed, each of these is also a range of bytes of the one file, and can be handed out alone.
The same contents and the same key give the same bytes. Memory does not grow with the size of the evidence.
"""

import os
import re
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

from offboarding.lib import canonical, signing
from offboarding.lib.bags import BagFile, Stored, StoredZip, from_bytes, write_bag
from offboarding.lib.hashing import CHUNK, sha256_hex, sha256_stream
from offboarding.lib.signing import Signer
from offboarding.packets.contents import (
    AUTHORITIES,
    STAMP,
    STAMPED,
    Checkpoint,
    Entry,
    Evidence,
    PacketContents,
    plain,
)
from offboarding.packets.lists import lists
from offboarding.packets.report import render
from offboarding.packets.report.instructions import verify_text

# These have a file of their own in the bag; data/removal.json holds all the rest.
_ELSEWHERE = {"plan", "approvals", "runs", "findings", "entries", "checkpoint"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Room for everything in the bag but the evidence and the parts made here: headers, manifests, the list of contents.
_ROOM = 1 << 20
_ROOM_PER_FILE = 1 << 11


class PacketRefused(Exception):
    """The contents contradict themselves, so a packet made of them could not be proved."""


@dataclass(frozen=True)
class WrittenPacket:
    """A packet on disk. `parts` are its files in order; the first is the bag."""

    path: Path
    sha256: str
    size: int
    key_id: str
    signature: bytes
    parts: tuple[Stored, ...]
    report_sha256: str

    @property
    def bag(self) -> Stored:
        """The bag: its name, its SHA-256, its size in bytes, and where it begins in the file."""
        return self.parts[0]

    def part(self, name: str) -> Stored:
        """The part of that name. Raises KeyError."""
        for part in self.parts:
            if part.path == name:
                return part
        raise KeyError(name)


def write_packet(contents: PacketContents, folder: Path, signer: Signer) -> WrittenPacket:
    """Write `<name>-packet.zip` into the folder: whole and on disk, or not at all.

    Raises PacketRefused if the contents contradict themselves, `bags.ChangedSource` if an evidence file is not the
    one on record, and `typesetting.DocumentRefused`.
    """
    check(contents)
    path = folder / f"{contents.name}-packet.zip"
    with _settled(path) as out:
        parts, signature, report = _write(out, contents, signer)
        out.seek(0)
        digest, size = sha256_stream(out)
    return WrittenPacket(path, digest, size, signer.key_id, signature, parts, report)


def read_part(path: Path, offset: int, size: int) -> Iterator[bytes]:
    """The bytes of one part of a packet, 1 MiB at a time."""
    with path.open("rb") as packet:
        packet.seek(offset)
        while size and (chunk := packet.read(min(CHUNK, size))):
            size -= len(chunk)
            yield chunk


def check(contents: PacketContents) -> None:
    """Raises PacketRefused, with a sentence, if plan, approvals, ledger or names do not fit together."""
    if not _NAME.fullmatch(contents.reference):
        raise PacketRefused("The reference has signs that a file name should not have.")
    if not contents.redacts and canonical.digest(plain(contents.plan)) != contents.plan_fingerprint:
        raise PacketRefused("The plan does not have the fingerprint that was given for it.")
    yes = [one for one in contents.approvals if one.decision == "approved"]
    if not contents.emergency and not any(one.fingerprint == contents.plan_fingerprint for one in yes):
        raise PacketRefused("No approval carries the fingerprint of the plan.")
    numbers = [file.number for file in contents.evidence]
    if len(set(numbers)) != len(numbers):
        raise PacketRefused("Two evidence files have the same number.")
    _check_ledger(contents)


def _check_ledger(contents: PacketContents) -> None:
    statement = contents.checkpoint
    if not signing.verify(statement.public_pem, statement.signature, statement.data):
        raise PacketRefused("The signature of the checkpoint is wrong.")
    size, last = canonical.loads(statement.data)["size"], 0
    for entry in contents.entries:
        if not last < entry.seq <= size:
            raise PacketRefused(f"Ledger entry {entry.seq} is out of order, or later than the checkpoint.")
        if not entry.leaf and sha256_hex(entry.data) != entry.hash:
            raise PacketRefused(f"Ledger entry {entry.seq} does not have the hash that was given for it.")
        last = entry.seq


def _write(out: IO[bytes], contents: PacketContents, signer: Signer) -> tuple[tuple[Stored, ...], bytes, str]:
    """Its parts, the signature, and the SHA-256 of the report."""
    name, zipped = contents.name, StoredZip(out)
    tags = _tags(contents, signer)
    payload = list(_payload(contents, signer))
    room = sum(file.size + _ROOM_PER_FILE for file in [*payload, *tags]) + _ROOM
    with zipped.inner(f"{name}.zip", room) as inner:
        report, *_ = write_bag(out, name, payload, _info(contents), tags)
    bag = inner()
    line = f"{bag.sha256}  {bag.path}\n".encode("ascii")
    signature = signer.sign(line)
    beside = [
        from_bytes(f"{bag.path}.sha256", line),
        from_bytes(f"{bag.path}.sha256.sig", signature),
        from_bytes("signing-key.pem", signer.public_pem()),
        *tags,
    ]
    parts = (bag, *(zipped.add(file) for file in beside))
    zipped.finish()
    return parts, signature, report.sha256


def _tags(contents: PacketContents, signer: Signer) -> list[BagFile]:
    program = Path(__file__).with_name("verifier.py").read_bytes()
    text = verify_text(contents.name, signer.key_id, bool(contents.checkpoint.stamp)).encode("utf-8")
    return [from_bytes("VERIFY.txt", text), from_bytes("verify.py", program)]


def _info(contents: PacketContents) -> list[tuple[str, str]]:
    return [
        ("Bagging-Date", contents.sealed_at[:10]),
        ("External-Identifier", contents.reference),
        ("External-Description", f"Access removal record {contents.reference}, version {contents.version}"),
    ]


def _payload(contents: PacketContents, signer: Signer) -> Iterator[BagFile]:
    yield from_bytes("report.pdf", render(contents, signer.key_id))
    yield _json("removal.json", _removal(contents))
    yield _json("plan.json", contents.plan)
    yield _json("approvals.json", contents.approvals)
    yield _json("runs.json", contents.runs)
    yield _json("findings.json", contents.findings)
    yield from lists(contents)
    for file in sorted(contents.evidence, key=lambda one: one.number):
        yield BagFile(evidence_path(file), file.size, file.open, file.sha256)
    yield from_bytes("ledger/entries.jsonl", _lines(contents.entries))
    yield _json("ledger/proofs.json", [_proof(entry) for entry in contents.entries])
    yield _json("ledger/checkpoint.json", _checkpoint(contents))
    if contents.checkpoint.stamp:
        yield from _stamp(contents.checkpoint)
    yield from_bytes("keys/public.pem", signer.public_pem())


def evidence_path(file: Evidence) -> str:
    """Where an evidence file stands under data/: its number, and as much of its name as every system can write."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", file.name).strip("-.")
    stem, dot, ending = safe.rpartition(".")
    short = f"{stem[:80].strip('-.')}{dot}{ending[:16]}" if stem else safe[:96]
    return f"evidence/{file.number:02d}-{short.strip('-.') or 'file'}"


def _removal(contents: PacketContents) -> dict[str, Any]:
    """The machine-readable record: all fields that have no file of their own, and the path of each evidence file."""
    record = {one.name: getattr(contents, one.name) for one in fields(contents) if one.name not in _ELSEWHERE}
    files = [{**plain(file), "path": f"data/{evidence_path(file)}"} for file in contents.evidence]
    return {"v": 1, **record, "evidence": files}


def _lines(entries: Iterable[Entry]) -> bytes:
    return b"".join(entry.data + b"\n" for entry in entries if not entry.leaf)


def _proof(entry: Entry) -> dict[str, Any]:
    left_out = {"leaf": entry.leaf} if entry.leaf else {}
    return {
        **left_out,
        "seq": entry.seq,
        "index": entry.seq - 1,
        "hash": entry.hash,
        "path": entry.proof,
        "personal": entry.personal,
    }


def _checkpoint(contents: PacketContents) -> dict[str, Any]:
    made = contents.checkpoint
    return {
        "checkpoint": canonical.loads(made.data),
        "signature": b64encode(made.signature).decode("ascii"),
        "public_key": made.public_pem.decode("ascii"),
    }


def _stamp(made: Checkpoint) -> Iterator[BagFile]:
    """The bytes that were stamped stand in a file of their own, for `openssl ts -verify`."""
    signed = {
        "checkpoint": canonical.loads(made.data),
        "signature": b64encode(made.signature).decode("ascii"),
    }
    yield from_bytes(STAMPED, canonical.dumps(signed))
    yield from_bytes(STAMP, made.stamp)
    yield from_bytes(AUTHORITIES, made.authorities)


def _json(path: str, value: Any) -> BagFile:
    return from_bytes(path, canonical.dumps(plain(value)))


@contextmanager
def _settled(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name only when it is whole and on disk."""
    number, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(number, "w+b", buffering=CHUNK) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        # mkstemp allows the owner only; a packet is read by the web server too.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

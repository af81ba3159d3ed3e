"""Checks a packet: is it whole, and does what is in it fit together?

    python3 verify.py R-1042-packet.zip
    python3 verify.py --key-id 0123456789abcdef R-1042-packet.zip
    python3 verify.py --key-id 0123456789abcdef --keys signing-keys.jsonl R-1042-packet.zip

Needs Python 3.8 or newer and nothing else: no other package, no network, no key. It unpacks nothing and writes
nothing. It says what it checked in plain sentences, and ends with 0 if the packet is whole, with 1 if it is not.

This file stands on its own, so that an auditor can read all of it. In order: what is checked, the zip, the bag, what
the record says, the ledger, the signature (Ed25519), and the command.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import struct
import sys
import unicodedata
import zlib
from collections.abc import Callable, Sequence
from typing import IO, Any, NamedTuple

CHUNK = 1 << 20
# Nothing that is read into memory as a whole may be larger; the limits are far above what a packet needs.
MOST_TEXT = 256 << 20
MOST_DIRECTORY = 64 << 20
MOST_BESIDE = 1 << 20
LIMIT = 0xFFFFFFFF
STAMPED = "data/ledger/stamped.json"


class Bad(Exception):
    """Something is wrong with the packet. The message is a sentence for people."""


class Line(NamedTuple):
    """One thing that was checked, and whether it is so."""

    ok: bool
    says: str


class Report:
    """All that was checked. `ok` only if every check ran and none failed."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.key_id = ""

    @property
    def ok(self) -> bool:
        return bool(self.lines) and all(line.ok for line in self.lines)

    def check(self, step: Callable[[], str]) -> bool:
        """Run one check. It returns a sentence, or raises. A packet in an unforeseen form is a failure too."""
        try:
            self.lines.append(Line(True, step()))
        except Bad as error:
            self.lines.append(Line(False, str(error)))
        except OSError as error:
            self.lines.append(Line(False, f"The file cannot be read: {error.strerror}."))
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            IndexError,
            struct.error,
            RecursionError,
        ) as error:
            self.lines.append(
                Line(False, f"A part does not have the form that a packet has ({type(error).__name__}).")
            )
        return self.lines[-1].ok


def verify(path: str, key_id: str | None = None, keys: bytes = b"") -> Report:
    """Check the packet at `path`: `R-1042-packet.zip`, or the bag `R-1042.zip` with its other files beside it.

    With `key_id` (16 hex digits) the signing key must be that one, or one that was followed by it: `keys` is the chain
    of keys, one a line, each with the signature of the key before it.
    """
    report = Report()
    try:
        with open(path, "rb") as file:
            Packet(file, path, report, key_id, keys).run()
    except OSError as error:
        report.lines.append(Line(False, f"The file cannot be opened: {error.strerror}."))
    return report


class Packet:
    """One packet while it is being checked. Each method is one check: it returns a sentence or raises Bad."""

    def __init__(
        self, file: IO[bytes], path: str, report: Report, key_id: str | None, keys: bytes = b""
    ) -> None:
        self.file, self.path, self.report, self.wanted, self.keys = file, path, report, key_id, keys
        self.name = ""
        self.beside: dict[str, bytes] = {}
        self.bag: Part = Part(file, 0, os.fstat(file.fileno()).st_size, 0)
        self.files: dict[str, Part] = {}
        self.digests: dict[str, str] = {}

    def run(self) -> None:
        check = self.report.check
        if not check(self.outside):
            return
        check(self.digest_line)
        check(self.signature)
        if not check(self.inside):
            return
        check(self.payload)
        check(self.tags)
        check(self.copies)
        check(self.copy)
        check(self.versions)
        check(self.plan)
        check(self.evidence)
        check(self.checkpoint)
        if STAMPED in self.files:
            check(self.stamp)
        check(self.entries)
        check(self.proofs)

    # ------------------------------------------------------------ the file, its digest, its signature

    def outside(self) -> str:
        """The packet as it was downloaded, or a bag with the other files beside it."""
        parts = read_zip(self.bag)
        found = [name[: -len(".zip.sha256.sig")] for name in parts if name.endswith(".zip.sha256.sig")]
        if not found:
            return self.bag_alone()
        self.name = name = found[0]
        beside = [
            f"{name}.zip.sha256",
            f"{name}.zip.sha256.sig",
            "signing-key.pem",
            "VERIFY.txt",
            "verify.py",
        ]
        if list(parts) != [f"{name}.zip", *beside]:
            raise Bad(f"The packet should hold {name}.zip and five files beside it, and nothing else.")
        self.bag = parts[f"{name}.zip"]
        for one in beside:
            self.beside[one] = parts[one].read(MOST_BESIDE)
            if zlib.crc32(self.beside[one]) != parts[one].crc:
                raise Bad(f"{show(one)} was changed: its checksum in the zip is another one.")
        return f"The packet holds {name}.zip and the five files that belong to it."

    def bag_alone(self) -> str:
        folder, base = os.path.split(self.path)
        if not base.endswith(".zip"):
            raise Bad("This zip is neither a packet nor a bag.")
        self.name = base[: -len(".zip")]
        for one in (f"{base}.sha256", f"{base}.sha256.sig", "signing-key.pem"):
            try:
                with open(os.path.join(folder, one), "rb") as file:
                    self.beside[one] = file.read(MOST_BESIDE)
            except OSError:
                raise Bad(f"{show(one)} is missing: it should stand beside {show(base)}.") from None
        return "The bag stands beside its digest line, its signature and the key."

    def digest_line(self) -> str:
        digest, crc = self.bag.scan()
        if self.bag.crc and crc != self.bag.crc:
            raise Bad(f"{show(self.name)}.zip was changed: its checksum in the packet is another one.")
        if self.beside[f"{self.name}.zip.sha256"] != f"{digest}  {self.name}.zip\n".encode():
            raise Bad(f"{show(self.name)}.zip is not the file of which {show(self.name)}.zip.sha256 tells.")
        return f"The SHA-256 of {show(self.name)}.zip is the one in its digest line: {digest}."

    def signature(self) -> str:
        key = read_key(self.beside["signing-key.pem"])
        self.report.key_id = key_id_of(key)
        line = self.beside[f"{self.name}.zip.sha256"]
        if not ed25519_verify(key, self.beside[f"{self.name}.zip.sha256.sig"], line):
            raise Bad("The signature does not fit the digest line and the key.")
        if self.wanted is None or self.wanted.lower() == self.report.key_id:
            return f"The digest line is signed with key {self.report.key_id}."
        if not self.keys:
            raise Bad(
                f"The signature is sound, but by key {self.report.key_id}, not by the key that you named."
            )
        leads_to(read_keys(self.keys), self.report.key_id, self.wanted.lower())
        return (
            f"The digest line is signed with key {self.report.key_id}, and each key from there on signed for the next, "
            f"up to {self.wanted.lower()}."
        )

    # ------------------------------------------------------------ the bag

    def inside(self) -> str:
        parts, folder = read_zip(self.bag), self.name + "/"
        for path in parts:
            if not path.startswith(folder):
                raise Bad(f"{show(path)} stands outside the folder {show(folder)}")
        self.files = {path[len(folder) :]: part for path, part in parts.items()}
        for path, part in self.files.items():
            self.digests[path], crc = part.scan()
            if crc != part.crc:
                raise Bad(f"{show(path)} was changed: its checksum in the zip is another one.")
        if self.text("bagit.txt") != b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n":
            raise Bad("bagit.txt does not say that this is a bag after BagIt 1.0.")
        return f"The bag holds {len(self.files)} files, each in one place and once."

    def payload(self) -> str:
        data = {path for path in self.files if path.startswith("data/")}
        self.compare("manifest-sha256.txt", data)
        total = sum(self.files[path].size for path in data)
        if f"Payload-Oxum: {total}.{len(data)}" not in self.text("bag-info.txt").decode().splitlines():
            raise Bad("bag-info.txt tells of another size or number of files.")
        return f"All {len(data)} files under data/ are listed in the manifest, and each is as it was."

    def tags(self) -> str:
        others = {path for path in self.files if not path.startswith("data/")} - {"tagmanifest-sha256.txt"}
        self.compare("tagmanifest-sha256.txt", others)
        return f"The {len(others)} files that describe the bag are as they were."

    def compare(self, manifest: str, present: set[str]) -> None:
        """A manifest and the files that it should list: none missing, none more, none changed."""
        listed = read_manifest(self.text(manifest))
        wrong = {
            "is missing": set(listed) - present,
            "was added": present - set(listed),
            "was changed": {path for path in present & set(listed) if self.digests[path] != listed[path]},
        }
        found = [f"{show(path)} {how}" for how, paths in wrong.items() for path in sorted(paths)]
        if found:
            more = f", and {len(found) - 5} more" if len(found) > 5 else ""
            raise Bad(f"{manifest}: {', '.join(found[:5])}{more}.")

    def copies(self) -> str:
        """What stands in the packet twice is the same in both places, so the signature covers it all."""
        for one, inner in (
            ("VERIFY.txt", "VERIFY.txt"),
            ("verify.py", "verify.py"),
            ("signing-key.pem", _KEY),
        ):
            if one in self.beside and self.beside[one] != self.text(inner):
                raise Bad(f"{one} beside the bag is not the one inside it.")
        return "The key and the instructions beside the bag are those inside it."

    def text(self, path: str) -> bytes:
        if path not in self.files:
            raise Bad(f"{show(path)} is missing.")
        return self.files[path].read(MOST_TEXT)

    def json(self, path: str) -> Any:
        return read_json(self.text(path), path)

    # ------------------------------------------------------------ the record

    def versions(self) -> str:
        """A later version names each one before it, with the SHA-256 of its bag."""
        record = self.json("data/removal.json")
        version, added = record["version"], record["addenda"]
        if not added:
            return f"This is version {int(version)} of the packet; it names no other one that it follows."
        numbers = [version, *(one["replaces_version"] for one in added)]
        if numbers != sorted(numbers, reverse=True) or [one["version"] for one in added] != numbers[:-1]:
            raise Bad("The packet does not say which version it follows.")
        if not all(re.fullmatch("[0-9a-f]{64}", one["replaces_sha256"]) for one in added):
            raise Bad("The packet names a version before it without a SHA-256.")
        before = added[0]
        return (
            f"This is version {int(version)}. It follows version {int(before['replaces_version'])}, "
            f"whose bag has the SHA-256 {before['replaces_sha256']}."
        )

    def copy(self) -> str:
        """A redacted copy names the packet that it was made of; of that one the plan and the evidence are proved."""
        of = self.json("data/removal.json").get("redacts")
        if not of:
            return "This is the whole record, not a redacted copy."
        if not all(re.fullmatch("[0-9a-f]{64}", of[name]) for name in ("packet_sha256", "bag_sha256")):
            raise Bad("This redacted copy does not say of which packet it was made.")
        if of.get("client"):
            return f"This is the PART OF ONE CLIENT, {show(of['client'])}, of the packet with the SHA-256 {of['packet_sha256']}."
        return f"This is a REDACTED COPY of the packet with the SHA-256 {of['packet_sha256']}."

    def plan(self) -> str:
        self.json("data/plan.json")
        fingerprint, record = self.digests["data/plan.json"], self.json("data/removal.json")
        if redacted := record.get("redacts"):
            fingerprint = record["plan_fingerprint"]
        elif record["plan_fingerprint"] != fingerprint:
            raise Bad("data/plan.json is not the plan whose fingerprint stands in the record.")
        approvals = [one for one in self.json("data/approvals.json") if one["decision"] == "approved"]
        current = [one for one in approvals if one["plan_version"] == record["plan_version"]]
        for one in current:
            if one["fingerprint"] != fingerprint:
                raise Bad(f"The approval by {show(one['by'])} carries the fingerprint of another plan.")
        if not current and not record["emergency"]:
            raise Bad(
                "No approval of this plan is in the packet, and it does not say that this was an emergency."
            )
        if redacted:
            return f"Its {len(current)} approval(s) carry the fingerprint of the whole plan: {fingerprint}."
        if not current:
            return f"The plan has the fingerprint {fingerprint}. It was an emergency: nobody approved it beforehand."
        return f"The plan has the fingerprint that its {len(current)} approval(s) carry: {fingerprint}."

    def evidence(self) -> str:
        listed = {one["path"]: one for one in self.json("data/removal.json")["evidence"]}
        present = {path for path in self.files if path.startswith("data/evidence/")}
        for path in sorted(present ^ set(listed)):
            raise Bad(f"{show(path)} is in the list of evidence or in the bag, but not in both.")
        for path, one in listed.items():
            if (one["sha256"], one["size"]) != (self.digests[path], self.files[path].size):
                raise Bad(f"{show(path)} is not the evidence that was captured.")
        out = self.json("data/removal.json").get("left_out") or []
        if self.json("data/removal.json").get("redacts"):
            how = "" if self.json("data/removal.json")["redacts"].get("client") else ", redacted"
            return (
                f"{len(listed)} pieces of evidence are there{how}; {len(out)} were left out and are listed."
            )
        if out:
            raise Bad("The packet leaves out evidence, and does not say that it is a redacted copy.")
        return f"All {len(listed)} pieces of evidence are there, with the SHA-256 from the time of their capture."

    # ------------------------------------------------------------ the ledger

    def checkpoint(self) -> str:
        made = self.json("data/ledger/checkpoint.json")
        key, body = read_key(made["public_key"].encode()), canonical(made["checkpoint"])
        if not ed25519_verify(key, base64.b64decode(made["signature"], validate=True), body):
            raise Bad("The signature of the ledger's checkpoint is wrong.")
        if made["checkpoint"]["key_id"] != key_id_of(key):
            raise Bad("The checkpoint names another key than the one that signed it.")
        if self.keys:
            in_its_time(read_keys(self.keys), made["checkpoint"]["key_id"], made["checkpoint"]["at"])
        return f"The checkpoint of the ledger ({int(made['checkpoint']['size'])} entries) is signed by {key_id_of(key)}."

    def stamp(self) -> str:
        """Whether the authority signed it, and when, is for openssl to say: VERIFY.txt has the command."""
        made, signed = self.json("data/ledger/checkpoint.json"), self.text(STAMPED)
        if signed != canonical({name: made[name] for name in ("checkpoint", "signature")}):
            raise Bad("What was stamped is not the checkpoint of this packet.")
        if hashlib.sha256(signed).digest() not in self.text("data/ledger/stamped.tsr"):
            raise Bad("The time stamp is not over the checkpoint of this packet.")
        return "The time stamp names the checkpoint of this packet. Whether an authority signed it, openssl says: see VERIFY.txt."

    def entries(self) -> str:
        lines, proofs = self.ledger()
        before: tuple[int, str] | None = None
        for line, proof in zip(lines, [one for one in proofs if "leaf" not in one]):
            entry, digest = read_json(line, "data/ledger/entries.jsonl"), hashlib.sha256(line).hexdigest()
            seq = entry["seq"]
            if (proof["seq"], proof["hash"], proof["index"]) != (seq, digest, seq - 1):
                raise Bad(f"Ledger entry {int(seq)} is not the one that its proof is about.")
            if before and (seq <= before[0] or (seq == before[0] + 1 and entry["prev"] != before[1])):
                raise Bad(f"Ledger entry {int(seq)} does not follow entry {before[0]}.")
            check_personal(entry, proof["personal"])
            before = (seq, digest)
        return f"The {len(lines)} ledger entries are in order, and the names given for them are those that they hold."

    def proofs(self) -> str:
        statement = self.json("data/ledger/checkpoint.json")["checkpoint"]
        lines, proofs = self.ledger()
        shown, seen = iter(lines), 0
        for proof in proofs:
            # Every entry once: two proofs of one place would hide that another is missing.
            if proof["index"] < seen or proof["seq"] != proof["index"] + 1:
                raise Bad("The proofs of the ledger entries are not in order.")
            seen = proof["index"] + 1
            leaf = bytes.fromhex(proof["leaf"]) if "leaf" in proof else leaf_of(next(shown))
            if not included(leaf, proof["index"], statement["size"], proof["path"], statement["root"]):
                raise Bad(
                    f"Ledger entry {int(proof['seq'])} is not part of the ledger that the checkpoint tells of."
                )
        out = len(proofs) - len(lines)
        more = f" Of {out} of them only the place is shown." if out else ""
        return f"All {len(proofs)} entries are part of the ledger that the checkpoint tells of.{more}"

    def ledger(self) -> tuple[list[bytes], list[Any]]:
        lines = self.text("data/ledger/entries.jsonl").split(b"\n")
        proofs: list[Any] = self.json("data/ledger/proofs.json")
        left_out = sum("leaf" in one for one in proofs)
        if lines.pop() != b"" or len(lines) != len(proofs) - left_out:
            raise Bad("The ledger entries and their proofs are not the same in number.")
        if left_out and not self.json("data/removal.json").get("redacts"):
            raise Bad("The packet leaves out ledger entries, and does not say that it is a redacted copy.")
        return lines, proofs


_KEY = "data/keys/public.pem"


# ---------------------------------------------------------------- zip


class Part:
    """A range of bytes of the file. `crc` is the checksum that the zip gives for it."""

    def __init__(self, file: IO[bytes], offset: int, size: int, crc: int) -> None:
        self.file, self.offset, self.size, self.crc = file, offset, size, crc

    def slice(self, start: int, size: int) -> bytes:
        """`size` bytes from `start`; Bad if they are not all there."""
        if start < 0 or size < 0 or start + size > self.size:
            raise Bad("The zip is cut off, or points outside itself.")
        self.file.seek(self.offset + start)
        data = self.file.read(size)
        if len(data) != size:
            raise Bad("The zip is cut off.")
        return data

    def read(self, most: int) -> bytes:
        if self.size > most:
            raise Bad("A file that should be small is larger than this program reads.")
        return self.slice(0, self.size)

    def scan(self) -> tuple[str, int]:
        """SHA-256 and CRC-32 of the bytes, a piece at a time."""
        self.file.seek(self.offset)
        seen, crc, left = hashlib.sha256(), 0, self.size
        while left:
            chunk = self.file.read(min(CHUNK, left))
            if not chunk:
                raise Bad("The zip is cut off.")
            seen.update(chunk)
            crc, left = zlib.crc32(chunk, crc), left - len(chunk)
        return seen.hexdigest(), crc


def read_zip(whole: Part) -> dict[str, Part]:
    """The files of a zip, in order. Every byte that is not file content must be as a packet has it.

    Only stored files, one after the other, without gaps, comments, flags or attributes of their own: so nothing can
    hide between the files, and nothing can be small in the zip and huge outside it.
    """
    count, start, size = read_end(whole)
    directory, at, expected = whole.slice(start, size), 0, 0
    parts: dict[str, Part] = {}
    seen = set()
    for _ in range(count):
        name, crc, length, offset, record = read_record(directory, at)
        at += len(record)
        if offset != expected:
            raise Bad("The files in the zip do not stand one after the other.")
        header = read_header(whole, name, crc, length, offset)
        path = read_path(name)
        if same_file(path) in seen:
            raise Bad(f"The zip holds {show(path)} twice.")
        seen.add(same_file(path))
        parts[path] = Part(whole.file, whole.offset + offset + header, length, crc)
        expected = offset + header + length
    if at != size or expected != start:
        raise Bad("There is something in the zip that does not belong to any file.")
    return parts


def read_end(whole: Part) -> tuple[int, int, int]:
    """How many files, and where their list begins and how long it is, from the end of the zip."""
    short = whole.slice(whole.size - 22, 22)
    count, size, start = struct.unpack("<10xHIIxx", short)
    if count == 0xFFFF or size == LIMIT or start == LIMIT:
        count, size, start = struct.unpack("<32xQQQ", whole.slice(whole.size - 98, 56))
    end = end_bytes(count, size, start)
    if size > MOST_DIRECTORY or start + size + len(end) != whole.size:
        raise Bad("This is not a zip as a packet has it: bytes were added, or are missing.")
    if whole.slice(start + size, len(end)) != end:
        raise Bad("The end of the zip is not as a packet has it.")
    return count, start, size


def end_bytes(count: int, size: int, start: int) -> bytes:
    wide = b""
    if start >= LIMIT or size >= LIMIT or count >= 0xFFFF:
        wide = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 768 | 45, 45, 0, 0, count, count, size, start)
        wide += struct.pack("<4sIQI", b"PK\6\7", 0, start + size, 1)
    few = min(count, 0xFFFF)
    return wide + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, few, few, min(size, LIMIT), min(start, LIMIT), 0)


def read_record(directory: bytes, at: int) -> tuple[bytes, int, int, int, bytes]:
    """One line of the list of contents: name, checksum, size, place, and the bytes that it took."""
    crc, size, names, extras, offset = struct.unpack_from("<16xIxxxxIHH10xI", directory, at)
    name = directory[at + 46 : at + 46 + names]
    wide = extras == 28
    if wide:
        size, _, offset = struct.unpack_from("<QQQ", directory, at + 46 + names + 4)
    extra = struct.pack("<HHQQQ", 1, 24, size, size, offset) if wide else b""
    need, short, place = (45, LIMIT, LIMIT) if wide else (20, size, offset)
    head = (
        768 | need,
        need,
        0x0800,
        0,
        0,
        33,
        crc,
        short,
        short,
        len(name),
        len(extra),
        0,
        0,
        0,
        0o100644 << 16,
    )
    record = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", *head, place) + name + extra
    if directory[at : at + len(record)] != record:
        raise Bad("The list of contents of the zip is not as a packet has it.")
    return name, crc, size, offset, record


def read_header(whole: Part, name: bytes, crc: int, size: int, offset: int) -> int:
    """The length of the header before a file, which must say the same as the list of contents."""
    wide = struct.unpack("<H", whole.slice(offset + 28, 2))[0] == 20
    extra = struct.pack("<HHQQ", 1, 16, size, size) if wide else b""
    need, short = (45, LIMIT) if wide else (20, size)
    head = struct.pack(
        "<4sHHHHHIIIHH", b"PK\3\4", need, 0x0800, 0, 0, 33, crc, short, short, len(name), len(extra)
    )
    expected = head + name + extra
    if whole.slice(offset, len(expected)) != expected:
        raise Bad(f"The zip says two things about {show(name.decode('utf-8', 'replace'))}.")
    return len(expected)


def read_path(raw: bytes) -> str:
    """The path, unless some system would unpack it elsewhere or under another name."""
    name = raw.decode("utf-8")
    pieces = name.split("/")
    if any(piece in ("", ".", "..") for piece in pieces) or "\\" in name or ":" in name:
        raise Bad(f"The zip holds an unsafe path: {show(name)}.")
    if any(unicodedata.category(sign)[0] == "C" for sign in name):
        raise Bad(f"The zip holds a path with signs that cannot be seen: {show(name)}.")
    return name


def same_file(name: str) -> str:
    """Two names that differ in case or composition only are one file on many systems."""
    return unicodedata.normalize("NFC", name).casefold()


# ---------------------------------------------------------------- text


def read_manifest(data: bytes) -> dict[str, str]:
    """Path to SHA-256, from lines "<64 hex digits>  <path>"; CR, LF and % in paths are percent-encoded (RFC 8493)."""
    listed: dict[str, str] = {}
    lines = data.decode("utf-8").split("\n")
    if lines.pop() != "":
        raise Bad("The last line of a manifest is cut off.")
    for line in lines:
        found = re.fullmatch(r"([0-9a-f]{64})  (\S.*)", line)
        if not found:
            raise Bad("A line of a manifest is not a SHA-256 and a path.")
        path = found[2].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
        if path in listed:
            raise Bad(f"A manifest lists {show(path)} twice.")
        listed[path] = found[1]
    return listed


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def read_json(data: bytes, path: str) -> Any:
    """The value, if it is written in the one way in which a packet writes it (no value can hide behind another)."""
    value = json.loads(data.decode("utf-8"))
    if canonical(value) != data:
        raise Bad(f"{show(path)} is not written in canonical form.")
    return value


def show(text: str) -> str:
    """A name as it may be printed: a hostile one must not steer the terminal."""
    return "".join(sign if sign.isprintable() else f"[U+{ord(sign):04X}]" for sign in str(text)[:200])


# ---------------------------------------------------------------- ledger


def check_personal(entry: Any, given: Any) -> None:
    """Names stand in an entry as SHA-256 of a salt and the name; the salt comes with the proof."""
    for one in given:
        digest = hashlib.sha256(bytes.fromhex(one["salt"]) + one["value"].encode("utf-8")).hexdigest()
        held = (
            entry["actor"]["label_digest"] if one["name"] == "actor" else entry["personal"].get(one["name"])
        )
        if held != digest:
            raise Bad(
                f"Ledger entry {int(entry['seq'])} holds another {show(one['name'])} than the one given for it."
            )


def leaf_of(line: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + line).digest()


def included(leaf: bytes, index: int, size: int, path: Sequence[str], root: str) -> bool:
    """Does the path lead from the hash of a leaf to the root? RFC 6962, section 2.1, in the form of RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    first, last, current = index, size - 1, leaf
    for text in path:
        node = bytes.fromhex(text)
        if last == 0 or len(node) != 32:
            return False
        if first % 2 or first == last:
            current = hashlib.sha256(b"\x01" + node + current).digest()
            while first and first % 2 == 0:
                first, last = first >> 1, last >> 1
        else:
            current = hashlib.sha256(b"\x01" + current + node).digest()
        first, last = first >> 1, last >> 1
    return last == 0 and current.hex() == root


# ---------------------------------------------------------------- Ed25519 (RFC 8032, section 5.1)


class Point(NamedTuple):
    """A point of the curve in extended coordinates: x = X/Z, y = Y/Z, x*y = T/Z."""

    x: int
    y: int
    z: int
    t: int


P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
KEY_PREFIX = bytes.fromhex("302a300506032b6570032100")  # the DER of "an Ed25519 public key" (RFC 8410)


def read_key(pem: bytes) -> bytes:
    """The 32 bytes of the public key in a PEM file, which must be written in the one usual way."""
    middle = b"".join(pem.splitlines()[1:-1])
    raw = base64.b64decode(middle, validate=True)[len(KEY_PREFIX) :]
    text = base64.b64encode(KEY_PREFIX + raw)
    if len(raw) != 32 or pem != b"-----BEGIN PUBLIC KEY-----\n" + text + b"\n-----END PUBLIC KEY-----\n":
        raise Bad("The key is not an Ed25519 public key in PEM form.")
    return raw


def key_id_of(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:16]


def read_keys(lines: bytes) -> list[Any]:
    """The chain of keys, first to newest. Each names the one before it."""
    chain = [read_json(line, "a line of the keys") for line in lines.splitlines() if line]
    before = None
    for link in chain:
        if before and link["key"]["previous"] != before["key"]["key_id"]:
            raise Bad("The chain of keys has a gap.")
        before = link
        if key_id_of(read_key(link["key"]["public_key"].encode())) != link["key"]["key_id"]:
            raise Bad("A key in the chain has another fingerprint than it says.")
    return chain


def leads_to(chain: list[Any], old: str, new: str) -> None:
    """Raises Bad unless each key from the old to the new one signed for the next."""
    names = [link["key"]["key_id"] for link in chain]
    if old not in names or new not in names or names.index(old) > names.index(new):
        raise Bad(f"The chain of keys does not lead from {show(old)} to {show(new)}.")
    for before, link in zip(chain[names.index(old) : names.index(new)], chain[names.index(old) + 1 :]):
        if not link["signature"]:
            raise Bad(f"No key signed for {link['key']['key_id']}; it says: {show(link['key']['why'])}")
        key = read_key(before["key"]["public_key"].encode())
        if not ed25519_verify(
            key, base64.b64decode(link["signature"], validate=True), canonical(link["key"])
        ):
            raise Bad(f"{before['key']['key_id']} did not sign for {link['key']['key_id']}.")


def in_its_time(chain: list[Any], key_id: str, at: str) -> None:
    """Raises Bad if the key signed before it came, or after the next one came. Times are UTC and of one form."""
    names = [link["key"]["key_id"] for link in chain]
    if key_id not in names:
        raise Bad(f"The key {show(key_id)} that signed the checkpoint is not in the chain of keys.")
    place = names.index(key_id)
    if place and at < chain[place]["key"]["since"]:
        raise Bad(f"The checkpoint is older than the key {key_id} that signed it.")
    if place + 1 < len(chain) and at >= chain[place + 1]["key"]["since"]:
        raise Bad(f"The checkpoint is signed by {key_id}, which had been followed by another key by then.")


NEUTRAL = Point(0, 1, 1, 0)


def ed25519_verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """True if the holder of the key signed exactly this message."""
    point = decode_point(key)
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or len(signature) != 64 or scalar >= ORDER:
        return False
    challenge = hashlib.sha512(signature[:32] + key + message).digest()
    negated = Point(-point.x % P, point.y, point.z, -point.t % P)
    factor = int.from_bytes(challenge, "little") % ORDER
    return encode_point(add(multiply(scalar, BASE), multiply(factor, negated))) == signature[:32]


def add(one: Point, other: Point) -> Point:
    a = (one.y - one.x) * (other.y - other.x) % P
    b = (one.y + one.x) * (other.y + other.x) % P
    c = 2 * one.t * other.t * D % P
    d = 2 * one.z * other.z % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return Point(e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(factor: int, point: Point) -> Point:
    result = NEUTRAL
    while factor:
        if factor & 1:
            result = add(result, point)
        point, factor = add(point, point), factor >> 1
    return result


def decode_point(data: bytes) -> Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = find_x(y, sign)
    return None if len(data) != 32 or x is None else Point(x, y, 1, x * y % P)


def find_x(y: int, sign: int) -> int | None:
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def encode_point(point: Point) -> bytes:
    inverse = pow(point.z, P - 2, P)
    x, y = point.x * inverse % P, point.y * inverse % P
    return (y | ((x & 1) << 255)).to_bytes(32, "little")


BASE = decode_point(bytes.fromhex("58" + "66" * 31)) or NEUTRAL


# ---------------------------------------------------------------- the command


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Checks whether a packet is whole. Needs no network.")
    parser.add_argument(
        "packet", help="the packet, such as R-1042-packet.zip, or the bag, such as R-1042.zip"
    )
    parser.add_argument("--key-id", help="the fingerprint that the signing key must have (16 hex digits)")
    parser.add_argument(
        "--keys", help="the chain of keys, if the packet was signed by an earlier one", metavar="FILE"
    )
    options = parser.parse_args(arguments)
    try:
        keys = read_small(options.keys) if options.keys else b""
    except OSError as error:
        say(f"BAD  The chain of keys cannot be read: {error.strerror}.")
        return 1
    report = verify(options.packet, options.key_id, keys)
    for line in report.lines:
        say(f"{'ok ' if line.ok else 'BAD'}  {line.says}")
    failed = sum(not line.ok for line in report.lines)
    if failed:
        say(f"\nThis packet is NOT whole: {failed} of {len(report.lines)} checks failed.")
        return 1
    say(f"\nThis packet is whole: all {len(report.lines)} checks passed.")
    if options.key_id is None:
        say(f"Compare the key {report.key_id} with the one that was given to you in another way.")
    return 0


def read_small(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(MOST_BESIDE)


def say(text: str) -> None:
    """Print, on any terminal, whatever signs it knows."""
    coding = sys.stdout.encoding or "ascii"
    print(text.encode(coding, "backslashreplace").decode(coding))


if __name__ == "__main__":
    sys.exit(main())

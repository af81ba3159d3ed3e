"""Bags after BagIt 1.0 (RFC 8493), and zip files that come out the same every time.

A bag is written straight into a zip: stored, not packed, in the order given, with one time and one set of attributes
for all entries. The same input gives the same bytes, on any machine. Memory does not grow with the size of the files.
"""

import hashlib
import io
import os
import struct
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

CHUNK = 1 << 20
_LIMIT = 0xFFFFFFFF
_MOST_ENTRIES = 0xFFFF
# 1 January 1980, 00:00: the earliest time that a zip can hold. Real times are in the data.
_TIME, _DATE = 0, (1 << 5) | 1
_UTF8 = 0x0800
_UNIX = 3 << 8
_FILE_0644 = 0o100644 << 16


class UnsafePath(ValueError):
    """A path that some system would write elsewhere, refuse, or take for another one."""


class ChangedSource(Exception):
    """A file did not have the size or the digest that was promised for it: the copy at hand is damaged."""

    def __init__(self, path: str, what: str) -> None:
        super().__init__(f"{path}: its {what} is not the one on record.")
        self.path = path


@dataclass(frozen=True)
class BagFile:
    """A file to put in: its path with "/", its size in bytes, how to open it, and its SHA-256 if that is on record."""

    path: str
    size: int
    open: Callable[[], IO[bytes]]
    sha256: str | None = None


@dataclass(frozen=True)
class Stored:
    """A file as it stands in the zip: where its bytes begin, how many, and their SHA-256."""

    path: str
    offset: int
    size: int
    sha256: str


def from_bytes(path: str, data: bytes) -> BagFile:
    """A small file whose bytes are at hand."""
    return BagFile(path, len(data), lambda: io.BytesIO(data), hashlib.sha256(data).hexdigest())


def check_path(path: str) -> str:
    """The same path, if every common system would unpack it to the same place. Raises UnsafePath."""
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") for part in parts):
        raise UnsafePath("A path inside a packet has no empty part, no '.' and no '..'.")
    if "\\" in path or ":" in path:
        raise UnsafePath("A path inside a packet has no backslash and no colon.")
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in path):
        raise UnsafePath("A path inside a packet has no control characters.")
    if any(part != part.strip() or part.endswith(".") for part in parts):
        raise UnsafePath("No part of a path inside a packet begins or ends with a space, or ends with a dot.")
    if any(len(part.encode("utf-8")) > 255 for part in parts):
        raise UnsafePath("A name inside a packet has at most 255 bytes.")
    return path


def manifest_path(path: str) -> str:
    """The path as a manifest writes it: CR, LF and % percent-encoded, nothing else (RFC 8493, 2.1.3)."""
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


class StoredZip:
    """Writes a stored zip into `out` from where it stands. `out` must be able to seek and to read back."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._base = out.tell()
        self._central: list[bytes] = []
        self._seen: set[str] = set()

    def add(self, file: BagFile) -> Stored:
        """Copy one file in. Raises UnsafePath, or ChangedSource if its bytes are not those on record."""
        start = self._begin(file.path, file.size)
        offset, seen, crc, size = self._out.tell(), hashlib.sha256(), 0, 0
        with file.open() as source:
            while chunk := source.read(CHUNK):
                seen.update(chunk)
                crc = zlib.crc32(chunk, crc)
                size += len(chunk)
                self._out.write(chunk)
        if size != file.size:
            raise ChangedSource(file.path, "size")
        if file.sha256 is not None and seen.hexdigest() != file.sha256:
            raise ChangedSource(file.path, "SHA-256")
        self._end(file.path, start, size, crc)
        return Stored(file.path, offset, size, seen.hexdigest())

    @contextmanager
    def inner(self, path: str, at_most: int) -> Iterator[Callable[[], Stored]]:
        """Let the caller write one file in place, at most `at_most` bytes; afterwards the given function describes it.

        This spares a second copy of a zip that travels inside a zip.
        """
        start = self._begin(path, at_most)
        offset, found = self._out.tell(), list[Stored]()
        yield lambda: found[0]
        size = self._out.tell() - offset
        if size > at_most:
            raise ChangedSource(path, "size")
        digest, crc = self._read_back(offset, size)
        self._end(path, start, size, crc, wide=at_most >= _LIMIT)
        found.append(Stored(path, offset, size, digest))

    def finish(self) -> None:
        """Write the list of contents. Nothing can be added afterwards."""
        start = self._out.tell()
        for record in self._central:
            self._out.write(record)
        size, count = self._out.tell() - start, len(self._central)
        start -= self._base
        if start >= _LIMIT or size >= _LIMIT or count >= _MOST_ENTRIES:
            end = self._out.tell() - self._base
            self._out.write(
                struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, _UNIX | 45, 45, 0, 0, count, count, size, start)
            )
            self._out.write(struct.pack("<4sIQI", b"PK\6\7", 0, end, 1))
        few = min(count, _MOST_ENTRIES)
        tail = (0, 0, few, few, min(size, _LIMIT), min(start, _LIMIT), 0)
        self._out.write(struct.pack("<4sHHHHIIH", b"PK\5\6", *tail))

    def _begin(self, path: str, size: int) -> int:
        # Two names that differ in case or composition only are one file on many systems.
        name = unicodedata.normalize("NFC", check_path(path)).casefold()
        if name in self._seen:
            raise UnsafePath("Two files inside a packet have the same name.")
        self._seen.add(name)
        start = self._out.tell()
        self._out.write(_local(path.encode("utf-8"), 0, 0, wide=size >= _LIMIT))
        return start

    def _end(self, path: str, start: int, size: int, crc: int, *, wide: bool | None = None) -> None:
        name, end = path.encode("utf-8"), self._out.tell()
        wide = size >= _LIMIT if wide is None else wide
        self._out.seek(start)
        self._out.write(_local(name, crc, size, wide=wide))
        self._out.seek(end)
        self._central.append(_central(name, crc, size, start - self._base, wide=wide))

    def _read_back(self, offset: int, size: int) -> tuple[str, int]:
        self._out.seek(offset)
        seen, crc, left = hashlib.sha256(), 0, size
        while left and (chunk := self._out.read(min(CHUNK, left))):
            seen.update(chunk)
            crc = zlib.crc32(chunk, crc)
            left -= len(chunk)
        self._out.seek(0, os.SEEK_END)
        return seen.hexdigest(), crc


def write_bag(
    out: IO[bytes],
    name: str,
    payload: Iterable[BagFile],
    info: Sequence[tuple[str, str]],
    tags: Iterable[BagFile] = (),
) -> list[Stored]:
    """Write the bag `name` as a zip into `out`: every path under the folder `name`, payload under `name/data`.

    `info` are the lines of bag-info.txt; Payload-Oxum is added. The order is: bagit.txt, payload as given,
    manifest-sha256.txt, bag-info.txt, `tags` as given, tagmanifest-sha256.txt. Returns the payload as stored.
    """
    zipped = StoredZip(out)
    declared = zipped.add(from_bytes(f"{name}/bagit.txt", _DECLARATION))
    stored = [zipped.add(_under(f"{name}/data", file)) for file in payload]
    oxum = f"{sum(file.size for file in stored)}.{len(stored)}"
    texts = [
        from_bytes("manifest-sha256.txt", _manifest(name, stored)),
        from_bytes("bag-info.txt", _info([*info, ("Payload-Oxum", oxum)])),
    ]
    tagged = [declared, *(zipped.add(_under(name, file)) for file in [*texts, *tags])]
    zipped.add(from_bytes(f"{name}/tagmanifest-sha256.txt", _manifest(name, tagged)))
    zipped.finish()
    return stored


_DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def _under(folder: str, file: BagFile) -> BagFile:
    return BagFile(f"{folder}/{file.path}", file.size, file.open, file.sha256)


def _manifest(name: str, files: Iterable[Stored]) -> bytes:
    lines = [f"{file.sha256}  {manifest_path(file.path.removeprefix(name + '/'))}\n" for file in files]
    return "".join(lines).encode("utf-8")


def _info(pairs: Iterable[tuple[str, str]]) -> bytes:
    # A value of several lines would begin a new field.
    return "".join(f"{label}: {' '.join(value.split())}\n" for label, value in pairs).encode("utf-8")


def _local(name: bytes, crc: int, size: int, *, wide: bool) -> bytes:
    extra = struct.pack("<HHQQ", 1, 16, size, size) if wide else b""
    short = _LIMIT if wide else size
    head = (45 if wide else 20, _UTF8, 0, _TIME, _DATE, crc, short, short, len(name), len(extra))
    return struct.pack("<4sHHHHHIIIHH", b"PK\3\4", *head) + name + extra


def _central(name: bytes, crc: int, size: int, start: int, *, wide: bool) -> bytes:
    wide = wide or start >= _LIMIT
    extra = struct.pack("<HHQQQ", 1, 24, size, size, start) if wide else b""
    short, place = (_LIMIT, _LIMIT) if wide else (size, start)
    need = 45 if wide else 20
    head = (_UNIX | need, need, _UTF8, 0, _TIME, _DATE, crc, short, short, len(name), len(extra))
    return struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", *head, 0, 0, 0, _FILE_0644, place) + name + extra

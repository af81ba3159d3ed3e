"""Reads a sealed packet: where each part begins, and what its own record says. Unpacks nothing to disk."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from offboarding.lib import canonical
from offboarding.lib.hashing import CHUNK

_LOCAL = struct.Struct("<26xHH")  # at the end of a local file header: the lengths of name and extra field
_LARGEST_RECORD = 64 << 20


class Damaged(Exception):
    """The file is not there, or is not the packet that was sealed."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stored file: its bytes are this range of the packet's file."""

    path: str
    offset: int
    size: int


class Range(io.RawIOBase):
    """A range of an open file as a file of its own, so that a zip inside a zip can be read in place."""

    def __init__(self, file: IO[bytes], part: Part) -> None:
        self.file, self.part, self.at = file, part, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.part.size}[whence]
        self.at = max(0, base + offset)
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: Any) -> int:
        size = max(0, min(len(buffer), self.part.size - self.at))
        self.file.seek(self.part.offset + self.at)
        got = self.file.readinto(memoryview(buffer)[:size])  # type: ignore[attr-defined]
        self.at += got
        return int(got)


@dataclass(frozen=True, slots=True)
class Opened:
    """`beside`: what the packet holds, by name; `bag`: what the bag holds, by its path under the bag's folder."""

    path: Path
    name: str
    beside: dict[str, Part]
    bag: dict[str, Part]

    @property
    def bag_part(self) -> Part:
        return self.beside[f"{self.name}.zip"]

    def read(self, part: Part) -> Iterator[bytes]:
        """The bytes of a part, 1 MiB at a time."""
        with self.path.open("rb") as file:
            file.seek(part.offset)
            left = part.size
            while left and (chunk := file.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk

    def record(self) -> dict[str, Any]:
        """`data/removal.json`: the packet's own record of the removal, with its list of evidence."""
        value: dict[str, Any] = canonical.loads(self.small("data/removal.json"))
        return value

    def digests(self) -> dict[str, str]:
        """Path under the bag's folder by SHA-256, as the bag's own manifest lists them."""
        lines = self.small("manifest-sha256.txt").decode("utf-8").splitlines()
        return {digest: path for digest, _, path in (line.partition("  ") for line in lines)}

    def small(self, path: str) -> bytes:
        part = self.bag.get(path)
        if part is None or part.size > _LARGEST_RECORD:
            raise Damaged(path)
        return b"".join(self.read(part))


def open_packet(path: Path) -> Opened:
    """Reads the lists of contents, not the contents. Raises Damaged."""
    name = path.name.removesuffix("-packet.zip")
    try:
        with path.open("rb") as file:
            beside = members(file, Part("", 0, path.stat().st_size))
            bag = beside[f"{name}.zip"]
            inside = members(file, bag)
    except (OSError, KeyError, zipfile.BadZipFile, struct.error) as error:
        raise Damaged(str(error)) from error
    short = {member.removeprefix(f"{name}/"): part for member, part in inside.items()}
    return Opened(path, name, beside, short)


def members(file: IO[bytes], whole: Part) -> dict[str, Part]:
    """The stored files of one zip, each as a range of the file that holds it."""
    with zipfile.ZipFile(io.BufferedReader(Range(file, whole))) as listed:
        return {info.filename: stored(file, whole, info) for info in listed.infolist()}


def stored(file: IO[bytes], whole: Part, info: zipfile.ZipInfo) -> Part:
    if info.compress_type != zipfile.ZIP_STORED:
        raise zipfile.BadZipFile("a packet stores its files as they are")
    start = whole.offset + info.header_offset
    file.seek(start)
    name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
    return Part(info.filename, start + _LOCAL.size + name + extra, info.file_size)

"""The packets of a sample in one download: a zip that is written while it is read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from offboarding.lib.cells import csv_line
from offboarding.packets.models import Packet
from offboarding.packets.queries import path_of
from offboarding.reports.population.rules import Row
from offboarding.work.rules import State

CHUNK = 1 << 20
HEAD = ("place in the sample", "request", "person", "packet", "SHA-256")


@dataclass(frozen=True, slots=True)
class Chosen:
    """One request of the sample; without a packet it is not sealed yet, or its file is away."""

    row: Row
    packet: Packet | None
    path: Path | None

    @property
    def says(self) -> str:
        if self.packet is None:
            return "not sealed yet"
        return self.packet.file if self.path else "sealed, but the file is not where we keep it"


def chosen(rows: Sequence[Row]) -> list[Chosen]:
    """With the newest sealed packet of each. One query."""
    numbers = [row.number for row in rows]
    found = Packet.objects.filter(removal__number__in=numbers, state=State.DONE).select_related("removal")
    newest = {packet.removal.number: packet for packet in found.order_by("version")}
    return [one(row, newest.get(row.number)) for row in rows]


def one(row: Row, packet: Packet | None) -> Chosen:
    path = path_of(packet) if packet else None
    return Chosen(row, packet, path if path and path.is_file() else None)


class Pipe:
    """What a zip writes into, and what is taken out again at once. It cannot go back, so nothing is kept."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def write(self, data: bytes) -> int:
        self.kept += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        data, self.kept = bytes(self.kept), bytearray()
        return data


def zipped(picked: Sequence[Chosen], index: bytes, at: datetime) -> Iterator[bytes]:
    """The index first, then the packets byte for byte, stored as they are: each is a zip already."""
    pipe = Pipe()
    stamp = at.astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED, allowZip64=True) as out:  # type: ignore[call-overload]
        for name, chunks in parts(picked, index):
            with out.open(zipfile.ZipInfo(name, stamp), "w", force_zip64=True) as member:
                for chunk in chunks:
                    member.write(chunk)
                    yield pipe.taken()
            yield pipe.taken()
    yield pipe.taken()


def parts(picked: Sequence[Chosen], index: bytes) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield "sample.csv", [index]
    for each in picked:
        if each.path:
            yield each.path.name, read(each.path)


def read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def index_of(picked: Sequence[Chosen], cover: dict[str, str]) -> bytes:
    """Which were drawn, by what, and which of them have a packet."""
    lines = [csv_line([f"# {name}", value]) for name, value in cover.items()]
    lines.append(csv_line(HEAD))
    for place, each in enumerate(picked, start=1):
        sha256 = each.packet.sha256 if each.packet else ""
        lines.append(csv_line([place, each.row.reference, each.row.person, each.says, sha256]))
    return b"".join(lines)

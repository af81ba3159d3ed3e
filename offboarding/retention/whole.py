"""Is everything that was kept still there, byte for byte? One walk, in the order of digests; its memory does not grow."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import IO

from django.conf import settings

from offboarding.evidence.store import EvidenceStorage
from offboarding.lib.hashing import sha256_stream
from offboarding.packets.models import Packet

DIGEST = re.compile(r"[0-9a-f]{64}")
# What was handed in lately may belong to a row that is about to be written.
YOUNG = timedelta(hours=1)
Touch = Callable[[], None]


class Fault(StrEnum):
    MISSING = "missing"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    EXTRA = "extra"  # no row names it: left behind by work that was cut off, or put there by somebody


@dataclass(frozen=True, slots=True)
class Seen:
    """One file that was looked at. `fault` is empty where all is well; `size` counts what was read."""

    name: str
    size: int = 0
    fault: Fault | None = None

    @property
    def says(self) -> str:
        return f"{self.fault}: {self.name}"


class Touching:
    """A stream that tells for each piece that somebody still works."""

    def __init__(self, stream: IO[bytes], touch: Touch) -> None:
        self.stream, self.touch = stream, touch

    def read(self, size: int) -> bytes:
        self.touch()
        return self.stream.read(size)


def hashed(name: str, wanted: str, opened: Callable[[], IO[bytes]], touch: Touch) -> Seen:
    try:
        with opened() as stream:
            digest, size = sha256_stream(Touching(stream, touch))
    except FileNotFoundError:
        return Seen(name, fault=Fault.MISSING)
    except OSError:
        return Seen(name, fault=Fault.UNREADABLE)
    return Seen(name, size, None if digest == wanted else Fault.CHANGED)


def files(
    wanted: Iterable[str],
    kept: EvidenceStorage,
    now: datetime,
    touch: Touch,
    beyond: Iterator[str] | None = None,
) -> Iterator[Seen]:
    """Each of these digests, sorted, read to its end. With `beyond`, all that the storage has, also sorted: what of it
    nobody wants is told too.
    """
    there = next(beyond, None) if beyond else None
    for digest in wanted:
        while beyond and there is not None and there < digest:
            yield from extra(there, kept, now)
            there = next(beyond, None)
        yield hashed(digest, digest, partial(kept.raw, digest), touch)
        if beyond and there == digest:
            there = next(beyond, None)
    while beyond and there is not None:
        yield from extra(there, kept, now)
        there = next(beyond, None)


def extra(name: str, kept: EvidenceStorage, now: datetime) -> Iterator[Seen]:
    if DIGEST.fullmatch(name):
        try:
            if now - kept.get_modified_time(name) < YOUNG:
                return
        except OSError:  # gone meanwhile
            return
    yield Seen(name, fault=Fault.EXTRA)


def packets(found: Iterable[Packet], touch: Touch) -> Iterator[Seen]:
    """Each sealed packet's file."""
    for each in found:
        path = Path(settings.PACKET_ROOT) / each.file
        yield hashed(each.file, each.sha256, partial(read, path), touch)


def read(path: Path) -> IO[bytes]:
    return path.open("rb")


def beside_packets(now: datetime) -> Iterator[Seen]:
    """Files in the packets' folder that no sealed packet is called. Few: one listing."""
    folder = Path(settings.PACKET_ROOT)
    there = sorted(folder.glob("*.zip")) if folder.is_dir() else []
    known = set(Packet.objects.filter(tombstone=None).exclude(file="").values_list("file", flat=True))
    for path in there:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if path.name not in known and now - written > YOUNG:
            yield Seen(path.name, fault=Fault.EXTRA)

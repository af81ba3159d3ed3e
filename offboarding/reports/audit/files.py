"""The audit log as a file: a cover, the rows, and a last line with the digest of all before it. Written while it is read."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offboarding.ledger import keys
from offboarding.ledger.models import Checkpoint, Entry
from offboarding.ledger.tiles import NotWhole, Stored
from offboarding.lib import canonical
from offboarding.lib.cells import csv_line
from offboarding.lib.merkle import verify_inclusion

COLUMNS = (
    "entry",
    "time (UTC)",
    "event",
    "about",
    "actor kind",
    "actor id",
    "actor",
    "facts",
    "names",
    "hash",
    "hash before",
)


@dataclass(slots=True)
class Tally:
    """What went out so far."""

    rows: int = 0
    seen: Any = None

    def __post_init__(self) -> None:
        self.seen = hashlib.sha256()

    def out(self, line: bytes) -> bytes:
        self.seen.update(line)
        return line

    @property
    def sha256(self) -> str:
        return str(self.seen.hexdigest())


Ended = Callable[[Tally], None]


def as_csv(cover: Mapping[str, str], entries: Iterable[Entry], ended: Ended) -> Iterator[bytes]:
    """Lines before and after the table begin with "# ". `ended` is called when all of it was taken."""
    tally = Tally()
    for name, value in cover.items():
        yield tally.out(csv_line([f"# {name}", value]))
    yield tally.out(csv_line(COLUMNS))
    for entry in entries:
        tally.rows += 1
        yield tally.out(csv_line(cells(entry)))
    yield tally.out(csv_line(["# rows", tally.rows]))
    ended(tally)
    yield csv_line(["# SHA-256 of all lines above", tally.sha256])


def cells(entry: Entry) -> list[Any]:
    told = canonical.loads(bytes(entry.body))
    names = names_of(entry)
    return [
        entry.seq,
        told["at"],
        entry.event,
        entry.about,
        entry.actor_kind,
        entry.actor_id,
        names.pop("actor", ""),
        plain(told["facts"]),
        plain(names) if names else "",
        entry.hash,
        told["prev"],
    ]


def as_lines(cover: Mapping[str, str], entries: Iterable[Entry], ended: Ended) -> Iterator[bytes]:
    """JSON lines: {"export":…}, one line for each entry, {"end":…}."""
    tally = Tally()
    yield tally.out(json_line({"export": dict(cover)}))
    for entry in entries:
        tally.rows += 1
        yield tally.out(json_line(line_of(entry)))
    ended(tally)
    yield json_line({"end": {"rows": tally.rows, "sha256": tally.sha256}})


def line_of(entry: Entry) -> dict[str, Any]:
    return {"entry": canonical.loads(bytes(entry.body)), "hash": entry.hash, "personal": disclosed(entry)}


def disclosed(entry: Entry) -> list[dict[str, str]]:
    """Names with the salts under which their digests stand in the entry, so that they can be checked."""
    rows = sorted(entry.personal.all(), key=lambda one: one.name)
    return [{"name": one.name, "value": one.value, "salt": bytes(one.salt).hex()} for one in rows]


def names_of(entry: Entry) -> dict[str, str]:
    return {one.name: one.value for one in sorted(entry.personal.all(), key=lambda one: one.name)}


def plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def json_line(value: Any) -> bytes:
    return canonical.dumps(value) + b"\n"


def proof(entry: Entry, made: Checkpoint) -> bytes | None:
    """That this entry is in the ledger which the checkpoint signs; None if the ledger does not bear that out."""
    data = bytes(entry.body)
    try:
        path = Stored(made.size).inclusion(entry.seq - 1)
    except NotWhole:
        return None
    if not verify_inclusion(data, entry.seq - 1, made.size, path, made.root):
        return None
    return canonical.dumps(
        {
            "v": 1,
            **line_of(entry),
            "index": entry.seq - 1,
            "path": path,
            "checkpoint": canonical.loads(bytes(made.body)),
            "signature": made.signature,
            "public_key": made.public_key,
            "keys": [canonical.loads(line) for line in keys.history()],
            "leaf": b64encode(data).decode(),
        }
    )

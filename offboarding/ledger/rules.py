"""What an entry looks like, and how entries hang together."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from offboarding.ledger.events import Event
from offboarding.lib import canonical
from offboarding.lib.hashing import salted_digest, sha256_hex

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Actor:
    """Who or what acted. The label is for people and may be erased one day; the id stays."""

    kind: str  # user, app, command
    id: str
    label: str


APP = Actor("app", "offboard", "Offboard")


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def body(
    *,
    seq: int,
    at: datetime,
    event: Event,
    actor: Actor,
    about: str,
    facts: Mapping[str, Any],
    personal: Mapping[str, str],
    salt: bytes,
    prev: str,
) -> bytes:
    """The canonical bytes of one entry. Personal values appear as salted digests only."""
    return canonical.dumps(
        {
            "v": 1,
            "seq": seq,
            "at": iso(at),
            "event": event.value,
            "actor": {"kind": actor.kind, "id": actor.id, "label_digest": salted_digest(salt, actor.label)},
            "about": about,
            "facts": dict(facts),
            "personal": {name: salted_digest(salt, value) for name, value in personal.items()},
            "prev": prev,
        }
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """A checkpoint as it stands in the database, and as a line outside of it says it."""

    size: int
    root: str
    head: str
    at: str
    key_id: str
    body: bytes
    signature: bytes


def statement_of(body: bytes, signature: str) -> Statement:
    """Raises ValueError, TypeError or KeyError where it is none."""
    said = canonical.loads(body)
    return Statement(
        size=int(said["size"]),
        root=str(said["root"]),
        head=str(said["head"]),
        at=str(said["at"]),
        key_id=str(said["key_id"]),
        body=body,
        signature=b64decode(signature, validate=True),
    )


def statement_in(line: bytes) -> Statement | None:
    """None if the line is none: its writing was cut off, or it is something else."""
    try:
        told = canonical.loads(line)
        return statement_of(canonical.dumps(told["checkpoint"]), told["signature"])
    except (ValueError, TypeError, KeyError):
        return None


@dataclass(frozen=True, slots=True)
class Broken:
    seq: int
    says: str


def link_in(expected: int, prev: str, seq: int, stored: str, data: bytes) -> dict[str, Any] | Broken:
    """What the entry says that should be number `expected` and follow the hash `prev`; or what is wrong with it."""
    if seq != expected:
        return Broken(expected, f"entry {expected} is missing")
    if sha256_hex(data) != stored:
        return Broken(seq, f"entry {seq} was altered")
    told: dict[str, Any] = json.loads(data)
    if told["prev"] != prev:
        return Broken(seq, f"entry {seq} does not follow entry {seq - 1}")
    return told


def first_broken(
    entries: Iterable[tuple[int, str, bytes]], prev: str = GENESIS, start: int = 1
) -> Broken | None:
    """The first entry that does not follow from the one before it; None if all do.

    `entries` are (seq, hash, canonical bytes) in order, beginning with number `start` after the hash `prev`.
    """
    expected = start
    for seq, stored, data in entries:
        found = link_in(expected, prev, seq, stored, data)
        if isinstance(found, Broken):
            return found
        prev, expected = stored, expected + 1
    return None


# seq, at, event, about, kind and id of the actor: what pages search by.
Columns = tuple[int, datetime, str, str, str, str]


def wrong_columns(columns: Columns, told: Mapping[str, Any]) -> Broken | None:
    """Pages search by the columns, the chain is over the bytes: both must say the same."""
    seq, at, *rest = columns
    actor = told["actor"]
    said = [told["event"], told["about"], actor["kind"], actor["id"]]
    if told["seq"] != seq or told["at"] != iso(at) or rest != said:
        return Broken(seq, f"the columns of entry {seq} say something else than the entry")
    return None

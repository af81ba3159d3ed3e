"""What an entry looks like, and how entries hang together."""

from __future__ import annotations

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
    """A checkpoint as a line outside the database says it."""

    size: int
    head: str
    at: str
    key_id: str
    body: bytes
    signature: bytes


def statement_in(line: bytes) -> Statement | None:
    """None if the line is none: its writing was cut off, or it is something else."""
    try:
        told = canonical.loads(line)
        said, signature = told["checkpoint"], b64decode(told["signature"], validate=True)
        return Statement(
            int(said["size"]), said["head"], said["at"], said["key_id"], canonical.dumps(said), signature
        )
    except (ValueError, TypeError, KeyError):
        return None


@dataclass(frozen=True, slots=True)
class Broken:
    seq: int
    says: str


def first_broken(
    entries: Iterable[tuple[int, str, bytes]], prev: str = GENESIS, start: int = 1
) -> Broken | None:
    """The first entry that does not follow from the one before it; None if all do.

    `entries` are (seq, hash, canonical bytes) in order, beginning with number `start` after the hash `prev`.
    """
    expected = start
    for seq, stored, data in entries:
        if seq != expected:
            return Broken(expected, f"entry {expected} is missing")
        if sha256_hex(data) != stored:
            return Broken(seq, f"entry {seq} was altered")
        if canonical.loads(data)["prev"] != prev:
            return Broken(seq, f"entry {seq} does not follow entry {seq - 1}")
        prev, expected = stored, expected + 1
    return None

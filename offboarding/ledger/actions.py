"""Appending, and signing checkpoints."""

from __future__ import annotations

import os
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from offboarding.ledger import queries
from offboarding.ledger.events import Event
from offboarding.ledger.models import Checkpoint, Entry, Head, Personal
from offboarding.ledger.rules import APP, GENESIS, Actor, body, iso
from offboarding.lib import canonical
from offboarding.lib.hashing import sha256_hex
from offboarding.lib.merkle import Tree
from offboarding.lib.signing import Signer


def record(
    event: Event,
    *,
    actor: Actor,
    about: str = "",
    facts: Mapping[str, Any] | None = None,
    personal: Mapping[str, str] | None = None,
) -> Entry:
    """Append one entry, in the transaction of the change that it tells of: both stand or neither does."""
    (entry,) = record_each(event, [facts or {}], actor=actor, about=about, personal=personal)
    return entry


def record_each(
    event: Event,
    each: Sequence[Mapping[str, Any]],
    *,
    actor: Actor,
    about: str = "",
    personal: Mapping[str, str] | None = None,
) -> list[Entry]:
    """One entry for each of these facts, in their order. 4 queries, however many."""
    assert transaction.get_connection().in_atomic_block, "an entry belongs to a change"
    # The time is the database's: workers on many machines write one story, and a clock that is wrong must not tear it.
    head = Head.objects.annotate(now=queries.Moment()).select_for_update().get(pk=1)
    people, made, kept = dict(personal or {}), list[Entry](), list[Personal]()
    for facts in each:
        entry, salt = link(head, event, actor, about, facts, people)
        made.append(entry)
        named = {"actor": actor.label, **people}
        kept += [Personal(entry=entry, name=name, salt=salt, value=value) for name, value in named.items()]
    Entry.objects.bulk_create(made)
    Head.objects.filter(pk=1).update(seq=head.seq, hash=head.hash)
    Personal.objects.bulk_create(kept)
    return made


def link(
    head: Any, event: Event, actor: Actor, about: str, facts: Mapping[str, Any], people: Mapping[str, str]
) -> tuple[Entry, bytes]:
    """The next entry and its salt; moves `head` on, which its holder writes down at the end."""
    salt = secrets.token_bytes(16)
    data = body(
        seq=head.seq + 1,
        at=head.now,
        event=event,
        actor=actor,
        about=about,
        facts=facts,
        personal=people,
        salt=salt,
        prev=head.hash,
    )
    head.seq, head.hash = head.seq + 1, sha256_hex(data)
    entry = Entry(
        seq=head.seq,
        at=head.now,
        event=event.value,
        about=about,
        actor_kind=actor.kind,
        actor_id=actor.id,
        body=data,
        hash=head.hash,
    )
    return entry, salt


def signer() -> Signer:
    return Signer.from_seed(bytes.fromhex(settings.SIGNING_KEY))


def checkpoint() -> Checkpoint | None:
    """Sign the ledger as it stands now, and hand the statement outside. The newest one if nothing was added since.

    Never within a transaction: what stands outside must be in the database, whatever is rolled back later.
    """
    head, previous = Head.objects.annotate(now=queries.Moment()).get(pk=1), queries.newest_checkpoint()
    if head.seq == 0:
        return None
    # Entries never change, so their root is worked out while others go on writing.
    made = previous if previous and previous.size >= head.seq else sign(head, previous, head.now)
    deliver(made)
    return made


def sign(head: Head, previous: Checkpoint | None, now: datetime) -> Checkpoint:
    key = signer()
    root = Tree(data for _, _, data in queries.rows(head.seq)).root()
    data = canonical.dumps(
        {
            "v": 1,
            "size": head.seq,
            "root": root,
            "head": head.hash,
            "at": iso(now),
            "previous": previous.root if previous else None,
            "key_id": key.key_id,
        }
    )
    # Two at once sign the same size; the first statement stands for both.
    with transaction.atomic(durable=True):
        made, _ = Checkpoint.objects.get_or_create(
            size=head.seq,
            defaults={
                "root": root,
                "head": head.hash,
                "body": data,
                "signature": b64encode(key.sign(data)).decode(),
                "key_id": key.key_id,
                "public_key": key.public_pem().decode(),
                "at": now,
            },
        )
    return made


def deliver(made: Checkpoint) -> None:
    """Append it to a file outside the database, unless it is the file's last line already.

    Asked again for each checkpoint that is still the newest, so that one whose delivery was cut off gets there. Written
    twice is harmless: each line stands for itself. A line that was cut off is ended first, so that it spoils no other.
    """
    line = canonical.dumps({"checkpoint": canonical.loads(bytes(made.body)), "signature": made.signature})
    with open(settings.CHECKPOINT_FILE, "a+b") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - len(line) - 1))
        last = file.read()
        if last == line + b"\n":
            return
        file.write((b"" if not last or last.endswith(b"\n") else b"\n") + line + b"\n")
        file.flush()
        os.fsync(file.fileno())


__all__ = ["APP", "GENESIS", "Actor", "Event", "checkpoint", "record", "record_each", "signer"]

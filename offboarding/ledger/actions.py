"""Appending, and signing checkpoints."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, transaction

from offboarding.ledger import outside, queries, tiles
from offboarding.ledger.events import Event
from offboarding.ledger.keys import KeyChanged, newest_key, older_signers, signer, statement
from offboarding.ledger.models import Checkpoint, Entry, Head, Personal, SigningKey
from offboarding.ledger.rules import APP, GENESIS, Actor, body, iso
from offboarding.lib import canonical
from offboarding.lib.hashing import sha256_hex
from offboarding.lib.signing import Signer
from offboarding.spelled import add_each


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
    head = locked_head()
    people, made, kept = dict(personal or {}), list[Entry](), list[Personal]()
    for facts in each:
        entry, salt = link(head, event, actor, about, facts, people)
        made.append(entry)
        named = {"actor": actor.label, **people}
        kept += [Personal(entry=entry, name=name, salt=salt, value=value) for name, value in named.items()]
    add_each(made)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_head SET seq = %s, hash = %s WHERE id = 1", [head.seq, head.hash])
    add_each(kept)
    return made


@dataclass(slots=True)
class Link:
    """The newest entry's number and hash, and the time by the database's clock."""

    seq: int
    hash: str
    now: datetime


def locked_head() -> Link:
    """The row that appenders queue at, held until the transaction ends."""
    asked, given = head_asked()
    with connection.cursor() as cursor:
        cursor.execute(asked, given)
        seq, newest, told = cursor.fetchone()
    now = told if isinstance(told, datetime) else datetime.fromisoformat(f"{told}+00:00")
    return Link(seq, newest, now)


@cache
def head_asked() -> tuple[str, Any]:
    """As SQL, worked out once: every change of anything asks it."""
    found = Head.objects.annotate(now=queries.Moment()).select_for_update().filter(pk=1)
    return found.values_list("seq", "hash", "now").query.sql_with_params()


def link(
    head: Link, event: Event, actor: Actor, about: str, facts: Mapping[str, Any], people: Mapping[str, str]
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


def checkpoint() -> Checkpoint | None:
    """Sign the ledger as it stands now, and hand the statement outside. The newest one if nothing was added since.

    Never within a transaction: what stands outside must be in the database, whatever is rolled back later. Raises
    KeyChanged, and tiles.NotWhole if an entry is missing: such a ledger is not signed.
    """
    key = current_key()
    head, previous = Head.objects.get(pk=1), queries.newest_checkpoint()
    if head.seq == 0:
        return None
    # Entries never change, so their root is worked out while others go on writing.
    made = previous if previous and previous.size >= head.seq else sign(key, head, previous)
    outside.to_file(made)
    return made


def sign(key: Signer, head: Head, previous: Checkpoint | None) -> Checkpoint:
    tiles.grow(head.seq)
    root = tiles.Stored(head.seq).root()
    # Two at once sign the same size; the first statement stands for both.
    with transaction.atomic(durable=True):
        # The head is held: no key takes over between the time that is signed and the signature.
        now = Head.objects.annotate(now=queries.Moment()).select_for_update().get(pk=1).now
        must_be_newest(key)
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


# ---------------------------------------------------------------- the key that signs


def current_key() -> Signer:
    """The key that signs now. A new one takes over here: signed by the one before, and noted in the ledger.

    Raises KeyChanged if the one before is not at hand.
    """
    key = signer()
    known = newest_key()
    if known is None or known.key_id != key.key_id:
        change_key(key)
    return key


def change_key(key: Signer, lost: str = "") -> None:
    """`lost`: why the key before cannot sign for this one; empty if it does. Raises KeyChanged."""
    with transaction.atomic():
        now = Head.objects.annotate(now=queries.Moment()).select_for_update().get(pk=1).now
        known = newest_key()
        if known and known.key_id == key.key_id:
            return  # somebody else was quicker
        if SigningKey.objects.filter(key_id=key.key_id).exists():
            raise KeyChanged(
                f"The key {key.key_id} was given up, and the ledger goes on with {known_id(known)}."
            )
        data = statement(key, now, known_id(known), lost)
        signature = "" if lost or known is None else b64encode(older(known).sign(data)).decode()
        SigningKey.objects.create(
            key_id=key.key_id,
            public_key=key.public_pem().decode(),
            since=now,
            body=data,
            signature=signature,
            why=lost,
        )
        if known:
            facts = {"key": key.key_id, "before": known.key_id, "vouched": bool(signature), "why": lost}
            record(Event.SIGNING_KEY_CHANGED, actor=APP, facts=facts)


def older(known: SigningKey) -> Signer:
    found = next((each for each in older_signers() if each.key_id == known.key_id), None)
    if found is None:
        raise KeyChanged(
            f"The ledger was signed with {known.key_id} so far, which is not at hand. Put it behind the new key in "
            "OFFBOARD_SIGNING_KEY, by comma; if it is lost, `manage.py replace_signing_key` says so in the ledger."
        )
    return found


def known_id(known: SigningKey | None) -> str:
    return known.key_id if known else ""


def must_be_newest(key: Signer) -> None:
    known = newest_key()
    if known is None or known.key_id != key.key_id:
        raise KeyChanged(
            f"The ledger goes on with the key {known_id(known)}, and this process has {key.key_id}."
        )


__all__ = ["APP", "GENESIS", "Actor", "Event", "checkpoint", "current_key", "record", "record_each"]

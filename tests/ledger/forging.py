"""What somebody who owns the database can do to the ledger, with the triggers out of the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from offboarding.ledger.models import Checkpoint, Entry, Head, Personal, Tile
from offboarding.ledger.rules import GENESIS
from offboarding.lib import canonical
from offboarding.lib.hashing import sha256_hex


@contextmanager
def without_triggers() -> Iterator[None]:
    """On SQLite they stay away until the test is rolled back."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'ledger_%'"
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
            yield
        else:
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = DEFAULT")


def edit(seq: int) -> None:
    body = bytes(Entry.objects.get(seq=seq).body).replace(b'"about":"R-', b'"about":"X-')
    Entry.objects.filter(seq=seq).update(body=body)


def delete(seq: int) -> None:
    Personal.objects.filter(entry_id=seq).delete()
    Entry.objects.filter(seq=seq)._raw_delete("default")


def insert(seq: int) -> None:
    """One more at this place; those behind it move on by one, as they are."""
    for row in Entry.objects.filter(seq__gte=seq).order_by("-seq"):
        Entry.objects.filter(seq=row.seq).update(seq=row.seq + 1, hash=row.hash)
    model = Entry.objects.get(seq=seq - 1)
    body = bytes(model.body).replace(b'"seq":%d' % (seq - 1), b'"seq":%d' % seq)
    columns = {name: getattr(model, name) for name in ("at", "event", "about", "actor_kind", "actor_id")}
    Entry.objects.create(seq=seq, body=body, hash=sha256_hex(body), **columns)
    newest = Entry.objects.order_by("-seq")[0]
    Head.objects.update(seq=newest.seq, hash=newest.hash)


def swap(seq: int) -> None:
    """This one and the next change places, with all that they say."""
    names = ("at", "event", "about", "actor_kind", "actor_id", "body", "hash")
    one, other = (Entry.objects.filter(seq=n).values(*names).get() for n in (seq, seq + 1))
    Entry.objects.filter(seq=seq).update(hash="x")
    Entry.objects.filter(seq=seq + 1).update(**one)
    Entry.objects.filter(seq=seq).update(**other)


def truncate(seq: int) -> None:
    """From here on nothing ever happened, and whatever counts or hashes it says so too."""
    Checkpoint.objects.filter(size__gte=seq)._raw_delete("default")
    Personal.objects.filter(entry_id__gte=seq).delete()
    Entry.objects.filter(seq__gte=seq)._raw_delete("default")
    Tile.objects.all().delete()
    newest = Entry.objects.order_by("-seq").first()
    Head.objects.update(seq=seq - 1, hash=newest.hash if newest else GENESIS)


def rewrite(change: Callable[[dict[str, Any]], None]) -> None:
    """Every entry anew, with hashes, columns and head to match, and no checkpoint that could tell."""
    Checkpoint.objects.all()._raw_delete("default")
    Tile.objects.all().delete()
    prev = GENESIS
    for entry in Entry.objects.order_by("seq"):
        told = canonical.loads(bytes(entry.body))
        change(told)
        body = canonical.dumps({**told, "prev": prev})
        prev = sha256_hex(body)
        Entry.objects.filter(seq=entry.seq).update(body=body, hash=prev, about=told["about"])
    Head.objects.update(hash=prev)

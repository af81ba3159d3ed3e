"""Reading the record. What a person may see is decided by the rooms that own what an entry is about."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from offboarding.ledger.keys import known_keys, older_signers, signer
from offboarding.ledger.models import Checkpoint, Entry, Head, Stamp
from offboarding.ledger.rules import Broken, Statement, first_broken, statement_in
from offboarding.lib.hashing import sha256_hex
from offboarding.lib.signing import verify


class Moment(Now):
    """The database's time when it is asked for, not when the statement began: that may have waited for its turn."""

    def as_postgresql(self, compiler: Any, connection: Any, **given: Any) -> Any:
        return self.as_sql(compiler, connection, template="CLOCK_TIMESTAMP()", **given)


def entries_about(reference: str) -> list[Entry]:
    return list(Entry.objects.filter(about=reference).prefetch_related("personal"))


def entries_on(reference: str) -> QuerySet[Entry]:
    """The same, newest first, for reading page by page."""
    return Entry.objects.filter(about=reference).order_by("-seq").prefetch_related("personal")


def entries_from(seq: int | None) -> list[tuple[int, str, str, str]]:
    """Number, hash, event and what it is about, from this entry on; without a number the newest alone. One query."""
    found = Entry.objects.values_list("seq", "hash", "event", "about")
    return list(found.order_by("-seq")[:1] if seq is None else found.filter(seq__gte=seq).order_by("seq"))


def rows(upto: int | None = None) -> Iterator[tuple[int, str, bytes]]:
    found = Entry.objects.order_by("seq")
    if upto is not None:
        found = found.filter(seq__lte=upto)
    for seq, stored, data in found.values_list("seq", "hash", "body").iterator(chunk_size=2000):
        yield seq, stored, bytes(data)


def broken() -> Broken | None:
    return first_broken(rows())


def newest_seq() -> int:
    return Head.objects.get(pk=1).seq


def newest_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


def newest_stamp() -> Stamp | None:
    return Stamp.objects.select_related("checkpoint").order_by("-checkpoint__size").first()


# ---------------------------------------------------------------- what stands outside the database

TAIL = 256 * 1024  # bytes; some 500 statements, three weeks of them


def lines_outside() -> list[bytes]:
    """The newest whole lines of the file, oldest first; none if there is no file."""
    path = Path(settings.CHECKPOINT_FILE)
    if not path.exists():
        return []
    with path.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - TAIL)
        file.seek(start)
        *whole, _unfinished = file.read().split(b"\n")
    return whole[1:] if start else whole


def newest_outside() -> str:
    """SHA-256 of the file's last line; empty if there is none. What it says is accepted by naming it."""
    lines = lines_outside()
    return sha256_hex(lines[-1]) if lines else ""


def said_outside(accepted: str = "") -> list[Statement]:
    """What this installation signed, as the file has it. Lines up to the one whose SHA-256 is `accepted` are left out, and
    so is what another key signed.
    """
    lines = lines_outside()
    digests = [sha256_hex(line) for line in lines] if accepted else []
    fresh = lines[digests.index(accepted) + 1 :] if accepted in digests else lines
    return [found for line in fresh if (found := statement_in(line)) and signed_by_us(found)]


def not_known_here(accepted: str = "") -> Statement | None:
    """The largest statement that this installation signed and that the database does not bear out; None if all is well.

    The file is read first. A statement is in it only after its row was committed, and its row is made only of entries
    that were: so whatever the file says, the database knows, unless it is older than the file.
    """
    said = said_outside(accepted)
    known = dict(Entry.objects.filter(seq__in={each.size for each in said}).values_list("seq", "hash"))
    strange = [each for each in said if known.get(each.size) != each.head]
    return max(strange, key=lambda each: each.size, default=None)


def signed_by_us(said: Statement) -> bool:
    """Signed by the key of today, or by one that the ledger knows: a restored database may not know the newest."""
    ours = {key.key_id: key.public_pem() for key in (signer(), *older_signers())}
    ours |= {key.key_id: key.public for key in known_keys().values()}
    public = ours.get(said.key_id)
    return public is not None and verify(public, said.signature, said.body)

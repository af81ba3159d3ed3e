"""Reading the record. What a person may see is decided by the rooms that own what an entry is about."""

from __future__ import annotations

from collections.abc import Iterator

from offboarding.ledger.models import Checkpoint, Entry
from offboarding.ledger.rules import Broken, first_broken


def entries_about(reference: str) -> list[Entry]:
    return list(Entry.objects.filter(about=reference).prefetch_related("personal"))


def rows(upto: int | None = None) -> Iterator[tuple[int, str, bytes]]:
    found = Entry.objects.order_by("seq")
    if upto is not None:
        found = found.filter(seq__lte=upto)
    for seq, stored, data in found.values_list("seq", "hash", "body").iterator(chunk_size=2000):
        yield seq, stored, bytes(data)


def broken() -> Broken | None:
    return first_broken(rows())


def newest_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()

"""Reading the record. What a person may see is decided by the rooms that own what an entry is about."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator

from offboarding.ledger.models import Checkpoint, Entry, Head
from offboarding.ledger.rules import Broken, first_broken, iso
from offboarding.lib import canonical
from offboarding.lib.merkle import Tree
from offboarding.lib.signing import verify


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


def misread() -> Broken | None:
    """The first entry whose columns, by which pages search, say something else than its bytes."""
    for entry in Entry.objects.order_by("seq").iterator(chunk_size=2000):
        told = canonical.loads(bytes(entry.body))
        actor = (told["actor"]["kind"], told["actor"]["id"])
        columns = (entry.seq, iso(entry.at), entry.event, entry.about, entry.actor_kind, entry.actor_id)
        if (told["seq"], told["at"], told["event"], told["about"], *actor) != columns:
            return Broken(entry.seq, f"the columns of entry {entry.seq} say something else than the entry")
    return None


def cut_off() -> Broken | None:
    """The newest entries are gone, but the head still counts them."""
    head, newest = (
        Head.objects.get(pk=1).seq,
        Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0,
    )
    return Broken(newest + 1, f"entry {newest + 1} is missing") if head != newest else None


def wrong_checkpoint() -> Broken | None:
    """The first checkpoint that was altered, or that the entries do not bear out."""
    tree = Tree(data for _, _, data in rows())
    for made in Checkpoint.objects.order_by("size"):
        said = canonical.loads(bytes(made.body))
        if (said["size"], said["root"], said["head"]) != (made.size, made.root, made.head) or not signed(
            made
        ):
            return Broken(made.size, f"the signature of the checkpoint at entry {made.size} does not fit")
        if made.size > len(tree) or tree.root(made.size) != made.root:
            return Broken(made.size, f"the entries do not agree with the checkpoint at entry {made.size}")
    return None


def signed(made: Checkpoint) -> bool:
    return verify(made.public_key.encode(), b64decode(made.signature), bytes(made.body))


def newest_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()

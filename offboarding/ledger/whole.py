"""Is the ledger whole? One walk over all entries, in a memory that does not grow, up to the first that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max

from offboarding.ledger import keys, tiles
from offboarding.ledger.models import Checkpoint, Entry, Head, Personal, Tile
from offboarding.ledger.rules import (
    GENESIS,
    Broken,
    Statement,
    link_in,
    moment,
    statement_of,
    wrong_columns,
)
from offboarding.ledger.stamps import Stamps
from offboarding.lib import canonical
from offboarding.lib.hashing import salted_digest
from offboarding.lib.merkle import Edge, leaf_hash, pyramid

CHUNK = 2000
COLUMNS = ("seq", "at", "event", "about", "actor_kind", "actor_id", "body", "hash")


@dataclass(slots=True)
class Walk:
    """How far the walk has come. `mark` is called now and then, for whoever holds a lease or shows progress."""

    mark: Callable[[int], None] = lambda _seq: None
    prev: str = GENESIS
    edge: Edge = field(default_factory=Edge)
    leaves: list[bytes] = field(default_factory=list)

    def on(self, stored: str, data: bytes) -> None:
        leaf = leaf_hash(data)
        self.prev = stored
        self.edge.append(leaf)
        self.leaves.append(leaf)


def first_wrong(
    outside: Sequence[Statement] = (), mark: Callable[[int], None] = lambda _seq: None
) -> Broken | None:
    """The first thing that is wrong with the ledger, in the order of its entries; None if all of it holds.

    `outside` are checkpoints that were kept elsewhere: the entries must bear them out too.
    """
    if said := keys.wrong_key():
        return Broken(0, said)
    walk, statements, names = Walk(mark), Merged(outside), Beside()
    stored = Hashes()
    for row in Entry.objects.order_by("seq").values_list(*COLUMNS).iterator(CHUNK):
        columns, data, own = row[:6], bytes(row[6]), row[7]
        told = link_in(walk.edge.size + 1, walk.prev, columns[0], own, data)
        if isinstance(told, Broken):
            return told
        walk.on(own, data)
        if found := wrong_columns(columns, told) or names.wrong(columns[0], told):
            return found
        if len(walk.leaves) == tiles.WIDTH:
            if found := stored.wrong(columns[0], walk.leaves):
                return found
            walk.leaves.clear()
            walk.mark(columns[0])
        if found := statements.wrong(walk):
            return found
    return statements.beyond(walk.edge.size) or cut_off(walk) or stored.beyond()


def cut_off(walk: Walk) -> Broken | None:
    """The newest entries are gone, but the head still counts them; or the head names another end."""
    head = Head.objects.get(pk=1)
    if head.seq > walk.edge.size:
        # Entries that were added while we walked are not missing.
        there = Entry.objects.filter(seq__gt=walk.edge.size).count()
        missing = walk.edge.size + 1
        return None if there >= head.seq - walk.edge.size else Broken(missing, f"entry {missing} is missing")
    if (head.seq, head.hash) != (walk.edge.size, walk.prev):
        return Broken(walk.edge.size, f"the head does not name entry {walk.edge.size}, which is the last")
    return None


class Hashes:
    """The tiles, walked along with the entries: proofs and signatures rest on them, so each has to say what they say."""

    def __init__(self) -> None:
        self.rows: dict[int, Iterator[Any]] = {}
        self.next: dict[int, Any] = {}
        self.waiting: dict[int, list[bytes]] = {}

    def wrong(self, upto: int, nodes: list[bytes], tier: int = 0) -> Broken | None:
        """`nodes` are those of the tile that entry `upto` makes full; it may make the one above it full, too."""
        index, root = upto // tiles.span(tier) - 1, pyramid(nodes)[tiles.HEIGHT][0]
        kept = self.of(tier)
        if kept and kept[0] == index:
            self.next[tier] = next(self.rows[tier], None)
            if (bytes(kept[1]), bytes(kept[2])) != (b"".join(nodes), root):
                return Broken(upto, f"the stored hashes of the entries up to {upto} do not fit")
        roots = self.waiting.setdefault(tier + 1, [])
        roots.append(root)
        if len(roots) < tiles.WIDTH:
            return None
        self.waiting[tier + 1] = []
        return self.wrong(upto, roots, tier + 1)

    def of(self, tier: int) -> Any:
        """The next tile of this tier: its index, nodes and root."""
        if tier not in self.rows:
            found = Tile.objects.filter(tier=tier).order_by("index").values_list("index", "nodes", "root")
            self.rows[tier] = found.iterator(tiles.WIDTH)
            self.next[tier] = next(self.rows[tier], None)
        return self.next[tier]

    def beyond(self) -> Broken | None:
        """A tile of entries that are not there would be taken for theirs once they are. Tiles first: entries go on."""
        newest = list(Tile.objects.values_list("tier").annotate(Max("index")))
        last = Entry.objects.aggregate(Max("seq"))["seq__max"] or 0
        if any(tiles.span(tier) * (index + 1) > last for tier, index in newest):
            return Broken(last, f"there are stored hashes of entries behind entry {last}, which is the last")
        return None


class Beside:
    """The names and addresses beside the entries, walked along with them. An erased one is no fault; another one is."""

    def __init__(self) -> None:
        found = Personal.objects.order_by("entry_id").values_list("entry_id", "name", "salt", "value")
        self.rows: Iterator[Any] = found.iterator(CHUNK)
        self.next = next(self.rows, None)

    def wrong(self, seq: int, told: Mapping[str, Any]) -> Broken | None:
        while self.next and self.next[0] <= seq:
            entry, name, salt, value = self.next
            self.next = next(self.rows, None)
            digest = told["actor"]["label_digest"] if name == "actor" else told["personal"].get(name)
            if entry != seq or salted_digest(bytes(salt), value) != digest:
                return Broken(seq, f"the {name} beside entry {entry} is not the one that was recorded")
        return None


class Merged:
    """The checkpoints of the database and those from outside, by size, walked along with the entries."""

    def __init__(self, outside: Sequence[Statement]) -> None:
        self.known = keys.known_keys()
        self.outside = sorted(outside, key=lambda said: said.size)
        self.inside: Iterator[Checkpoint] = Checkpoint.objects.order_by("size").iterator(CHUNK)
        self.next = next(self.inside, None)
        self.stamps = Stamps()

    def wrong(self, walk: Walk) -> Broken | None:
        while self.next and self.next.size <= walk.edge.size:
            made, self.next = self.next, next(self.inside, None)
            if found := self.altered(made) or borne_out(statement_of(bytes(made.body), made.signature), walk):
                return found
        while self.outside and self.outside[0].size <= walk.edge.size:
            said = self.outside.pop(0)
            if found := self.unsigned(said, "checkpoint from outside") or borne_out(
                said, walk, "from outside "
            ):
                return found
        return self.stamps.wrong(walk.edge.size)

    def altered(self, made: Checkpoint) -> Broken | None:
        said = canonical.loads(bytes(made.body))
        if (said["size"], said["root"], said["head"]) != (made.size, made.root, made.head):
            return Broken(made.size, f"the signature of the checkpoint at entry {made.size} does not fit")
        return self.unsigned(statement_of(bytes(made.body), made.signature), "checkpoint")

    def unsigned(self, said: Statement, what: str) -> Broken | None:
        key = self.known.get(said.key_id)
        if key is None:
            return Broken(
                said.size,
                f"the {what} at entry {said.size} is signed by {said.key_id}, no key of this ledger",
            )
        if not key.signed(said.signature, said.body, moment(said.at)):
            return Broken(said.size, f"the signature of the {what} at entry {said.size} does not fit")
        return None

    def beyond(self, size: int) -> Broken | None:
        """A checkpoint of more entries than there are."""
        inside = [self.next.size] if self.next else []
        waiting = [*inside, *(said.size for said in self.outside)]
        return disagrees(min(waiting), "" if inside else "from outside ") if waiting else None


def borne_out(said: Statement, walk: Walk, where: str = "") -> Broken | None:
    held = (walk.edge.size, walk.prev, walk.edge.root())
    return None if (said.size, said.head, said.root) == held else disagrees(said.size, where)


def disagrees(size: int, where: str) -> Broken:
    return Broken(size, f"the entries do not agree with the checkpoint {where}at entry {size}")

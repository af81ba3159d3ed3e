"""The Merkle tree over the entries, read from tiles: a root or a proof at a million entries takes a few rows.

A tile holds 256 nodes of one tier: the leaves, the roots of 256 leaves each, of 65536, and so on. What is not full yet
is worked out from the tier below, at last from the newest entries themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from offboarding.ledger.models import Entry, Tile
from offboarding.ledger.rules import Broken
from offboarding.lib.merkle import Nodes, leaf_hash, pyramid

HEIGHT = 8
WIDTH = 1 << HEIGHT
AT_ONCE = 64  # tiles that are read and written together


def span(tier: int) -> int:
    """How many entries a full tile of this tier covers."""
    return 1 << (HEIGHT * (tier + 1))


class NotWhole(Exception):
    """An entry is missing, so there is no tree over these entries. `broken` says which."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.says)
        self.broken = broken


class Stored(Nodes):
    """The tree over the first `size` entries. Raises NotWhole when it meets a gap."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._met: dict[tuple[int, int], list[list[bytes]]] = {}

    def __len__(self) -> int:
        return self.size

    def node(self, level: int, index: int) -> bytes:
        tier, rest = divmod(level, HEIGHT)
        tile = index >> (HEIGHT - rest)
        return self._tile(tier, tile)[rest][index - (tile << (HEIGHT - rest))]

    def _tile(self, tier: int, index: int) -> list[list[bytes]]:
        if (tier, index) not in self._met:
            self._met[tier, index] = pyramid(self._nodes(tier, index))
        return self._met[tier, index]

    def _nodes(self, tier: int, index: int) -> list[bytes]:
        kept = Tile.objects.filter(tier=tier, index=index).values_list("nodes", flat=True).first()
        if kept is not None:
            return parted(bytes(kept))
        first, count = index * WIDTH, min(WIDTH, (self.size >> (HEIGHT * tier)) - index * WIDTH)
        return leaves(first, count) if tier == 0 else self._roots(tier - 1, first, count)

    def _roots(self, tier: int, first: int, count: int) -> list[bytes]:
        found = Tile.objects.filter(tier=tier, index__gte=first, index__lt=first + count)
        kept = dict(found.values_list("index", "root"))
        return [
            bytes(kept[each]) if each in kept else self._tile(tier, each)[HEIGHT][0]
            for each in range(first, first + count)
        ]


def parted(nodes: bytes) -> list[bytes]:
    return [nodes[at : at + 32] for at in range(0, len(nodes), 32)]


def leaves(first: int, count: int) -> list[bytes]:
    """Hashes of so many entries, counted from 0. One query."""
    found = Entry.objects.filter(seq__gt=first, seq__lte=first + count).order_by("seq")
    hashes: list[bytes] = []
    for seq, data in found.values_list("seq", "body").iterator(chunk_size=4096):
        if seq != first + len(hashes) + 1:
            break
        hashes.append(leaf_hash(bytes(data)))
    if len(hashes) < count:
        missing = first + len(hashes) + 1
        raise NotWhole(Broken(missing, f"entry {missing} is missing"))
    return hashes


def grow(size: int) -> None:
    """Keep the tiles that are full at this size. Done twice, or by two at once, it comes to the same."""
    tier, full = 0, size >> HEIGHT
    while full:
        for made in batches(tier, kept(tier), full):
            Tile.objects.bulk_create(made, ignore_conflicts=True)
        tier, full = tier + 1, full >> HEIGHT


def kept(tier: int) -> int:
    """How many tiles of a tier stand; they are written in order."""
    newest = Tile.objects.filter(tier=tier).order_by("-index").values_list("index", flat=True).first()
    return 0 if newest is None else newest + 1


def batches(tier: int, begin: int, end: int) -> Iterator[list[Tile]]:
    for first in range(begin, end, AT_ONCE):
        count = min(AT_ONCE, end - first)
        nodes = leaves(first * WIDTH, count * WIDTH) if tier == 0 else below(tier - 1, first, count)
        yield [tile(tier, first + n, nodes[n * WIDTH : (n + 1) * WIDTH]) for n in range(count)]


def below(tier: int, first: int, count: int) -> list[bytes]:
    found = Tile.objects.filter(tier=tier, index__gte=first * WIDTH, index__lt=(first + count) * WIDTH)
    return [bytes(root) for root in found.order_by("index").values_list("root", flat=True)]


def tile(tier: int, index: int, nodes: list[bytes]) -> Tile:
    return Tile(tier=tier, index=index, nodes=b"".join(nodes), root=pyramid(nodes)[HEIGHT][0])

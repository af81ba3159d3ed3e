"""Merkle trees after RFC 6962, section 2.1 (Certificate Transparency).

A root stands for all leaves in their order. An inclusion proof shows that one leaf is under a root; a consistency
proof shows that a longer tree begins with a shorter one. Roots and proof nodes are SHA-256 in 64 hex digits.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

_WIDTH = 32


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one leaf: SHA-256 of 0x00 and the leaf."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 of 0x01 and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Nodes(ABC):
    """Roots and proofs over a tree whose full subtrees can be asked for, wherever they are kept: O(log² n) of them."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def node(self, level: int, index: int) -> bytes:
        """The hash of the full subtree over the leaves `index << level` up to, without, `(index + 1) << level`."""

    def root(self, size: int | None = None) -> str:
        """The root over the first `size` leaves (all, if not given)."""
        return self._range(0, self._size(size)).hex()

    def inclusion(self, index: int, size: int | None = None) -> list[str]:
        """The audit path of leaf `index` (from 0) in the tree of the first `size` leaves."""
        size = self._size(size)
        if not 0 <= index < size:
            raise ValueError(f"There is no leaf {index} in a tree of {size}.")
        return [node.hex() for node in self._path(index, 0, size)]

    def consistency(self, old: int, size: int | None = None) -> list[str]:
        """The proof that the tree of the first `size` leaves begins with the tree of the first `old`."""
        size = self._size(size)
        if not 0 < old <= size:
            raise ValueError(f"A tree of {size} does not begin with one of {old}.")
        return [node.hex() for node in self._subproof(old, 0, size, True)]

    def _size(self, size: int | None) -> int:
        if size is None:
            return len(self)
        if not 0 <= size <= len(self):
            raise ValueError(f"The tree has {len(self)} leaves, not {size}.")
        return size

    def _range(self, start: int, end: int) -> bytes:
        """The hash over the leaves start..end. `start` is always a multiple of the next power of two."""
        count = end - start
        if count == 0:
            return hashlib.sha256(b"").digest()
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return self.node(level, start >> level)
        middle = start + _split(count)
        return node_hash(self._range(start, middle), self._range(middle, end))

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._range(middle, end)]
        return [*self._path(index, middle, end), self._range(start, middle)]

    def _subproof(self, old: int, start: int, end: int, whole: bool) -> list[bytes]:
        if old == end:
            return [] if whole else [self._range(start, end)]
        middle = start + _split(end - start)
        if old <= middle:
            return [*self._subproof(old, start, middle, whole), self._range(middle, end)]
        return [*self._subproof(old, middle, end, False), self._range(start, middle)]


class Tree(Nodes):
    """A growing tree that keeps the hash of every full subtree: 64 bytes a leaf."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]
        for leaf in leaves:
            self.append(leaf)

    def __len__(self) -> int:
        return len(self._levels[0]) // _WIDTH

    def append(self, leaf: bytes) -> None:
        """Add one leaf (its data, not its hash) at the end."""
        current, level = leaf_hash(leaf), 0
        self._levels[0] += current
        while len(self._levels[level]) % (2 * _WIDTH) == 0:
            current = node_hash(bytes(self._levels[level][-2 * _WIDTH : -_WIDTH]), current)
            level += 1
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += current

    def node(self, level: int, index: int) -> bytes:
        return bytes(self._levels[level][index * _WIDTH : (index + 1) * _WIDTH])


class Edge:
    """The right edge of a growing tree: tells the root after each leaf, keeps a few dozen hashes, makes no proofs."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []  # the largest full subtree first

    def append(self, leaf: bytes) -> None:
        """Add the hash of one leaf at the end."""
        self.size += 1
        size = self.size
        while size % 2 == 0:
            leaf, size = node_hash(self._peaks.pop(), leaf), size >> 1
        self._peaks.append(leaf)

    def root(self) -> str:
        if not self._peaks:
            return hashlib.sha256(b"").hexdigest()
        *rest, current = self._peaks
        for peak in reversed(rest):
            current = node_hash(peak, current)
        return current.hex()


def root(leaves: Iterable[bytes]) -> str:
    """The root over the leaves."""
    return Tree(leaves).root()


def pyramid(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """These nodes, and above them level by level each that has two children, up to the last."""
    levels = [list(hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return levels


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[str], root: str) -> bool:
    """True if the proof leads from the leaf at `index` to the root of a tree of `size` leaves (RFC 9162, 2.1.3.2)."""
    nodes = _nodes(proof)
    if nodes is None or not 0 <= index < size:
        return False
    first, last, current = index, size - 1, leaf_hash(leaf)
    for node in nodes:
        if last == 0:
            return False
        if first % 2 or first == last:
            current = node_hash(node, current)
            first, last = _climb(first, last)
        else:
            current = node_hash(current, node)
        first, last = first >> 1, last >> 1
    return last == 0 and current.hex() == root


def verify_consistency(old: int, size: int, old_root: str, root: str, proof: Sequence[str]) -> bool:
    """True if the proof shows that the tree of `size` leaves begins with that of `old` (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= size:
        return False
    if old == size:
        return not proof and old_root == root
    # A tree of a power of two is itself a node of the longer one, so the proof leaves it out.
    nodes = _nodes([old_root, *proof] if old & (old - 1) == 0 else proof)
    if not nodes:
        return False
    return _walk_consistency(old - 1, size - 1, nodes, old_root, root)


def _walk_consistency(first: int, last: int, nodes: list[bytes], old_root: str, root: str) -> bool:
    while first % 2:
        first, last = first >> 1, last >> 1
    before = after = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if first % 2 or first == last:
            before, after = node_hash(node, before), node_hash(node, after)
            first, last = _climb(first, last)
        else:
            after = node_hash(after, node)
        first, last = first >> 1, last >> 1
    return last == 0 and before.hex() == old_root and after.hex() == root


def _climb(first: int, last: int) -> tuple[int, int]:
    """Skip the levels at which the right edge has no sibling."""
    while first and first % 2 == 0:
        first, last = first >> 1, last >> 1
    return first, last


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _nodes(proof: Sequence[str]) -> list[bytes] | None:
    try:
        nodes = [bytes.fromhex(node) for node in proof]
    except (ValueError, TypeError):
        return None
    return nodes if all(len(node) == _WIDTH for node in nodes) else None

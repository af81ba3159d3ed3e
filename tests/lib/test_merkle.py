"""Trees after RFC 6962, against its definition written out plainly."""

import hashlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offboarding.lib import merkle
from offboarding.lib.merkle import Tree, verify_consistency, verify_inclusion

# The eight leaves and the roots of the reference test of Certificate Transparency.
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                           "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
ROOT_8 = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def leaves(count: int) -> list[bytes]:
    return [f"leaf {index}".encode() for index in range(count)]


def plain_root(data: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    split = 1
    while split * 2 < len(data):
        split *= 2
    return hashlib.sha256(b"\x01" + plain_root(data[:split]) + plain_root(data[split:])).digest()


def test_the_known_root_of_eight_leaves() -> None:
    assert merkle.root(LEAVES) == ROOT_8


def test_an_empty_tree_has_the_digest_of_nothing() -> None:
    assert merkle.root([]) == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize("count", range(1, 40))
def test_a_root_is_that_of_the_definition(count: int) -> None:
    assert merkle.root(leaves(count)) == plain_root(leaves(count)).hex()


@given(st.integers(1, 300), st.data())
def test_each_leaf_proves_that_it_is_in(size: int, data: st.DataObject) -> None:
    tree, index = Tree(leaves(300)), data.draw(st.integers(0, size - 1))
    proof = tree.inclusion(index, size)
    assert verify_inclusion(leaves(300)[index], index, size, proof, tree.root(size))


@given(st.integers(2, 100), st.data())
def test_a_proof_proves_nothing_else(size: int, data: st.DataObject) -> None:
    tree, index = Tree(leaves(size)), data.draw(st.integers(0, size - 1))
    leaf, proof, root = leaves(size)[index], tree.inclusion(index), tree.root()
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index))
    assert not verify_inclusion(b"another leaf", index, size, proof, root)
    assert not verify_inclusion(leaf, other, size, proof, root)
    assert not verify_inclusion(leaf, index, size, proof[:-1], root)
    assert not verify_inclusion(leaf, index, size, [*proof, proof[0]], root)
    assert not verify_inclusion(leaf, index, size, proof, tree.root(size - 1))


@given(st.integers(1, 200), st.data())
def test_a_longer_tree_proves_that_it_begins_with_the_shorter(size: int, data: st.DataObject) -> None:
    tree, old = Tree(leaves(size)), data.draw(st.integers(1, size))
    proof = tree.consistency(old)
    assert verify_consistency(old, size, tree.root(old), tree.root(), proof)


@given(st.integers(2, 100), st.data())
def test_a_rewritten_beginning_is_found(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    changed = leaves(size)
    changed[data.draw(st.integers(0, old - 1))] = b"rewritten"
    before, after = Tree(leaves(old)), Tree(changed)
    assert not verify_consistency(old, size, before.root(), after.root(), after.consistency(old))


@pytest.mark.parametrize(
    ("index", "size", "proof", "reason"),
    [
        (0, 0, [], "an empty tree has no leaf"),
        (-1, 8, [], "before the first"),
        (8, 8, [], "after the last"),
        (0, 8, ["zz"], "not hex"),
        (0, 8, ["00"], "not a hash"),
        (0, 8, [ROOT_8] * 70, "too long"),
    ],
)
def test_a_broken_proof_is_a_no_and_not_an_error(
    index: int, size: int, proof: list[str], reason: str
) -> None:
    assert not verify_inclusion(LEAVES[0], index, size, proof, ROOT_8), reason
    assert not verify_consistency(index, size, "zz", ROOT_8, proof), reason


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 4)])
def test_a_proof_for_a_leaf_that_is_not_there_is_refused(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"leaf|leaves"):
        Tree(leaves(3)).inclusion(index, size)


@pytest.mark.parametrize("old", [0, 4])
def test_a_consistency_proof_with_a_size_that_never_was_is_refused(old: int) -> None:
    with pytest.raises(ValueError, match="does not begin"):
        Tree(leaves(3)).consistency(old)


def test_a_proof_in_a_large_tree_is_quick() -> None:
    tree = Tree(leaves(50_000))
    started = time.perf_counter()
    proof = tree.inclusion(31_337)
    assert time.perf_counter() - started < 0.02
    assert verify_inclusion(leaves(31_338)[-1], 31_337, 50_000, proof, tree.root())

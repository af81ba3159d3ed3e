"""Roots and proofs from tiles are those of the whole tree, and take a handful of queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from offboarding.ledger import queries, tiles
from offboarding.ledger.actions import APP, Event, checkpoint, record_each
from offboarding.ledger.models import Entry, Tile
from offboarding.lib.merkle import Tree, verify_consistency, verify_inclusion

pytestmark = pytest.mark.django_db
SIZES = [1, 2, 255, 256, 257, 511, 700]


@pytest.fixture
def tree(settings: Any, tmp_path: Any) -> Tree:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.jsonl"
    with transaction.atomic():
        record_each(Event.ITEM_MOVED, [{"n": n} for n in range(700)], actor=APP)
    return Tree(data for _, _, data in queries.rows())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("grown", [0, 300, 700])
def test_a_root_is_that_of_the_whole_tree_whatever_is_kept(tree: Tree, size: int, grown: int) -> None:
    tiles.grow(grown)
    assert tiles.Stored(size).root() == tree.root(size)


@pytest.mark.parametrize("index", [0, 1, 255, 256, 511, 512, 699])
def test_a_proof_leads_to_the_signed_root(tree: Tree, index: int) -> None:
    made = checkpoint()
    assert made and made.root == tree.root()
    leaf = bytes(Entry.objects.get(seq=index + 1).body)
    proof = tiles.Stored(made.size).inclusion(index)
    assert proof == tree.inclusion(index)
    assert verify_inclusion(leaf, index, made.size, proof, made.root)


@pytest.mark.parametrize("old", SIZES)
def test_a_longer_ledger_shows_that_it_begins_with_the_shorter(tree: Tree, old: int) -> None:
    tiles.grow(700)
    proof = tiles.Stored(700).consistency(old)
    assert verify_consistency(old, 700, tree.root(old), tree.root(700), proof)


def test_tiles_are_kept_once_however_often_they_are_asked_for(tree: Tree) -> None:
    tiles.grow(600)
    tiles.grow(600)
    tiles.grow(700)
    assert list(Tile.objects.values_list("tier", "index")) == [(0, 0), (0, 1)]


def test_a_second_tier_stands_on_256_tiles_of_the_first(monkeypatch: pytest.MonkeyPatch, tree: Tree) -> None:
    """With tiles of 4, since 65536 entries would take too long here."""
    monkeypatch.setattr(tiles, "HEIGHT", 2)
    monkeypatch.setattr(tiles, "WIDTH", 4)
    tiles.grow(700)
    kept = {tier: Tile.objects.filter(tier=tier).count() for tier in range(5)}
    assert kept == {0: 175, 1: 43, 2: 10, 3: 2, 4: 0}
    for size in (1, 63, 64, 65, 500, 700):
        stored = tiles.Stored(size)
        assert stored.root() == tree.root(size)
        assert stored.inclusion(size // 2) == tree.inclusion(size // 2, size)


def test_a_proof_takes_a_handful_of_queries(tree: Tree) -> None:
    checkpoint()
    with CaptureQueriesContext(connection) as asked:
        tiles.Stored(700).inclusion(3)
    assert len(asked) <= 5

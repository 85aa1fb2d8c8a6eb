"""docs/audit-format.md §7.3, §13: the tree in tiles is the same tree (C2SP tlog-tiles)."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.audit.merkle import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion
from placet.audit.tiles import (
    ENTRIES,
    TILE_BYTES,
    Frontier,
    TiledTree,
    TileName,
    TileUnknown,
    bundle,
    count_at,
    names_for,
    unbundle,
)
from tests.fakes.plain_tree import Tree

LARGEST = 70_000
"""The specification's own example; it has tiles of three levels."""
SIZES = st.integers(0, LARGEST) | st.sampled_from([1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537])


@cache
def tree() -> Tree:
    """The plain tree that tiles are compared with."""
    return Tree(leaf_hash(b"%d" % index) for index in range(LARGEST))


@cache
def stored() -> dict[tuple[int, int], bytes]:
    """Every full tile, as appending completed it."""
    frontier, found = Frontier(), dict[tuple[int, int], bytes]()
    for index in range(LARGEST):
        for tile in frontier.append(tree().node(0, index)):
            assert (tile.level, tile.index) not in found
            found[tile.level, tile.index] = tile.hashes
    return found


def read(level: int, index: int) -> bytes:
    return stored()[level, index]


def frontier_of(size: int) -> Frontier:
    return Frontier.of(size, read, [tree().node(0, index) for index in range(size - size % 256, size)])


def tiled(size: int) -> TiledTree:
    return TiledTree(frontier_of(size), read)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    """«273 full level 0 tiles, one partial of width 112, one full level 1 tile, one partial of width 17 …»"""
    assert names_for(LARGEST) == [TileName(0, 273, 112), TileName(1, 1, 17), TileName(2, 0, 1)]
    assert sorted(stored()) == [(0, index) for index in range(273)] + [(1, 0)]
    assert names_for(256) == [TileName(0, 0), TileName(1, 0, 1)]
    assert names_for(0) == []


def test_a_tile_is_the_roots_of_its_neighbours_subtrees() -> None:
    for (level, index), hashes in stored().items():
        assert len(hashes) == TILE_BYTES
        first = tree().node(8 * level, index * 256)
        last = tree().node(8 * level, index * 256 + 255)
        assert (hashes[:32], hashes[-32:]) == (first, last)


@settings(max_examples=40, deadline=None)
@given(SIZES, st.data())
def test_roots_and_proofs_out_of_tiles_are_those_of_the_tree(size: int, data: st.DataObject) -> None:
    tiles = tiled(size)
    old = data.draw(st.integers(0, size))
    assert frontier_of(size).root() == tiles.root() == tree().root(size)
    assert tiles.root(old) == tree().root(old)
    consistency = tiles.consistency_proof(old, size)
    assert consistency == tree().consistency_proof(old, size)
    verify_consistency(old, size, tree().root(old), tree().root(size), consistency)
    if old:
        index = data.draw(st.integers(0, old - 1))
        proof = tiles.inclusion_proof(index, old)
        assert proof == tree().inclusion_proof(index, old)
        verify_inclusion(tree().node(0, index), index, old, proof, tree().root(old))


@settings(max_examples=20, deadline=None)
@given(SIZES)
def test_a_frontier_that_was_read_grows_like_one_that_never_stopped(size: int) -> None:
    size = min(size, LARGEST - 600)
    frontier = frontier_of(size)
    completed = [tile for i in range(size, size + 600) for tile in frontier.append(tree().node(0, i))]

    assert [(tile.level, tile.index) for tile in completed] == sorted(
        (key for key in stored() if size < (key[1] + 1) * 256 ** (key[0] + 1) <= size + 600),
        key=lambda key: ((key[1] + 1) * 256 ** (key[0] + 1), key[0]),
    )
    assert all(read(tile.level, tile.index) == tile.hashes for tile in completed)
    assert frontier.root() == tree().root(size + 600)


@settings(max_examples=20, deadline=None)
@given(SIZES, st.lists(st.integers(0, 1500), max_size=5))
def test_growing_by_many_is_growing_by_each(size: int, steps: list[int]) -> None:
    size = min(size, LARGEST - sum(steps))
    frontier, plain = frontier_of(size), frontier_of(size)
    for step in steps:
        digests = [tree().node(0, index) for index in range(size, size + step)]
        assert frontier.extend(digests) == [tile for digest in digests for tile in plain.append(digest)]
        size += step
        assert (frontier.size, frontier.root()) == (size, tree().root(size))
        assert all(frontier.partial(level) == plain.partial(level) for level in range(3))


def test_a_copied_frontier_stays_where_it_was() -> None:
    frontier = frontier_of(300)
    twin = frontier.copy()
    frontier.append(bytes(32))

    assert (twin.size, twin.root()) == (300, tree().root(300))
    assert Frontier().root() == EMPTY_ROOT


@settings(max_examples=40, deadline=None)
@given(SIZES, st.integers(0, 2), st.integers(0, 280), st.integers(1, 256))
def test_a_tile_beyond_the_tree_is_not_given_out(size: int, level: int, index: int, width: int) -> None:
    """§13.2: a tile beyond the newest checkpoint MUST be refused; an older partial one is kept."""
    name = TileName(level, index, width)
    if index * 256 + width <= count_at(level, size):
        hashes = tiled(size).hashes(name)
        assert hashes == b"".join(tree().node(8 * level, index * 256 + i) for i in range(width))
    else:
        with pytest.raises(TileUnknown):
            tiled(size).hashes(name)


@given(st.integers(ENTRIES, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_a_path_names_one_tile(level: int, index: int, width: int) -> None:
    name = TileName(level, index, width)
    assert TileName.parse(name.path) == name


def test_the_specifications_path_is_ours() -> None:
    assert TileName(0, 1234067).path == "tile/0/x001/x234/067"
    assert TileName(63, 5, 17).path == "tile/63/005.p/17"
    assert TileName(ENTRIES, 1000).path == "tile/entries/x001/000"


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/0/x1234/567",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/07",
        "tile/0/001.p/",
        "tile/0/001/",
        "/tile/0/001",
        "tile/entries/1",
        "tile/0/٠٠١",
        "tile/0/001\n",
        "tile/0/" + "x999/" * 2000 + "999",
        "",
    ],
)
def test_any_other_spelling_is_refused(path: str) -> None:
    """§13.1: a path in any other spelling MUST be 404."""
    with pytest.raises(TileUnknown):
        TileName.parse(path)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_its_records_back(leaves: list[bytes]) -> None:
    assert unbundle(bundle(leaves)) == leaves


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=5), st.data())
def test_a_bundle_that_ends_early_is_refused_or_shorter(leaves: list[bytes], data: st.DataObject) -> None:
    whole = bundle(leaves)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        assert unbundle(cut) == leaves[: len(unbundle(cut))]
    except ValueError:
        assert cut not in [bundle(leaves[:count]) for count in range(len(leaves))]

"""What the verifier walks beside the records: trees that complete tiles, and rows in step with an index."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.audit.beside import Beside, Broken
from placet.audit.tiles import Frontier
from placet.audit.tree_checks import TiledRange
from tests.fakes.plain_tree import Tree


def leaf(index: int) -> bytes:
    return hashlib.sha256(b"%d" % index).digest()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1500))
def test_the_tree_that_grows_has_the_root_of_the_tree_that_is_whole(size: int) -> None:
    """docs/audit-format.md §6.1."""
    growing = TiledRange()
    for index in range(size):
        growing.grow(leaf(index))

    assert growing.root() == Tree(map(leaf, range(size))).root()


def test_it_completes_the_tiles_that_the_log_stores() -> None:
    """§6.14, up to the first tile of level 1."""
    growing, stored = TiledRange(), Frontier()
    for index in range(256 * 256 + 300):
        growing.grow(leaf(index))
        tiles = [(tile.level, tile.index, tile.hashes) for tile in stored.append(leaf(index))]
        if growing.size % 256 == 0:
            assert list(growing.completed()) == tiles
        else:
            assert not tiles


rows = st.lists(st.tuples(st.integers(0, 30), st.text(max_size=3)), max_size=30)


@settings(max_examples=200, deadline=None)
@given(rows, st.integers(1, 40))
def test_every_row_is_given_to_its_own_index_or_named(given: list[tuple[int, str]], size: int) -> None:
    ordered = sorted(given, key=lambda row: row[0])
    beside = Beside(iter(ordered), "a row")
    found = [row for index in range(size) for row in beside.at(index)]
    assert found == [row for row in ordered if row[0] < size]
    if any(row[0] >= size for row in ordered):
        with pytest.raises(Broken, match="does not exist"):
            beside.end()
    else:
        beside.end()


@pytest.mark.parametrize("number", ["0", 0.0, None, b"\x00", -1, True])
def test_a_row_of_no_number_is_named(number: object) -> None:
    with pytest.raises(Broken):
        Beside(iter([(number, "x")]), "a row").at(0)


def test_rows_out_of_order_are_named() -> None:
    beside = Beside(iter([(2, "x"), (1, "y")]), "a row")
    with pytest.raises(Broken):
        beside.at(2)

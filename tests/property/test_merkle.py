"""docs/audit-format.md §6.1, §6.2: the tree and its proofs are those of RFC 6962."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.audit.merkle import (
    EMPTY_ROOT,
    CompactRange,
    ProofRefused,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)
from tests.fakes.plain_tree import Tree

LARGEST = 70


def plain_root(hashes: list[bytes]) -> bytes:
    """RFC 6962 §2.1 read aloud, without any cleverness."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(plain_root(hashes[:split]), plain_root(hashes[split:]))


def hashes(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % i) for i in range(count)]


def test_the_known_vectors_hold() -> None:
    """The certificate-transparency project's test tree: roots after 1, 2 and 3 leaves."""
    tree = Tree(leaf_hash(leaf) for leaf in (b"", b"\x00", b"\x10"))

    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree.root(1).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert tree.root(2).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert tree.root(3).hex() == "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"


@pytest.mark.parametrize("size", range(LARGEST + 1))
def test_incremental_and_stored_roots_equal_the_definition(size: int) -> None:
    compact, tree = CompactRange(), Tree(hashes(LARGEST))
    for digest in hashes(size):
        compact.append(digest)

    assert compact.root() == tree.root(size) == plain_root(hashes(size))


@pytest.mark.parametrize("size", range(1, LARGEST + 1))
def test_every_leaf_is_proven_and_no_other(size: int) -> None:
    tree = Tree(hashes(size))
    for index, digest in enumerate(hashes(size)):
        proof = tree.inclusion_proof(index, size)
        verify_inclusion(digest, index, size, proof, tree.root())
        with pytest.raises(ProofRefused):
            verify_inclusion(leaf_hash(b"other"), index, size, proof, tree.root())


@pytest.mark.parametrize("new", range(LARGEST + 1))
def test_every_growth_is_proven_and_no_rewriting(new: int) -> None:
    tree = Tree(hashes(new))
    for old in range(new + 1):
        proof = tree.consistency_proof(old, new)
        verify_consistency(old, new, tree.root(old), tree.root(new), proof)
        with pytest.raises(ProofRefused):
            verify_consistency(old, new, leaf_hash(b"another past"), tree.root(new), proof)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 3000), st.data())
def test_a_proof_with_a_hash_missing_added_or_changed_is_refused(size: int, data: st.DataObject) -> None:
    """§6.2: a verifier MUST refuse a proof with hashes missing or left over."""
    tree = Tree(hashes(size))
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(index, size)
    place = data.draw(st.integers(0, len(proof) - 1))
    changed = [*proof[:place], bytes(32), *proof[place + 1 :]]
    for wrong in (proof[:-1], [*proof, bytes(32)], changed, [*proof[:-1], proof[-1][:31]]):
        with pytest.raises(ProofRefused):
            verify_inclusion(hashes(size)[index], index, size, wrong, tree.root())
    for other in {0, index + 1, size - 1} - {index}:
        with pytest.raises(ProofRefused):
            verify_inclusion(hashes(size)[index], other, size, proof, tree.root())


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3000), st.data())
def test_consistency_of_random_sizes(new: int, data: st.DataObject) -> None:
    tree = Tree(hashes(new))
    old = data.draw(st.integers(1, new))
    proof = tree.consistency_proof(old, new)
    verify_consistency(old, new, tree.root(old), tree.root(new), proof)
    with pytest.raises(ProofRefused):
        verify_consistency(old, new, tree.root(old), tree.root(new), [*proof, bytes(32)])
    if proof:
        with pytest.raises(ProofRefused):
            verify_consistency(old, new, tree.root(old), tree.root(new), proof[:-1])

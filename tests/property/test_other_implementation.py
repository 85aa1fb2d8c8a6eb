"""Hashes, signatures and proofs against an implementation that shares nothing with ours (metamorphic-log).

docs/audit-format.md §6.1 to §6.5. What one of the two accepts, the other must accept, and refuse alike.
"""

from __future__ import annotations

import metamorphic_log
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metamorphic_log import VerifyError

from placet.audit.checkpoint import CheckpointRefused, LogSigner, LogVerifier
from placet.audit.merkle import ProofRefused, leaf_hash, verify_consistency, verify_inclusion
from tests.fakes.plain_tree import Tree
from tests.unit.audit.test_cosignature import PUBLIC_LOG, PUBLIC_NOTE

SIGNER = LogSigner.generate("placet.local/log")
LEAVES = [leaf_hash(b"%d" % i) for i in range(1500)]
TREE = Tree(LEAVES)

changes = st.sampled_from(["none", "shorter", "longer", "other hash", "other order", "other root"])
numbers = st.integers(0, 2**63 - 1)


def changed(proof: list[bytes], change: str) -> list[bytes]:
    if change == "shorter":
        return proof[:-1]
    if change == "longer":
        return [*proof, bytes(32)]
    if change == "other hash" and proof:
        return [bytes(32), *proof[1:]]
    return proof[::-1] if change == "other order" else proof


def ours_includes(index: int, size: int, digest: bytes, proof: list[bytes], root: bytes) -> bool:
    try:
        verify_inclusion(digest, index, size, proof, root)
    except ProofRefused:
        return False
    return True


def theirs_includes(index: int, size: int, digest: bytes, proof: list[bytes], root: bytes) -> bool:
    try:
        metamorphic_log.verify_inclusion(index, size, digest, proof, root)
    except VerifyError:
        return False
    return True


def ours_continues(old: int, new: int, proof: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    try:
        verify_consistency(old, new, old_root, new_root, proof)
    except ProofRefused:
        return False
    return True


def theirs_continues(old: int, new: int, proof: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    try:
        metamorphic_log.verify_consistency(old, new, proof, old_root, new_root)
    except VerifyError:
        return False
    return True


@settings(max_examples=400, deadline=None)
@given(st.integers(1, 1500), st.data(), changes)
def test_inclusion_proofs_are_accepted_and_refused_alike(size: int, data: st.DataObject, change: str) -> None:
    index = data.draw(st.integers(0, size - 1))
    asked = data.draw(st.one_of(st.just(index), st.integers(0, size)))
    root = bytes(32) if change == "other root" else TREE.root(size)
    proof = changed(TREE.inclusion_proof(index, size), change)
    arguments = (asked, size, LEAVES[index], proof, root)

    assert ours_includes(*arguments) is theirs_includes(*arguments)
    if change == "none" and asked == index:
        assert ours_includes(*arguments)


@settings(max_examples=400, deadline=None)
@given(st.integers(1, 1500), st.data(), changes)
def test_consistency_proofs_are_accepted_and_refused_alike(
    new: int, data: st.DataObject, change: str
) -> None:
    old = data.draw(st.integers(1, new))
    asked = data.draw(st.one_of(st.just(old), st.integers(1, new)))
    root = bytes(32) if change == "other root" else TREE.root(old)
    proof = changed(TREE.consistency_proof(old, new), change)
    arguments = (asked, new, proof, root, TREE.root(new))

    assert ours_continues(*arguments) is theirs_continues(*arguments)
    if change == "none" and asked == old:
        assert ours_continues(*arguments)


@settings(max_examples=100, deadline=None)
@given(numbers, st.binary(min_size=32, max_size=32))
def test_checkpoints_that_we_sign_are_read_by_the_other(size: int, root: bytes) -> None:
    head = metamorphic_log.checkpoint_verify(SIGNER.sign(size, root), [SIGNER.verifier.vkey])

    assert (head.origin, head.size, head.root) == (SIGNER.name, size, root)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_note_with_one_character_changed_is_refused_by_both(data: st.DataObject) -> None:
    note = SIGNER.sign(42, bytes(32))
    place = data.draw(st.integers(0, len(note) - 1))
    other = (
        note[:place]
        + data.draw(st.characters(codec="utf-8", exclude_characters=note[place]))
        + note[place + 1 :]
    )

    with pytest.raises(CheckpointRefused):
        SIGNER.verifier.open(other)
    with pytest.raises(VerifyError):
        metamorphic_log.checkpoint_verify(other, [SIGNER.verifier.vkey])


def test_both_read_a_public_logs_checkpoint() -> None:
    head = metamorphic_log.checkpoint_verify(PUBLIC_NOTE, [PUBLIC_LOG])
    mine = LogVerifier.from_vkey(PUBLIC_LOG).open(PUBLIC_NOTE)

    assert (head.origin, head.size, head.root) == (mine.origin, mine.size, mine.root)

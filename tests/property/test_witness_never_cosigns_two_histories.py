"""docs/audit-format.md §12.3 to §12.6: whatever is submitted, and however often a witness restarts."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from placet.audit.checkpoint import Checkpoint
from placet.audit.merkle import verify_consistency
from placet.audit.witness import WitnessRefused
from placet.witness.book import WitnessBook
from placet.witness.witness import Witness
from tests.fakes.witnesses import Story

ONE = Story(leaves=[b"%d" % i for i in range(24)])
STORIES = [ONE, ONE.other(0), ONE.other(7), ONE.other(15)]
LOGS = {ONE.signer.name: [ONE.signer.verifier]}

sizes = st.integers(0, 24)
requests = st.tuples(st.sampled_from(range(len(STORIES))), sizes, sizes, st.booleans())
"""Which history, old size (0 is also: as the witness says), new size, and whether it restarts before."""


def proven(older: tuple[int, Checkpoint], newer: tuple[int, Checkpoint]) -> None:
    """Raise unless the history that led to `newer` continues `older`."""
    (_, first), (story, second) = older, newer
    proof = STORIES[story].tree(second.size).consistency_proof(first.size, second.size)
    if first.size:
        verify_consistency(first.size, second.size, first.root, second.root, proof)


@settings(max_examples=120, deadline=None)
@given(st.lists(requests, max_size=25))
def test_all_that_one_witness_cosigned_is_one_growing_history(
    submitted: list[tuple[int, int, int, bool]],
) -> None:
    cosigned: list[tuple[int, Checkpoint]] = []
    with tempfile.TemporaryDirectory() as scratch:
        book = WitnessBook(Path(scratch))
        for story, asked, new, restarts in submitted:
            if restarts:
                book.close()
                book = WitnessBook(Path(scratch))
            newest = book.newest(ONE.signer.name)
            old = asked or (newest.checkpoint.size if newest else 0)
            submission = STORIES[story].submission(min(old, new), new)
            try:
                Witness(book, LOGS).cosign(submission.to_text())
            except WitnessRefused:
                continue
            cosigned.append((story, ONE.signer.verifier.open(submission.note)))
        book.close()

    for older, newer in itertools.pairwise(cosigned):
        assert older[1].size <= newer[1].size
        proven(older, newer)

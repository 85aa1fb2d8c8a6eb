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

requests = st.tuples(
    st.sampled_from(range(len(STORIES))),
    st.one_of(st.none(), st.none(), st.integers(0, 24)),
    st.integers(0, 8),
    st.sampled_from([False, False, False, True]),
)
"""Which history, from which old size (None: the witness's own), how many more leaves, whether it restarts."""


def proven(older: tuple[int, Checkpoint], newer: tuple[int, Checkpoint]) -> None:
    """Raise unless the history that led to `newer` continues `older`."""
    (_, first), (story, second) = older, newer
    proof = STORIES[story].tree(second.size).consistency_proof(first.size, second.size)
    if first.size:
        verify_consistency(first.size, second.size, first.root, second.root, proof)


@settings(max_examples=120, deadline=None)
@given(st.lists(requests, max_size=25))
def test_all_that_one_witness_cosigned_is_one_growing_history(
    submitted: list[tuple[int, int | None, int, bool]],
) -> None:
    cosigned: list[tuple[int, Checkpoint]] = []
    with tempfile.TemporaryDirectory() as scratch:
        book = WitnessBook(Path(scratch))
        for story, asked, more, restarts in submitted:
            if restarts:
                book.close()
                book = WitnessBook(Path(scratch))
            newest = book.newest(ONE.signer.name)
            known = newest.checkpoint.size if newest else 0
            old = known if asked is None else asked
            submission = STORIES[story].submission(old, min(old + more, 24))
            try:
                Witness(book, LOGS).cosign(submission.to_text())
            except WitnessRefused:
                continue
            cosigned.append((story, ONE.signer.verifier.open(submission.note)))
        book.close()

    for older, newer in itertools.pairwise(cosigned):
        assert older[1].size <= newer[1].size
        proven(older, newer)

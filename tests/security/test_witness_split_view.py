"""Attack: the log's operator, who has its key, tells two readers two histories. A witness signs only one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from placet.audit.note import Note
from placet.audit.witness import Refusal, WitnessRefused
from placet.witness.book import MAX_CONTRADICTIONS, WitnessBook
from placet.witness.witness import Witness
from tests.fakes.witnesses import Story

STORY = Story()
ORIGIN = STORY.signer.name


@pytest.fixture
def book(tmp_path: Path) -> Iterator[WitnessBook]:
    book = WitnessBook(tmp_path)
    yield book
    book.close()


@pytest.fixture
def witness(book: WitnessBook) -> Witness:
    return Witness(book, {ORIGIN: [STORY.signer.verifier]})


def refused(witness: Witness, text: str) -> Refusal:
    with pytest.raises(WitnessRefused) as caught:
        witness.cosign(text)
    return caught.value.why


def kept(directory: Path) -> list[dict[str, str]]:
    return [json.loads(path.read_text()) for path in (directory / "contradictions").glob("*.json")]


@pytest.mark.parametrize("old", [0, 5])
def test_a_second_tree_of_the_same_size_is_refused_and_kept_as_proof(
    witness: Witness, tmp_path: Path, old: int
) -> None:
    """§12.5: the two signed checkpoints together prove that the log forked, whatever the old size."""
    witness.cosign(STORY.submission(0, 5).to_text())
    why = refused(witness, STORY.other(2).submission(old, 5).to_text())

    assert why is (Refusal.UNPROVEN if old == 5 else Refusal.OTHER_SIZE)
    (proof,) = kept(tmp_path)
    first, second = (STORY.signer.verifier.open(proof[name]) for name in ("cosigned", "contradicting"))
    assert first.size == second.size == 5
    assert first.root != second.root


def test_a_longer_second_history_is_refused_and_kept(witness: Witness, tmp_path: Path) -> None:
    witness.cosign(STORY.submission(0, 5).to_text())
    assert refused(witness, STORY.other(2).submission(5, 9).to_text()) is Refusal.UNPROVEN

    (proof,) = kept(tmp_path)
    assert STORY.signer.verifier.open(proof["contradicting"]).size == 9


def test_the_first_history_goes_on_as_before(witness: Witness, book: WitnessBook) -> None:
    witness.cosign(STORY.submission(0, 5).to_text())
    refused(witness, STORY.other(2).submission(5, 9).to_text())
    submission = STORY.submission(5, 9)
    line = witness.cosign(submission.to_text())

    assert book.signer.verifier.cosignature(Note.parse(submission.note + line)) is not None


def test_a_restored_older_log_is_not_cosigned_again(witness: Witness) -> None:
    """The log's own guard went back with its backup; the witness did not."""
    witness.cosign(STORY.submission(0, 9).to_text())
    for old, new in ((0, 5), (5, 5), (5, 7), (0, 9)):
        assert refused(witness, STORY.submission(old, new).to_text()) is Refusal.OTHER_SIZE


def test_honest_conflicts_accuse_nobody(witness: Witness, tmp_path: Path) -> None:
    witness.cosign(STORY.submission(0, 5).to_text())
    refused(witness, STORY.submission(0, 5).to_text())
    refused(witness, STORY.submission(0, 9).to_text())

    assert not (tmp_path / "contradictions").exists()


def test_a_log_that_contradicts_itself_for_ever_does_not_fill_the_disk(
    witness: Witness, tmp_path: Path
) -> None:
    witness.cosign(STORY.submission(0, 5).to_text())
    directory = tmp_path / "contradictions"
    directory.mkdir()
    for number in range(MAX_CONTRADICTIONS):
        (directory / f"{number}.json").touch()

    assert refused(witness, STORY.other(2).submission(5, 5).to_text()) is Refusal.UNPROVEN
    assert sum(1 for _ in directory.iterdir()) == MAX_CONTRADICTIONS

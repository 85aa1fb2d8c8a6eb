"""What a witness decides: docs/audit-format.md §12.3, row by row, and with requests that strangers signed."""

from __future__ import annotations

import pytest

from placet.audit.checkpoint import Checkpoint, LogSigner, LogVerifier
from placet.audit.merkle import EMPTY_ROOT
from placet.audit.witness import Refusal, Submission, WitnessRefused, admit, judge
from tests.fakes.witnesses import Story

STORY = Story()
LOGS = {STORY.signer.name: [STORY.signer.verifier]}

# Requests of a sigsum log's tests, with hashes of its own leaves; its key and origin.
SIGSUM = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
SIGSUM_KEY = LogVerifier(
    SIGSUM, bytes.fromhex("ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f")
)
SIGSUM_1 = f"""old 0

{SIGSUM}
1
KgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

\u2014 {SIGSUM} UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=
"""
SIGSUM_3 = f"""old 1
KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

{SIGSUM}
3
RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=

\u2014 {SIGSUM} UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=
"""
SIGSUM_5 = f"""old 1
KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=
KgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=

{SIGSUM}
5
QrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=

\u2014 {SIGSUM} UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=
"""


def decide(submission: Submission, newest: Checkpoint | None) -> Checkpoint:
    candidate = admit(submission, LOGS)
    judge(candidate, newest)
    return candidate.checkpoint


def refused(submission: Submission, newest: Checkpoint | None) -> WitnessRefused:
    with pytest.raises(WitnessRefused) as caught:
        decide(submission, newest)
    return caught.value


def known(size: int, story: Story = STORY) -> Checkpoint:
    return story.signer.verifier.open(story.checkpoint(size))


def test_a_strangers_requests_are_read_written_back_and_judged() -> None:
    logs = {SIGSUM: [SIGSUM_KEY]}
    newest = None
    for text, size in ((SIGSUM_1, 1), (SIGSUM_3, 3)):
        submission = Submission.from_text(text)
        assert submission.to_text() == text
        candidate = admit(submission, logs)
        judge(candidate, newest)
        newest = candidate.checkpoint
        assert newest.size == size
    with pytest.raises(WitnessRefused) as caught:
        judge(admit(Submission.from_text(SIGSUM_5), logs), newest)
    assert (caught.value.why, caught.value.size) == (Refusal.OTHER_SIZE, 3)


def test_a_strangers_longer_proof_is_followed() -> None:
    logs = {SIGSUM: [SIGSUM_KEY]}
    first = admit(Submission.from_text(SIGSUM_1), logs).checkpoint
    judge(admit(Submission.from_text(SIGSUM_5), logs), first)


@pytest.mark.parametrize(
    ("old", "new"), [(0, 0), (0, 1), (0, 9), (1, 2), (7, 8), (8, 13), (13, 13), (255, 256)]
)
def test_a_log_that_grows_is_cosigned(old: int, new: int) -> None:
    assert decide(STORY.submission(old, new), known(old) if old else None).size == new


@pytest.mark.parametrize(
    "text",
    [
        "",
        "old 5\n",
        "old 05\n\n",
        "old -1\n\n",
        "old  5\n\n",
        "new 5\n\n",
        "OLD 5\n\n",
        "old 5\r\n\r\n",
        "old 5\nnot base64!\n\n",
        "old 5\nAAAA\n\n",
        "old 5\n\nno note\n",
        "old 5\n\na\nb\nc\n",
        "old 18446744073709551616\n\n",
    ],
)
def test_a_malformed_request_is_400(text: str) -> None:
    with pytest.raises(WitnessRefused) as caught:
        decide(Submission.from_text(text), None)
    assert caught.value.why is Refusal.MALFORMED


def test_a_checkpoint_with_a_wrong_size_line_is_400() -> None:
    note = STORY.signer.sign_note(Checkpoint(STORY.signer.name, 5, bytes(32)).text().replace("5", "05"))
    assert refused(Submission(0, (), note), None).why is Refusal.MALFORMED


@pytest.mark.parametrize("line", ["AAAA", "A" * 40 + "AA==", "A" * 48])
def test_a_hash_of_another_length_is_400(line: str) -> None:
    text = Submission(0, (), STORY.checkpoint(5)).to_text().replace("old 0\n", f"old 0\n{line}\n")
    with pytest.raises(WitnessRefused) as caught:
        Submission.from_text(text)
    assert caught.value.why is Refusal.MALFORMED


def test_more_than_63_hashes_are_400() -> None:
    many = Submission(1, (bytes(32),) * 64, STORY.checkpoint(5))
    with pytest.raises(WitnessRefused) as caught:
        Submission.from_text(many.to_text())
    assert caught.value.why is Refusal.MALFORMED


def test_an_origin_that_is_not_watched_is_404_even_unsigned() -> None:
    stranger = LogSigner.generate("other.example/log")
    assert refused(Submission(0, (), stranger.sign(1, bytes(32))), None).why is Refusal.UNKNOWN_LOG


def test_another_key_under_the_logs_name_is_403() -> None:
    thief = LogSigner.generate(STORY.signer.name)
    assert refused(Submission(0, (), thief.sign(1, bytes(32))), None).why is Refusal.UNSIGNED


def test_a_wrong_signature_beside_a_right_one_is_403() -> None:
    wrong = STORY.checkpoint(4).split("\n\n")[1]
    assert refused(Submission(0, (), STORY.checkpoint(3) + wrong), None).why is Refusal.UNSIGNED


def test_an_old_size_above_the_checkpoints_is_400_before_it_is_409() -> None:
    assert refused(Submission(9, (), STORY.checkpoint(5)), known(7)).why is Refusal.MALFORMED


@pytest.mark.parametrize(("old", "remembered"), [(0, 7), (5, 7), (8, 7), (3, 0)])
def test_an_old_size_that_is_not_the_remembered_one_is_409_with_it(old: int, remembered: int) -> None:
    error = refused(STORY.submission(old, 9), known(remembered) if remembered else None)
    assert (error.why, error.size) == (Refusal.OTHER_SIZE, remembered)


def test_an_older_checkpoint_is_never_cosigned_again() -> None:
    for old in range(6):
        assert refused(STORY.submission(old, 5), known(7)).why is Refusal.OTHER_SIZE


def test_a_proof_changed_shortened_or_extended_is_422() -> None:
    good = STORY.submission(5, 9)
    for proof in ((), good.proof[:-1], (*good.proof, bytes(32)), (bytes(32), *good.proof[1:])):
        assert refused(Submission(5, proof, good.note), known(5)).why is Refusal.UNPROVEN


def test_a_proof_from_nothing_must_be_empty() -> None:
    assert refused(Submission(0, (bytes(32),), STORY.checkpoint(5)), None).why is Refusal.UNPROVEN


def test_another_root_of_the_same_size_is_422_and_named_a_fork() -> None:
    error = refused(STORY.other(3).submission(5, 5), known(5))
    assert error.why is Refusal.UNPROVEN
    assert "forked" in error.what


@pytest.mark.parametrize("fork", [0, 3, 4])
def test_a_history_rewritten_before_the_remembered_size_is_422(fork: int) -> None:
    assert refused(STORY.other(fork).submission(5, 9), known(5)).why is Refusal.UNPROVEN


def test_an_empty_tree_has_one_root() -> None:
    wrong = STORY.signer.sign(0, bytes(32))
    assert refused(Submission(0, (), wrong), None).why is Refusal.UNPROVEN
    assert decide(Submission(0, (), STORY.signer.sign(0, EMPTY_ROOT)), None).size == 0


def test_while_a_key_is_replaced_either_signs() -> None:
    new_key = LogSigner.generate(STORY.signer.name)
    logs = {STORY.signer.name: [STORY.signer.verifier, new_key.verifier]}
    for signer in (STORY.signer, new_key):
        note = Story(signer).checkpoint(3)
        assert str(admit(Submission(0, (), note), logs).note) == note


def test_strangers_lines_are_not_handed_on() -> None:
    stranger = LogSigner.generate("other.example")
    note = STORY.checkpoint(3)
    line = stranger.sign_note(note.split("\n\n")[0] + "\n").split("\n\n")[1]

    assert str(admit(Submission(0, (), note + line), LOGS).note) == note

"""What a witness decides: whether it may cosign a checkpoint, given the newest one that it cosigned before.

Knows docs/audit-format.md §12.3 (C2SP tlog-witness, add-checkpoint). No I/O, no clock, no memory of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from placet.audit.checkpoint import Checkpoint, CheckpointRefused, LogVerifier
from placet.audit.merkle import EMPTY_ROOT, HASH_BYTES, ProofRefused, verify_consistency
from placet.audit.note import MAX_NOTE_BYTES, Note, b64, unb64

MAX_PROOF_HASHES: Final = 63
MAX_REQUEST_BYTES: Final = MAX_NOTE_BYTES + 64 * 1024
SIZE_TYPE: Final = "text/x.tlog.size"
"""Content type of a 409 that tells the size."""
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")

Logs = Mapping[str, Sequence[LogVerifier]]
"""The watched logs: origin to the keys that may sign for it (several while a key is being replaced)."""


class Refusal(IntEnum):
    """Why there is no cosignature; the number is HTTP's status."""

    MALFORMED = 400
    UNSIGNED = 403
    UNKNOWN_LOG = 404
    OTHER_SIZE = 409
    UNPROVEN = 422
    NOT_NOW = 503


class WitnessRefused(Exception):  # noqa: N818 - named for the state it reports
    """There is no cosignature, for the reason `why`."""

    def __init__(self, why: Refusal, what: str, *, size: int | None = None) -> None:
        super().__init__(what)
        self.why = why
        self.what = what
        self.size = size
        """With OTHER_SIZE: that of the newest cosigned checkpoint."""


@dataclass(frozen=True)
class Submission:
    """A request to cosign: the checkpoint, and the proof that it continues the one of `old_size` leaves."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str
    """Signed by the log."""

    def to_text(self) -> str:
        """The request's body."""
        return "\n".join([f"old {self.old_size}", *map(b64, self.proof), "", self.note])

    @classmethod
    def from_text(cls, text: str) -> Submission:
        """Read an untrusted body. Raises WitnessRefused(MALFORMED)."""
        head, blank, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        old = _OLD.fullmatch(first)
        if not blank or old is None or len(lines) > MAX_PROOF_HASHES:
            raise WitnessRefused(
                Refusal.MALFORMED,
                f"expected old <size>, at most {MAX_PROOF_HASHES} hashes, a blank line, a note",
            )
        return cls(int(old[1]), tuple(map(_hash, lines)), note)


def _hash(line: str) -> bytes:
    try:
        digest = unb64(line)
    except CheckpointRefused as error:
        raise WitnessRefused(Refusal.MALFORMED, f"a line of the proof is {error}") from None
    if len(digest) != HASH_BYTES:
        raise WitnessRefused(Refusal.MALFORMED, "a hash of the proof is not 32 bytes")
    return digest


@dataclass(frozen=True)
class Candidate:
    """A checkpoint that one of the watched logs signed. It may still contradict what was cosigned."""

    checkpoint: Checkpoint
    note: Note
    """With the log's own signatures only: a stranger's lines are nothing that a witness hands on."""
    old_size: int
    proof: tuple[bytes, ...]

    def contradicts(self, newest: Checkpoint | None) -> bool:
        """Whether the log signed two trees of one size: with `newest`, the proof that it forked."""
        mine = self.checkpoint
        return newest is not None and mine.size == newest.size and mine.root != newest.root


def admit(submission: Submission, logs: Logs) -> Candidate:
    """Accept a submission as one of a watched log. Raises WitnessRefused."""
    try:
        note = Note.parse(submission.note)
        checkpoint = Checkpoint.parse(note.text, extended=True)
    except CheckpointRefused as error:
        raise WitnessRefused(Refusal.MALFORMED, str(error)) from None
    keys = logs.get(checkpoint.origin)
    if not keys:
        raise WitnessRefused(Refusal.UNKNOWN_LOG, f"no log {checkpoint.origin!r} is watched here")
    return Candidate(checkpoint, _signed(note, keys), submission.old_size, submission.proof)


def _signed(note: Note, keys: Sequence[LogVerifier]) -> Note:
    """The note with the lines of these keys, all of them verified."""
    try:
        signed = [key for key in keys if key.signed(note)]
    except CheckpointRefused as error:
        raise WitnessRefused(Refusal.UNSIGNED, str(error)) from None
    if not signed:
        raise WitnessRefused(Refusal.UNSIGNED, "no key that is trusted for this log signed the checkpoint")
    return Note(note.text, tuple(line for key in signed for line in key.own(note)))


def judge(candidate: Candidate, newest: Checkpoint | None) -> None:
    """Raise WitnessRefused unless the candidate continues `newest`, its log's newest cosigned checkpoint."""
    checkpoint, old = candidate.checkpoint, candidate.old_size
    known = newest.size if newest else 0
    if old > checkpoint.size:
        raise WitnessRefused(Refusal.MALFORMED, "the old size is above the checkpoint's")
    if old != known:
        raise WitnessRefused(Refusal.OTHER_SIZE, f"the newest cosigned size is {known}", size=known)
    if candidate.contradicts(newest):
        raise WitnessRefused(Refusal.UNPROVEN, f"another tree of size {known} was cosigned: the log forked")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise WitnessRefused(Refusal.UNPROVEN, "the root of an empty tree is another")
    try:
        root = newest.root if newest else EMPTY_ROOT
        verify_consistency(known, checkpoint.size, root, checkpoint.root, candidate.proof)
    except ProofRefused as error:
        raise WitnessRefused(Refusal.UNPROVEN, str(error)) from None

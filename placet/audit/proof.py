"""A proof file that stands alone: one leaf is in the log that signed this checkpoint (C2SP tlog-proof).

Knows the file's lines. Must not know how proofs are made or where leaves come from.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from placet.audit.checkpoint import Checkpoint, LogVerifier
from placet.audit.merkle import ProofRefused, leaf_hash, verify_inclusion

HEADER: Final = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class Proof:
    """Leaf `index` is under `checkpoint`, by these sibling hashes (the leaf's own first)."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    """The signed note, verbatim."""

    def to_text(self) -> str:
        """The content of a `.tlog-proof` file."""
        lines = [HEADER, f"index {self.index}", *(base64.b64encode(h).decode() for h in self.hashes)]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def from_text(cls, text: str) -> Proof:
        """Read an untrusted proof file. Raises ProofRefused when malformed; an `extra` line is skipped."""
        head, blank, checkpoint = text.partition("\n\n")
        lines = [line for line in head.split("\n") if not line.startswith("extra ")]
        if not blank or len(lines) < 2 or lines[0] != HEADER:
            raise ProofRefused(f"not a proof file: it begins with {HEADER!r}")
        index = _INDEX.fullmatch(lines[1])
        if index is None:
            raise ProofRefused("the proof's second line is its index")
        return cls(int(index[1]), tuple(_decoded(lines[2:])), checkpoint)

    def verify(self, leaf: bytes, log: LogVerifier) -> Checkpoint:
        """The checkpoint that covers `leaf`. Raises CheckpointRefused or ProofRefused."""
        checkpoint = log.open(self.checkpoint)
        verify_inclusion(leaf_hash(leaf), self.index, checkpoint.size, self.hashes, checkpoint.root)
        return checkpoint


def _decoded(lines: Sequence[str]) -> list[bytes]:
    try:
        return [base64.b64decode(line, validate=True) for line in lines]
    except (binascii.Error, ValueError):
        raise ProofRefused("a line of the proof is not base64") from None

"""A proof file that stands alone: one leaf is in the log that signed this checkpoint (C2SP tlog-proof).

Knows the file's lines. Must not know how proofs are made or where leaves come from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from placet.audit.checkpoint import Checkpoint, LogVerifier
from placet.audit.merkle import ProofRefused, leaf_hash, verify_inclusion
from placet.audit.note import CheckpointRefused, b64, unb64
from placet.audit.trust import Trusted, TrustPolicy

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_HASHES: Final = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class Proof:
    """Leaf `index` is under `checkpoint`, by these sibling hashes (the leaf's own first)."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    """The signed note, verbatim."""
    extra: bytes = b""
    """Whatever an application adds. Nothing vouches for it."""

    def to_text(self) -> str:
        """The content of a `.tlog-proof` file."""
        extra = [f"extra {b64(self.extra)}"] if self.extra else []
        return "\n".join([HEADER, *extra, f"index {self.index}", *map(b64, self.hashes), "", self.checkpoint])

    @classmethod
    def from_text(cls, text: str) -> Proof:
        """Read an untrusted proof file. Raises ProofRefused when malformed."""
        head, blank, checkpoint = text.partition("\n\n")
        header, *lines = head.split("\n")
        if not blank or header != HEADER:
            raise ProofRefused(f"not a proof file: it begins with {HEADER!r}")
        extra = _decoded(lines.pop(0).removeprefix("extra ")) if lines and lines[0][:6] == "extra " else b""
        index = _INDEX.fullmatch(lines[0]) if lines else None
        if index is None or len(lines) > 1 + MAX_HASHES:
            raise ProofRefused(f"a proof has its index, and then at most {MAX_HASHES} hashes")
        return cls(int(index[1]), tuple(map(_decoded, lines[1:])), checkpoint, extra)

    def verify(self, leaf: bytes, log: LogVerifier) -> Checkpoint:
        """The checkpoint that covers `leaf`. Raises CheckpointRefused or ProofRefused.

        That the log shows everybody the same history is not asked; `verify_trusted` asks the witnesses.
        """
        return self._covers(leaf, log.open(self.checkpoint))

    def verify_trusted(self, leaf: bytes, policy: TrustPolicy) -> Trusted:
        """The trusted checkpoint that covers `leaf`. Raises CheckpointRefused or ProofRefused."""
        trusted = policy.open(self.checkpoint)
        self._covers(leaf, trusted.checkpoint)
        return trusted

    def _covers(self, leaf: bytes, checkpoint: Checkpoint) -> Checkpoint:
        verify_inclusion(leaf_hash(leaf), self.index, checkpoint.size, self.hashes, checkpoint.root)
        return checkpoint


def _decoded(line: str) -> bytes:
    try:
        return unb64(line)
    except CheckpointRefused as error:
        raise ProofRefused(f"a line of the proof is {error}") from None

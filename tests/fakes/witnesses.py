"""A log that can tell two stories, and a witness in memory to tell them to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from placet.audit.checkpoint import LogSigner
from placet.audit.merkle import Tree, leaf_hash
from placet.audit.witness import Submission


@dataclass
class Story:
    """The leaves of one history of a log, signed by whoever has its key."""

    signer: LogSigner = field(default_factory=lambda: LogSigner.generate("placet.local/log"))
    leaves: Sequence[bytes] = tuple(b"%d" % i for i in range(1000))

    def tree(self, size: int) -> Tree:
        return Tree(map(leaf_hash, self.leaves[:size]))

    def checkpoint(self, size: int) -> str:
        return self.signer.sign(size, self.tree(size).root())

    def submission(self, old: int, size: int) -> Submission:
        """A request in order: the checkpoint of `size` leaves, proven from `old`."""
        proof = self.tree(size).consistency_proof(old, size)
        return Submission(old, tuple(proof), self.checkpoint(size))

    def other(self, fork: int) -> Story:
        """Another history by the same key, that differs from leaf `fork` on."""
        leaves = [leaf if i < fork else b"other " + leaf for i, leaf in enumerate(self.leaves)]
        return Story(self.signer, leaves)

"""A witness's statement about a log's checkpoint: C2SP tlog-cosignature, cosignature/v1 with Ed25519.

Knows docs/audit-format.md §12.1 and §12.2. Must not know how a witness decides, or what a quorum is.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import ClassVar, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from placet.audit.note import CheckpointRefused, Note, NoteSigner, NoteVerifier, Signature

_TIME: Final = struct.Struct(">Q")
_MAX_TIME_S: Final = 2**63 - 1


def cosigned_bytes(text: str, time_s: int) -> bytes:
    """What is signed: header, seconds since the epoch, and the checkpoint's whole text."""
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


@dataclass(frozen=True)
class Cosignature:
    """A verified statement: at `time_s` this was the newest consistent checkpoint its witness had seen."""

    witness: str
    time_s: int
    """Seconds since the epoch, by the witness's clock."""
    line: str
    """The signature line, with its newline."""


@dataclass(frozen=True)
class WitnessVerifier(NoteVerifier):
    """The public half of a witness's key, under the witness's name."""

    kind: ClassVar[bytes] = b"\x04"

    def cosignature(self, note: Note) -> Cosignature | None:
        """The newest cosignature of this key on an untrusted note; None when it has none.

        Raises CheckpointRefused when a line of this key does not verify: the whole note is then refused.
        """
        found = [self._verified(note.text, signature) for signature in self.own(note)]
        return max(found, key=lambda cosignature: cosignature.time_s, default=None)

    def _verified(self, text: str, signature: Signature) -> Cosignature:
        if len(signature.value) < _TIME.size:
            raise CheckpointRefused("a cosignature is a time and a signature")
        (time_s,) = _TIME.unpack(signature.value[: _TIME.size])
        if not 0 < time_s <= _MAX_TIME_S:
            raise CheckpointRefused("a cosignature's time is out of range")
        self.check(cosigned_bytes(text, time_s), signature.value[_TIME.size :])
        return Cosignature(self.name, time_s, signature.line)


class WitnessSigner(NoteSigner):
    """A witness's private key. Whoever runs the log must not have it."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """`name` has no whitespace and no plus sign."""
        super().__init__(name, key)
        self.verifier = WitnessVerifier(name, self.public)

    def cosign(self, text: str, time_s: int) -> str:
        """The signature line, with its newline, over a checkpoint's text. `time_s` is the time of signing."""
        value = _TIME.pack(time_s) + self.sign_bytes(cosigned_bytes(text, time_s))
        return Signature(self.name, self.verifier.key_id, value).line

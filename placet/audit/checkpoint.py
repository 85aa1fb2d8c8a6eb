"""A signed statement of the log's size and root: C2SP tlog-checkpoint inside a C2SP signed note.

Knows the checkpoint's lines and the log's key. Must not know records.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from placet.audit.merkle import HASH_BYTES
from placet.audit.note import CheckpointRefused as CheckpointRefused
from placet.audit.note import Note, NoteSigner, NoteVerifier, Signature, b64, unb64

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_MAX_SIZE = 2**63 - 1


@dataclass(frozen=True)
class Checkpoint:
    """What the log says of itself: these many leaves, this root."""

    origin: str
    size: int
    root: bytes
    """RFC 6962 root, 32 bytes."""
    extension: str = ""
    """Further lines, as other logs may write them; ours writes none."""

    def text(self) -> str:
        """The bytes that are signed: origin, size and base64 root, one line each."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n{self.extension}"

    @classmethod
    def parse(cls, text: str, *, extended: bool = False) -> Checkpoint:
        """Read the text of a note. Raises CheckpointRefused unless it is exactly what `text` writes.

        `extended` allows extension lines, which C2SP does not recommend and nobody can verify.
        """
        lines = text.split("\n")
        if len(lines) < 4 or not all(lines[:-1]) or lines[-1] or not _SIZE.fullmatch(lines[1]):
            raise CheckpointRefused("a checkpoint has three lines: origin, size, root")
        if len(lines) > 4 and not extended:
            raise CheckpointRefused("a checkpoint of this log has three lines: origin, size, root")
        size, root = int(lines[1]), unb64(lines[2])
        if len(root) != HASH_BYTES or size > _MAX_SIZE:
            raise CheckpointRefused("the checkpoint's root is not 32 bytes, or its size is above 2^63 - 1")
        return cls(lines[0], size, root, "\n".join(lines[3:]))


@dataclass(frozen=True)
class LogVerifier(NoteVerifier):
    """The public half of a log's key, under the log's name."""

    kind: ClassVar[bytes] = b"\x01"

    def open_note(self, note: str) -> str:
        """The signed text of an untrusted note.

        Raises CheckpointRefused unless this key signed it. Other keys' lines are ignored; a line of this key
        that does not verify refuses the whole note (C2SP signed-note).
        """
        parsed = Note.parse(note)
        if not self.signed(parsed):
            raise CheckpointRefused(f"the note carries no signature of {self.name}'s key")
        return parsed.text

    def signed(self, note: Note) -> bool:
        """Whether this key signed it. Raises CheckpointRefused when a line of this key does not verify."""
        mine = self.own(note)
        for signature in mine:
            self.check(note.text.encode(), signature.value)
        return bool(mine)

    def open(self, note: str) -> Checkpoint:
        """The checkpoint in an untrusted note. Raises CheckpointRefused, also for another log's."""
        checkpoint = Checkpoint.parse(self.open_note(note))
        if checkpoint.origin != self.name:
            raise CheckpointRefused(f"the checkpoint is of log {checkpoint.origin!r}, not {self.name!r}")
        return checkpoint


class LogSigner(NoteSigner):
    """The log's private key. It exists in the audit service only."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """`name` is the log's origin: no whitespace, no plus sign."""
        super().__init__(name, key)
        self.verifier = LogVerifier(name, self.public)

    def sign_note(self, text: str) -> str:
        """A note over `text`, which ends in a newline."""
        value = self.sign_bytes(text.encode())
        return str(Note(text, (Signature(self.name, self.verifier.key_id, value),)))

    def sign(self, size: int, root: bytes) -> str:
        """A signed checkpoint of this log."""
        return self.sign_note(Checkpoint(self.name, size, root).text())

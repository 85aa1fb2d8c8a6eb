"""A signed statement of the log's size and root: C2SP tlog-checkpoint inside a C2SP signed note.

Knows Ed25519 notes and verification keys (`vkey`). Must not know records. Reads and writes key files only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from placet.audit.merkle import HASH_BYTES

MAX_NOTE_BYTES: Final = 64 * 1024
MAX_SIGNATURES: Final = 64
_ED25519: Final = b"\x01"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_NAME = re.compile(r"[^\s+]+")
_DASH: Final = "\u2014 "


class CheckpointRefused(ValueError):  # noqa: N818 - named for the state it reports
    """The note is malformed, unsigned by the expected key, or its signature is wrong."""


@dataclass(frozen=True)
class Checkpoint:
    """What the log says of itself: these many leaves, this root."""

    origin: str
    size: int
    root: bytes
    """RFC 6962 root, 32 bytes."""

    def text(self) -> str:
        """The bytes that are signed: origin, size and base64 root, one line each."""
        return f"{self.origin}\n{self.size}\n{_b64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a note. Raises CheckpointRefused unless it is exactly what `text` writes."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not _SIZE.fullmatch(lines[1]):
            raise CheckpointRefused("a checkpoint has three lines: origin, size, root")
        root = _unb64(lines[2])
        if len(root) != HASH_BYTES:
            raise CheckpointRefused("the checkpoint's root is not 32 bytes")
        return cls(lines[0], int(lines[1]), root)


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _unb64(value: str) -> bytes:
    """Strict: one spelling per value, so that no stored byte can change unnoticed."""
    try:
        decoded = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointRefused("not base64") from None
    if _b64(decoded) != value:
        raise CheckpointRefused("not canonical base64")
    return decoded


def _key_id(name: str, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key).digest()[:4]


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


@dataclass(frozen=True)
class LogVerifier:
    """The public half of a log's key, under the log's name."""

    name: str
    public: bytes
    """Raw Ed25519 public key, 32 bytes."""

    @classmethod
    def from_vkey(cls, vkey: str) -> LogVerifier:
        """Read `<name>+<hex key id>+<base64>`. Raises CheckpointRefused when malformed or not Ed25519."""
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
            raise CheckpointRefused("a verification key is <name>+<key id>+<base64 key>")
        key = _unb64(parts[2])
        if key[:1] != _ED25519 or len(key) != 33:
            raise CheckpointRefused("the verification key is not Ed25519")
        if parts[1] != _key_id(parts[0], key[1:]).hex():
            raise CheckpointRefused("the verification key's id does not match its key; copy it whole")
        return cls(parts[0], key[1:])

    @property
    def vkey(self) -> str:
        """The key as text, to hand to whoever verifies."""
        return f"{self.name}+{_key_id(self.name, self.public).hex()}+{_b64(_ED25519 + self.public)}"

    def open_note(self, note: str) -> str:
        """The signed text of an untrusted note.

        Raises CheckpointRefused unless this key signed it. Other keys' lines are ignored; a line of this key
        that does not verify refuses the whole note (C2SP signed-note).
        """
        text, lines = _split_note(note)
        mine = [signature for name, signature in map(_signature, lines) if self._is_mine(name, signature)]
        if not mine:
            raise CheckpointRefused(f"the note carries no signature of {self.name}'s key")
        for signature in mine:
            self._check(text, signature[4:])
        return text

    def open(self, note: str) -> Checkpoint:
        """The checkpoint in an untrusted note. Raises CheckpointRefused, also for another log's."""
        checkpoint = Checkpoint.parse(self.open_note(note))
        if checkpoint.origin != self.name:
            raise CheckpointRefused(f"the checkpoint is of log {checkpoint.origin!r}, not {self.name!r}")
        return checkpoint

    def _is_mine(self, name: str, signature: bytes) -> bool:
        return name == self.name and signature[:4] == _key_id(self.name, self.public)

    def _check(self, text: str, signature: bytes) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            raise CheckpointRefused("the signature does not match: the note was changed") from None


def _split_note(note: str) -> tuple[str, list[str]]:
    if len(note.encode(errors="replace")) > MAX_NOTE_BYTES:
        raise CheckpointRefused("the note is too large")
    if any(ord(char) < 32 and char != "\n" for char in note) or not note.endswith("\n"):
        raise CheckpointRefused("a note is lines of text without control characters")
    text, blank, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")[:-1]
    if not blank or not 1 <= len(lines) <= MAX_SIGNATURES:
        raise CheckpointRefused("a note is text, a blank line, and signature lines")
    return text + "\n", lines


def _signature(line: str) -> tuple[str, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _NAME.fullmatch(name):
        raise CheckpointRefused("a signature line is an em dash, a name and base64")
    signature = _unb64(encoded)
    if len(signature) < 5:
        raise CheckpointRefused("a signature is too short")
    return name, signature


class LogSigner:
    """The log's private key. It exists in the audit service only."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """`name` is the log's origin: no whitespace, no plus sign."""
        if not _NAME.fullmatch(name):
            raise ValueError("a log's name has no whitespace and no plus sign")
        self._key = key
        self.verifier = LogVerifier(name, _raw(key.public_key()))

    @classmethod
    def generate(cls, name: str) -> LogSigner:
        """A fresh key."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path, name: str) -> LogSigner:
        """Read a PKCS #8 PEM. Raises ValueError when it is not an Ed25519 key, OSError when unreadable."""
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path}: not an Ed25519 private key (PKCS #8 PEM)")  # noqa: TRY004 - a bad file
        return cls(name, key)

    def save(self, path: Path) -> None:
        """Write PKCS #8 PEM for its owner only. Raises FileExistsError rather than overwrite."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)

    def sign_note(self, text: str) -> str:
        """A note over `text`, which ends in a newline."""
        signature = _key_id(self.verifier.name, self.verifier.public) + self._key.sign(text.encode())
        return f"{text}\n{_DASH}{self.verifier.name} {_b64(signature)}\n"

    def sign(self, size: int, root: bytes) -> str:
        """A signed checkpoint of this log."""
        return self.sign_note(Checkpoint(self.verifier.name, size, root).text())

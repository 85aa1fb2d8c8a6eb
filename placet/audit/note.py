"""C2SP signed notes: a text, a blank line, and signature lines by named Ed25519 keys.

Knows lines, key ids and key files. Must not know what a text says. A parsed note proves nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_NOTE_BYTES: Final = 64 * 1024
MAX_SIGNATURES: Final = 64
KEY_BYTES: Final = 32
_NAME = re.compile(r"[^\s+]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH: Final = "\u2014 "


class CheckpointRefused(ValueError):  # noqa: N818 - named for the state it reports
    """The note is malformed, unsigned by the expected key, or its signature is wrong."""


def b64(value: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(value).decode()


def unb64(value: str) -> bytes:
    """Strict: one spelling per value, so that no stored byte can change unnoticed."""
    try:
        decoded = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointRefused("not base64") from None
    if b64(decoded) != value:
        raise CheckpointRefused("not canonical base64")
    return decoded


@dataclass(frozen=True)
class Signature:
    """One line below a note's text; whose it is, the line only claims."""

    name: str
    key_id: bytes
    """4 bytes."""
    value: bytes

    @property
    def line(self) -> str:
        """The line, with its newline."""
        return f"{_DASH}{self.name} {b64(self.key_id + self.value)}\n"

    @classmethod
    def parse(cls, line: str) -> Signature:
        """Read a line without its newline. Raises CheckpointRefused."""
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space or not _NAME.fullmatch(name):
            raise CheckpointRefused("a signature line is an em dash, a name and base64")
        decoded = unb64(encoded)
        if len(decoded) < 5:
            raise CheckpointRefused("a signature is too short")
        return cls(name, decoded[:4], decoded[4:])


@dataclass(frozen=True)
class Note:
    """A note taken apart. Nothing of it is verified."""

    text: str
    """Ends in a newline."""
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, note: str) -> Note:
        """Read untrusted text. Raises CheckpointRefused."""
        if len(note.encode(errors="replace")) > MAX_NOTE_BYTES:
            raise CheckpointRefused("the note is too large")
        if _CONTROL.search(note) or not note.endswith("\n"):
            raise CheckpointRefused("a note is lines of text without control characters")
        text, blank, signatures = note.rpartition("\n\n")
        lines = signatures.split("\n")[:-1]
        if not blank or not 1 <= len(lines) <= MAX_SIGNATURES:
            raise CheckpointRefused("a note is text, a blank line, and signature lines")
        return cls(text + "\n", tuple(map(Signature.parse, lines)))

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}"


@dataclass(frozen=True)
class NoteVerifier:
    """A public key under a name, for one kind of signature line."""

    kind: ClassVar[bytes]
    """C2SP's signature type, 1 byte."""

    name: str
    public: bytes
    """Raw Ed25519 public key, 32 bytes."""

    @classmethod
    def from_vkey(cls, vkey: str) -> Self:
        """Read `<name>+<hex key id>+<base64>`. Raises CheckpointRefused when malformed or of another kind."""
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
            raise CheckpointRefused("a verification key is <name>+<key id>+<base64 key>")
        key = unb64(parts[2])
        if key[:1] != cls.kind or len(key) != 1 + KEY_BYTES:
            raise CheckpointRefused(f"the verification key is not Ed25519 of type 0x{cls.kind.hex()}")
        found = cls(parts[0], key[1:])
        if parts[1] != found.key_id.hex():
            raise CheckpointRefused("the verification key's id does not match its key; copy it whole")
        return found

    @property
    def key_id(self) -> bytes:
        """What its signature lines begin with, 4 bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as text, to hand to whoever verifies."""
        return f"{self.name}+{self.key_id.hex()}+{b64(self.kind + self.public)}"

    def own(self, note: Note) -> list[Signature]:
        """The lines that claim to be by this key; all others are to be ignored (C2SP signed-note)."""
        key_id = self.key_id
        return [s for s in note.signatures if s.name == self.name and s.key_id == key_id]

    def check(self, message: bytes, signature: bytes) -> None:
        """Raise CheckpointRefused unless this key signed these bytes."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise CheckpointRefused("the signature does not match: the note was changed") from None


class NoteSigner:
    """A private key under a name."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """`name` has no whitespace and no plus sign. Raises ValueError."""
        if not _NAME.fullmatch(name):
            raise ValueError("a key's name has no whitespace and no plus sign")
        self.name = name
        self._key = key

    @classmethod
    def generate(cls, name: str) -> Self:
        """A fresh key."""
        return cls(name, Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path, name: str) -> Self:
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
            file.flush()
            os.fsync(file.fileno())

    @property
    def public(self) -> bytes:
        """Raw Ed25519 public key, 32 bytes."""
        return self._key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    def sign_bytes(self, message: bytes) -> bytes:
        """Ed25519, 64 bytes."""
        return self._key.sign(message)

"""Keys that sign and verify approvals: ECDSA P-256, SHA-256, in files and sets (docs/approval-format.md §1).

Knows PEM files. Must not know what is signed, nor who may hold a key.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_ALGORITHM = ec.ECDSA(hashes.SHA256())
_KEY_ID = re.compile(r"[0-9a-f]{64}")
REVOKED_FILE = "revoked.txt"
PUBLIC_SUFFIX = ".pub.pem"
PERSON_PREFIX = "reviewer-"


class KeyFileError(ValueError):
    """A key file cannot be used; the message names it and says what to do."""


@dataclass(frozen=True)
class VerificationKey:
    """A public key and its id."""

    _public: ec.EllipticCurvePublicKey
    key_id: str
    """Lower-case hex SHA-256 of the DER SubjectPublicKeyInfo."""

    @classmethod
    def from_pem(cls, pem: bytes) -> VerificationKey:
        """Read a PEM public key. Raises KeyFileError unless it is one on P-256."""
        try:
            public = serialization.load_pem_public_key(pem)
        except (ValueError, TypeError) as error:
            raise KeyFileError(f"not a PEM public key ({error})") from None
        if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
            raise KeyFileError("not an ECDSA key on P-256, the only kind that approvals use")
        return cls.of(public)

    @classmethod
    def of(cls, public: ec.EllipticCurvePublicKey) -> VerificationKey:
        """The verification key that wraps a public key."""
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return cls(public, hashlib.sha256(der).hexdigest())

    def to_pem(self) -> bytes:
        """SubjectPublicKeyInfo in PEM: what belongs into the executor's key directory as `NAME.pub.pem`."""
        return self._public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this key signed exactly these bytes."""
        try:
            self._public.verify(signature, message, _ALGORITHM)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A private key. Only the guard and human reviewers hold one."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private
        self.public = VerificationKey.of(private.public_key())

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id[:12]}…)"

    @property
    def key_id(self) -> str:
        """Id of the key pair; see VerificationKey.key_id."""
        return self.public.key_id

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key from the system's random source."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Read a private key file.

        Raises:
            OSError: the file cannot be read.
            KeyFileError: it is no unencrypted P-256 key in PEM, or others than its owner can read it.
        """
        if _others_can_read(path.stat(), os.geteuid(), {os.getegid(), *os.getgroups()}):
            raise KeyFileError(f"{path}: others can read this private key; run chmod 600 on it")
        try:
            private = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise KeyFileError(f"{path}: not an unencrypted PEM private key ({error})") from None
        if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
            raise KeyFileError(f"{path}: not an ECDSA key on P-256, the only kind that approvals use")
        return cls(private)

    def save(self, path: Path) -> None:
        """Write the private key with mode 0600. Raises FileExistsError rather than overwrite a key."""
        pem = self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)

    def sign(self, message: bytes) -> bytes:
        """DER signature over exactly these bytes."""
        return self._private.sign(message, _ALGORITHM)


def _others_can_read(file: os.stat_result, reader: int, groups: Collection[int]) -> bool:
    """A secret that a cluster mounts belongs to root; its reader gets at it through a group of its own."""
    mounted = file.st_uid == 0 and reader != 0 and file.st_gid in groups
    return bool(file.st_mode & (0o037 if mounted else 0o077))


@dataclass(frozen=True)
class KeySet:
    """The keys whose approvals count: trusted ones by id, less the revoked."""

    trusted: Mapping[str, VerificationKey]
    revoked_ids: frozenset[str] = frozenset()
    people: Mapping[str, str] = field(default_factory=dict)
    """Key id → the NAME whose key it is. The guard's keys are nobody's."""

    @classmethod
    def of(cls, *keys: VerificationKey, revoked: frozenset[str] = frozenset()) -> KeySet:
        """A set of these keys."""
        return cls({key.key_id: key for key in keys}, revoked)

    @classmethod
    def load(cls, directory: Path) -> KeySet:
        """Read every `*.pub.pem` and `revoked.txt` of a directory.

        Raises:
            OSError: the directory or a file in it cannot be read.
            KeyFileError: a file holds no key or no key id. One bad file spoils the set: which key was
                meant to be revoked or trusted cannot be known.
        """
        paths = [path for path in sorted(directory.iterdir()) if path.name.endswith(PUBLIC_SUFFIX)]
        keys = [(path, _read_public(path)) for path in paths]
        trusted = {key.key_id: key for _, key in keys}
        return cls(trusted, _read_revoked(directory / REVOKED_FILE), _people(keys))

    def person_of(self, key_id: str) -> str:
        """Whose key it is; empty when it is nobody's, such as a guard's."""
        return self.people.get(key_id, "")

    def candidates(self, hint: str) -> Iterator[VerificationKey]:
        """Every trusted key, the hinted one first. Includes revoked ones: ask `revoked_ids`."""
        if hint in self.trusted:
            yield self.trusted[hint]
        yield from (key for key_id, key in self.trusted.items() if key_id != hint)


def _people(keys: Sequence[tuple[Path, VerificationKey]]) -> dict[str, str]:
    """Key id → NAME. A key that two people share would let one of them vote twice."""
    found: dict[str, str] = {}
    for path, key in keys:
        name = _person(path)
        if name and found.setdefault(key.key_id, name) != name:
            raise KeyFileError(
                f"{path}: {found[key.key_id]} has this key already; each person needs their own"
            )
    return found


def _person(path: Path) -> str:
    """The NAME of `reviewer-NAME.pub.pem` or `reviewer-NAME+LABEL.pub.pem`; empty for any other file."""
    stem = path.name.removesuffix(PUBLIC_SUFFIX)
    return stem.removeprefix(PERSON_PREFIX).partition("+")[0] if stem.startswith(PERSON_PREFIX) else ""


def _read_public(path: Path) -> VerificationKey:
    try:
        return VerificationKey.from_pem(path.read_bytes())
    except KeyFileError as error:
        raise KeyFileError(f"{path}: {error}") from None


def _read_revoked(path: Path) -> frozenset[str]:
    if not path.exists():
        return frozenset()
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    ids = frozenset(line for line in lines if line)
    for key_id in ids:
        if not _KEY_ID.fullmatch(key_id):
            raise KeyFileError(f"{path}: {key_id[:80]!r} is not a key id (64 lower-case hex digits)")
    return ids

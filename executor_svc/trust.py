"""What this pool believes in: verification keys and scopes, read from its two directories.

Knows files. Read anew for each admission, so that a revocation or a retirement holds from the next
request on; what cannot be read admits nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

from placet.approval import KeyFileError, KeySet
from placet.rpc.errors import ServiceError

RETIRED_FILE: Final = "retired.txt"
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class KnownScopes:
    """Digests (32 bytes) of the scopes that approvals may name, and of those they no longer may."""

    known: frozenset[bytes]
    retired: frozenset[bytes] = frozenset()


@dataclass(frozen=True)
class Trust:
    """Keys and scopes at one moment."""

    keys: KeySet
    scopes: KnownScopes


@dataclass(frozen=True)
class TrustFiles:
    """Where keys and scopes lie."""

    keys_dir: Path
    scopes_dir: Path

    def load(self) -> Trust:
        """Read both directories.

        Raises:
            ServiceError: UNAVAILABLE/TRUST_UNREADABLE; nothing may be admitted then.
        """
        try:
            return Trust(KeySet.load(self.keys_dir), _read_scopes(self.scopes_dir))
        except (OSError, KeyFileError, ValueError) as error:
            raise ServiceError(
                grpc.StatusCode.UNAVAILABLE,
                "TRUST_UNREADABLE",
                f"the executor cannot read its keys or scopes, so it admits nothing; mend: {error}",
            ) from error


def _read_scopes(directory: Path) -> KnownScopes:
    files = [path for path in sorted(directory.iterdir()) if path.suffix in (".yaml", ".yml")]
    known = frozenset(hashlib.sha256(path.read_bytes()).digest() for path in files)
    return KnownScopes(known, _read_retired(directory / RETIRED_FILE))


def _read_retired(path: Path) -> frozenset[bytes]:
    if not path.exists():
        return frozenset()
    words = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    digests = [word for word in words if word]
    for digest in digests:
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"{path}: {digest[:80]!r} is not a digest (64 lower-case hex digits)")
    return frozenset(bytes.fromhex(digest) for digest in digests)

"""What this pool believes in: verification keys and scopes, read from its two directories.

Knows files. Looked at for each admission and read anew when they are others, so that a revocation or a
retirement holds from the next request on; what cannot be read admits nothing.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import grpc
import structlog

from executor_svc.delivery.wanted import Wanted
from executor_svc.people import UNKNOWN, Quorum
from placet.approval import KeyFileError, KeySet
from placet.rpc.errors import ServiceError
from placet.scope import Scope, ScopeInvalid, load_scope
from placet.scope.companions import named_in, read_companions
from placet.scope.directory import scope_files

RETIRED_FILE: Final = "retired.txt"
SETTLED_NS: Final = 2_000_000_000
"""A file that has not changed for so long shows its next change in its times: their ticks are finer."""
_log = structlog.get_logger()
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class KnownScopes:
    """Digests (32 bytes) of the scopes that approvals may name, and of those they no longer may."""

    known: frozenset[bytes]
    retired: frozenset[bytes] = frozenset()
    quorums: Mapping[bytes, Quorum] = field(default_factory=dict)
    """Digest → how many people decide, of the known scopes that this executor can read."""
    wanted: Mapping[bytes, Wanted] = field(default_factory=dict)
    """Digest → what is done around programs, of those that it can also use."""
    unusable: Mapping[bytes, str] = field(default_factory=dict)
    """Digest → file and problem of each of the others."""

    def wanted_of(self, digest: bytes) -> Wanted:
        """What the scope wants done. What is not known to be wanted cannot be done, so nothing is run.

        Raises:
            ServiceError: UNAVAILABLE/SCOPE_UNUSABLE, with what to mend.
        """
        if digest in self.wanted:
            return self.wanted[digest]
        problem = self.unusable.get(digest, "it was not read")
        raise ServiceError(
            grpc.StatusCode.UNAVAILABLE,
            "SCOPE_UNUSABLE",
            f"the executor cannot use the scope {digest.hex()[:16]}…, so nothing runs in it; mend: {problem}",
        )


@dataclass(frozen=True)
class Trust:
    """Keys and scopes at one moment."""

    keys: KeySet
    scopes: KnownScopes


_Stamp = tuple[tuple[str, int, int, int, int], ...]
"""Of each file: its path, inode, size, and when content and inode changed, in nanoseconds."""


@dataclass
class TrustFiles:
    """Where keys and scopes lie."""

    keys_dir: Path
    scopes_dir: Path
    _read: tuple[_Stamp, Trust] | None = field(default=None, init=False, repr=False)

    def load(self) -> Trust:
        """What both directories hold now.

        Raises:
            ServiceError: UNAVAILABLE/TRUST_UNREADABLE; nothing may be admitted then.
        """
        try:
            stamp = _stamp(self.keys_dir, self.scopes_dir)
            if self._read is None or self._read[0] != stamp:
                self._read = stamp, Trust(KeySet.load(self.keys_dir), _read_scopes(self.scopes_dir))
        except (OSError, KeyFileError, ValueError) as error:
            self._read = None
            raise ServiceError(
                grpc.StatusCode.UNAVAILABLE,
                "TRUST_UNREADABLE",
                f"the executor cannot read its keys or scopes, so it admits nothing; mend: {error}",
            ) from error
        trust = self._read[1]
        if max(changed for *_, changed in stamp) > time.time_ns() - SETTLED_NS:
            self._read = None
        return trust


def _stamp(*directories: Path) -> _Stamp:
    """Taken before reading, so that a change meanwhile shows the next time. Raises OSError."""
    return tuple(_stamped(path) for directory in directories for path in sorted(_beneath(str(directory))))


def _beneath(directory: str) -> Iterator[str]:
    """It, and all that lies in it. Every admission asks, so without objects for paths, which take longer."""
    yield directory
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _beneath(entry.path)
            else:
                yield entry.path


def _stamped(path: str) -> tuple[str, int, int, int, int]:
    """Of what a link leads to, as a mounted secret has them; of the link itself if it leads nowhere."""
    try:
        found = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        found = os.lstat(path)
    return path, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read_scopes(directory: Path) -> KnownScopes:
    retired = _read_retired(directory / RETIRED_FILE)
    quorums: dict[bytes, Quorum] = {}
    wanted: dict[bytes, Wanted] = {}
    unusable: dict[bytes, str] = {}
    documents = {path: path.read_bytes() for path in scope_files(directory)}
    companions = named_in(documents.values())
    for path, document in documents.items():
        digest = hashlib.sha256(document).digest()
        if digest.hex() not in companions:
            quorums[digest] = UNKNOWN
            try:
                scope = _scope(document)
                quorums[digest] = Quorum(scope.review.quorum, scope.review.strictest_quorum)
                wanted[digest] = Wanted.by(scope, read_companions(scope, directory))
            except ScopeInvalid as error:
                unusable[digest] = f"{path}: {'; '.join(error.problems)}"
                _log.warning("a scope is not usable", problem=unusable[digest])
    return KnownScopes(frozenset({*wanted, *unusable}), retired, quorums, wanted, unusable)


@lru_cache(maxsize=1024)
def _scope(document: bytes) -> Scope:
    """Raises ScopeInvalid, also of one in a newer format: it is known by its digest, and not used."""
    return load_scope(document)


def _read_retired(path: Path) -> frozenset[bytes]:
    if not path.exists():
        return frozenset()
    words = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    digests = [word for word in words if word]
    for digest in digests:
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"{path}: {digest[:80]!r} is not a digest (64 lower-case hex digits)")
    return frozenset(bytes.fromhex(digest) for digest in digests)

"""Assembles a run's inputs from the manifest and the chunks that arrive: within bounds, in constant memory.

Knows names, sizes and digests; must not know what the approval says about them: that is admission's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import grpc

from executor_svc.sandbox import InputFile
from executor_svc.sandbox.spool import Held, Spool
from placet.approval.reading import input_name_problem
from placet.approval.statement import MAX_INPUTS
from placet.rpc.errors import ServiceError

MIB: Final = 1024 * 1024
MAX_TOTAL_BYTES: Final = 256 * MIB
MAX_CHUNK_BYTES: Final = 256 * 1024
NO_ROOM_RETRY_S: Final = 5.0


@dataclass(frozen=True)
class Declared:
    """What the caller says it will send. Untrusted."""

    name: str
    sha256: bytes
    size: int


class Arriving:
    """One declared input, as far as it is there: digested on its way into its stretch of the spool."""

    def __init__(self, declared: Declared, held: Held) -> None:
        self._declared = declared
        self._held = held
        self._digest = hashlib.sha256()
        self._size = 0

    def add(self, data: bytes) -> None:
        """The next bytes. Raises ServiceError, OSError."""
        declared = self._declared
        if self._size + len(data) > declared.size:
            raise _refused(
                "INPUT_SIZE_WRONG", f"{declared.name!r} is longer than the {declared.size} bytes declared"
            )
        self._held.spool.write(self._held.start + self._size, data)
        self._digest.update(data)
        self._size += len(data)

    def finish(self) -> InputFile:
        """The input, if it is what was declared. Raises ServiceError."""
        declared, digest = self._declared, self._digest.digest()
        if self._size != declared.size:
            raise _refused(
                "INPUT_SIZE_WRONG",
                f"{declared.name!r} ended after {self._size} of {declared.size} bytes; send it again",
            )
        if digest != declared.sha256:
            raise _refused(
                "INPUT_DIGEST_WRONG",
                f"{declared.name!r} does not have the declared digest; it was changed while it was sent",
            )
        return InputFile(declared.name, digest, self._held)


class Assembly:
    """Collects the bytes of declared inputs; a method blocks for as long as the disk takes if `on_disk`.

    Every method raises ServiceError: INVALID_ARGUMENT for what the caller did wrong, and
    RESOURCE_EXHAUSTED/INPUT_NO_ROOM when there is no room to hold the bytes.
    """

    def __init__(self, manifest: Sequence[Declared]) -> None:
        """Refuse a manifest that is out of bounds, and take all the room, before any byte is kept."""
        _check_manifest(manifest)
        total = sum(declared.size for declared in manifest)
        try:
            self._spool = Spool(total)
        except OSError as error:
            raise _no_room(total, error) from error
        self._arriving: dict[str, Arriving] = {}
        start = 0
        for declared in manifest:
            held = Held(self._spool, start, declared.size)
            self._arriving[declared.name] = Arriving(declared, held)
            start += declared.size

    @property
    def on_disk(self) -> bool:
        """Whether the inputs are too large to be held in memory."""
        return self._spool.on_disk

    def add(self, name: str, data: bytes) -> None:
        """Append the next bytes of one input."""
        if name not in self._arriving:
            raise _refused("INPUT_UNDECLARED", f"{name[:80]!r} is not in the header's manifest; declare it")
        if not 1 <= len(data) <= MAX_CHUNK_BYTES:
            raise _refused("INPUT_CHUNK_SIZE", f"a chunk has 1 to {MAX_CHUNK_BYTES} bytes, not {len(data)}")
        try:
            self._arriving[name].add(data)
        except OSError as error:
            raise _no_room(self._spool.size, error) from error

    def finish(self) -> tuple[InputFile, ...]:
        """The inputs, once each has its declared size and digest; `release` takes them away again."""
        return tuple(arriving.finish() for arriving in self._arriving.values())

    async def release(self) -> None:
        """Let go of every byte. Idempotent."""
        await self._spool.release()


def _check_manifest(manifest: Sequence[Declared]) -> None:
    if len(manifest) > MAX_INPUTS:
        raise _refused("INPUT_TOO_MANY", f"{len(manifest)} inputs; at most {MAX_INPUTS} are taken")
    for declared in manifest:
        if problem := input_name_problem(declared.name):
            raise _refused("INPUT_NAME_INVALID", f"{declared.name[:80]!r}: {problem}; rename the file")
        if len(declared.sha256) != 32 or declared.size < 0:
            raise _refused("INPUT_MANIFEST_INVALID", f"{declared.name!r}: needs a 32-byte digest and a size")
    if len({declared.name for declared in manifest}) != len(manifest):
        raise _refused("INPUT_NAME_TWICE", "two inputs have the same name; rename one")
    total = sum(declared.size for declared in manifest)
    if total > MAX_TOTAL_BYTES:
        raise _refused(
            "INPUT_TOO_LARGE", f"the inputs have {total} bytes; at most 256 MiB together are taken"
        )


def _refused(reason: str, message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, reason, message)


def _no_room(size: int, error: OSError) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "INPUT_NO_ROOM",
        f"the executor cannot hold {size} bytes of inputs ({error.strerror}); nothing was spent, try again",
        retry_after_s=NO_ROOM_RETRY_S,
    )

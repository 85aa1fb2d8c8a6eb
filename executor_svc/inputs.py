"""Assembles a run's inputs from the manifest and the chunks that arrive, within bounds.

Knows names, sizes and digests; must not know what the approval says about them: that is admission's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import grpc

from executor_svc.sandbox import InputFile
from placet.approval.reading import input_name_problem
from placet.approval.statement import MAX_INPUTS
from placet.rpc.errors import ServiceError

MIB: Final = 1024 * 1024
MAX_TOTAL_BYTES: Final = 64 * MIB
MAX_CHUNK_BYTES: Final = 256 * 1024


@dataclass(frozen=True)
class Declared:
    """What the caller says it will send. Untrusted."""

    name: str
    sha256: bytes
    size: int


class Assembly:
    """Collects the bytes of declared inputs. Every method raises ServiceError INVALID_ARGUMENT."""

    def __init__(self, manifest: Sequence[Declared]) -> None:
        """Refuse a manifest that is out of bounds, before any byte is kept."""
        _check_manifest(manifest)
        self._manifest = tuple(manifest)
        self._content = {declared.name: bytearray() for declared in manifest}
        self._sizes = {declared.name: declared.size for declared in manifest}

    def add(self, name: str, data: bytes) -> None:
        """Append the next bytes of one input."""
        if name not in self._content:
            raise _refused("INPUT_UNDECLARED", f"{name[:80]!r} is not in the header's manifest; declare it")
        if not 1 <= len(data) <= MAX_CHUNK_BYTES:
            raise _refused("INPUT_CHUNK_SIZE", f"a chunk has 1 to {MAX_CHUNK_BYTES} bytes, not {len(data)}")
        content = self._content[name]
        if len(content) + len(data) > self._sizes[name]:
            raise _refused(
                "INPUT_SIZE_WRONG", f"{name!r} is longer than the {self._sizes[name]} bytes declared"
            )
        content.extend(data)

    def finish(self) -> tuple[InputFile, ...]:
        """The inputs, once each has its declared size and digest."""
        return tuple(self._finished(declared) for declared in self._manifest)

    def _finished(self, declared: Declared) -> InputFile:
        content = bytes(self._content.pop(declared.name))
        if len(content) != declared.size:
            raise _refused(
                "INPUT_SIZE_WRONG",
                f"{declared.name!r} ended after {len(content)} of {declared.size} bytes; send it again",
            )
        if hashlib.sha256(content).digest() != declared.sha256:
            raise _refused(
                "INPUT_DIGEST_WRONG",
                f"{declared.name!r} does not have the declared digest; it was changed while it was sent",
            )
        return InputFile(declared.name, content)


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
        raise _refused("INPUT_TOO_LARGE", f"the inputs have {total} bytes; at most 64 MiB together are taken")


def _refused(reason: str, message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, reason, message)

"""A task as it was received: its bounds, and its inputs collected and compared with their manifest.

Knows limits and digests. Must not know gRPC. Everything here came from a caller and is untrusted until
`InputCollector.complete` has returned.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

KIB, MIB = 1024, 1024 * 1024

MAX_TEXT_BYTES = 8 * KIB
MAX_INPUTS = 64
MAX_INPUT_BYTES = 64 * MIB
MAX_NAME_BYTES = 128
MAX_CHUNK_BYTES = 256 * KIB
MAX_REVIEW_WAIT_S = 3600
"""A task that waits holds its inputs here; `Placet.run` waits at its caller's, and longer."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_NAME = re.compile(r"[\w-][\w.-]*")
_SHA256_BYTES = 32


class TaskRefused(Exception):  # noqa: N818 (named for what it says)
    """The task breaks a bound. ``message`` names the bound, the value and what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


@dataclass(frozen=True)
class Declared:
    """One line of the manifest: what the caller says an input is."""

    name: str
    sha256: bytes
    size: int


@dataclass(frozen=True)
class Input:
    """An input whose bytes have the declared digest."""

    name: str
    sha256: bytes
    content: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)


@dataclass(frozen=True)
class Task:
    """A task within all bounds. ``text`` and input names stay untrusted; ``caller`` is authenticated."""

    request_id: str
    scope: str
    text: str
    inputs: tuple[Input, ...]
    caller: str
    review_wait_s: int = 0
    """How long people may take to decide about a program that needs their review."""

    @property
    def sha256(self) -> bytes:
        """Digest of the text's UTF-8 bytes."""
        return hashlib.sha256(self.text.encode()).digest()


def check_words(request_id: str, scope: str, text: str) -> None:
    """Raise TaskRefused unless id, scope name and text are within their bounds."""
    if not _REQUEST_ID.fullmatch(request_id):
        raise TaskRefused("REQUEST_ID_INVALID", "request_id must be 1 to 64 characters of A-Z a-z 0-9 . _ -")
    if not _SCOPE.fullmatch(scope):
        raise TaskRefused("SCOPE_NAME_INVALID", "scope must name one of the scopes that ListScopes shows")
    size = len(text.encode())
    if not text.strip() or size > MAX_TEXT_BYTES:
        raise TaskRefused(
            "TASK_TEXT_SIZE",
            f"the task has {size} bytes; it must have 1 to {MAX_TEXT_BYTES}: shorten or write it",
        )


def check_wait(review_wait_s: int) -> None:
    """Raise TaskRefused when the task would wait longer for people than tasks may."""
    if review_wait_s > MAX_REVIEW_WAIT_S:
        raise TaskRefused(
            "REVIEW_WAIT_TOO_LONG",
            f"the task would wait {review_wait_s} s for people; at most {MAX_REVIEW_WAIT_S}: ask for less",
        )


class InputCollector:
    """Puts the chunks of declared inputs together and lets only complete, matching ones out."""

    def __init__(self, manifest: Sequence[Declared]) -> None:
        """Raises TaskRefused when the manifest itself breaks a bound; no byte is read before that."""
        _check_manifest(manifest)
        self._declared = {item.name: item for item in manifest}
        self._received = {item.name: bytearray() for item in manifest}

    def all_received(self) -> bool:
        """Whether every input has as many bytes as declared."""
        return all(len(self._received[name]) == item.size for name, item in self._declared.items())

    def add(self, name: str, data: bytes) -> None:
        """Append one chunk. Raises TaskRefused for an undeclared name or too many bytes."""
        item = self._declared.get(name)
        if item is None:
            raise TaskRefused(
                "INPUT_UNDECLARED", f"a chunk is for {name[:64]!r}, which the task does not list"
            )
        if not 0 < len(data) <= MAX_CHUNK_BYTES:
            raise TaskRefused(
                "INPUT_CHUNK_SIZE", f"a chunk has {len(data)} bytes; it must have 1 to {MAX_CHUNK_BYTES}"
            )
        received = self._received[name]
        if len(received) + len(data) > item.size:
            raise TaskRefused("INPUT_TOO_LONG", f"{name!r} has more bytes than the {item.size} declared")
        received += data

    def complete(self) -> tuple[Input, ...]:
        """The inputs, in declared order. Raises TaskRefused unless each is whole and has its digest."""
        return tuple(self._checked(item) for item in self._declared.values())

    def _checked(self, item: Declared) -> Input:
        content = bytes(self._received[item.name])
        if len(content) != item.size:
            raise TaskRefused(
                "INPUT_INCOMPLETE",
                f"{item.name!r} ended after {len(content)} of {item.size} bytes; send all of it",
            )
        if hashlib.sha256(content).digest() != item.sha256:
            raise TaskRefused(
                "INPUT_DIGEST_MISMATCH",
                f"{item.name!r} does not have the declared SHA-256; digest what you send",
            )
        return Input(item.name, item.sha256, content)


def _check_manifest(manifest: Sequence[Declared]) -> None:
    if len(manifest) > MAX_INPUTS:
        raise TaskRefused("INPUTS_TOO_MANY", f"the task has {len(manifest)} inputs; at most {MAX_INPUTS}")
    for item in manifest:
        _check_declared(item)
    if len({item.name for item in manifest}) != len(manifest):
        raise TaskRefused("INPUT_NAME_TWICE", "two inputs have the same name; rename one")
    total = sum(item.size for item in manifest)
    if total > MAX_INPUT_BYTES:
        raise TaskRefused(
            "INPUTS_TOO_LARGE",
            f"the inputs have {total} bytes together; at most {MAX_INPUT_BYTES} are accepted",
        )


def _check_declared(item: Declared) -> None:
    name_bytes = len(item.name.encode())
    if not 1 <= name_bytes <= MAX_NAME_BYTES or not _NAME.fullmatch(item.name):
        raise TaskRefused(
            "INPUT_NAME_INVALID",
            f"{item.name[:64]!r} is not a bare file name of 1 to {MAX_NAME_BYTES} bytes "
            "(letters, digits, . _ -; no leading dot, no path); rename it",
        )
    if len(item.sha256) != _SHA256_BYTES:
        raise TaskRefused(
            "INPUT_DIGEST_INVALID", f"the SHA-256 of {item.name!r} must be {_SHA256_BYTES} bytes"
        )
    if item.size < 0:
        raise TaskRefused("INPUTS_TOO_LARGE", f"{item.name!r} has a negative size; declare its true size")

"""The files that go with a task: read once, named, bounded and digested before a byte is sent.

Knows files and the bounds of protos/placetpb/common/v1/common.proto; sends nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from placetpb.common.v1 import common_pb2

from placet.approval.envelope import MAX_FILE_BYTES
from placet.rpc.errors import ServiceError

MIB = 1024 * 1024
MAX_INPUT_BYTES = 64 * MIB
"""All inputs of a request together."""
MAX_PROGRAM_BYTES = 64 * 1024
MAX_APPROVAL_BYTES = MAX_FILE_BYTES
CHUNK_BYTES = 256 * 1024
MAX_NAME_BYTES = 128


@dataclass(frozen=True)
class Input:
    """A file by its bare name and its bytes."""

    name: str
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> bytes:
        """32 bytes."""
        return hashlib.sha256(self.content).digest()

    def ref(self) -> common_pb2.InputRef:
        """Name, digest and size, as the services want it."""
        return common_pb2.InputRef(name=self.name, sha256=self.sha256, size=len(self.content))

    def chunks(self) -> Iterator[common_pb2.InputChunk]:
        """The bytes in order, at most 256 KiB each; an empty file has none."""
        for start in range(0, len(self.content), CHUNK_BYTES):
            yield common_pb2.InputChunk(name=self.name, data=self.content[start : start + CHUNK_BYTES])


InputLike = Input | Path | str
"""An input, or the path of a file whose last component becomes the input's name."""


def source_of(program: bytes | str) -> bytes:
    """A program as it is sent: text is UTF-8."""
    return program.encode() if isinstance(program, str) else program


def refused(reason: str, message: str) -> ServiceError:
    """What the client itself will not send."""
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, reason, message)


def read_inputs(inputs: Sequence[InputLike]) -> tuple[Input, ...]:
    """Read every input, after its names and sizes have been found fit.

    Raises:
        ServiceError: INPUT_UNREADABLE, INPUT_NAME_INVALID, INPUT_NAME_TWICE or INPUT_TOO_LARGE.
    """
    sizes = {}
    for item in inputs:
        name, size = _name_and_size(item)
        _check_name(name)
        if name in sizes:
            raise refused(
                "INPUT_NAME_TWICE",
                f"two inputs are called {name!r}; inputs are known by their bare names, so rename one",
            )
        sizes[name] = size
    _check_total(sum(sizes.values()))
    read = tuple(item if isinstance(item, Input) else _read(Path(item)) for item in inputs)
    _check_total(sum(len(item.content) for item in read))  # a file may have grown since
    return read


def _name_and_size(item: InputLike) -> tuple[str, int]:
    if isinstance(item, Input):
        return item.name, len(item.content)
    path = Path(item)
    if not path.exists():
        raise refused("INPUT_UNREADABLE", f"there is no file {path}; check the path after --input")
    if not path.is_file():
        raise refused("INPUT_UNREADABLE", f"{path} is not a regular file; name the files one by one")
    return path.name, path.stat().st_size


def _check_name(name: str) -> None:
    if not 1 <= len(name.encode(errors="replace")) <= MAX_NAME_BYTES or name.startswith(".") or "/" in name:
        raise refused(
            "INPUT_NAME_INVALID",
            f"{name!r} cannot name an input (1 to {MAX_NAME_BYTES} bytes, no leading dot, no /); rename it",
        )


def _check_total(size: int) -> None:
    if size > MAX_INPUT_BYTES:
        raise refused(
            "INPUT_TOO_LARGE",
            f"the inputs are {size / MIB:.1f} MiB together and at most {MAX_INPUT_BYTES // MIB} MiB can be "
            "sent; send fewer rows or columns",
        )


def _read(path: Path) -> Input:
    return Input(path.name, _bytes_of(path, "INPUT_UNREADABLE"))


def read_program(path: Path) -> bytes:
    """A program's exact bytes. Raises ServiceError PROGRAM_UNREADABLE or PROGRAM_TOO_LARGE."""
    return _bounded(path, MAX_PROGRAM_BYTES, "PROGRAM")


def read_approval(path: Path) -> bytes:
    """An approval's exact bytes. Raises ServiceError APPROVAL_UNREADABLE or APPROVAL_TOO_LARGE."""
    return _bounded(path, MAX_APPROVAL_BYTES, "APPROVAL")


def _bounded(path: Path, limit: int, what: str) -> bytes:
    content = _bytes_of(path, f"{what}_UNREADABLE", limit + 1)
    if len(content) > limit:
        raise refused(
            f"{what}_TOO_LARGE", f"{path} has more than {limit // 1024} KiB, the most that is accepted"
        )
    return content


def _bytes_of(path: Path, reason: str, limit: int = MAX_INPUT_BYTES + 1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise refused(reason, f"{path} cannot be read: {error.strerror}") from error

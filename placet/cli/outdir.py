"""Where artifacts are written: inside one directory, whole or not at all, never through a link.

Names come from untrusted programs. Every access goes through the directory's descriptor with a bare name, so
that neither a name nor a link that somebody placed there leads elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import grpc

from placet.answers import Artifact
from placet.rpc.errors import ServiceError

MAX_NAME_BYTES = 255


def default_out(request_id: str) -> Path:
    """`./placet-out/<request id>`."""
    return Path("placet-out") / request_id


def save(artifacts: Iterable[Artifact], directory: Path) -> dict[str, Path]:
    """Write artifacts into `directory`, made when there is something to write; name → absolute path.

    A file of that name that is there already is replaced; a link is replaced, not followed.

    Raises:
        ServiceError: ARTIFACT_NAME_UNSAFE, OUT_UNWRITABLE.
    """
    listed = list(artifacts)
    for artifact in listed:
        _check_name(artifact.name)
    if not listed:
        return {}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _opened(directory) as descriptor:
            for artifact in listed:
                _write(descriptor, artifact)
    except OSError as error:
        raise _refused(
            "OUT_UNWRITABLE",
            f"artifacts cannot be written to {directory}: {error.strerror}; name another with --out",
        ) from error
    return {artifact.name: directory.absolute() / artifact.name for artifact in listed}


def check_usable(directory: Path) -> None:
    """Raise OUT_UNWRITABLE when it is plain before anything runs that nothing can be written there."""
    if directory.exists() and not (directory.is_dir() and os.access(directory, os.W_OK | os.X_OK)):
        raise _refused(
            "OUT_UNWRITABLE",
            f"{directory} is not a directory that can be written to; name another with --out",
        )


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that appears under the name the user gave when the block ends well: mode 0600.

    Raises:
        ServiceError: OUT_UNWRITABLE.
    """
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
        scratch.replace(path)
    except OSError as error:
        raise _refused("OUT_UNWRITABLE", f"{path} cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):  # gone after the rename; otherwise of no use
            scratch.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write one file that the user named, whole or not at all. Raises OUT_UNWRITABLE."""
    with whole_file(path) as file:
        file.write(content)


@contextlib.contextmanager
def _opened(directory: Path) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write(directory: int, artifact: Artifact) -> None:
    scratch = f".placet-{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(scratch, flags, 0o644, dir_fd=directory), "wb") as file:
            file.write(artifact.content)
        os.rename(scratch, artifact.name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(scratch, dir_fd=directory)
        raise


def _check_name(name: str) -> None:
    """Refuse what is not a plain file name; the executor should never have sent it."""
    fit = 1 <= len(name.encode(errors="replace")) <= MAX_NAME_BYTES and not name.startswith(".")
    if not fit or "/" in name or not name.isprintable():
        raise _refused(
            "ARTIFACT_NAME_UNSAFE",
            f"the run produced a file called {name!r}, which is not a plain file name; nothing was written",
        )


def _refused(reason: str, message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.FAILED_PRECONDITION, reason, message)

"""What `audit verify` does alike for each kind of single file: reading it and the key, and telling.

Knows files and the terminal. Must not know what a file proves.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
from rich.text import Text

from placet.audit.checkpoint import LogVerifier
from placet.audit.note import CheckpointRefused
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation
from placet.rpc.errors import ServiceError

BROKEN = 1
"""Exit code; as of the whole log's verifier."""


def read(path: Path, most: int, reason: str) -> bytes:
    """Its first `most` bytes: what is longer is no file of its kind. Raises ServiceError with `reason`."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise refused(reason, f"{path} cannot be read: {error.strerror}") from error


def log_of(vkey: str) -> LogVerifier:
    """Raises ServiceError LOG_KEY_UNFIT."""
    try:
        return LogVerifier.from_vkey(vkey)
    except CheckpointRefused as error:
        raise refused("LOG_KEY_UNFIT", f"the log's key cannot be used: {error}") from error


def show(here: Invocation, told: Mapping[str, Any], sentences: str) -> int:
    """Tell it to programs or, a sentence a line, to people; the exit code."""
    if here.as_json:
        here.emit(dict(told))
    else:
        for line in sentences.split("\n"):
            here.out.print(Text(visible(line), style="" if told["ok"] else "red"))
    return Exit.DONE if told["ok"] else BROKEN


def refused(reason: str, message: str) -> ServiceError:
    """What was given cannot be used."""
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, reason, message)

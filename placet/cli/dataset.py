"""The file of labelled verdicts: `audit export --labels` writes it, `audit verify --dataset` proves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import grpc
from rich.text import Text

from placet.audit.dataset import MAX_ROW_BYTES
from placet.audit.dataset_proof import Verified, verify
from placet.cli import one_file
from placet.cli.invocation import Exit, Invocation
from placet.cli.outdir import whole_file
from placet.client import PlacetSync
from placet.rpc.errors import ServiceError


def write_labels(here: Invocation, path: Path) -> int:
    """Write every labelled verdict to a file, whole or not at all.

    Raises:
        ServiceError: ROLE_MISSING, NOTHING_LABELLED, OUT_UNWRITABLE.
    """
    with PlacetSync.connect(here.state) as placet, whole_file(path) as file:
        rows, left_out = placet.labelled(file.write)
        if not rows:
            raise ServiceError(
                grpc.StatusCode.NOT_FOUND,
                "NOTHING_LABELLED",
                "no verdict of the guard has labels that agree and a program that is still kept; "
                "label some in the console",
            )
    if here.as_json:
        here.emit({"labels": str(path.absolute()), "rows": rows, "left_out": left_out})
        return Exit.DONE
    here.out.print(Text(f"{path} holds {rows} labelled verdicts: placet eval {path} --scope S"))
    if left_out:
        here.err.print(
            Text(f"{left_out} more have no program that is kept, are too long, or are not the guard's")
        )
    return Exit.DONE


def verify_dataset(here: Invocation, path: Path, vkey: str) -> int:
    """Prove a file by itself and the log's key; 0 proven, 1 broken.

    Raises:
        ServiceError: DATASET_UNREADABLE, LOG_KEY_UNFIT.
    """
    log = one_file.log_of(vkey)
    try:
        with path.open("rb") as file:
            found = verify(_lines(file), log)
    except OSError as error:
        raise one_file.refused("DATASET_UNREADABLE", f"{path} cannot be read: {error.strerror}") from error
    return one_file.show(here, _to_json(found), _told(path, found))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """No line longer than one byte more than a row may have: that is refused, and never all in memory."""
    while line := file.readline(MAX_ROW_BYTES + 1):
        yield line


def _to_json(found: Verified) -> dict[str, object]:
    broken = None if found.ok else {"line": found.line, "what": found.why}
    return {
        "ok": found.ok,
        "log": found.log,
        "rows": found.rows,
        "unsafe": found.unsafe,
        "tree_size": found.tree_size,
        "other_wording": found.other_wording,
        "first_break": broken,
    }


def _told(path: Path, found: Verified) -> str:
    if not found.ok:
        return f"BROKEN: line {found.line} of {path} is not proven: {found.why}"
    worded = f"; {found.other_wording} ask in other words than this version's reviewer"
    return (
        f"PROVEN: {found.rows} labelled verdicts of log {found.log}, {found.unsafe} of them unsafe, "
        f"under a checkpoint of {found.tree_size} records{worded if found.other_wording else ''}"
    )

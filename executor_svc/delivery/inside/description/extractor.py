"""Telling what a program draws, in the program's own process: one line of JSON for each figure that it saves.

A program can tamper with all of this, so nothing here protects anything: what is told is read as hostile
(`described`), and drawn anew in another cell. Standard library only; uses matplotlib where it is loaded.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from executor_svc.delivery.inside.description import describing, missing

FILE = ".placet-figures.jsonl"
"""In the working directory; lines in the order of saving, of which the last for a name counts."""
MOST_BYTES = 16 << 20
"""Of all lines together; beyond that a figure is only named."""


def install() -> None:
    """Have each figure described once it was saved.

    Call it before the program, in the run's working directory, with matplotlib loaded.
    """
    figure = sys.modules.get("matplotlib.figure")
    if figure is None:
        return
    original, home = figure.Figure.savefig, os.getcwd()  # noqa: PTH109 - text, whatever becomes of pathlib

    @functools.wraps(original)
    def savefig(self: Any, fname: Any, *args: Any, **options: Any) -> Any:
        result = original(self, fname, *args, **options)
        # What goes wrong here is no error of the program's: its image then counts as one without a figure.
        with contextlib.suppress(OSError, TypeError, ValueError):
            _append(_told(self, fname, options, home), home)
        return result

    figure.Figure.savefig = savefig


def _told(figure: Any, target: Any, options: dict[str, Any], home: str) -> dict[str, Any]:
    """The line of one figure; that it could not be described is a line as well."""
    line: dict[str, Any] = {"version": describing.VERSION, **_target(target, options, home)}
    try:
        return line | describing.figure(figure)
    except missing.NotDescribed as reason:
        return line | {"failed": str(reason)}
    except Exception:
        return line | {"failed": missing.UNKNOWN}


def _append(line: dict[str, Any], home: str) -> None:
    path = Path(home) / FILE
    encoded = json.dumps(line, separators=(",", ":"), allow_nan=False).encode()
    there = path.stat().st_size if path.exists() else 0
    if there + len(encoded) > MOST_BYTES:
        kept = {key: line[key] for key in ("version", "name", "sha256")}
        encoded = json.dumps(kept | {"failed": missing.TOO_LARGE}).encode()
    with path.open("ab") as file:
        file.write(encoded + b"\n")


def _target(target: Any, options: dict[str, Any], home: str) -> dict[str, Any]:
    """Where it was saved: a file by its relative path, or bytes in memory by their digest."""
    if hasattr(target, "getvalue"):
        return {"name": None, "sha256": hashlib.sha256(target.getvalue()).hexdigest()}
    is_open = hasattr(target, "write")
    name = os.path.relpath(os.fspath(target.name if is_open else target), home)
    if not os.path.splitext(name)[1] and not is_open:  # noqa: PTH122
        matplotlib = sys.modules["matplotlib"]
        name = f"{name}.{options.get('format') or matplotlib.rcParams['savefig.format']}"
    return {"name": name, "sha256": None}

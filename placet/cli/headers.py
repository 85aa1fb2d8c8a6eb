"""The columns that a file's first line names, as far as the command line needs them.

Knows the csv module. Their types are not known here: the generator looks at the rows, this does not.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from placet.actions import ANYTHING, TableType
from placet.inputs import refused
from placet.separated import decoded, delimiter_of

MAX_HEADER_BYTES = 64 * 1024


def columns_of(paths: Sequence[Path]) -> dict[str, TableType]:
    """By bare name; of what is no CSV every column may be named. Raises ServiceError INPUT_UNREADABLE."""
    return {path.name: _columns(path) for path in paths}


def _columns(path: Path) -> TableType:
    try:
        with path.open("rb") as file:
            begin = file.read(MAX_HEADER_BYTES)
    except OSError as error:
        raise refused("INPUT_UNREADABLE", f"{path} cannot be read: {error.strerror}") from error
    text, _ = decoded(begin, whole=len(begin) < MAX_HEADER_BYTES)
    line = text.partition("\n")[0].rstrip("\r")
    if path.suffix.lower() not in (".csv", ".tsv", ".txt") or "\0" in line:
        return ANYTHING
    try:
        names = next(csv.reader([line], delimiter=delimiter_of(line)), [])
    except csv.Error:
        return ANYTHING
    return TableType.of(dict.fromkeys((name for name in names if name), "any"))

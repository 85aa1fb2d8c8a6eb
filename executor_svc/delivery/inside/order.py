"""What a cell is asked to do: order.json in its working directory, and the files it names.

Trusted: our own side wrote it. What it names as inputs, artifacts, streams and figures are hostile bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

NAME = "order.json"


@dataclass(frozen=True)
class Order:
    """One stage's order. Mappings are of a name to the file that holds its bytes, whatever that is called."""

    directory: Path
    """Where the files are, and where the parcel is written."""
    inputs: Mapping[str, Path]
    """`cut`: as the caller sent them; `deliver`: as the program found them."""
    artifacts: Mapping[str, Path]
    """What the program left, by relative path (such as `plots/a.png`)."""
    streams: Mapping[str, Path]
    """`stdout` and `stderr` as far as they were captured; neither is there for `cut`."""
    figures: Path | None
    """What the program's process told of its figures. A program can write anything there."""
    files: Mapping[str, Path]
    """The scope's companions, which are trusted."""
    succeeded: bool
    """Whether the program ended with exit code 0."""
    columns: Sequence[Mapping[str, Any]] | None
    """`inputs.columns` of the scope, with every key."""
    style: str | None
    """Name of the companion."""
    images: str
    """`any` or `figures_only`."""
    kinds: Sequence[str]
    contract: Mapping[str, Any] | None
    """`outputs.contract` of the scope, with every key; None: nothing is checked."""
    salt: bytes
    """32 bytes that no other run has, for pseudonyms."""

    @classmethod
    def read(cls, directory: Path) -> Self:
        """From a directory. Raises what a broken order deserves: it is our own mistake."""
        told = json.loads((directory / NAME).read_bytes())
        named: dict[str, Any] = {
            key: {name: directory / file for name, file in told.pop(key).items()}
            for key in ("inputs", "artifacts", "streams", "files")
        }
        figures, salt = told.pop("figures"), bytes.fromhex(told.pop("salt"))
        return cls(
            directory=directory, figures=directory / figures if figures else None, salt=salt, **named, **told
        )

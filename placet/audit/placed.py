"""A record in its place, and what says that it has no right to stand there. Knows no rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from placet.audit.record import Record


class ChainBroken(Exception):  # noqa: N818 - named for the state it reports
    """A record that may not stand where it stands; `meaning` is for whoever investigates."""

    def __init__(self, what: str, meaning: str) -> None:
        super().__init__(what)
        self.what = what
        self.meaning = meaning


class Placed(NamedTuple):
    """A record with its place."""

    place: int
    leaf_hash: bytes
    record: Record
    body: Mapping[str, object]
    """The record's own."""

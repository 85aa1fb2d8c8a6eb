"""The tables of what looks as if it reached outside and does not, with the reason.

Knows the layout of `catalogue/harmless/*.yaml`, which docs/catalogue.md specifies. Must not know surveys.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parents[1] / "catalogue" / "harmless"
UNCLASSIFIED: Final = "unclassified"
"""The reason that a skeleton entry has until somebody decides; the check refuses it."""
_KEYS: Final = frozenset({"library", "harmless", "callables", "doors"})
_UNIT: Final = re.compile(r"\.?[A-Za-z_][\w.]*\(\w*\)")


@dataclass(frozen=True, slots=True)
class Harmless:
    """What is harmless in one library.

    `reasons` has a sentence for each `name(parameter)`. `callables` are names of parameters that take a
    function. `doors` are names that some module of the library has for a foreign module, and another one for
    something of its own.
    """

    library: str
    reasons: Mapping[str, str]
    callables: frozenset[str] = frozenset()
    doors: frozenset[str] = frozenset()


def table_of(library: str) -> str:
    """Which table holds a library: its own, or the one for the whole standard library."""
    return "stdlib" if library in sys.stdlib_module_names else library


def read_harmless(folder: Path = FOLDER) -> dict[str, Harmless]:
    """All harmless tables, by library. Raises ValueError when one breaks the schema."""
    return {table.library: table for table in map(_table, sorted(folder.glob("*.yaml")))}


def _table(path: Path) -> Harmless:
    data = yaml.safe_load(path.read_text("utf-8"))
    if not isinstance(data, dict) or "library" not in data or not set(data) <= _KEYS:
        raise ValueError(f"{path.name}: must be a mapping with `library` and any of {sorted(_KEYS)}.")
    return Harmless(
        library=data["library"],
        reasons=_reasons(path, data.get("harmless") or {}),
        callables=frozenset(data.get("callables") or ()),
        doors=frozenset(data.get("doors") or ()),
    )


def _reasons(path: Path, table: Mapping[str, Any]) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for reason, units in table.items():
        for unit in units:
            if not isinstance(unit, str) or not _UNIT.fullmatch(unit):
                raise ValueError(f"{path.name}: {unit}: must be name(parameter).")
            if unit in reasons:
                raise ValueError(f"{path.name}: {unit}: stands there twice; keep one reason.")
            reasons[unit] = reason
    return reasons

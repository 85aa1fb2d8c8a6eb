"""The catalogue of the standard library and the data stack: which names do what.

Knows names and effects, read from the YAML beside it. Must not know programs or scopes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

_FOLDER: Final = Path(__file__).with_name("catalogue")


@dataclass(frozen=True, slots=True)
class Argument:
    """Where a call takes a value: its position and its keyword (either may be absent)."""

    position: int | None
    keyword: str | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What using a name does, and which of its arguments name a file or an address."""

    kind: str
    path: Argument
    also: Argument | None = None
    optional: bool = False
    receiver: bool = False
    unpickles_with: str | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tables. Names are full dotted names; methods of unknown objects begin with a dot."""

    effects: Mapping[str, Effect]
    patterns: tuple[tuple[str, Effect], ...]
    pure: frozenset[str]
    companions: Mapping[str, frozenset[str]]
    public: Mapping[str, frozenset[str]]
    denied: Mapping[str, frozenset[str]]
    closed: frozenset[str]

    def effect(self, name: str) -> Effect | None:
        """The effect of a full name, exact entries before patterns; None when it has none on record."""
        found = self.effects.get(name)
        if found is not None or "(" in name:
            return found
        return next((effect for prefix, effect in self.patterns if name.startswith(prefix)), None)

    def is_public(self, module: str) -> bool:
        """Whether an import of a module's root covers this submodule."""
        root, _, rest = module.partition(".")
        if not rest:
            return True
        if any(part.startswith("_") for part in rest.split(".")) or self.is_denied(module):
            return False
        allowed = self.public.get(root, frozenset())
        return "*" in allowed or rest in allowed

    def is_denied(self, name: str) -> bool:
        """Whether `name`, or a module it lies in, is an exception that no import covers."""
        parts = name.split(".")
        for cut in range(1, len(parts)):
            denied = self.denied.get(".".join(parts[:cut]), frozenset())
            if any(".".join(parts[cut:end]) in denied for end in range(cut + 1, len(parts) + 1)):
                return True
        return False


@cache
def load_catalogue() -> Catalogue:
    """Read the tables once. Raises ValueError when a file does not have the expected shape."""
    modules = _read("modules.yaml")
    effects = _read("effects.yaml")
    return Catalogue(
        effects={name: _effect(entry) for name, entry in effects["effects"].items()},
        patterns=tuple((entry["prefix"], _effect(entry)) for entry in effects["patterns"]),
        pure=frozenset(modules["pure"]),
        companions=_sets(modules["companions"]),
        public=_sets(modules["public"]),
        denied=_sets(modules["denied"]),
        closed=frozenset(modules["closed"]),
    )


def _read(name: str) -> dict[str, Any]:
    data = yaml.safe_load((_FOLDER / name).read_text("utf-8"))
    if not isinstance(data, dict):
        raise ValueError(f"{name}: must be a mapping")  # noqa: TRY004  (a broken file, not a wrong argument)
    return data


def _sets(table: Mapping[str, list[str]]) -> Mapping[str, frozenset[str]]:
    return {key: frozenset(values) for key, values in table.items()}


def _argument(value: list[Any]) -> Argument:
    position, keyword = value
    return Argument(position, keyword)


def _effect(entry: Mapping[str, Any]) -> Effect:
    return Effect(
        kind=entry["effect"],
        path=_argument(entry.get("path", [0, None])),
        also=_argument(entry["also"]) if "also" in entry else None,
        optional=entry.get("optional", False),
        receiver=entry.get("receiver", False),
        unpickles_with=entry.get("unpickles_with"),
    )

"""How the catalogue is written down: YAML with a closed schema, one file per library.

Knows files, keys and types; docs/catalogue.md is its specification. Must not know programs or scopes.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from guard_svc.rules.catalogue import KINDS, Argument, Catalogue, Effect

FOLDER: Final = Path(__file__).with_name("catalogue")
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where it is built
_LIBRARY_KEYS: Final = frozenset({"library", "surveyed", "effects", "doors", "settings"})
_MODULE_KEYS: Final = frozenset({"pure", "companions", "public", "denied", "opened", "closed"})
_EFFECT_KEYS: Final = frozenset(
    {"effect", "path", "more", "also", "optional", "receiver", "unpickles_with", "values"}
)
_PART: Final = r"[A-Za-z_]\w*"
_NAME: Final = re.compile(
    rf"\.?{_PART}(?:\.{_PART})*"  # os.remove, or .to_csv: a method of an unknown object
    rf"|{_PART}(?:\.{_PART})*\(\)\.{_PART}"  # tarfile.open().add: a method of what a call returned
    rf"|{_PART}\.\*\.{_PART}"  # scipy.*.loadmat: in whichever module of the library
    rf"|{_PART}(?:\.{_PART})*\.?\*"  # socket.*: every name that begins so
)
_FIRST: Final = Argument(0, None)


def read_catalogue(folder: Path = FOLDER) -> Catalogue:
    """All tables of `folder`. Raises ValueError with file, entry and remedy when one breaks the schema."""
    libraries = [_library(path) for path in sorted(folder.glob("*.yaml")) if path.name != "modules.yaml"]
    effects = _merged(libraries)
    modules = _mapping(folder / "modules.yaml", _MODULE_KEYS, required=_MODULE_KEYS)
    return Catalogue(
        effects={key: effect for key, effect in effects.items() if "*" not in key},
        anywhere={_anywhere(key): effect for key, effect in effects.items() if ".*." in key},
        patterns=_patterns(effects),
        pure=frozenset(modules["pure"]),
        companions=_sets(modules["companions"]),
        public=_sets(modules["public"]),
        denied=_sets(modules["denied"]),
        opened=frozenset(modules["opened"]),
        doors={table["library"]: table.get("doors", {}) for _, table in libraries if "doors" in table},
        settings=_settings(libraries),
        closed=frozenset(modules["closed"]),
    )


def _library(path: Path) -> tuple[Path, dict[str, Any]]:
    table = _mapping(path, _LIBRARY_KEYS, required=frozenset({"library", "effects"}))
    for door, target in table.get("doors", {}).items():
        if not (isinstance(door, str) and isinstance(target, str)):
            text = f"{path.name}: doors: {door}: must be a name and the module it stands for."
            raise ValueError(text)  # noqa: TRY004  (a broken file, not an argument)
    return path, table


def _merged(libraries: Iterable[tuple[Path, dict[str, Any]]]) -> dict[str, Effect]:
    merged: dict[str, Effect] = {}
    for path, table in libraries:
        for name, entry in table["effects"].items():
            where = f"{path.name}: {name}"
            if not _NAME.fullmatch(name):
                raise ValueError(f"{where}: write a.b, .method, a.b().method, library.*.name or prefix*.")
            if name in merged:
                raise ValueError(f"{where}: is in another file too; keep one entry.")
            merged[name] = _effect(where, entry)
    return merged


def _settings(libraries: Iterable[tuple[Path, dict[str, Any]]]) -> dict[str, Effect]:
    return {
        name: _effect(f"{path.name}: settings: {name}", entry)
        for path, table in libraries
        for name, entry in table.get("settings", {}).items()
    }


def _patterns(effects: Mapping[str, Effect]) -> dict[str, tuple[tuple[str, Effect], ...]]:
    by_root: dict[str, tuple[tuple[str, Effect], ...]] = {}
    for key, effect in effects.items():
        if key.endswith("*"):
            root = key.rstrip("*").partition(".")[0]
            by_root[root] = (*by_root.get(root, ()), (key[:-1], effect))
    return by_root


def _anywhere(key: str) -> tuple[str, str]:
    library, _, name = key.split(".")
    return library, name


def _mapping(path: Path, allowed: frozenset[str], required: frozenset[str]) -> dict[str, Any]:
    try:
        data = yaml.load(path.read_text("utf-8"), _LOADER)  # noqa: S506  (a safe loader, see _LOADER)
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"{path.name}: cannot be read as YAML: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path.name}: must be a mapping.")  # noqa: TRY004  (a broken file, not an argument)
    if unknown := set(data) - allowed:
        raise ValueError(f"{path.name}: unknown keys {sorted(unknown)}; there are {sorted(allowed)}.")
    if missing := required - set(data):
        raise ValueError(f"{path.name}: the keys {sorted(missing)} are missing.")
    return data


def _sets(table: Mapping[str, list[str]]) -> Mapping[str, frozenset[str]]:
    return {key: frozenset(values) for key, values in table.items()}


def _effect(where: str, entry: Any) -> Effect:
    if not isinstance(entry, dict) or not set(entry) <= _EFFECT_KEYS or "effect" not in entry:
        raise ValueError(f"{where}: must be a mapping with `effect` and any of {sorted(_EFFECT_KEYS)}.")
    if entry["effect"] not in KINDS:
        raise ValueError(f"{where}: there is no effect {entry['effect']!r}; there are {sorted(KINDS)}.")
    return Effect(
        kind=entry["effect"],
        path=_argument(where, entry["path"]) if "path" in entry else _FIRST,
        also=_argument(where, entry["also"]) if "also" in entry else None,
        optional=_typed(where, entry, "optional", bool) or False,
        receiver=_typed(where, entry, "receiver", bool) or False,
        unpickles_with=_typed(where, entry, "unpickles_with", str),
        more=tuple(_argument(where, value) for value in _typed(where, entry, "more", list) or ()),
        values=frozenset(str(value).lower() for value in _typed(where, entry, "values", list) or ()),
    )


def _typed(where: str, entry: Mapping[str, Any], key: str, kind: type) -> Any:
    value = entry.get(key)
    if value is not None and type(value) is not kind:
        raise ValueError(f"{where}: {key} must be a {kind.__name__}.")
    return value


def _argument(where: str, value: Any) -> Argument:
    match value:
        case [int() | None as position, str() | None as keyword, *synonyms] if not isinstance(
            position, bool
        ) and all(isinstance(synonym, str) for synonym in synonyms):
            return Argument(position, keyword, tuple(synonyms))
    raise ValueError(f"{where}: an argument is [position or null, keyword or null, further keywords].")

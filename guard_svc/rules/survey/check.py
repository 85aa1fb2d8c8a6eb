"""Whether the catalogue classifies everything that a survey found, and nothing that is gone.

Knows surveys (walk.py writes them) and the catalogue. Must not import what was surveyed.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from guard_svc.rules.catalogue import Argument, Catalogue, Effect

HARMLESS: Final = Path(__file__).parents[1] / "catalogue" / "harmless"
STOPPED_BY_NAME: Final = frozenset(
    {"dynamic", "unpickle", "thread", "environment", "native", "download", "system", "introspect", "process"}
)
"""Effects that no argument changes: every parameter of such a callable is classified with it."""
UNCLASSIFIED: Final = "unclassified"
_KEYS: Final = frozenset({"library", "harmless", "callables", "doors"})
_UNIT: Final = re.compile(r"\.?[A-Za-z_][\w.]*\(\w*\)")


@dataclass(frozen=True, slots=True)
class Unit:
    """What has to be classified: one parameter of one callable. Methods go by their bare name, `.to_csv`."""

    library: str
    name: str
    parameter: str
    kind: str

    def __str__(self) -> str:
        return f"{self.name}({self.parameter})"


@dataclass(frozen=True, slots=True)
class Harmless:
    """The parameters of one library that look as if they reached outside, and why they do not.

    `callables` are names of parameters that take a function; `doors` are names that some module of the library
    uses for a foreign module, and another for something of its own.
    """

    library: str
    reasons: Mapping[str, str]
    callables: frozenset[str]
    doors: frozenset[str]


def read_harmless(folder: Path = HARMLESS) -> dict[str, Harmless]:
    """All harmless tables, by library. Raises ValueError when one breaks the schema."""
    return {table.library: table for table in map(_harmless, sorted(folder.glob("*.yaml")))}


def _harmless(path: Path) -> Harmless:
    data = yaml.safe_load(path.read_text("utf-8"))
    if not isinstance(data, dict) or not {"library"} <= set(data) <= _KEYS:
        raise ValueError(f"{path.name}: must be a mapping of {sorted(_KEYS)}.")
    reasons: dict[str, str] = {}
    for reason, units in (data.get("harmless") or {}).items():
        for unit in units:
            if not _UNIT.fullmatch(unit) or unit in reasons:
                raise ValueError(f"{path.name}: {unit}: must be name(parameter), and stand there once.")
            reasons[unit] = reason
    return Harmless(
        data["library"], reasons, frozenset(data.get("callables") or ()), frozenset(data.get("doors") or ())
    )


def table_of(library: str) -> str:
    """Which table holds a library: its own, or the one for the whole standard library."""
    return "stdlib" if library in sys.stdlib_module_names else library


def problems(survey: Mapping[str, Any], catalogue: Catalogue, harmless: Mapping[str, Harmless]) -> list[str]:
    """Everything that is wrong, one sentence each, with what to write where. Empty: all is classified."""
    found = [
        *_unclassified_sentences(survey, catalogue, harmless),
        *_stale(survey, catalogue, harmless),
        *_misplaced(survey, catalogue),
        *_doors(survey, catalogue, harmless),
    ]
    return sorted(set(found))


def unclassified(
    survey: Mapping[str, Any], catalogue: Catalogue, harmless: Mapping[str, Harmless]
) -> list[Unit]:
    """The units that neither an effect nor a harmless entry covers."""
    return sorted(
        {
            unit
            for unit, name in _units(survey, catalogue)
            if not _is_classified(unit, name, catalogue, harmless)
        },
        key=str,
    )


def _unclassified_sentences(
    survey: Mapping[str, Any], catalogue: Catalogue, harmless: Mapping[str, Harmless]
) -> Iterator[str]:
    for unit in unclassified(survey, catalogue, harmless):
        yield (
            f"{unit} takes a {unit.kind} and is not classified: write an effect into "
            f"catalogue/{table_of(unit.library)}.yaml, or a reason into "
            f"catalogue/harmless/{table_of(unit.library)}.yaml."
        )
    for library, table in harmless.items():
        for entry, reason in table.reasons.items():
            if reason == UNCLASSIFIED:
                yield f"{entry} in catalogue/harmless/{library}.yaml still says {UNCLASSIFIED}: decide."


def _units(survey: Mapping[str, Any], catalogue: Catalogue) -> Iterator[tuple[Unit, str]]:
    """Every unit, with a full name for it under which programs reach it."""
    for library, found in survey.items():
        short = _shortest(found["callables"], catalogue)
        for name, entry in found["callables"].items():
            if catalogue.is_denied(name) or is_foreign(library, entry["object"], survey):
                continue
            method = entry["what"] == "method"
            shown = "." + name.rpartition(".")[2] if method else short[entry["object"], entry["what"]]
            for parameter, kinds in (entry["params"] or {"": ["act"]}).items():
                for kind in kinds:
                    yield Unit(library, shown, parameter, kind), name


def _shortest(callables: Mapping[str, Any], catalogue: Catalogue) -> dict[tuple[str, str], str]:
    names: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, entry in callables.items():
        if not catalogue.is_denied(name):
            names[entry["object"], entry["what"]].append(name)
    return {
        key: min(found, key=lambda name: (name.count("."), len(name), name)) for key, found in names.items()
    }


def is_foreign(library: str, identity: str, survey: Mapping[str, Any]) -> bool:
    """Whether an object found in `library` is at home, and so classified, in another surveyed one."""
    home = identity.partition(".")[0]
    return home != library and home in survey


def _is_classified(unit: Unit, name: str, catalogue: Catalogue, harmless: Mapping[str, Harmless]) -> bool:
    table = harmless.get(table_of(unit.library))
    if table is not None and str(unit) in table.reasons:
        return True
    if table is not None and unit.kind == "callable" and unit.parameter in table.callables:
        return True
    closed = unit.library in catalogue.closed and unit.library != "builtins"
    if closed and unit.name.count(".") == 1 and catalogue.effect(unit.name) is None:
        return True
    effect = catalogue.effect(unit.name) or (catalogue.effect(name) if unit.name.startswith(".") else None)
    return effect is not None and _covers(effect, unit.parameter)


def _covers(effect: Effect, parameter: str) -> bool:
    if effect.kind in STOPPED_BY_NAME or (effect.kind == "network" and effect.path.keyword is None):
        return True
    if effect.kind == "none":
        return False
    arguments = [*effect.arguments, *((effect.also,) if effect.also else ())]
    named = parameter == effect.unpickles_with or any(item.is_keyword(parameter) for item in arguments)
    return named or not parameter


def _stale(
    survey: Mapping[str, Any], catalogue: Catalogue, harmless: Mapping[str, Harmless]
) -> Iterator[str]:
    found = [unit for unit, _ in _units(survey, catalogue)]
    units = {(table_of(unit.library), str(unit)) for unit in found}
    callables = {(table_of(unit.library), unit.parameter) for unit in found if unit.kind == "callable"}
    for library, table in harmless.items():
        if library not in survey and library != "stdlib":
            continue
        where = f"catalogue/harmless/{library}.yaml"
        gone = [name for name in table.reasons if (library, name) not in units]
        gone += [name for name in table.callables if (library, name) not in callables]
        yield from (f"{name} in {where} is gone: remove it." for name in gone)
    for library, last in catalogue.anywhere:
        members = survey.get(library, {}).get("members")
        if members is not None and not any(name.endswith("." + last) for name in members):
            yield f"{library}.*.{last} in catalogue/{library}.yaml is gone: remove it."


def _misplaced(survey: Mapping[str, Any], catalogue: Catalogue) -> Iterator[str]:
    for library, found in survey.items():
        for name, entry in found["callables"].items():
            method = entry["what"] == "method"
            effect = catalogue.effect("." + name.rpartition(".")[2] if method else name)
            if (
                effect is None
                or entry["signature"] is None
                or effect.kind in STOPPED_BY_NAME | {"none", "dump"}
            ):
                continue
            for argument in (*effect.arguments, effect.also):
                place = _place(entry["signature"], argument)
                if (
                    argument is not None
                    and place != argument.position
                    and argument.keyword in entry["params"]
                ):
                    yield f"{name}: {argument.keyword} is argument {place}, not {argument.position} ({library})."


def _place(signature: Sequence[str], argument: Argument | None) -> int | None:
    if argument is None:
        return None
    names = [item.lstrip("/") for item in signature if not item.startswith(("=", "*"))]
    return names.index(argument.keyword) if argument.keyword in names else None


def _doors(
    survey: Mapping[str, Any], catalogue: Catalogue, harmless: Mapping[str, Harmless]
) -> Iterator[str]:
    """Foreign modules, and foreign callables that do something, under a library's own name."""
    for library, found in survey.items():
        if table_of(library) == "stdlib":
            continue  # modules behind modules of the standard library are denied by their names, see reach
        for name, target in found["doors"].items():
            known = library in harmless and name.rpartition(".")[2] in harmless[library].doors
            foreign = target.partition(".")[0] != library and not known
            if foreign and not catalogue.is_denied(name) and catalogue.resolve(name) != target:
                yield f"{name} is the module {target}: write {name.rpartition('.')[2]}: {target} into doors of catalogue/{library}.yaml."
        for name, identity in found["members"].items():
            if catalogue.is_denied(name):
                continue
            effect = catalogue.effect(identity) if identity.partition(".")[0] != library else None
            known = catalogue.effect(name)
            if effect is not None and effect.kind != "none" and (known is None or known.kind != effect.kind):
                yield f"{name} is {identity}, which has the effect {effect.kind}: write {name.rpartition('.')[2]}: {identity} into doors of catalogue/{library}.yaml."

"""Whether the catalogue classifies everything that a survey found, and nothing that is gone.

Knows surveys and the catalogue. Must not import what was surveyed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from guard_svc.rules.catalogue import Argument, Catalogue
from guard_svc.rules.survey.harmless import UNCLASSIFIED, Harmless, table_of
from guard_svc.rules.survey.units import STOPPED_BY_NAME, Survey, all_units, unclassified

_TAKES: Final = {
    "path": "takes a path, a file or a buffer",
    "url": "takes a URL, a host or a connection",
    "expression": "takes an expression, a formula or a command",
    "pickle": "has a switch for pickles",
    "callable": "takes a function",
    "act": "acts by itself, by its name or its body,",
}
_JUDGED_BY_TEXT: Final = frozenset({"none", "dump"})


def problems(survey: Survey, catalogue: Catalogue, harmless: Mapping[str, Harmless]) -> list[str]:
    """Everything that is wrong, one sentence each, with what to write where. Empty: all is classified."""
    found = [
        *_undecided(survey, catalogue, harmless),
        *_gone(survey, catalogue, harmless),
        *_misplaced(survey, catalogue),
        *_modules_behind(survey, catalogue, harmless),
        *_callables_behind(survey, catalogue),
    ]
    return sorted(set(found))


def _undecided(survey: Survey, catalogue: Catalogue, harmless: Mapping[str, Harmless]) -> Iterator[str]:
    for unit in unclassified(survey, catalogue, harmless):
        file = f"{table_of(unit.library)}.yaml"
        yield (
            f"{unit} {_TAKES[unit.kind]} and is not classified: write an effect into catalogue/{file},"
            f" or a reason into catalogue/harmless/{file}."
        )
    for library, table in harmless.items():
        for entry, reason in table.reasons.items():
            if reason == UNCLASSIFIED:
                yield f"{entry} in catalogue/harmless/{library}.yaml still says {UNCLASSIFIED}: decide."


def _gone(survey: Survey, catalogue: Catalogue, harmless: Mapping[str, Harmless]) -> Iterator[str]:
    found = [unit for unit, _ in all_units(survey, catalogue)]
    units = {(table_of(unit.library), str(unit)) for unit in found}
    callables = {(table_of(unit.library), unit.parameter) for unit in found if unit.kind == "callable"}
    for library, table in harmless.items():
        # Not of the standard library: releases differ, and a note on what is not there does no harm.
        if library in survey:
            gone = [name for name in table.reasons if (library, name) not in units]
            gone += [name for name in table.callables if (library, name) not in callables]
            yield from (f"{name} in catalogue/harmless/{library}.yaml is gone: remove it." for name in gone)
    for library, last in catalogue.anywhere:
        members = survey[library]["members"] if library in survey else ()
        if library in survey and not any(name.endswith("." + last) for name in members):
            yield f"{library}.*.{last} in catalogue/{library}.yaml is gone: remove it."


def _misplaced(survey: Survey, catalogue: Catalogue) -> Iterator[str]:
    """Arguments whose position in the catalogue is not the one in the signature."""
    for found in survey.values():
        for name, entry in found["callables"].items():
            method = entry["what"] == "method"
            effect = catalogue.effect("." + name.rpartition(".")[2] if method else name)
            if effect is None or entry["signature"] is None:
                continue
            if effect.kind not in STOPPED_BY_NAME | _JUDGED_BY_TEXT:
                arguments = [item for item in (*effect.arguments, effect.also) if item is not None]
                yield from (_sentence(name, entry, item) for item in arguments if _is_wrong(entry, item))


def _is_wrong(entry: Mapping[str, Any], argument: Argument) -> bool:
    return argument.keyword in entry["params"] and _place(entry["signature"], argument) != argument.position


def _sentence(name: str, entry: Mapping[str, Any], argument: Argument) -> str:
    place = _place(entry["signature"], argument)
    return f"{name}: {argument.keyword} is argument {place}, not {argument.position}."


def _place(signature: Sequence[str], argument: Argument) -> int | None:
    names = [item.lstrip("/") for item in signature if not item.startswith(("=", "*"))]
    return names.index(argument.keyword) if argument.keyword in names else None


def _modules_behind(survey: Survey, catalogue: Catalogue, harmless: Mapping[str, Harmless]) -> Iterator[str]:
    """Foreign modules under a library's own name. Those of the standard library are denied by their names."""
    for library, found in survey.items():
        known = harmless[library].doors if library in harmless else frozenset()
        for name, target in found["doors"].items():
            last = name.rpartition(".")[2]
            if table_of(library) == "stdlib" or target.partition(".")[0] == library or last in known:
                continue
            if not catalogue.is_denied(name) and catalogue.resolve(name) != target:
                yield f"{name} is the module {target}: {_door(library, last, target)}"


def _callables_behind(survey: Survey, catalogue: Catalogue) -> Iterator[str]:
    """Foreign callables with an effect under a library's own name. A closed module lends out nothing."""
    for library, found in survey.items():
        for name, identity in found["members"].items() if library not in catalogue.closed else ():
            if identity.partition(".")[0] == library or catalogue.is_denied(name):
                continue
            effect, known = catalogue.effect(identity), catalogue.effect(name)
            same = known is not None and effect is not None and known.kind in STOPPED_BY_NAME | {effect.kind}
            if effect is not None and effect.kind != "none" and not same:
                door = _door(library, name.rpartition(".")[2], identity)
                yield f"{name} is {identity}, which has the effect {effect.kind}: {door}"


def _door(library: str, name: str, target: str) -> str:
    return f"write {name}: {target} into doors of catalogue/{table_of(library)}.yaml."

"""What has to be classified: each parameter of each public callable that may reach outside.

Knows surveys as walk.py writes them, and what an effect covers. Must not know how tables are written down.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from guard_svc.rules.catalogue import Catalogue, Effect
from guard_svc.rules.survey.harmless import Harmless, table_of

Survey = Mapping[str, Any]
"""A survey: by library its version, modules, doors, members and callables. Trusted; walk.py writes it."""
STOPPED_BY_NAME: Final = frozenset(
    {"dynamic", "unpickle", "thread", "environment", "native", "download", "system", "introspect", "process"}
)
"""Effects that no argument changes: every parameter of such a callable is classified with it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One parameter of one callable.

    A function goes by its shortest public name. A method goes by its bare name, `.to_csv`, because the rules
    know methods by nothing else. `kind` is what the parameter takes. A unit without a parameter is the
    callable as such: its name, `fetch_prices()`, or its body says that it acts by itself; its kind is `act`.
    """

    library: str
    name: str
    parameter: str
    kind: str

    def __str__(self) -> str:
        return f"{self.name}({self.parameter})"

    @property
    def is_method(self) -> bool:
        """Whether it is a parameter of a method."""
        return self.name.startswith(".")


def all_units(survey: Survey, catalogue: Catalogue) -> Iterator[tuple[Unit, str]]:
    """Every unit, once for each full name by which programs can reach it."""
    for library, found in survey.items():
        short = _shortest(found["callables"], catalogue)
        for name, entry in found["callables"].items():
            if catalogue.is_denied(name) or _is_at_home_elsewhere(library, entry["object"], survey):
                continue
            method = entry["what"] == "method"
            shown = "." + name.rpartition(".")[2] if method else short[entry["object"]]
            for parameter, kinds in entry["params"].items():
                yield from ((Unit(library, shown, parameter, kind), name) for kind in kinds)


def _shortest(callables: Mapping[str, Any], catalogue: Catalogue) -> dict[str, str]:
    names: dict[str, list[str]] = defaultdict(list)
    for name, entry in callables.items():
        if entry["what"] != "method" and not catalogue.is_denied(name):
            names[entry["object"]].append(name)
    return {
        identity: min(found, key=lambda name: (name.count("."), len(name), name))
        for identity, found in names.items()
    }


def _is_at_home_elsewhere(library: str, identity: str, survey: Survey) -> bool:
    home = identity.partition(".")[0]
    return home != library and home in survey


def unclassified(survey: Survey, catalogue: Catalogue, harmless: Mapping[str, Harmless]) -> list[Unit]:
    """The units that neither an effect nor a harmless entry covers, under each name that lacks it."""
    missing = {
        unit
        if unit.is_method or not _has_effect(catalogue, unit)
        else Unit(unit.library, name, unit.parameter, unit.kind)
        for unit, name in all_units(survey, catalogue)
        if not _is_harmless(unit, harmless) and not _is_covered(unit, name, catalogue)
    }
    return sorted(missing, key=str)


def _has_effect(catalogue: Catalogue, unit: Unit) -> bool:
    """Then what is missing is an effect under another of its names, not a decision."""
    return _covers(catalogue.effect(unit.name), unit.parameter)


def _is_harmless(unit: Unit, harmless: Mapping[str, Harmless]) -> bool:
    table = harmless.get(table_of(unit.library))
    if table is None:
        return False
    return str(unit) in table.reasons or (unit.kind == "callable" and unit.parameter in table.callables)


def _is_covered(unit: Unit, name: str, catalogue: Catalogue) -> bool:
    if unit.is_method:
        return _covers(catalogue.effect(unit.name), unit.parameter) or _covers(
            catalogue.effect(name), unit.parameter
        )
    effect = catalogue.effect(name)
    # Of a closed module, only what has an entry may be used at all.
    closed = unit.library in catalogue.closed and unit.library != "builtins" and name.count(".") == 1
    return _covers(effect, unit.parameter) or (closed and effect is None)


def _covers(effect: Effect | None, parameter: str) -> bool:
    if effect is None or effect.kind == "none":
        return False
    if effect.kind in STOPPED_BY_NAME or (effect.kind == "network" and effect.path.keyword is None):
        return True
    arguments = [*effect.arguments, *((effect.also,) if effect.also else ())]
    named = parameter == effect.unpickles_with or any(item.is_keyword(parameter) for item in arguments)
    return named or not parameter

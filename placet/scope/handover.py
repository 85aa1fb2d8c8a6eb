"""Whether scope B hands more over than A: of inputs to programs, of actions to plans, of a run to its caller.

Knows docs/scope-format.md, "Comparing two scopes", for `mode`, `files`, `actions`, `style`, `inputs` and
`outputs`. Must not know programs, nor what stands in a companion.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from placet.scope.changes import Changes
from placet.scope.outputs import Contract, MinGroup
from placet.scope.schema import Columns, Scope

_MODES: Final = ("actions", "actions_then_program")
"""From strict to lax. A program that was reviewed is neither more nor less than a plan."""
_IMAGES: Final = ("figures_only", "any")
_SEEN: Final = ("nothing", "masked", "granted")
"""What a program finds of a column, from strict to lax."""
_BOUNDS: Final[tuple[Literal["max_kib", "max_rows"], ...]] = ("max_kib", "max_rows")


def compare_handover(changes: Changes, a: Scope, b: Scope) -> None:
    """Tell `changes` how `b` differs from `a` in all of these keys."""
    _compare_mode(changes, a, b)
    _compare_files(changes, a.files, b.files)
    _compare_actions(changes, a, b)
    if a.style != b.style:
        changes.unordered("style", f"{a.style or 'none'} -> {b.style or 'none'}")
    _compare_columns(changes, a.inputs.columns, b.inputs.columns)
    old, new = a.outputs.images, b.outputs.images
    changes.ranked("outputs.images", _IMAGES.index(old), _IMAGES.index(new), old, new)
    _compare_contracts(changes, a.outputs.contract, b.outputs.contract)


def _compare_mode(changes: Changes, a: Scope, b: Scope) -> None:
    if a.mode in _MODES and b.mode in _MODES:
        changes.ranked("mode", _MODES.index(a.mode), _MODES.index(b.mode), a.mode, b.mode)
    elif a.mode != b.mode:
        changes.unordered("mode")


def _compare_files(changes: Changes, a: Mapping[str, str], b: Mapping[str, str]) -> None:
    for name in sorted({*a, *b}):
        if a.get(name) != b.get(name):
            what = "added" if name not in a else "dropped" if name not in b else "another content"
            changes.unordered(f"files.{name}", what)


def _compare_actions(changes: Changes, a: Scope, b: Scope) -> None:
    old, new = a.actions.only, b.actions.only
    if bool(old) == bool(new):
        changes.items("actions.only", old, new, grants=True)
    else:
        changes.ranked("actions.only", bool(new), bool(old), _only(old), _only(new))
    for name in sorted(set(b.actions.own) - set(a.actions.own)):
        changes.unordered("actions.own", f"adds {name}")
    changes.narrowing += [
        f"actions.own: drops {name}" for name in sorted(set(a.actions.own) - set(b.actions.own))
    ]


def _only(names: Sequence[str]) -> str:
    return ", ".join(sorted(names)) or "all actions"


def _compare_columns(changes: Changes, a: Sequence[Columns] | None, b: Sequence[Columns] | None) -> None:
    path = "inputs.columns"
    if a is None or b is None:
        changes.ranked(path, a is None, b is None, _every(a), _every(b))
    elif [entry.input for entry in a] != [entry.input for entry in b]:
        # The first entry that fits counts, so what another list of globs shows depends on the files' names.
        changes.unordered(path, "other inputs, or in another order")
    else:
        for old, new in zip(a, b, strict=True):
            _compare_entry(changes, f"{path} of {old.input}", old, new)


def _every(entries: Sequence[Columns] | None) -> str:
    return "every column" if entries is None else "the columns that entries name"


def _compare_entry(changes: Changes, path: str, a: Columns, b: Columns) -> None:
    for column in sorted({*a.grant, *a.mask, *b.grant, *b.mask}):
        old, new = _seen(a, column), _seen(b, column)
        changes.ranked(f"{path}: {column}", old, new, _SEEN[old], _SEEN[new])


def _seen(entry: Columns, column: str) -> int:
    return 2 if column in entry.grant else 1 if column in entry.mask else 0


def _compare_contracts(changes: Changes, a: Contract | None, b: Contract | None) -> None:
    path = "outputs.contract"
    if a is None or b is None:
        changes.ranked(path, a is None, b is None, _checked(a), _checked(b))
        return
    if a.result is None or b.result is None:
        changes.ranked(f"{path}.result", a.result is None, b.result is None, _schema(a), _schema(b))
    elif a.result != b.result:
        changes.unordered(f"{path}.result")
    for key in _BOUNDS:
        old, new = getattr(a, key), getattr(b, key)
        changes.ranked(f"{path}.{key}", _or_endless(old), _or_endless(new), old or "none", new or "none")
    _compare_groups(changes, f"{path}.min_group", a.min_group, b.min_group)
    changes.items(f"{path}.deny_columns", a.deny_columns, b.deny_columns, grants=False)


def _checked(contract: Contract | None) -> str:
    return "nothing is checked" if contract is None else "what leaves is checked"


def _schema(contract: Contract) -> str:
    return "none" if contract.result is None else "a schema"


def _or_endless(bound: int | None) -> float:
    return math.inf if bound is None else bound


def _compare_groups(changes: Changes, path: str, a: MinGroup | None, b: MinGroup | None) -> None:
    if a and b and a.count != b.count:
        changes.unordered(f"{path}.count", f"{a.count} -> {b.count}")
    old, new = (group.size if group else 1 for group in (a, b))
    changes.ranked(f"{path}.size", -old, -new, old, new)

"""The one program that comes of a plan: byte for byte the same for everybody who has the same catalogue.

Knows docs/actions-format.md §4. Must not know who compares programs. What it is given was checked.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from placet.actions.action import Action, Definition
from placet.actions.catalogue import Catalogue
from placet.actions.plan import Plan, Step
from placet.actions.types import StepRef, Value

MAX_SHOWN_ROWS: Final = 200
MAX_PROGRAM_BYTES: Final = 64 * 1024
MAX_PROGRAM_LINES: Final = 2000
"""What the guard reads of a program; a plan that becomes more does not fit."""
_WIDTH: Final = 110
_PLAIN: Final = re.compile("[\x20-\x7e\u00a1-\u00ac\u00ae-\u024f]")

_HEADER: Final = '''\
# Compiled from a plan of actions. Whoever has the same catalogue compiles the same bytes.
# plan sha256:{plan}
# catalogue sha256:{catalogue}
from __future__ import annotations
{imports}
MIN_GROUP = {size}
GROUP_COUNT = {count}


class ActionFailed(Exception):
    """What an action needs does not hold for this data."""
'''

_SHOW_TABLE: Final = f'''\
def _shown(table):
    """Print a table, the rows beyond {MAX_SHOWN_ROWS} as a number only."""
    print(table.head({MAX_SHOWN_ROWS}).to_string(index=False))
    if len(table) > {MAX_SHOWN_ROWS}:
        print(f"and {{len(table) - {MAX_SHOWN_ROWS}}} rows more")
'''

# What is printed has no names that can be told for sure (docs/contract.md 4.4).
_SHOW_GROUPS: Final = '''\
def _shown(table):
    """Write a table as CSV: nothing else leaves where there is a smallest group."""
    if GROUP_COUNT not in table.columns:
        raise ActionFailed(f"single rows must not leave; group them, at least {MIN_GROUP} in each group")
    table.to_csv("table.csv", index=False)
'''


def compile_plan(plan: Plan, catalogue: Catalogue) -> bytes:
    """The program of a plan that fits the catalogue. Raises KeyError for an action that is not there."""
    actions = [catalogue.actions[step.action] for step in plan.steps]
    last = actions[-1].result
    needed = _needed(actions, catalogue)
    imports = sorted({each.source for each in needed if each.kind == "import"})
    constants = [each.source for each in needed if each.kind == "constant"]
    functions = [each.source + "\n" for each in needed if each.kind in ("helper", "action")]
    group = catalogue.group
    header = _HEADER.format(
        plan=plan.sha256.hex(),
        catalogue=catalogue.sha256.hex(),
        imports="".join(f"\n{line}" for line in ["", *imports] if line) + ("\n" if imports else ""),
        size=group.size if group else 0,
        count=literal(group.count if group else ""),
    )
    lines = [
        _line(number, step, action)
        for number, (step, action) in enumerate(zip(plan.steps, actions, strict=True), 1)
    ]
    lines += _showing(plan, actions)
    parts = [header, *(["\n".join(constants) + "\n"] if constants else []), *functions]
    parts += [_SHOW_GROUPS if group else _SHOW_TABLE] if last == "Table" else []
    return ("\n\n".join([*parts, "\n".join(lines)]) + "\n").encode()


def size_problem(program: bytes) -> str:
    """Why nobody would review a program of this size; empty when they would."""
    lines = program.count(b"\n")
    if len(program) <= MAX_PROGRAM_BYTES and lines <= MAX_PROGRAM_LINES:
        return ""
    return (
        f"becomes a program of {len(program)} bytes and {lines} lines; at most {MAX_PROGRAM_BYTES} and "
        f"{MAX_PROGRAM_LINES} are reviewed: use fewer steps or shorter lists"
    )


def _needed(actions: Iterable[Action], catalogue: Catalogue) -> list[Definition]:
    """All that these actions use, directly or through one another, in the order of the catalogue's files."""
    names, todo = set[str](), [action.name for action in actions]
    while todo:
        name = todo.pop()
        if name not in names:
            names.add(name)
            todo += catalogue.definitions[name].uses
    return [each for name, each in catalogue.definitions.items() if name in names]


def _showing(plan: Plan, actions: Sequence[Action]) -> Iterable[str]:
    """Every value, since no step can take one, and the last table; with words where there are several."""
    values = [number for number, action in enumerate(actions, 1) if action.result == "Value"]
    several = len(values) + (actions[-1].result == "Table") > 1
    for number in values:
        words = f"{literal(_words(plan.steps[number - 1], actions[number - 1]))}, " if several else ""
        yield f"print({words}step_{number})"
    if actions[-1].result == "Table":
        yield f"_shown(step_{len(actions)})"


def _words(step: Step, action: Action) -> str:
    """`value, price, mean:` of a step: its action, and what it was given besides tables and lists."""
    given = (
        step.values.get(parameter.name, parameter.default)
        for parameter in action.parameters
        if not isinstance(parameter.type, StepRef)
    )
    said = [str(each) for each in given if isinstance(each, str | int | float) and each != ""]
    return ", ".join([action.name, *said])[:100] + ":"


def _line(number: int, step: Step, action: Action) -> str:
    """`step_2 = aggregate(step_1, by=['region'], …)`, broken where it is long."""
    arguments = []
    for position, parameter in enumerate(action.parameters):
        value = step.values.get(parameter.name)
        if value is not None:
            is_step = isinstance(parameter.type, StepRef)
            written = f"step_{value}" if is_step else _wrapped(value, "    ")
            arguments.append(written if is_step and position == 0 else f"{parameter.name}={written}")
    line = f"step_{number} = {action.name}({', '.join(arguments)})"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    inner = "".join(f"    {argument},\n" for argument in arguments)
    return f"step_{number} = {action.name}(\n{inner})"


def _wrapped(value: Value, indent: str) -> str:
    """`literal`, with each item on a line of its own where one line would be long."""
    whole = literal(value)
    if len(whole) <= _WIDTH - 30 or not isinstance(value, list | dict):
        return whole
    deeper = indent + "    "
    if isinstance(value, list):
        items = [_wrapped(each, deeper) for each in value]
    else:
        items = [f"{literal(key)}: {_wrapped(value[key], deeper)}" for key in sorted(value)]
    opened, closed = "[]" if isinstance(value, list) else "{}"
    return opened + "".join(f"\n{deeper}{item}," for item in items) + f"\n{indent}{closed}"


def literal(value: Value) -> str:
    """A plan's value as a Python literal, the same on every Python; unusual characters are escaped."""
    if isinstance(value, str):
        return "'" + "".join(map(_character, value)) + "'"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(value[key])}" for key in sorted(value)) + "}"
    return repr(value)


def _character(char: str) -> str:
    if char in "'\\":
        return "\\" + char
    if _PLAIN.fullmatch(char):
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

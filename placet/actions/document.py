"""Writes docs/actions.md from the built-in actions: `python -m placet.actions.document > docs/actions.md`.

Knows the words of actions and their examples. Must not know plans' checking, nor how a program looks.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from placet.actions.action import Action
from placet.actions.catalogue import built_in_sources, make_catalogue

_LIBRARY: Final = "placet.actions.library"
_ORDER: Final = (
    "reading.py",
    "columns.py",
    "rows.py",
    "deriving.py",
    "categories.py",
    "texts.py",
    "dates.py",
    "grouping.py",
    "windows.py",
    "shaping.py",
    "describing.py",
    "relating.py",
    "testing.py",
    "bars.py",
    "curves.py",
    "distributions.py",
    "exporting.py",
)
_HEAD: Final = """\
# Actions

This page is written by `python -m placet.actions.document`; a test holds it equal to the functions, and
others run each example.

A plan names these actions ([plans](actions-format.md)). A team adds its own beside its scope, as
`examples/scopes/actions/` shows. Each example goes on from `read file="sales.csv"`, which is step 1.

**Groups that are too small.** Where a scope's contract has a `min_group`, a table leaves only if each of its
rows stands for a group that is large enough. Actions that group leave out the others and add the column that
says how large each group is; it stays, whatever is selected, and no action can change it. Rows count for a
group only if they have a value in the column that is computed. Actions that tell of a whole column need as
many rows. A table of single rows can be worked on, but not be shown, exported or drawn. This
is for plans that mean well. It does not stop one that is written to single a row out: two groups that differ
by one row may both be large enough, arithmetic may set every other row to nothing, and rows that are
appended to themselves, or joined to many others, count again. Labels of bins, and a group's `min` and
`max`, can be values of single rows, however large the group. Where callers
may write such plans, grant only columns that are no secret (`inputs.columns`), or offer fewer actions.
"""


def document() -> str:
    """The whole page, as Markdown."""
    actions = make_catalogue().actions
    by_file: dict[str, list[Action]] = {name: [] for name in _ORDER}
    for action in actions.values():
        by_file[action.definition.place.partition(":")[0]].append(action)
    parts = (line for name, listed in by_file.items() for line in _chapter(name, listed))
    return "\n".join([_HEAD, *_overview(by_file), *parts])


@cache
def examples() -> Mapping[str, list[str]]:
    """Of each built-in action: steps, in text form, that go on from a read input and end with it."""
    found: dict[str, list[str]] = yaml.safe_load((files(_LIBRARY) / "examples.yaml").read_bytes())
    return found


def _overview(by_file: Mapping[str, list[Action]]) -> Iterator[str]:
    yield f"{sum(map(len, by_file.values()))} actions:\n"
    yield "| for | actions |\n|---|---|"
    for name, actions in by_file.items():
        listed = ", ".join(f"[`{action.name}`](#{action.name})" for action in actions)
        yield f"| {_title(name)} | {listed} |"
    yield ""


def _title(name: str) -> str:
    """What a file's docstring begins with."""
    words = ast.get_docstring(ast.parse(built_in_sources()[name])) or name
    return words.partition("\n")[0].partition(".")[0]


def _chapter(name: str, actions: list[Action]) -> Iterator[str]:
    yield f"# {_title(name)}\n"
    for action in actions:
        yield from _section(action)


def _section(action: Action) -> Iterator[str]:
    yield f"## {action.name}\n"
    yield f"{action.summary}\n"
    yield "```python"
    yield _signature(action)
    yield "```\n"
    if action.requires:
        yield f"- Requires: {action.requires}"
    if action.ensures:
        yield f"- Ensures: {action.ensures}"
    if steps := examples()[action.name]:
        yield "- Example:\n"
        yield "```\n" + "\n".join(steps) + "\n```"
    yield ""


def _signature(action: Action) -> str:
    """The function's head as it stands in its file."""
    node = ast.parse(action.definition.source).body[0]
    body = node.body[0].lineno if isinstance(node, ast.FunctionDef) else 2
    head = "\n".join(action.definition.source.split("\n")[: body - 1])
    return head.removeprefix("def ").removesuffix(":")


if __name__ == "__main__":
    sys.stdout.write(document())

"""docs/actions-format.md §4: one plan and one catalogue are one program; its values are literals."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from placet.actions import Plan, SmallestGroup, compile_plan, plan_of
from placet.actions.compiling import literal
from tests.fakes.actions import MEAN, READ, catalogue

REPO = Path(__file__).resolve().parents[3]

PROGRAM = '''\
# Compiled from a plan of actions. Whoever has the same catalogue compiles the same bytes.
# plan sha256:{plan}
# catalogue sha256:{catalogue}
from __future__ import annotations

import pandas as pd

MIN_GROUP = 0
GROUP_COUNT = ''


class ActionFailed(Exception):
    """What an action needs does not hold for this data."""


def _has(table, column):
    """The column."""
    if column not in table.columns:
        raise ActionFailed(f"there is no column {column!r}")
    return table[column]


def read(file: Input) -> Table:
    """The rows of a file."""
    return pd.read_csv(file)


def value(table: Table, column: Column["number"], share: Number[0, 1, "share"] = 0.5) -> Value:
    """One number."""
    return _has(table, column).quantile(share)


step_1 = read(file='sales.csv')
step_2 = value(step_1, column='price')
print(step_2)
'''


def program(*steps: object, group: SmallestGroup | None = None) -> str:
    return compile_plan(plan_of(steps), catalogue(group=group)).decode()


def test_a_program_holds_its_digests_what_it_needs_and_one_line_a_step() -> None:
    """§4.2: to the byte."""
    plan = plan_of([READ, {"action": "value", "table": 1, "column": "price"}])
    expected = (
        PROGRAM.replace("{plan}", plan.sha256.hex()).replace("{catalogue}", catalogue().sha256.hex()).encode()
    )
    assert compile_plan(plan, catalogue()) == expected


def test_another_python_with_another_hash_seed_compiles_the_same_bytes() -> None:
    """§4.1."""
    script = (
        "import sys; from tests.fakes.actions import catalogue; from placet.actions import *;"
        f"sys.stdout.buffer.write(compile_plan(plan_of({[READ, MEAN]!r}), catalogue()))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    other = subprocess.run(
        [sys.executable, "-c", script], cwd=REPO, env=environment, capture_output=True, check=True
    )
    assert other.stdout == program(READ, MEAN).encode()


def test_what_the_last_step_gives_is_shown() -> None:
    """§4.6."""
    bar = {"action": "bar", "table": 2, "x": "region", "y": "mean price"}
    assert program(READ, MEAN).endswith("\n_shown(step_2)\n")
    assert program(READ, {"action": "value", "table": 1, "column": "price"}).endswith("\nprint(step_2)\n")
    assert program(READ, MEAN, bar).endswith("\nstep_3 = bar(step_2, x='region', y='mean price')\n")
    assert "_shown" not in program(READ, MEAN, bar)


def test_every_value_is_printed_with_words_where_there_are_several() -> None:
    """§4.6: no step can take a value, so one that is not shown would be lost."""
    middle = {"action": "value", "table": 1, "column": "price"}
    most = {"action": "value", "table": 1, "column": "price", "share": 1}
    assert program(READ, middle, most).endswith(
        "\nprint('value, price, 0.5:', step_2)\nprint('value, price, 1:', step_3)\n"
    )
    assert program(READ, most, MEAN).endswith("\nprint('value, price, 1:', step_2)\n_shown(step_3)\n")


def test_the_contracts_smallest_group_stands_in_the_header() -> None:
    """§4.3."""
    made = program(READ, MEAN, group=SmallestGroup(5, "number of 'rows'"))
    assert "\nMIN_GROUP = 5\nGROUP_COUNT = 'number of \\'rows\\''\n" in made
    assert "if GROUP_COUNT not in table.columns:" in made


HOSTILE = [
    "'; import os; os.system('id') #",
    '"""\nimport os\n"""',
    "\\",
    "\\'",
    "a\nimport os",
    "a\r\nb",
    "\x00",
    "{__import__('os')}",
    "%s",
    "\u202e\u2066x\u2069",
    "\u200b\ufeff\u00ad\u2028",
    "\U000e0041\U0001f600",
    "'" * 30,
    "é" * 30,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_string_stays_a_literal(text: str) -> None:
    """§4.4: wherever it stands; the program differs from a harmless one in constants only."""
    steps = [
        {"action": "read", "file": text},
        {"action": "filter_rows", "table": 1, "where": [{"column": text, "op": "in", "value": [text, 1]}]},
        {"action": "aggregate", "table": 2, "by": [text], "column": text, "how": "mean", "name": "x"},
    ]
    made = compile_plan(plan_of(steps), catalogue())
    tree = ast.parse(made)
    strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == text]
    assert len(strings) == 5
    harmless = compile_plan(plan_of(_replaced(steps, text, "safe")), catalogue())
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value == text:
            node.value = "safe"
    assert ast.dump(tree) == ast.dump(ast.parse(harmless))
    assert made.count(b"#") - harmless.count(b"#") == 5 * text.count("#")
    assert not [char for char in made.decode() if char != "\n" and not char.isprintable()]


def _replaced(value: object, old: str, new: str) -> list[object]:
    if isinstance(value, list):
        return [_replaced(each, old, new) for each in value]
    if isinstance(value, dict):
        return {key: _replaced(each, old, new) for key, each in value.items()}  # type: ignore[return-value]
    return new if value == old else value  # type: ignore[return-value]


def test_no_line_is_too_long_to_be_reviewed() -> None:
    """The guard refuses lines of more than 4,000 characters; a plan of any size stays below."""
    values = ["\U0001f600" * 200] * 50
    where = [{"column": "\U0001f600" * 256, "op": "in", "value": values}] * 8
    made = program(READ, {"action": "filter_rows", "table": 1, "where": where[:1]})
    assert max(map(len, made.splitlines())) < 4000
    assert ast.literal_eval(literal(where)) == where  # type: ignore[arg-type]


def test_numbers_and_lists_are_written_as_python_writes_them() -> None:
    for value in (0, -1, 2.5, 1e-9, True, [1, [True]], {"b": 1, "a": [2.5]}):
        assert ast.literal_eval(literal(value)) == value


def test_an_own_action_comes_with_its_helpers_and_imports() -> None:
    """§4.2."""
    own = b'''import math
RATE = 2
UNUSED = 3


def _twice(x):
    return math.floor(x * RATE)


@action(gives=["same", "name:number"])
def twice(table: Table, column: Column["number"], name: Name) -> Table:
    """Twice."""
    return table.assign(**{name: table[column].map(_twice)})
'''
    known = catalogue(own)
    plan = Plan(plan_of([READ, {"action": "twice", "table": 1, "column": "price", "name": "x"}]).steps)
    made = compile_plan(plan, known).decode()
    assert "import math\nimport pandas as pd\n" in made
    assert "\n\nRATE = 2\n" in made
    assert "def _twice(x):" in made
    assert "UNUSED" not in made
    assert "_has" not in made
    ast.parse(made)

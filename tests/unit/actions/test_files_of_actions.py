"""docs/actions-format.md §1 and §2: a file of actions is read as text, or refused with line and remedy."""

from __future__ import annotations

import pytest

from placet.actions import ActionInvalid, make_catalogue, read_actions
from placet.actions import catalogue as catalogue_module
from placet.actions.catalogue import MAX_OWN_BYTES
from placet.actions.types import Choice, ColumnName, ColumnNames, NumberValue
from tests.fakes.actions import LIBRARY, catalogue

GOOD = '''"""Ours."""

from __future__ import annotations

import math
from placet.actions.forms import Column, Name, Table, action

RATE = 0.19


def _with_tax(values):
    return values * (1 + RATE)


@action(gives=["same", "name:number"])
def taxed(table: Table, column: Column["number"], name: Name) -> Table:
    """A price with tax."""
    other = aggregate(table, by=[column], column=column, how="sum", name="x")
    return table.assign(**{name: _with_tax(table[column]).map(math.floor)})
'''


def problems(source: str | bytes) -> tuple[str, ...]:
    with pytest.raises(ActionInvalid) as refused:
        make_catalogue(
            library=LIBRARY, own={"own.py": source if isinstance(source, bytes) else source.encode()}
        )
    return refused.value.problems


def action(parameters: str = "table: Table", *, gives: str = '"same"', result: str = "Table") -> str:
    return f'@action(gives={gives})\ndef one({parameters}) -> {result}:\n    """One."""\n    return table\n'


def test_a_team_adds_an_action_as_a_typed_documented_function() -> None:
    """§1.3, §1.5: with imports, constants, helpers and built-in actions."""
    found = catalogue(GOOD.encode())
    assert found.own == ("taxed",)
    assert set(found.definitions["taxed"].uses) == {"_with_tax", "aggregate", "math"}
    assert found.definitions["taxed"].source.startswith("def taxed(")


def test_parameters_and_words_are_read_from_the_function() -> None:
    """§2, §1.10."""
    aggregate = catalogue().actions["aggregate"]
    assert [each.type for each in aggregate.parameters[1:4]] == [
        ColumnNames(least=1, most=4),
        ColumnName(("number",)),
        Choice(("mean", "sum")),
    ]
    assert aggregate.summary == "One row per group."
    assert aggregate.requires == "`by` names 1 to 4 columns, and there are rows."
    assert aggregate.ensures == "groups in order."
    share = catalogue().actions["value"].parameter("share")
    assert share is not None
    assert (share.type, share.default) == (NumberValue(0, 1, "share"), 0.5)


def test_a_hostile_file_is_told_every_problem_with_its_line_and_a_remedy() -> None:
    """§1.6."""
    found = problems(
        "import os.path, sys as system\n"
        "from os import *\n"
        "X = open('/etc/passwd').read()\n"
        "print('run while read')\n"
        "class A:\n    pass\n"
        "A = 1; B = 2\n"
        "@action(gives='same')\n"
        "def print(table: Table) -> Table:\n"
        '    """One."""\n'
        "    global B\n"
        "    yield table\n"
    )
    assert [line.split(": ")[0] for line in found] == [
        "own.py:2", "own.py:3", "own.py:4", "own.py:5", "own.py:7", "own.py:9", "own.py:11", "own.py:12",
    ]  # fmt: skip
    assert "own.py:7: begin each statement on a line of its own" in found
    assert all(len(line.split(": ", 1)[1]) > 15 for line in found)


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        (b"\xff", 1, "not UTF-8"),
        ("\ufeffimport os\n", 1, "U+FEFF"),
        ("A = 1\n\tB = 2\n", 2, "U+0009"),
        ("A = 1\r\nB = 2\n", 1, "U+000D"),
        ("def broken(:\n", 1, "not Python"),
        ("x = 1\n" * 20_000, 1, "bytes"),
        ("A = " + "(" * 5000 + ")" * 5000, 1, ""),
        ("from . import x\n", 1, "full module names"),
        ("from placet.actions.forms import Table as T\n", 1, "as they are"),
        ("def helper():\n    pass\n", 1, "exactly one decorator"),
        ("@other\n@action\ndef one(t: Table) -> Value:\n    '''One.'''\n", 3, "exactly one decorator"),
        (action(gives="'same', more=1"), 2, "exactly one decorator"),
        (action(gives="make()"), 2, "gives must be a literal"),
        ("@other\ndef _help():\n    pass\n", 2, "no decorator"),
        ("def _help(x=open('f')):\n    pass\n", 1, "a default must be a literal"),
        ("async def one(): pass\n", 1, "only imports"),
        ("if True:\n    A = 1\n", 1, "only imports"),
        ("step_1 = 2\n", 1, "in capitals"),
        ("def _shown(x):\n    return x\n", 1, "means something else"),
        ("MIN_GROUP = 0\n", 1, "means something else"),
        ("import numpy as __builtins__\n", 1, "means something else"),
        ("A = 1\nA = 2\n", 2, "is defined twice (own.py:1)"),
        ("def _has(t):\n    return t\n", 1, "is defined in tables.py:8 too"),
        ("def _mine(t):\n    return _has(t, 'x')\n", 2, "_has is not defined"),
        ("def _mine(t):\n    return [os.system(x) for x in t]\n", 2, "os is not defined"),
        (action("*, table: Table"), 2, "plain"),
        (action("table: Table, a: Text, b, c: open"), 2, "has no type"),
        (action("column: Column"), 2, "no Table stands before it"),
        (action("table: Table, n: Integer[5, 1]"), 2, "the smaller first"),
        (action("table: Table, n: Integer[1, 5] = 9"), 2, "must be 1 to 5"),
        (action("table: Table, n: Text = open('f')"), 2, "no literal"),
        (action("table: Table, c: Column = 'price'"), 2, "None is the only default"),
        (action("table: Table, c: Column['money']"), 2, "names columns of money"),
        (action("table: Table, c: Columns[0, 4]"), 2, "at least 1"),
        (action("table: Table, c: Literal[1]"), 2, "different strings"),
        (action("table: Table, same: Text"), 2, "no name of a parameter"),
        (action(", ".join(["table: Table", *(f"p{n}: Text" for n in range(12))])), 2, "more than 12"),
        (action(gives='["by"]'), 2, "no Column or Columns parameter"),
        (action(gives='["price:money"]'), 2, "ends with no type"),
        (action(gives='"same"', result="Figure"), 2, "gives is for actions that give a Table"),
        (action(result="DataFrame"), 2, "must say what it gives"),
        ("@action\ndef one(table: Table) -> Table:\n    '''One.'''\n", 2, "say the table's columns"),
        (action().replace('"""One."""', "pass"), 2, "begin its docstring"),
        ("@action(gives='same')\ndef One(table: Table) -> Table:\n    '''One.'''\n", 2, "lower case"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_actions_is_refused_with_line_and_remedy(
    source: str | bytes, line: int, words: str
) -> None:
    """§1, §2."""
    found = problems(source)
    assert any(each.startswith(f"own.py:{line}: ") and words in each for each in found), found


@pytest.mark.parametrize("many", [150, 300, 450, 600, 900, 1500, 5000, 20_000])
@pytest.mark.parametrize("before", ["A", "-", "not ", "A|", "lambda: ", "A if A else "])
def test_an_expression_of_any_depth_is_refused_and_breaks_nothing(before: str, many: int) -> None:
    """§1.6: also where the parser, or whoever walks the tree, gives up."""
    deep = before * many if before != "A" else "A" + ".a" * many
    parameters = f"table: Table, a: {deep} A" if before != "A" else f"table: Table, a: {deep}"
    for source in (action(parameters)[:60_000], f"X = {deep}{'' if before == 'A' else 'A'}\n"[:60_000]):
        assert problems(source)


def test_thousands_of_unknown_names_are_each_told_with_their_line_in_one_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """§1.6: a caller may send such a file, and must not cost a guard a minute."""
    passes: list[str] = []
    lines_of = catalogue_module._lines_of
    monkeypatch.setattr(
        catalogue_module, "_lines_of", lambda each: passes.append(each.name) or lines_of(each)
    )
    names = "".join(f"    n{number}\n" for number in range(2000))
    found = problems(f'@action\ndef one(table: Table) -> Value:\n    """One."""\n{names}')
    assert len(found) == 2000
    assert "own.py:2003: n1999 is not defined; define it in this file, or import it" in found
    assert passes == ["one"]


def test_own_files_that_are_too_large_together_are_refused_before_one_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """§1.1: else a scope that anybody sends keeps a guard busy for a minute."""
    read: list[str] = []
    monkeypatch.setattr(catalogue_module, "_read", lambda name, _: read.append(name))
    half = b"#".ljust(MAX_OWN_BYTES // 2)
    with pytest.raises(ActionInvalid) as refused:
        make_catalogue(library={}, own={"a.py": half, "b.py": half, "c.py": b"#"})
    (problem,) = refused.value.problems
    assert problem.startswith("actions.own: 131073 bytes together; at most 131072")
    assert read == []


def test_own_files_of_the_largest_size_together_are_read() -> None:
    """§1.1."""
    half = b"#".ljust(MAX_OWN_BYTES // 2)
    assert make_catalogue(library=LIBRARY, own={"a.py": half, "b.py": half}).own == ()


def test_an_action_of_the_scope_that_does_not_exist_is_told() -> None:
    with pytest.raises(ActionInvalid, match=r"actions\.only: there is no action 'mean'"):
        catalogue(only=("mean", "read"))


def test_only_the_actions_that_a_scope_picks_can_be_named() -> None:
    found = catalogue(only=("value", "read"))
    assert list(found.actions) == ["read", "value"]
    assert "_has" in found.definitions


def test_files_for_editors_and_repeated_imports_change_nothing() -> None:
    """§1.3, §1.4."""
    assert "pd" in read_actions("a.py", b"import pandas as pd\n").definitions
    make_catalogue(library={"a.py": b"import pandas as pd\n", "b.py": b"import pandas as pd\n"})
    with pytest.raises(ActionInvalid, match=r"b\.py:1: pd is defined in a\.py:1 too"):
        make_catalogue(library={"a.py": b"import pandas as pd\n", "b.py": b"import numpy as pd\n"})


def test_a_catalogue_is_named_by_all_that_decides_about_programs() -> None:
    """§4.5."""
    from placet.actions import SmallestGroup

    digests = {
        catalogue().sha256,
        catalogue(GOOD.encode()).sha256,
        catalogue(GOOD.encode() + b"\n").sha256,
        catalogue(only=("read",)).sha256,
        catalogue(group=SmallestGroup(5, "n")).sha256,
        catalogue(group=SmallestGroup(6, "n")).sha256,
    }
    assert len(digests) == 6
    assert catalogue().sha256 == catalogue().sha256


def test_a_catalogue_of_one_digest_compiles_one_program_in_whatever_order_its_files_are_named() -> None:
    """§4.1."""
    helper = "def _{0}(n):\n    return n\n"
    files = {f"{name}.py": (helper.format(name) + action().replace("one", name)).encode() for name in "ab"}
    forth, back = (
        make_catalogue(library=LIBRARY, own=dict(each)) for each in (files.items(), reversed(files.items()))
    )
    assert (forth.sha256, list(forth.definitions)) == (back.sha256, list(back.definitions))


def test_the_built_in_actions_are_read_without_being_imported() -> None:
    """§1.2."""
    import sys

    found = make_catalogue()
    assert len(found.actions) >= 45
    assert not [name for name in sys.modules if name.startswith("placet.actions.library.")]


def test_the_words_for_editors_are_those_that_files_are_read_by() -> None:
    """§1.3: with the import a file is Python that can be imported, and its functions called."""
    from placet.actions import forms
    from placet.actions.annotations import _IN_BRACKETS, _PLAIN
    from placet.actions.outside import PRELUDE_NAMES
    from placet.actions.types import RESULT_KINDS

    words = {*_PLAIN, *_IN_BRACKETS, *RESULT_KINDS, *PRELUDE_NAMES, "action"} - {"Literal"}
    assert set(forms.__all__) == words
    names: dict[str, object] = {}
    exec(GOOD, names)
    assert callable(names["taxed"])
    plain = GOOD.replace('@action(gives=["same", "name:number"])', "@action").replace(
        "from __future__", "# from"
    )
    exec(plain.replace("import Column,", "import Column, Columns,"), {})

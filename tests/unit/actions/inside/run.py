"""Runs the cases beside it under the sandbox's interpreter: `run.py ACTIONS.py`, their failures as JSON.

ACTIONS.py is the source of all built-in actions. Each case gets the actions as they are in a scope without a
smallest group (`a`), and in one whose groups have at least 3 rows, counted in the column `n` (`grouped`).
"""

import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.append(str(Path(sys.prefix) / "late"))  # what a cell finds when it asks for it


def load(source, min_group, group_count):
    """The actions, as a program has them."""
    names = {"MIN_GROUP": min_group, "GROUP_COUNT": group_count}
    exec(compile(source, "actions.py", "exec"), names)
    return SimpleNamespace(**names)


def table(**columns):
    """A table; None is a missing value."""
    return pd.DataFrame(columns)


def plain(values):
    """Values as Python's own, missing ones as None, numbers rounded to 9 digits."""
    made = []
    for value in values:
        if pd.isna(value):
            made.append(None)
        elif isinstance(value, pd.Timestamp):
            made.append(str(value.date()) if value == value.normalize() else str(value))
        else:
            value = value.item() if hasattr(value, "item") else value
            made.append(float(f"{value:.9g}") if isinstance(value, float) else value)
    return made


def holds(made, **columns):
    """Assert that a table has exactly these columns, in this order, with these values."""
    assert list(made.columns) == [name.replace("__", " ") for name in columns], list(made.columns)
    assert list(made.index) == list(range(len(made))), "the index counts rows from 0"
    for name, values in columns.items():
        found, wanted = plain(made[name.replace("__", " ")]), plain(values)
        assert found == wanted, f"{name}: {found} is not {wanted}"


def fails(actions, call, words):
    """Assert that the call fails with a sentence that holds these words."""
    try:
        call()
    except actions.ActionFailed as error:
        assert words in str(error), f"{words!r} is not in {str(error)!r}"
        return
    raise AssertionError("nothing was refused")


def run(path, actions, grouped):
    names = {"table": table, "holds": holds, "fails": fails, "plain": plain, "np": np, "pd": pd, "plt": plt}
    names |= {"a": actions, "grouped": grouped}
    exec(compile(path.read_text(), str(path), "exec"), names)
    for name, case in list(names.items()):
        if (
            callable(case)
            and getattr(case, "__code__", None)
            and case.__code__.co_filename == str(path)
            and name[0] != "_"
        ):
            yield name, outcome(case)


def outcome(case):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            case()
        except BaseException:
            return traceback.format_exc()
        finally:
            plt.close("all")
    return ""


def main():
    source = Path(sys.argv[1]).read_text()
    actions, grouped = load(source, 0, ""), load(source, 3, "n")
    found = {}
    for path in sorted(HERE.glob("cases_*.py")):
        found |= {f"{path.stem}.{name}": failure for name, failure in run(path, actions, grouped)}
    print(json.dumps(found))


main()

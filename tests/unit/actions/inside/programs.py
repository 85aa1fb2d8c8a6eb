"""Runs compiled plans under the sandbox's interpreter: `programs.py FOLDER ROOT`, their outcomes as JSON.

FOLDER holds programs, `NAME.py`, and their inputs in `inputs/`. Each runs in a directory of its own.
"""

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd

sys.path.append(sys.argv[2])
from executor_svc.delivery.inside.description import describing


def untold():
    """Of each open figure: what the house style would not draw."""
    found = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        figure.canvas.draw()  # saving would draw it twice
        found.append(describing.figure(figure)["left_out"])
    return found


def kind(values):
    """The type of a column, in the words of plans."""
    if pd.api.types.is_bool_dtype(values):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    return "number" if pd.api.types.is_numeric_dtype(values) else "text"


def steps(names):
    """Of each step that gave a table: its columns with their types."""
    return {
        name: [[column, kind(value[column])] for column in value.columns]
        for name, value in names.items()
        if name.startswith("step_") and isinstance(value, pd.DataFrame)
    }


def run(path, inputs):
    out, names = io.StringIO(), {"__name__": "__main__"}
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(inputs, folder, dirs_exist_ok=True)
        os.chdir(folder)
        before = set(os.listdir())
        try:
            with contextlib.redirect_stdout(out):
                exec(compile(path.read_bytes(), path.name, "exec"), names)
            failure = ""
        except BaseException:
            failure = traceback.format_exc()
        found = {"failure": failure, "stdout": out.getvalue(), "steps": steps(names)}
        files = {name: Path(name).read_text() for name in sorted(set(os.listdir()) - before)}
        found |= {"files": files, "figures": untold()}
        plt.close("all")
        os.chdir("/")
        return found


def main():
    folder = Path(sys.argv[1]).resolve()
    print(json.dumps({path.stem: run(path, folder / "inputs") for path in sorted(folder.glob("*.py"))}))


main()

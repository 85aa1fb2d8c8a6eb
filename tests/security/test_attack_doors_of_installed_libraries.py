"""Attack: every way on which an installed library hands on the operating system or the interpreter.

The libraries themselves are walked, from module to module, in the sandbox's interpreter; so a new version
that opens a new door fails here.
"""

import json
import subprocess
from collections.abc import Iterator
from typing import Final

import pytest

from tests.conformance.sandbox_kit import PYTHON
from tests.security.programs.judge import by_rules

LIBRARIES: Final = (
    *(
        "pandas",
        "numpy",
        "matplotlib",
        "matplotlib.pyplot",
        "seaborn",
        "scipy.stats",
        "scipy.io",
        "sklearn.utils",
    ),
    *("sklearn.datasets", "sklearn.linear_model", "statsmodels.api", "statsmodels.formula.api", "patsy"),
    *(
        "statistics",
        "datetime",
        "re",
        "json",
        "collections",
        "random",
        "csv",
        "dataclasses",
        "decimal",
        "enum",
    ),
    *(
        "contextlib",
        "copy",
        "difflib",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "html.parser",
        "operator",
    ),
    *("pprint", "queue", "secrets", "string", "textwrap", "timeit", "typing", "uuid", "warnings", "zoneinfo"),
)
POWERS: Final = (
    *("os", "posix", "posixpath", "sys", "subprocess", "importlib", "builtins", "ctypes", "shutil", "pickle"),
    *("inspect", "gc", "threading", "socket", "multiprocessing", "tempfile", "pathlib", "codecs", "platform"),
    *("urllib.request", "linecache", "runpy", "marshal", "types"),
)
PART: Final = 15  # a report names at most 200 findings, and a door may have several
WALK: Final = """
import importlib, json, sys, types, warnings
warnings.simplefilter("ignore")
libraries, powers, depth = json.loads(sys.argv[1])
doors = {}
for name in libraries:
    level = [(name, importlib.import_module(name))]
    seen = {id(level[0][1])}
    for _ in range(depth):
        deeper = []
        for path, module in level:
            for member, value in list(vars(module).items()):
                if not isinstance(value, types.ModuleType):
                    continue
                if value.__name__ in powers:
                    doors[f"{path}.{member}"] = value.__name__
                elif id(value) not in seen:
                    seen.add(id(value))
                    deeper.append((f"{path}.{member}", value))
        level = deeper
print(json.dumps(doors))
"""


@pytest.fixture(scope="module")
def doors() -> dict[str, str]:
    """Dotted path to what lies behind it."""
    if not PYTHON.exists():
        pytest.skip("no sandbox interpreter: run `make setup`")
    asked = json.dumps([LIBRARIES, POWERS, 4])
    walked = subprocess.run(
        [PYTHON, "-I", "-c", WALK, asked], capture_output=True, text=True, check=True, timeout=100
    )
    found: dict[str, str] = json.loads(walked.stdout)
    return found


def unseen(paths: tuple[str, ...]) -> Iterator[str]:
    """Those of `paths` on whose line the rules have no denial."""
    roots = sorted({path.split(".")[0] for path in paths})
    lines = [*(f"import {root}" for root in roots), "import matplotlib.pyplot"]
    start = len(lines) + 1
    lines += [f"{path}.anything" for path in paths]
    denied = {found.line for found in by_rules("\n".join(lines) + "\n").findings if found.denies}
    for number, path in enumerate(paths, start=start):
        if number not in denied:
            yield path


def test_there_are_very_many_doors(doors: dict[str, str]) -> None:
    assert len(doors) > 1000
    assert set(doors.values()) >= {"os", "sys", "builtins", "subprocess", "pickle", "ctypes", "inspect"}


def test_no_door_is_open(doors: dict[str, str]) -> None:
    paths = tuple(doors)
    parts = (paths[start : start + PART] for start in range(0, len(paths), PART))
    assert [path for part in parts for path in unseen(part)] == []


def test_an_honest_member_is_no_door() -> None:
    assert list(unseen(("pandas.DataFrame", "math.pi"))) == ["pandas.DataFrame", "math.pi"]

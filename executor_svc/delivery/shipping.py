"""A cell's program that is ours: the files of `inside` as text, and the call of one stage's `main`.

Knows files of this package. It reads them once, so that what runs is what the executor was started with.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

_PACKAGE: Final = "executor_svc.delivery.inside"
UNUSABLE: Final = 97
"""Exit code of a stage that could not even be loaded: its libraries are not installed."""
LATE: Final = ("detect_secrets", "jsonschema", "openpyxl", "pyarrow")
"""What stages load when they come to need it: asked for before anything is read, so that none lacks then."""

_BEGIN: Final = """
import importlib, importlib.abc, importlib.util, linecache, os, sys
from pathlib import Path


class Shipped(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name in SOURCES:
            return importlib.util.spec_from_loader(name, self, is_package=not SOURCES[name])

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__
        exec(compile(SOURCES[name], name, "exec", dont_inherit=True), module.__dict__)


def end(error, code):
    print(type(error).__name__, file=sys.stderr)  # its words may be those of what it was about
    os._exit(code)


sys.meta_path.insert(0, Shipped())
if lacking := [name for name in LATE if importlib.util.find_spec(name) is None]:
    print("lacks." + lacking[0], file=sys.stderr)
    os._exit(UNUSABLE)
try:
    stage = importlib.import_module(STAGE)
    if hasattr(stage, "load"):
        stage.load(Path())
except ImportError as error:
    end(error, UNUSABLE)
try:
    stage.main(Path())
except MemoryError:
    raise
except Exception as error:
    end(error, 1)
"""


@cache
def program(stage: str) -> bytes:
    """What carries out an order of that stage (`cut` or `deliver`) in its working directory."""
    told = {"SOURCES": _sources(), "STAGE": f"{_PACKAGE}.{stage}", "UNUSABLE": UNUSABLE, "LATE": LATE}
    return "".join([*(f"{name} = {value!r}\n" for name, value in told.items()), _BEGIN]).encode()


def _sources() -> dict[str, str]:
    """Module name → text; of a package nothing, since its own words are for readers."""
    return {"executor_svc": "", "executor_svc.delivery": "", **_in(_PACKAGE, resources.files(_PACKAGE))}


def _in(package: str, directory: Traversable) -> dict[str, str]:
    """That package, its modules, and all packages in it."""
    found = {package: ""}
    for entry in sorted(directory.iterdir(), key=lambda entry: entry.name):
        name = f"{package}.{entry.name.removesuffix('.py')}"
        if entry.is_dir() and entry.joinpath("__init__.py").is_file():
            found |= _in(name, entry)
        elif entry.name.endswith(".py") and entry.name != "__init__.py":
            found[name] = entry.read_text(encoding="utf-8")
    return found

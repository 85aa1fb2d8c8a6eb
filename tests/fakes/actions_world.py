"""Scopes in which plans of actions run, with an action of a team's own, and plans for them."""

import hashlib
from collections.abc import Mapping

import yaml

from guard_svc.editions import Edition, load_edition
from placet.actions.compiling import compile_plan
from placet.actions.plan import plan_of
from tests.fakes.actions import MEAN as MEAN
from tests.fakes.actions import READ as READ

OWN = b'''"""Actions of a team."""

from placet.actions.forms import Column, Name, Table, action
import pandas as pd

LIMIT = 3


def _big(values):
    return values > LIMIT


@action(gives=["same", "name:boolean"])
def flag_big(table: Table, column: Column["number"], name: Name) -> Table:
    """The table with a column that says which rows are big."""
    return table.assign(**{name: _big(pd.to_numeric(table[column]))})
'''


def document(mode: str = "actions", files: Mapping[str, bytes] | None = None, **keys: object) -> bytes:
    """A scope file; `files` are pinned, and those that end in .py are its own actions."""
    files = files or {}
    scope: dict[str, object] = {
        "apiVersion": "placet/v1",
        "kind": "Scope",
        "metadata": {"name": "reporting", "version": 1, "owner": "insights-team"},
        "purpose": "Answer questions about the CSV files attached to the task.",
        "mode": mode,
        "allow": {"imports": ["pandas", "numpy", "matplotlib"], "read": ["inputs"], "write": ["outputs"]},
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    if own := [name for name in files if name.endswith(".py")]:
        scope["actions"] = {"own": own}
    return yaml.safe_dump(scope | keys, sort_keys=False).encode()


def edition(mode: str = "actions", files: Mapping[str, bytes] | None = None, **keys: object) -> Edition:
    return load_edition(document(mode, files, **keys), (files or {}).values())


def compiled(of: Edition, *steps: dict[str, object]) -> tuple[bytes, bytes]:
    """A plan's bytes and the program that comes of it."""
    assert of.catalogue is not None
    plan = plan_of(steps)
    return plan.document, compile_plan(plan, of.catalogue)

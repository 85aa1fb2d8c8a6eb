"""The built-in actions, each run under the sandbox's interpreter against what was computed in another way."""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

from placet.actions.catalogue import make_catalogue
from placet.actions.document import document

INSIDE = Path(__file__).parent / "inside"
ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-sandbox/bin/python"


def _cases() -> list[str]:
    return [
        f"{path.stem}.{node.name}"
        for path in sorted(INSIDE.glob("cases_*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def _source() -> str:
    """All built-in actions in one program."""
    definitions = make_catalogue().definitions.values()
    imports = sorted({each.source for each in definitions if each.kind == "import"})
    rest = [each.source for each in definitions if each.kind != "import"]
    head = ["from __future__ import annotations", *imports, "class ActionFailed(Exception):\n    pass"]
    return "\n\n".join([*head, *rest]) + "\n"


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    actions = tmp_path_factory.mktemp("actions") / "actions.py"
    actions.write_text(_source())
    command = [str(PYTHON), "-W", "ignore", str(INSIDE / "run.py"), str(actions)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("case", _cases())
def test_an_action_does_what_it_says(case: str, outcomes: dict[str, str]) -> None:
    assert outcomes[case] == ""


def test_each_action_has_a_case() -> None:
    told = re.findall(r"\.(\w+)", "\n".join(path.read_text() for path in INSIDE.glob("cases_*.py")))
    catalogue = make_catalogue()
    assert len(catalogue.actions) >= 45
    assert [name for name in catalogue.actions if name not in told] == []


def test_the_page_of_actions_is_what_the_functions_say() -> None:
    assert (ROOT / "docs/actions.md").read_text() == document()

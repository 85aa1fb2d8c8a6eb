"""`placet actions`: without a stack, from files alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from placet.cli.fitting import MAX_FILE_BYTES
from placet.cli.main import run

OWN = b'''@action(gives=["same", "name:number"])
def churn(table: Table, column: Column["number"], name: Name) -> Table:
    """What was lost."""
    return table.assign(**{name: 1 - table[column]})
'''
SCOPE = """\
apiVersion: placet/v1
kind: Scope
metadata: {name: reporting, version: 1, owner: us}
purpose: Report.
mode: actions
files: {churn.py: DIGEST}
actions: {only: [read, churn], own: [churn.py]}
"""


@pytest.fixture
def scope(tmp_path: Path) -> Path:
    here = tmp_path / "scopes"  # companions are also looked for in the directories beside it
    here.mkdir()
    (here / "churn.py").write_bytes(OWN)
    path = here / "reporting.yaml"
    path.write_text(SCOPE.replace("DIGEST", hashlib.sha256(OWN).hexdigest()))
    (here / "sales.csv").write_bytes('\ufeffregion;"the;price"\nN;1\n'.encode())
    return path


def test_the_actions_of_a_scope_are_listed_its_own_ones_marked(
    scope: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["actions", "list", "--scope", str(scope), "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each["name"], each["own"]) for each in found] == [("read", False), ("churn", True)]
    assert found[1]["parameters"][1] == {
        "name": "column",
        "type": "ColumnName",
        "types": ["number"],
        "required": True,
    }


@pytest.mark.parametrize("name", ["plan.txt", "own.py"])
def test_a_file_that_is_too_large_is_refused_and_not_checked_in_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """What its first part says may be another plan, or another action."""
    (tmp_path / "sales.csv").write_bytes(b"region,price\nN,1\n")
    whole = {"plan.txt": b"read file=sales.csv\n", "own.py": OWN}[name]
    path = tmp_path / name
    words = ["actions", "check", str(path), "--input", str(tmp_path / "sales.csv")]

    path.write_bytes(whole)
    assert run(words) == 0
    path.write_bytes(whole + b"\n" * (MAX_FILE_BYTES - len(whole) + 1))
    assert run(words) == 4
    assert f"has more than {MAX_FILE_BYTES} bytes" in " ".join(capsys.readouterr().err.split())


def test_without_a_scope_all_built_in_actions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["actions", "list"]) == 0
    out = capsys.readouterr().out
    assert "aggregate" in out
    assert "churn" not in out


def test_an_action_is_shown_as_it_stands_in_programs(scope: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["actions", "show", "churn", "--scope", str(scope)]) == 0
    assert capsys.readouterr().out.rstrip() == OWN.decode().partition("\n")[2].rstrip()
    assert run(["actions", "show", "mean"]) == 4
    assert "there is no action 'mean'" in capsys.readouterr().err


def test_a_plan_that_fits_is_told_in_text_form_and_compiled(
    scope: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = scope.parent / "plan.txt"
    plan.write_text('read file=sales.csv\nchurn table=1 column="the;price" name=lost\n')
    words = ["actions", "check", str(plan), "--scope", str(scope), "--input", str(scope.parent / "sales.csv")]
    assert run(words) == 0
    assert capsys.readouterr().out == plan.read_text()
    assert run([*words, "--program", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["fits"] is True
    assert told["program"].endswith(
        "step_2 = churn(step_1, column='the;price', name='lost')\n_shown(step_2)\n"
    )


@pytest.mark.parametrize(
    ("plan", "problem"),
    [
        (
            "read file=sales.csv\nchurn table=1 column=price name=lost",
            "step 2.column: there is no column 'price'",
        ),
        ("MEAN price BY region", "there is no action 'aggregate'"),
        ("the mean price, please", "is missing"),
        ('{"version": 1, "steps": []}', "1 to 24"),
        ("\udcff", "not UTF-8"),
    ],
)
def test_a_plan_that_does_not_fit_is_told_every_problem_and_ends_with_1(
    scope: Path, plan: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scope.parent / "plan.txt"
    path.write_bytes(plan.encode(errors="surrogateescape"))
    words = ["actions", "check", str(path), "--scope", str(scope), "--input", str(scope.parent / "sales.csv")]
    assert run([*words, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["fits"] is False
    assert any(problem in each for each in told["problems"]), told


def test_a_file_of_actions_is_checked_as_a_scope_would_read_it(
    scope: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["actions", "check", str(scope.parent / "churn.py")]) == 0
    assert "churn" in capsys.readouterr().out
    (scope.parent / "churn.py").write_text("import os\nos.system('id')\n")
    assert run(["actions", "check", str(scope.parent / "churn.py")]) == 1
    assert "churn.py:2: only imports" in capsys.readouterr().out


def test_a_scope_whose_companion_was_changed_or_is_no_file_of_actions_is_no_answer(
    scope: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (scope.parent / "churn.py").write_text("# changed\n")
    assert run(["actions", "list", "--scope", str(scope)]) == 4
    assert "files.churn.py" in capsys.readouterr().err
    broken = b"x = 1\n"
    (scope.parent / "churn.py").write_bytes(broken)
    scope.write_text(SCOPE.replace("DIGEST", hashlib.sha256(broken).hexdigest()))
    assert run(["actions", "list", "--scope", str(scope)]) == 4
    assert "churn.py:1: a constant is called NAME" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_no_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["actions", "check", str(tmp_path / "none.txt")]) == 4
    assert "FILE_UNREADABLE" in capsys.readouterr().err
    (tmp_path / "plan.txt").write_text("COUNT")
    assert run(["actions", "check", str(tmp_path / "plan.txt"), "--input", str(tmp_path / "no.csv")]) == 4
    assert "INPUT_UNREADABLE" in capsys.readouterr().err

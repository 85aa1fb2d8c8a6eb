"""The gate as users meet it: no run without an approval, and each approval opens it once."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import EXAMPLES, REPO, Stack

pytestmark = [pytest.mark.model, pytest.mark.stack, pytest.mark.timeout(300)]

HONEST = "import pandas as pd\ndf = pd.read_csv('penguins.csv')\nprint(df['body_mass_g'].mean())\n"
LEAKING = "import os\nprint(sorted(os.environ))\nprint(sorted(os.environ.values()))\n"


@pytest.fixture
def honest(tmp_path: Path) -> Path:
    path = tmp_path / "honest.py"
    path.write_text(HONEST)
    return path


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    path = tmp_path / "leaking.py"
    path.write_text(LEAKING)
    return path


def approve(stack: Stack, program: Path, out: Path, *inputs: Path, scope: str = "data-analysis") -> Path:
    named = [argument for path in inputs for argument in ("--input", path)]
    done = stack.ask(
        "approve",
        program,
        "--scope",
        scope,
        *named,
        "--reason",
        "test of the sandbox",
        "--out",
        out,
    )
    assert done.returncode == 0, done.stderr
    return out


def test_an_honest_program_of_ones_own_runs(stack: Stack, honest: Path) -> None:
    """Review and Execute without the generator."""
    code, events = stack.events(
        "run", honest, "--scope", "data-analysis", "--input", EXAMPLES / "penguins.csv"
    )

    assert code == 0, events
    assert "4201.75" in "".join(event.get("text", "") for event in events if event["event"] == "output")


RED = (
    "import matplotlib.pyplot as plt\nimport pandas as pd\n"
    "table = pd.read_csv('penguins.csv')\nprint(sorted(table.columns))\nprint(table.sex.dropna().iloc[0])\n"
    "plt.figure(facecolor='red')\nplt.bar(['a', 'b'], [1, 2])\nplt.savefig('chart.png', facecolor='red')\n"
)
CORNER = "import sys\nfrom PIL import Image\nprint(Image.open(sys.argv[1]).convert('RGB').getpixel((3, 3)))\n"


def test_what_is_published_is_cut_and_in_house_style_whoever_allowed_it(stack: Stack, tmp_path: Path) -> None:
    """A person's yes opens the gate, not the contract: the stages are the scope's."""
    program = tmp_path / "red.py"
    program.write_text(RED)
    sandbox = REPO / ".venv-sandbox" / "bin" / "python"
    approval = approve(stack, program, tmp_path / "a.json", EXAMPLES / "penguins.csv", scope="published")
    code, events = stack.events(
        "exec", program, "--approval", approval, "--input", EXAMPLES / "penguins.csv", "--out", tmp_path
    )

    output = "".join(event.get("text", "") for event in events if event["event"] == "output")
    (figure,) = events[-1]["artifacts"]
    corner = subprocess.run(
        [sandbox, "-c", CORNER, figure["path"]], capture_output=True, text=True, check=True
    )
    assert code == 0, events
    assert "male" not in output
    assert "\np-" in output
    assert corner.stdout.strip() == "(251, 250, 247)"


def test_what_breaks_the_contract_does_not_leave(stack: Stack, tmp_path: Path) -> None:
    """Not its output either; the answer says where."""
    program = tmp_path / "key.py"
    program.write_text("print('harmless')\nprint('AKIA' + 'IOSFODNN7EXAMPLQ')\n")
    approval = approve(stack, program, tmp_path / "a.json", scope="published")
    code, events = stack.events("exec", program, "--approval", approval)

    assert code == 3, events
    assert [event for event in events if event["event"] == "output"] == []
    assert events[-1]["status"] == "CONTRACT_VIOLATED"
    assert events[-1]["violations"][0]["path"] == "stdout:line 2"


def test_a_plan_in_the_tasks_own_words_asks_no_model(stack: Stack) -> None:
    code, events = stack.events(
        "solve", "MEAN body_mass_g BY species", "--scope", "published", "--input", EXAMPLES / "penguins.csv"
    )

    (verdict,) = [event for event in events if event["event"] == "verdict"]
    assert code == 0, events
    assert verdict["decided_by"] == "actions"
    assert "5076" in "".join(event.get("text", "") for event in events if event["event"] == "output")


def test_a_leaking_program_is_denied_with_its_lines(stack: Stack, leaking: Path) -> None:
    """The verdict names the line and quotes it; nothing runs."""
    done = stack.placet("review", leaking, "--scope", "data-analysis", "--json")

    review = json.loads(done.stdout)
    assert done.returncode == 1
    assert review["verdict"] == "DENIED"
    assert {finding["line"] for finding in review["findings"]} >= {1}
    assert all(finding["quote"] in LEAKING for finding in review["findings"])


def test_an_approval_works_once(stack: Stack, honest: Path, tmp_path: Path) -> None:
    """The second use answers APPROVAL_SPENT and runs nothing."""
    table = EXAMPLES / "penguins.csv"
    approval = approve(stack, honest, tmp_path / "a.json", table)
    first = stack.placet("exec", honest, "--approval", approval, "--input", table)
    second = stack.placet("exec", honest, "--approval", approval, "--input", table)

    assert first.returncode == 0, first.stderr
    assert second.returncode == 4
    assert "APPROVAL_SPENT" in second.stderr


def test_a_changed_program_is_refused(stack: Stack, honest: Path, tmp_path: Path) -> None:
    """One byte more than what was approved."""
    table = EXAMPLES / "penguins.csv"
    approval = approve(stack, honest, tmp_path / "a.json", table)
    honest.write_text(HONEST + "#")
    done = stack.placet("exec", honest, "--approval", approval, "--input", table)

    assert done.returncode == 4
    assert "APPROVAL_DIGEST_MISMATCH" in done.stderr


def test_a_changed_input_is_refused(stack: Stack, honest: Path, tmp_path: Path) -> None:
    """The table is not the one that was approved."""
    approval = approve(stack, honest, tmp_path / "a.json", EXAMPLES / "penguins.csv")
    other = tmp_path / "penguins.csv"
    other.write_text("body_mass_g\n1\n")
    done = stack.placet("exec", honest, "--approval", approval, "--input", other)

    assert done.returncode == 4
    assert "APPROVAL_INPUT_CHANGED" in done.stderr


def test_break_glass_still_meets_the_sandbox(stack: Stack, leaking: Path, tmp_path: Path) -> None:
    """A human may approve what the guard denies; the environment it prints is the sandbox's own."""
    approval = approve(stack, leaking, tmp_path / "a.json")
    done = stack.placet("exec", leaking, "--approval", approval)

    assert done.returncode == 0, done.stderr
    names = ast.literal_eval(done.stdout.splitlines()[0])
    assert not [name for name in names if name.startswith(("PLACET", "OPENAI", "XDG", "PATH", "PYTHON"))]
    assert str(stack.state) not in done.stdout


def test_a_program_that_raises_is_an_answer(stack: Stack, tmp_path: Path) -> None:
    """Exit code 3, with the traceback, and not an error of ours."""
    program = tmp_path / "failing.py"
    program.write_text("print('before')\nraise ValueError('no such column')\n")
    approval = approve(stack, program, tmp_path / "a.json")
    done = stack.placet("exec", program, "--approval", approval)

    assert done.returncode == 3
    assert "before" in done.stdout
    assert "no such column" in done.stdout + done.stderr


def test_the_log_still_proves_it_all(stack: Stack) -> None:
    """Refusals, human approvals and failures leave a consistent log."""
    done = stack.placet("audit", "verify")

    assert done.returncode == 0, done.stdout + done.stderr

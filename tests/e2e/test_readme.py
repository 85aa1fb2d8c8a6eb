"""The README's commands do what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import PLACET, REPO, Stack

pytestmark = [pytest.mark.model, pytest.mark.stack, pytest.mark.timeout(400)]

LIFECYCLE = {"up", "down"}
# What the README shows on purpose: a denial, and a scope that grants more.
ENDS_WITH_1 = {("review", "examples/programs/inventory.py"), ("scope", "diff")}


def commands() -> list[list[str]]:
    """The `.venv/bin/placet …` lines of the README's console blocks, without those that start and stop."""
    lines = re.findall(r"^\$ \.venv/bin/placet (.+)$", (REPO / "README.md").read_text(), flags=re.MULTILINE)
    return [words for words in map(shlex.split, lines) if words[0] not in LIFECYCLE]


@pytest.mark.parametrize("words", commands(), ids=lambda words: words[0])
def test_each_command_works(stack: Stack, words: list[str], tmp_path: Path) -> None:
    """The exit code that the README says, from the checkout, against a stack that is up."""
    out = ["--out", str(tmp_path)] if words[0] in {"solve", "run"} else []
    words = [str(tmp_path / word) if word.endswith(".sarif") else word for word in words]
    done = subprocess.run(
        [PLACET, "--state", stack.state, *words, *out],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    expected = 1 if tuple(words[:2]) in ENDS_WITH_1 else 0
    assert done.returncode == expected, done.stdout + done.stderr


def test_the_python_example_works(stack: Stack) -> None:
    """The block under "From Python", with the running stack's state directory."""
    (block,) = re.findall(r"```python\n(.+?)```", (REPO / "README.md").read_text(), flags=re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", block],
        env={"PLACET_STATE": str(stack.state), "PATH": "/usr/bin:/bin", "HOME": str(stack.state)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "42" in done.stdout

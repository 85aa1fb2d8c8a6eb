"""deploy/setup.sh: which Python the environments are made with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.kit.manifests import DEPLOY

FAKE = """#!/bin/sh
# A Python that fits; whether it was built with optimizations is what this says.
case "$2" in *CONFIG_ARGS*) exit {slow} ;; esac
exit 0
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The first directory on the path."""
    return tmp_path


def chosen(path: Path, **environment: str) -> str:
    done = subprocess.run(
        [DEPLOY / "setup.sh", "python"],
        env={"PATH": f"{path}:{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def put(path: Path, *, slow: bool) -> None:
    fake = path / "python3"
    fake.write_text(FAKE.format(slow=0 if slow else 1))
    fake.chmod(0o755)


def test_a_python_that_is_optimized_is_taken_from_the_path(path: Path) -> None:
    put(path, slow=False)

    assert chosen(path) == "python3"


@pytest.mark.skipif(
    subprocess.run(["sh", "-c", "/usr/bin/python3 -c 'import ensurepip, venv'"], check=False).returncode != 0,
    reason="this system has no Python of its own with venv",
)
def test_instead_of_one_that_is_not_the_systems_own_is_taken(path: Path) -> None:
    put(path, slow=True)

    assert chosen(path) == "/usr/bin/python3"


def test_who_names_one_gets_it(path: Path) -> None:
    put(path, slow=True)

    assert chosen(path, PYTHON=str(path / "python3")) == str(path / "python3")
    assert chosen(path, PYTHON=sys.executable) == sys.executable


def test_without_one_that_fits_it_says_what_is_needed(path: Path) -> None:
    fake = path / "python3"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    for name in ("python3.11", "python3.12", "python3.13"):
        (path / name).symlink_to(fake)
    done = subprocess.run(
        [DEPLOY / "setup.sh", "python"],
        env={"PATH": f"{path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "needs Python 3.11 to 3.13 on the PATH" in done.stderr

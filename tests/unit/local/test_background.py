"""A stack in the background: started, followed, found, and stopped from another process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from placet.cli.invocation import Exit
from placet.cli.main import run
from placet.local import LocalStack, StackAlreadyRunning, StackError
from placet.local.lock import holder
from tests.unit.local.test_stack import EXTERNAL, left, make

SUPERVISOR = Path(__file__).parents[2] / "fakes" / "local_supervisor.py"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "scopes").mkdir()
    (tmp_path / "scopes" / "s.yaml").write_text("kind: Scope\n")
    yield tmp_path / "state"
    make(tmp_path / "state").down()


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    def command(stack: LocalStack) -> list[str]:
        scopes = ["--scopes", str(stack._scopes)]
        return [sys.executable, str(SUPERVISOR), "--state", str(stack.layout.state), *scopes]

    monkeypatch.setattr(LocalStack, "_detached_command", command)
    monkeypatch.setenv("PYTHONPATH", str(SUPERVISOR.parents[2]))


def eventually(condition: Callable[[], object], timeout: float = 15) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_command_shows_the_way_into_the_console(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`up` and `console` print a link, `status` an address that lets nobody in."""
    for name, value in {**EXTERNAL, "PLACET_SANDBOX_PYTHON": sys.executable}.items():
        monkeypatch.setenv(name, value)
    here = ["--state", str(state)]

    assert run([*here, "up", "--detach", "--scopes", str(state.parent / "scopes")]) == Exit.DONE
    assert "\nlog in: http://127.0.0.1:1/enter/x (works once" in capsys.readouterr().out
    assert run([*here, "console"]) == Exit.DONE
    assert capsys.readouterr().out == "http://127.0.0.1:1/enter/x\n"
    assert run([*here, "status", "--json"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out)["console"] == "http://127.0.0.1:1"
    assert run([*here, "console", "--as", "eve"]) == Exit.NO_ANSWER
    assert "placet keys new-reviewer eve" in capsys.readouterr().err


def test_it_is_ready_when_the_start_returns_and_gone_when_the_stop_does(state: Path) -> None:
    """Every step is passed on; `down` says whether there was something to stop."""
    seen: list[tuple[str, str]] = []
    stack = make(state)
    stack.up_detached(lambda *step: seen.append(step))
    supervisor = holder(state / "run" / "lock")

    assert seen[-1] == ("stack", "ready")
    assert {"audit", "console", "executor", "guard", "generator"} <= {name for name, _ in seen}
    assert supervisor not in (None, os.getpid())
    with pytest.raises(StackAlreadyRunning):
        stack.up_detached()
    assert stack.down() is True
    assert stack.down() is False
    assert not left(state)


def test_a_failed_start_tells_why_and_leaves_nothing(state: Path) -> None:
    """The service's own words arrive where `up` was called."""
    with pytest.raises(StackError, match="older than the checkpoint"):
        make(state, PLACET_AUDIT_FAKE="crash").up_detached()

    eventually(lambda: not left(state))


def test_a_killed_supervisor_takes_everything_with_it(state: Path) -> None:
    """SIGKILL gives it no chance to clean up; the kernel does. Then a new start works."""
    stack = make(state)
    stack.up_detached()
    supervisor = holder(state / "run" / "lock")
    assert supervisor
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not left(state))
    eventually(lambda: holder(state / "run" / "lock") is None)  # a dying process lets go of its files last

    assert stack.down() is False
    stack.up_detached()


def test_a_start_that_is_interrupted_leaves_nothing(state: Path) -> None:
    """Ctrl-C while services come up."""
    interrupt = threading.Timer(1.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        make(state, PLACET_GUARD_FAKE="sick").up_detached()

    eventually(lambda: not left(state))
    assert holder(state / "run" / "lock") is None


def test_ctrl_c_in_the_foreground_is_clean(state: Path) -> None:
    """Exit code 0, no traceback, no process left."""
    stack = make(state)
    running = subprocess.Popen(
        stack._detached_command(),
        env=stack._environ,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    eventually(lambda: (state / "run" / "stack.json").exists())
    pids = [s["pid"] for s in json.loads((state / "run" / "stack.json").read_text())["services"].values()]
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=20)

    assert running.returncode == 0, errors
    assert "Traceback" not in errors
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)

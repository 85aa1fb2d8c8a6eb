"""Services and disks that fail: a clear message, the right exit code, nothing left behind or unrecorded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.sandbox_kit import descendants, lives
from tests.e2e.conftest import EXAMPLES, OnAKeptStack, Stack
from tests.e2e.test_gate import approve
from tests.fakes.openai_server import Fault, OpenAIServer

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

TABLE = EXAMPLES / "penguins.csv"


def sleeping(directory: Path) -> Path:
    program = directory / "sleeping.py"
    program.write_text("import time\nprint('started', flush=True)\ntime.sleep(25)\n")
    return program


class TestTheServices(OnAKeptStack):
    """A service that dies stops the chain; it does not loosen it. Those that are started again come first."""

    def test_ctrl_c_cancels_the_run(self, scripted: Stack, tmp_path: Path) -> None:
        """The run ends as CANCELLED in the log, soon."""
        program = sleeping(tmp_path)
        approval = approve(scripted, program, tmp_path / "a.json")
        running = scripted.start("exec", program, "--approval", approval)
        wait_for_run(running)
        running.send_signal(signal.SIGINT)
        started = time.monotonic()
        running.communicate(timeout=30)

        assert running.returncode not in (0, 1, 2, 3)
        while not (finished := scripted.records("run_finished")):
            assert time.monotonic() - started < 10, "the run went on"
            time.sleep(0.2)
        assert finished[-1]["body"]["status"] == "CANCELLED"

    def test_the_executor_killed_mid_run_leaves_no_process(self, scripted: Stack, tmp_path: Path) -> None:
        """The caller gets an error; the sandbox dies with the executor; the approval stays spent."""
        program = sleeping(tmp_path)
        approval = approve(scripted, program, tmp_path / "a.json")
        running = scripted.start("exec", program, "--approval", approval)
        wait_for_run(running)
        below = descendants(int(scripted.service("executor")["pid"]))
        scripted.kill("executor")
        _, errors = running.communicate(timeout=60)
        scripted.wait_healthy()
        again = scripted.ask("exec", program, "--approval", approval)

        assert running.returncode == 4, errors
        assert below
        assert [pid for pid in below if lives(pid)] == []
        assert again.returncode == 4
        assert "APPROVAL_SPENT" in again.stderr

    def test_the_guard_killed_mid_review_is_an_error(
        self, scripted: Stack, model: OpenAIServer, tmp_path: Path
    ) -> None:
        """No verdict and no approval are on record, and the answer is not a denial."""
        model.fail_always(Fault.HANG)
        before = len(model.requests)
        program = tmp_path / "p.py"
        program.write_text("import pandas as pd\nprint(pd.read_csv('penguins.csv').shape)\n")
        running = scripted.start("run", program, "--scope", "data-analysis", "--input", TABLE)
        eventually(lambda: model.requests[before:], "the guard asks nobody", scripted)
        scripted.kill("guard")
        out, errors = running.communicate(timeout=60)
        model.heal()
        scripted.wait_healthy()

        assert running.returncode == 4, out + errors
        assert "DENIED" not in out
        assert not scripted.records("verdict_reached")
        assert not scripted.records("approval_issued")

    def test_without_the_audit_log_nothing_runs(self, scripted: Stack, tmp_path: Path) -> None:
        """AUDIT_UNAVAILABLE, and the program's effect is absent. The last test: nobody starts a log again."""
        program = tmp_path / "p.py"
        program.write_text("print('it ran')\n")
        approval = approve(scripted, program, tmp_path / "a.json")
        scripted.kill("audit")
        done = scripted.ask("exec", program, "--approval", approval)

        assert done.returncode == 4
        assert "AUDIT_UNAVAILABLE" in done.stderr
        assert "it ran" not in done.stdout


def wait_for_run(running: subprocess.Popen[str]) -> None:
    """Until `sleeping` says that it does."""
    assert running.stdout is not None
    assert running.stdout.readline() == "started\n", running.communicate()[1]


def eventually(condition: Callable[[], object], otherwise: str, stack: Stack) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"{otherwise}\n{stack.logs()}"
        time.sleep(0.1)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small tmpfs: needs root")
def test_a_full_disk_stops_the_chain_and_loses_nothing(tmp_path: Path, model: OpenAIServer) -> None:
    """AUDIT_UNAVAILABLE while the log's disk is full; it goes on when there is room; the log verifies."""
    state = tmp_path / "state"
    disk = state / "audit"
    disk.mkdir(parents=True, mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", disk], check=True)
    running = Stack(state, {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": model.base_url})
    try:
        running.up()
        program = tmp_path / "p.py"
        program.write_text("print('it ran')\n")
        approval = approve(running, program, tmp_path / "a.json")
        ballast = disk / "ballast"
        fill(ballast)
        refused = running.ask("exec", program, "--approval", approval)
        ballast.unlink()
        running.wait_healthy()
        accepted = running.ask("exec", program, "--approval", approval)
        verified = running.ask("audit", "verify", "--json")
    finally:
        running.placet("down", timeout=60)
        subprocess.run(["umount", "-l", disk], check=False)

    assert refused.returncode == 4
    assert "AUDIT_UNAVAILABLE" in refused.stderr
    assert "it ran" not in refused.stdout
    assert accepted.returncode == 0, accepted.stderr
    assert json.loads(verified.stdout)["ok"] is True


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return

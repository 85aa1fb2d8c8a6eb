"""What lies between two lives of a worker (docs/workers.md §1.5)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from executor_svc.worker import life
from executor_svc.worker.life import LeftOver, Life

ALONE = """
import os, time
from executor_svc.worker import life
life._DYING_S = 0.2
child = os.fork()
if child == 0:
    time.sleep(60)
try:
    life.require_alone()
except life.LeftOver as error:
    print(error)
os.kill(child, 9)
life._DYING_S = 5
life.require_alone()
print("alone")
"""
BEGIN = """
import os, sys
from executor_svc.worker.life import Life
os.set_inheritable(os.open("/", os.O_RDONLY), True)
look = "import os, sys; print(sys.argv[1:], sorted(map(int, os.listdir('/proc/self/fd')))[:-1], os.getpid())"
sys.orig_argv[:] = [sys.executable, "-c", look, "executor_svc.worker", "--runs", "3"]
print(os.getpid(), flush=True)
Life(3, 12.5).after(4).begin()
"""

BETWEEN = """
import asyncio, contextlib, os, signal, types
import uvloop
from executor_svc.worker import __main__ as worker, life

async def serve(*_):
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, print)

over = types.SimpleNamespace(next="anew", runs=1, look=print)
worker.opened = lambda *_: contextlib.nullcontext()
worker._tenancy, worker._serve = (lambda *_: over), serve
life.heed()
print(uvloop.run(worker.main(types.SimpleNamespace(sandbox_python=""), life.Life(0, 0.0))).next)
os.kill(os.getpid(), signal.SIGTERM)
print("not lost yet", flush=True)
life.heed()
print("lost")
"""


def test_the_scratch_directory_is_emptied_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies there, also what cannot be listed; what lies beside it stays."""
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)
    monkeypatch.setenv("TMPDIR", os.environ.get("TMPDIR", "/tmp"))
    beside, left = tmp_path / "beside", tmp_path / "scratch" / "a" / "b"
    beside.touch()
    left.mkdir(parents=True)
    (left / "file").write_text("of the last one")
    (left.parent / "link").symlink_to(beside)
    left.chmod(0)
    scratch = life.fresh_scratch(tmp_path)

    assert list(scratch.iterdir()) == []
    assert beside.exists()
    with tempfile.NamedTemporaryFile() as file:
        assert Path(file.name).parent == scratch


def test_a_scratch_directory_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """It would empty something else."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (tmp_path / "scratch").symlink_to(elsewhere)

    with pytest.raises(LeftOver, match="cannot be emptied"):
        life.fresh_scratch(tmp_path)
    assert (elsewhere / "kept").exists()


def test_a_process_that_is_left_is_not_lived_with() -> None:
    """One that is dying is waited for. In a process of its own, which has no children of other tests."""
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60)

    left, alone = done.stdout.splitlines()
    assert "a process of the sandbox" in left
    assert alone == "alone"


def test_the_next_life_is_the_same_process_with_nothing_open() -> None:
    """It knows how long the worker has served."""
    done = subprocess.run([sys.executable, "-c", BEGIN], capture_output=True, text=True, timeout=60)
    before, after = done.stdout.splitlines()

    words = ["executor_svc.worker", "--runs", "7", "--since", "12.5"]
    assert after == f"{words} [0, 1, 2] {before}"
    assert Life.of(words[1:]) == Life(7, 12.5)


def test_being_told_to_stop_between_two_lives_waits_for_the_next() -> None:
    """Once the loop is closed nobody hears SIGTERM, and process 1 would never hear of it."""
    done = subprocess.run([sys.executable, "-c", BETWEEN], capture_output=True, text=True, timeout=60)

    assert done.stdout.splitlines()[-2:] == ["anew", "not lost yet"], done.stderr
    assert done.returncode == 0


def test_a_first_life_begins_now() -> None:
    assert Life.of([]).runs == 0

"""The log's process is killed at random moments under load, and each time a new one goes on with its log.

`--kills N` says how often for each store; the default is for every day, five hundred for a release.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.fakes.confirmed import goes_on, told
from tests.fakes.log_writer import Task, log_in

ROOT = Path(__file__).resolve().parents[2]
WRITERS = 16
LONGEST_S = 0.25
"""A writer lives at most so long; it is killed while it opens the log as well as under load."""
LOOK_EVERY = 25

Zygote = subprocess.Popen[str]


@contextmanager
def zygote() -> Iterator[Zygote]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.log_writer"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        yield process
        process.kill()


def killed(writers: Zygote, task: Task, after_s: float) -> None:
    """Start a writer and kill it; it must not have ended before."""
    assert writers.stdin is not None
    assert writers.stdout is not None
    print(json.dumps(asdict(task)), file=writers.stdin, flush=True)
    process = int(writers.stdout.readline())
    time.sleep(after_s)
    os.kill(process, signal.SIGKILL)
    status = int(writers.stdout.readline())
    assert os.WTERMSIG(status) == signal.SIGKILL, "the writer ended by itself: its message stands above"


@pytest.mark.timeout(1800)
def test_no_confirmed_record_is_lost_and_none_stands_twice(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    directory, output = tmp_path / "log", tmp_path / "told"
    directory.mkdir()
    log_in(directory)  # the key
    with zygote() as writers:
        for number in range(1, kills + 1):
            task = Task(str(directory), f"k{number}-", WRITERS, 10_000, 300, str(output))
            killed(writers, task, chance.uniform(0, LONGEST_S))
            if number % LOOK_EVERY == 0 or number == kills:
                asyncio.run(goes_on(log_in(directory), told(output.read_bytes()), task.body_bytes))
    confirmed = told(output.read_bytes()).confirmed
    assert len(confirmed) > kills, "hardly anything was confirmed: the writers were killed too early"

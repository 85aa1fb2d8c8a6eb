"""The log's process is killed at random moments under load, and each time a new one goes on with its log.

`--kills N` says how often for each store; the default is for every day, five hundred for a release.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import select
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
from tests.fakes.postgres import Cluster, Database
from tests.fakes.postgres_world import PostgresWorld

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


def started(writers: Zygote, task: Task) -> int:
    """The process id of a writer."""
    assert writers.stdin is not None
    assert writers.stdout is not None
    print(json.dumps(asdict(task)), file=writers.stdin, flush=True)
    return int(writers.stdout.readline())


def killed(writers: Zygote, process: int) -> None:
    """Kill a writer; it must not have ended before."""
    assert writers.stdout is not None
    os.kill(process, signal.SIGKILL)
    status = int(writers.stdout.readline())
    assert os.WTERMSIG(status) == signal.SIGKILL, "the writer ended by itself: its message stands above"


@pytest.fixture(params=["sqlite", "postgres"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Of an empty log in either store."""
    found = tmp_path / "log"
    found.mkdir()
    if request.param == "postgres":
        PostgresWorld.make(found, request.getfixturevalue("postgres_log"))
    log_in(found)  # its key, too
    return found


@pytest.mark.timeout(1800)
def test_no_confirmed_record_is_lost_and_none_stands_twice(directory: Path, kills: int) -> None:
    chance, output = random.Random(kills), directory.with_name("told")
    with zygote() as writers:
        for number in range(1, kills + 1):
            task = Task(str(directory), f"k{number}-", WRITERS, 10_000, 300, str(output))
            process = started(writers, task)
            time.sleep(chance.uniform(0, LONGEST_S))
            killed(writers, process)
            if number % LOOK_EVERY == 0 or number == kills:
                asyncio.run(goes_on(log_in(directory), told(output.read_bytes()), task.body_bytes))
    confirmed = told(output.read_bytes()).confirmed
    assert len(confirmed) > kills, "hardly anything was confirmed: the writers were killed too early"


@pytest.mark.timeout(600)
def test_a_database_server_that_crashes_under_load_loses_nothing(
    tmp_path: Path, postgres: Cluster, postgres_log: Database, kills: int
) -> None:
    """Each time the same writers go on when it is back: they try again, with the same keys."""
    directory, output = tmp_path / "log", tmp_path / "told"
    directory.mkdir()
    PostgresWorld.make(directory, postgres_log)
    log_in(directory)
    # A server that recovers on a busy machine takes seconds.
    task = Task(str(directory), "c", WRITERS, 10_000, 300, str(output), tries=1000)
    crashes = max(2, kills // 10)
    with zygote() as writers:
        process = started(writers, task)
        for number in range(crashes):
            enough = said(output) + random.Random(number).randrange(20, 200)
            while said(output) < enough:
                assert not ended(writers), "the writer ended by itself: its message stands above"
            postgres.crash()
            postgres.start()
        killed(writers, process)
    found = told(output.read_bytes())
    assert "AUDIT_UNAVAILABLE" in found.refused
    asyncio.run(goes_on(log_in(directory), found, task.body_bytes))


def ended(writers: Zygote) -> bool:
    """Whether the writer has; waits 5 ms for it."""
    return bool(select.select([writers.stdout], [], [], 0.005)[0])


def said(output: Path) -> int:
    """How many lines."""
    return output.read_bytes().count(b"\n") if output.exists() else 0

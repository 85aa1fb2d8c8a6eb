"""The whole stack, as a user starts it: real processes, sandbox, mTLS, SQLite; a real or a faulty model."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from executor_svc.sandbox import hostbox
from executor_svc.sandbox.cgroup import process_mark
from placet.cli.main import run
from tests.fakes.openai_server import Answer, Body, OpenAIServer

REPO = Path(__file__).resolve().parents[2]
PLACET = Path(sys.executable).with_name("placet")
EXAMPLES = REPO / "examples"


def processes_mentioning(text: str) -> list[str]:
    """Command lines of living processes that name a path; how a leftover process is found."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:  # it ended while we looked
            continue
        if text in words or f"={text}" in environment:
            found.append(f"{entry.name} {words}")
    return found


@dataclass
class Stack:
    """A running stack and the command line that talks to it."""

    state: Path
    environment: dict[str, str] = field(default_factory=dict)
    since: str = ""
    """Records before this time are not looked at."""
    executors: set[str] = field(default_factory=set)
    """Marks of those that it had and that we know of."""

    def placet(self, *arguments: object, timeout: float = 280) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PLACET, "--state", self.state, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **self.environment},
            check=False,
        )

    def ask(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """The same command in this process, where the process does not matter: starting one takes seconds."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with redirect_stdout(out), redirect_stderr(err):
            code = run(["--state", str(self.state), *map(str, arguments)])
        said = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
        return subprocess.CompletedProcess(arguments, code, *said)

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [PLACET, "--state", self.state, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environment},
            start_new_session=True,
        )

    def events(self, *arguments: object, timeout: float = 280) -> tuple[int, list[dict[str, Any]]]:
        done = self.placet(*arguments, "--json", timeout=timeout)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
        assert lines or done.returncode == 4, done.stderr
        return done.returncode, lines

    def up(self) -> None:
        done = self.placet("up", "--detach", timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr + self.logs()

    def down(self) -> None:
        self.note_executor()
        done = self.placet("down", timeout=60)
        assert done.returncode == 0, done.stderr

    def logs(self) -> str:
        return "\n".join(
            f"== {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted((self.state / "run").glob("*.log"))
        )

    def service(self, name: str) -> dict[str, Any]:
        stack: dict[str, Any] = json.loads((self.state / "run" / "stack.json").read_text())
        service: dict[str, Any] = stack["services"][name]
        return service

    def note_executor(self) -> None:
        """So that what it leaves on the host is told from what other tests' executors leave meanwhile."""
        mark = process_mark(int(self.service("executor")["pid"]))
        assert mark is not None
        self.executors.add(mark)

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        if name == "executor":
            self.note_executor()
        os.kill(int(self.service(name)["pid"]), how)

    def wait_healthy(self, timeout: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while True:
            status: dict[str, Any] = json.loads(self.ask("status", "--json").stdout or "{}")
            services = status.get("services", {})
            if services and all(service["healthy"] for service in services.values()):
                return status
            assert time.monotonic() < deadline, f"not healthy: {status}\n{self.logs()}"
            time.sleep(0.5)

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Every record of a kind, decoded from the leaves."""
        since = ["--since", self.since] if self.since else []
        done = self.ask("audit", "list", "--kind", kind, "--limit", "1000", "--json", *since)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def boxes(executors: Iterable[str]) -> list[Path]:
    """Directories that these executors' sandboxes left on the host."""
    here = Path(tempfile.gettempdir())
    return [path for mark in executors for path in here.glob(f"{hostbox.PREFIX}{mark}-*")]


def assert_nothing_left(state: Path) -> None:
    deadline = time.monotonic() + 10
    while left := processes_mentioning(str(state)):
        assert time.monotonic() < deadline, f"left running: {left}"
        time.sleep(0.2)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack with the embedded model; one for all tests that only use it."""
    environment = {"OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""}
    running = Stack(tmp_path_factory.mktemp("stack"), environment)
    running.up()
    yield running
    running.down()
    assert_nothing_left(running.state)


def agreeable(program: str) -> Callable[[Body], Answer]:
    """A model that writes this program, finds every task in scope and every program harmless."""

    def reply(body: Body) -> Answer:
        if body.get("max_tokens") == 1:
            question = str(body["messages"][-1]["content"])
            return {"YES" if "YES or NO" in question else "ALLOW": 0.999}
        if "response_format" in body:
            return '{"findings": [], "outcome": "ALLOW"}'
        return f"```python\n{program}\n```"

    return reply


COUNT_ROWS = "import pandas as pd\nprint(len(pd.read_csv('penguins.csv')))"


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    """A local OpenAI-compatible server that answers as a test says, or breaks as it says."""
    with OpenAIServer(agreeable(COUNT_ROWS)) as server:
        yield server


@contextmanager
def scripted_stack(state: Path, model: OpenAIServer) -> Iterator[Stack]:
    """A fresh stack on a scripted model; at the end nothing of it is left."""
    running = Stack(state, {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": model.base_url})
    running.up()
    yield running
    if (running.state / "run" / "stack.json").exists():  # else a test took it down
        running.note_executor()
    running.placet("down", timeout=60)
    assert_nothing_left(running.state)
    assert boxes(running.executors) == []


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, OpenAIServer]]:
    """A stack and its model for all tests of a module."""
    state = tmp_path_factory.mktemp("kept") / "state"
    with OpenAIServer(agreeable(COUNT_ROWS)) as server, scripted_stack(state, server) as running:
        yield running, server


class OnAKeptStack:
    """The stack and its model are as new for each test; its records are those since the test began."""

    @pytest.fixture
    def scripted(self, kept: tuple[Stack, OpenAIServer], model: OpenAIServer) -> Stack:
        now = datetime.now(UTC).replace(tzinfo=None)
        return replace(kept[0], since=f"{now.isoformat('T', 'microseconds')}Z")

    @pytest.fixture
    def model(self, kept: tuple[Stack, OpenAIServer]) -> OpenAIServer:
        model = kept[1]
        model.heal()
        model.reply = agreeable(COUNT_ROWS)
        return model

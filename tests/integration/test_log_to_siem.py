"""`placet audit` against a real log: what people see, and a SIEM's feed that is killed again and again."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from audit_svc.servicer import AuditServicer
from placet.audit.reader import LogReader
from placet.cli.main import run
from tests.contract.test_audit import ACCESS
from tests.fakes.any_records import BODIES
from tests.fakes.audit_world import GENERATOR, World, Writer
from tests.fakes.chain import Chain, chain_in_thread

KILLS = 4
SEED = 20261130


@dataclass
class Log:
    """A running log, written to from any thread."""

    world: World
    writer: Writer | None = None
    loop: asyncio.AbstractEventLoop | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[AuditServicer]:
        self.loop = asyncio.get_running_loop()
        async with self.world.writing() as self.writer:
            with LogReader(self.world.database) as reader:
                yield AuditServicer(self.writer.sequencer, reader, ACCESS)

    def do(self, work: Any) -> Any:
        assert self.loop
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def append_some(self, count: int) -> None:
        assert self.writer
        appending = (
            self.writer.append(GENERATOR, "task_received", BODIES["task_received"]) for _ in range(count)
        )

        async def all_of_them() -> None:
            await asyncio.gather(*appending)

        self.do(all_of_them())


@pytest.fixture
def log(tmp_path: Path) -> Log:
    (tmp_path / "log").mkdir()
    return Log(World(tmp_path / "log"))


@pytest.fixture
def stack(log: Log, tmp_path: Path) -> Iterator[Chain]:
    with chain_in_thread(tmp_path / "state", audit=log.serving()) as fakes:
        yield fakes
    report = log.world.verify()
    assert report.ok, report.lines()


@dataclass
class Siem:
    """A collector that fails in every way that passes; `seen` has what it said it took, in order."""

    random: random.Random
    seen: list[int] = field(default_factory=list)
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, body: bytes) -> int | None:
        """The code to answer; None to hang up. Some lines are taken although the answer gets lost."""
        with self.lock:
            fate = self.random.random()
            if fate < 0.15:
                return 503
            self.seen += [json.loads(line)["metadata"]["sequence"] for line in body.splitlines()]
            return None if fate < 0.3 else 200


@contextmanager
def collecting(siem: Siem) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            code = siem.take(self.rfile.read(int(self.headers["content-length"])))
            if code is None:
                self.close_connection = True
                return
            self.send_response(code)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    siem.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def feed(state: Path, siem: Siem, cursor: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "placet.cli", "--state", str(state), "audit", "tail", *options]
    command += ["--to", f"http://127.0.0.1:{siem.port}/in", "--cursor", str(cursor)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)


def test_a_feed_that_is_killed_again_and_again_loses_nothing(log: Log, stack: Chain, tmp_path: Path) -> None:
    """MUST 11.4: at least once, in order; a crash anywhere repeats records and loses none."""
    chance = random.Random(SEED)
    siem, cursor = Siem(chance), tmp_path / "cursor"
    with collecting(siem):
        for _ in range(KILLS):
            log.append_some(chance.randrange(1, 150))
            running, before = feed(stack.state, siem, cursor, "--follow"), len(siem.seen)
            deadline = time.monotonic() + 20
            while len(siem.seen) == before and time.monotonic() < deadline:
                time.sleep(0.01)
            log.append_some(chance.randrange(1, 150))
            time.sleep(chance.random() / 2)
            running.kill()
            running.wait()
        last = feed(stack.state, siem, cursor)
        assert last.wait(60) == 0

    assert log.writer
    size = log.writer.sequencer.head.size
    firsts = list(dict.fromkeys(siem.seen))
    assert firsts == list(range(size))
    assert json.loads(cursor.read_text())["next"] == size


def test_people_see_a_run_and_erase_it_from_a_real_log(
    log: Log, stack: Chain, capsys: pytest.CaptureFixture[str]
) -> None:
    """List, timeline, erasure, timeline again; the fixture proves the log afterwards."""
    assert log.writer
    log.do(log.writer.whole_run())

    def placet(*arguments: str) -> str:
        capsys.readouterr()
        code = run(["--state", str(stack.state), "audit", *arguments])
        out, err = capsys.readouterr()
        assert code == 0, err
        return str(out)

    listed = placet("list", "--verdict", "allowed", "--caller", "local")
    told = placet("show", "req-1")
    placet("erase", "req-1", "--class", "program", "--reason", "a test", "--yes")
    after = placet("show", "req-1", "--json")

    assert "ALLOWED on program" in listed
    assert told.splitlines()[0].endswith("in scope data-analysis version 1, its program exited with 0")
    moments = json.loads(after)["moments"]
    assert [(moment["index"], moment["kept"]) for moment in moments if moment["bodies"]] == [
        (0, []),
        (1, ["statement"]),
        (3, ["stderr", "stdout"]),
    ]
    assert moments[-1]["what"] == "1 bodies erased for caller/local: a test"

"""The whole chain for a bench: four services and a scripted model, each a process of its own.

Knows how the one-machine stack starts its services; they talk over mutual TLS, the log is a SQLite file on
disk, the sandbox is the real one.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.cpu import cpu_s, memory_mib
from placet.client import Placet
from placet.local import Endpoint
from placet.local.client import client_tls
from placet.local.layout import Layout
from placet.local.prepare import prepare
from placet.local.process import Command, Process
from placet.local.services import BASE, Model, Wiring, module, sandbox_python
from placet.pki import issue
from placet.rpc.identity import TRUST_DOMAIN, service_uri

SERVICES: Final = ("audit", "guard", "executor", "generator")
SETTINGS: Final = {
    "PLACET_EXECUTOR_POOL_SIZE": "4",
    "PLACET_EXECUTOR_MAX_CONCURRENT_RUNS": "4",
    "PLACET_GENERATOR_MAX_CONCURRENT_TASKS": "64",
}
"""What the bench changes of the defaults; the environment may say otherwise."""
_LISTEN: Final = "PLACET_WORKER_LISTEN"
READY_S: Final = 90.0
STOP_S: Final = 12.0


@dataclass(frozen=True)
class Endpoints:
    """The scripted model's process."""

    process: asyncio.subprocess.Process
    base_url: str

    @classmethod
    @asynccontextmanager
    async def serving(cls, program: str) -> AsyncIterator[Endpoints]:
        """It, until the block ends."""
        arguments = (sys.executable, "-m", "bench.scripted_model")
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*arguments, stdin=pipe, stdout=pipe)
        try:
            yield cls(process, await _asked(process, json.dumps(program)))
        finally:
            process.kill()
            await process.wait()

    async def asked(self) -> tuple[int, int]:
        """Chat requests so far, and the characters of all their messages."""
        calls, characters = (await _asked(self.process, "")).split()
        return int(calls), int(characters)


@dataclass(frozen=True)
class Chain:
    """The running services, and what is needed to call and to count them."""

    placet: Placet
    endpoint: Endpoint
    model: Endpoints
    processes: Mapping[str, Process]
    layout: Layout

    def cpu(self) -> dict[str, float]:
        """Processor seconds so far, by service; of all workers together."""
        return self._by_service(cpu_s)

    def memory(self) -> dict[str, float]:
        """MiB, likewise; what a sandbox's cells share counts for each of them."""
        return self._by_service(memory_mib)

    def _by_service(self, of: Callable[[int], float]) -> dict[str, float]:
        found = Counter[str]()
        for name, process in self.processes.items():
            found[name.partition("-")[0]] += of(process.pid)  # type: ignore[assignment]  # counts halves too
        return dict(found)

    @property
    def database(self) -> Path:
        """The log's."""
        return self.layout.audit / "audit.sqlite"

    def log_bytes(self) -> int:
        """The database's pages, those included that only its write-ahead log holds so far."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            (pages,), (size,) = (
                database.execute(f"PRAGMA page_{what}").fetchone() for what in ("count", "size")
            )
        return int(pages * size)


@asynccontextmanager
async def running(
    state: Path, environ: Mapping[str, str], program: str, workers: int = 0
) -> AsyncIterator[Chain]:
    """All of it on a fresh state directory; with `workers`, the executor is a front before so many.

    Raises StackError when a service does not come up.
    """
    layout = Layout(state)
    prepare(layout)
    given = {**SETTINGS, **environ}
    commands = [worker(layout, given, number) for number in range(workers)]
    if commands:
        given["PLACET_EXECUTOR_WORKERS"] = ",".join(each.environment[_LISTEN] for each in commands)
    async with (
        Endpoints.serving(program) as model,
        _started(layout, given, model, commands) as processes,
    ):
        addresses = {name: await process.address(READY_S) for name, process in processes.items()}
        endpoint = Endpoint(addresses, client_tls(layout))
        async with Placet.connect(endpoint=endpoint) as placet:
            yield Chain(placet, endpoint, model, processes, layout)


@asynccontextmanager
async def _started(
    layout: Layout, environ: Mapping[str, str], endpoints: Endpoints, workers: Sequence[Command]
) -> AsyncIterator[dict[str, Process]]:
    model = Model(endpoints.base_url, "unused", "fake", "fake", embedded=False)
    addresses: dict[str, str] = {}
    processes: dict[str, Process] = {}
    try:
        for command in workers:
            processes[command.name] = await Process.start(command)
            await processes[command.name].address(READY_S)
        for name in SERVICES:
            wiring = Wiring(layout, environ, addresses, model)
            processes[name] = await Process.start(wiring.command(name))
            addresses[name] = await processes[name].address(READY_S)
        yield processes
    finally:
        for process in reversed(processes.values()):
            await process.stop(STOP_S)


def worker(layout: Layout, environ: Mapping[str, str], number: int) -> Command:
    """How the worker of that number is started, at a loopback port that it keeps when it begins anew."""
    name, scratch = f"worker-{number}", layout.state / f"scratch-{number}"
    scratch.mkdir(exist_ok=True)
    tls = issue(layout.pki, "worker", service_uri("worker"), f"worker.{TRUST_DOMAIN}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    settings = {
        "LISTEN": listen,
        "READY_FILE": layout.address_file(name),
        "TLS_CA": tls.ca,
        "TLS_CERT": tls.cert,
        "TLS_KEY": tls.key,
        "KEYS_DIR": layout.trusted,
        "SCOPES_DIR": layout.scopes,
        "SANDBOX_PYTHON": sandbox_python(environ),
        "SCRATCH_DIR": scratch,
        "POOL_SIZE": environ["PLACET_EXECUTOR_POOL_SIZE"],
        "MAX_CONCURRENT_RUNS": environ["PLACET_EXECUTOR_MAX_CONCURRENT_RUNS"],
    }
    environment = {key: environ[key] for key in BASE if key in environ}
    environment |= {f"PLACET_WORKER_{key}": str(value) for key, value in settings.items()}
    arguments = module("executor_svc.worker")
    return Command(name, arguments, environment, layout.log(name), layout.address_file(name))


async def _asked(process: asyncio.subprocess.Process, line: str) -> str:
    """What the endpoint says to a line."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the scripted model has no pipes")
    process.stdin.write(f"{line}\n".encode())
    return (await process.stdout.readline()).decode().strip()

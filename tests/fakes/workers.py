"""Real workers over loopback, and a front's hands to hold them with.

ground = Ground.make(directory)                     # keys, scopes, certificates
with ground.workers("a") as (worker,):              # a process: python -m executor_svc.worker
    async with worker.as_peer(FRONT) as stub, leased(stub) as hold:
        ran = await run(stub, hold.granted.lease_id, ground.order("print(1)"))
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2
from placetpb.worker.v1 import worker_pb2 as pb
from placetpb.worker.v1 import worker_pb2_grpc

from executor_svc.admission import RunRequest
from executor_svc.fleet.discovery import source
from executor_svc.fleet.fleet import Fleet, Patience
from executor_svc.run import Finished, Runner
from executor_svc.sandbox import InputFile
from executor_svc.trust import TrustFiles
from placet.approval import Limits, ScopeRef, SigningKey
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, service_uri
from tests.conformance.sandbox_kit import ROOT, reachable_python
from tests.fakes.approvals import KEY, digests, good_approval, signed
from tests.fakes.executor import Listener
from tests.fakes.memory_log import MemoryLog
from tests.fakes.rpc import Authority

FRONT = service_uri("executor")
SCOPE_FILE = (ROOT / "examples" / "scopes" / "data-analysis.yaml").read_bytes()
START_S = 60.0


def tenant(name: str) -> bytes:
    """As fronts name them to workers."""
    return hashlib.sha256(f"caller/{name}".encode()).digest()


@dataclass(frozen=True)
class Order:
    """A program with its inputs and an approval of both."""

    program: bytes
    approval: bytes
    inputs: tuple[InputFile, ...] = ()

    def header(self, **changes: Any) -> executor_pb2.ExecuteHeader:
        """As a caller sends it."""
        refs = [common_pb2.InputRef(name=i.name, sha256=i.sha256, size=i.size) for i in digests(self.inputs)]
        fields: dict[str, Any] = {"program": self.program, "approval": self.approval, "inputs": refs}
        return executor_pb2.ExecuteHeader(**{**fields, **changes})

    def chunks(self) -> list[common_pb2.InputChunk]:
        """The inputs' bytes."""
        return [
            common_pb2.InputChunk(name=given.name, data=data)
            for given in self.inputs
            for data in given.held.chunks()
        ]


@dataclass(frozen=True)
class Ground:
    """What workers and their front believe in."""

    directory: Path
    authority: Authority

    @classmethod
    def make(cls, directory: Path) -> Ground:
        """Keys, one scope, and an authority."""
        directory.chmod(0o711)
        for name in ("keys", "scopes", "workers"):
            (directory / name).mkdir()
        (directory / "keys" / "guard.pub.pem").write_bytes(KEY.public.to_pem())
        (directory / "scopes" / "scope.yaml").write_bytes(SCOPE_FILE)
        return cls(directory, Authority.make(directory / "pki"))

    def order(
        self, program: str, inputs: Sequence[InputFile] = (), *, key: SigningKey = KEY, **changes: Any
    ) -> Order:
        """Approved just now, for whichever tier."""
        given, source, now = tuple(inputs), program.encode(), datetime.now(UTC)
        scope = ScopeRef("data-analysis", 3, hashlib.sha256(SCOPE_FILE).digest())
        stated: dict[str, Any] = {
            "program_sha256": hashlib.sha256(source).digest(),
            "inputs": digests(given),
            "scope": scope,
            "issued_at": now,
            "expires_at": now + timedelta(minutes=5),
            "min_tier": "T0",
            "grants": ("fs.read:inputs", "fs.write:outputs"),
        }
        return Order(source, signed(good_approval(**{**stated, **changes}), key), given)

    @property
    def key_id(self) -> str:
        """Of the key that signs approvals here."""
        return KEY.key_id

    def trust(self) -> TrustFiles:
        """As every service reads it."""
        return TrustFiles(self.directory / "keys", self.directory / "scopes")

    @contextmanager
    def workers(self, *names: str, **settings: object) -> Iterator[tuple[Worker, ...]]:
        """Workers that are ready. `settings` are PLACET_WORKER_*, the same for all."""
        given = {key.upper(): str(value) for key, value in settings.items()}
        made = tuple(Worker(self, name, free_port(), given) for name in names)
        try:
            for worker in made:
                worker.launch()
            for worker in made:
                worker.wait()
            yield made
        finally:
            for worker in made:
                worker.kill()

    @asynccontextmanager
    async def front(
        self, *workers: Worker, setting: str = "", wait_s: float = START_S, idle_s: float = 0.0
    ) -> AsyncIterator[Front]:
        """A front in this process that has these workers, or those of a setting; its log is a fake."""
        where = source(setting or ",".join(worker.address for worker in workers))
        tls = self.authority.service("executor")
        async with Fleet(where, tls, Patience(wait_s, idle_s, lease_s=3600)) as fleet:
            made = Front(fleet, self.trust())
            yield made
            await made.runner.settle()


@dataclass
class Front:
    """The executor's core on workers."""

    fleet: Fleet
    trust: TrustFiles
    log: MemoryLog = field(default_factory=MemoryLog)

    @cached_property
    def runner(self) -> Runner:
        return Runner(
            log=self.log,
            places=self.fleet,
            trust=self.trust.load,
            clock=lambda: datetime.now(UTC),
            audience="local",
            ceiling=Limits(600, 600, 8192, 8192, 256, 512),
        )

    async def run(self, order: Order, tenant: str = "team", listener: Listener | None = None) -> Finished:
        """As ExecutorService.Execute does it."""
        request = RunRequest(caller_uri(tenant), order.program, order.approval, order.inputs)
        return await asyncio.wait_for(self.runner.run(request, listener or Listener()), START_S)

    def holding(self) -> dict[str, str]:
        """Address → tenant, of every worker that is held."""
        return {lease.address: lease.tenant for lease in self.fleet.holds()}


@dataclass
class Worker:
    """One worker process; over its lives it keeps its address and its process id."""

    ground: Ground
    name: str
    port: int
    settings: dict[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def directory(self) -> Path:
        """Its own: scratch, ready file, what it said."""
        return self.ground.directory / "workers" / self.name

    @property
    def scratch(self) -> Path:
        return self.directory / "scratch"

    def said(self) -> str:
        """What it has logged."""
        return (self.directory / "said").read_text()

    def lives(self) -> int:
        """How often it has begun to serve."""
        return self.said().count('"event": "serving"')

    def launch(self) -> None:
        """Start it."""
        self.directory.mkdir(exist_ok=True)
        self.directory.chmod(0o711)
        command = [sys.executable, "-P", "-m", "executor_svc.worker"]
        with (self.directory / "said").open("ab") as said:
            self.process = subprocess.Popen(
                command, env=self._environment(), stdout=said, stderr=said, cwd="/"
            )

    def _environment(self) -> dict[str, str]:
        tls = self.ground.authority.service("worker")
        settings = {
            "LISTEN": self.address,
            "READY_FILE": self.directory / "ready",
            "TLS_CA": tls.ca,
            "TLS_CERT": tls.cert,
            "TLS_KEY": tls.key,
            "KEYS_DIR": self.ground.directory / "keys",
            "SCOPES_DIR": self.ground.directory / "scopes",
            # Without its libraries, which every life would load anew and few programs here want.
            "SANDBOX_PYTHON": reachable_python().resolve(),
            "SCRATCH_DIR": self.directory,
            "POOL_SIZE": 1,
            **self.settings,
        }
        base = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR", "PYTHONPATH") if key in os.environ}
        return {**base, **{f"PLACET_WORKER_{key}": str(value) for key, value in settings.items()}}

    @property
    def serves(self) -> bool:
        """Whether it does now. Raises AssertionError when it has ended."""
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the worker ended with {self.process.returncode}: {self.said()}")
        return (self.directory / "ready").exists()

    def wait(self) -> None:
        """Until it serves."""
        until = time.monotonic() + START_S
        while not (self.serves and self.lives()):
            assert time.monotonic() < until, self.said()
            time.sleep(0.02)

    async def life(self, number: int) -> None:
        """Until it has begun to serve so often, and serves."""
        async with asyncio.timeout(START_S):
            while not (self.serves and self.lives() >= number):
                await asyncio.sleep(0.02)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal, if it lives; after SIGKILL it is gone."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
            if number == signal.SIGKILL:
                self.process.wait(START_S)

    async def ended(self) -> int:
        """Wait for its end: its exit code."""
        assert self.process is not None
        async with asyncio.timeout(START_S):
            while self.process.poll() is None:
                await asyncio.sleep(0.02)
        return int(self.process.returncode)

    @asynccontextmanager
    async def as_peer(self, uri: str = FRONT) -> AsyncIterator[worker_pb2_grpc.WorkerServiceStub]:
        """A stub that authenticates as `uri`."""
        async with connect(self.address, self.ground.authority.peer(uri), server="worker") as channel:
            await asyncio.wait_for(channel.channel_ready(), START_S)
            yield worker_pb2_grpc.WorkerServiceStub(channel)


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def leased(stub: Any, name: str = "team") -> AsyncIterator[Hold]:
    """Hold a worker for a tenant; raises ServiceError when it cannot be had."""
    call = stub.Lease(pb.LeaseRequest(tenant=tenant(name)))
    try:
        first = await told(call.read())
        yield Hold(call, first.granted)
    finally:
        call.cancel()


@dataclass(frozen=True)
class Hold:
    """An open lease."""

    call: Any
    granted: pb.LeaseGranted

    async def ending(self) -> str:
        """Wait until the worker wants to end: its reason."""
        message = await asyncio.wait_for(self.call.read(), START_S)
        return str(message.ending.reason)


async def told(answer: Any) -> Any:
    """An answer, or the ServiceError that there was instead."""
    try:
        return await asyncio.wait_for(answer, START_S)
    except grpc.aio.AioRpcError as error:
        raise ServiceError.from_rpc(error) from error


@dataclass(frozen=True)
class Ran:
    """What came of a run."""

    events: list[pb.RunResponse]

    @property
    def stdout(self) -> bytes:
        return b"".join(e.output.data for e in self.events if e.WhichOneof("event") == "output")

    @property
    def kinds(self) -> list[str]:
        return [str(event.WhichOneof("event")) for event in self.events]

    @property
    def ended(self) -> pb.RunEnded:
        return self.events[-1].ended


def requests(order: Order, lease_id: bytes, **header: Any) -> list[pb.RunRequest]:
    """A well-formed run."""
    record = common_pb2.RecordRef(index=1, leaf_hash=b"\1" * 32)
    head = pb.RunHeader(lease_id=lease_id, run_id="run-1", record=record, request=order.header(**header))
    return [pb.RunRequest(header=head), *(pb.RunRequest(chunk=chunk) for chunk in order.chunks())]


async def run(stub: Any, lease_id: bytes, order: Order, **header: Any) -> Ran:
    """Run to the end; raises ServiceError."""
    call = stub.Run(iter(requests(order, lease_id, **header)), timeout=START_S)
    try:
        return Ran([event async for event in call])
    except grpc.aio.AioRpcError as error:
        raise ServiceError.from_rpc(error) from error


def descendants(worker: Worker) -> set[int]:
    """Process ids of everything that it has started and that lives."""
    assert worker.process is not None
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1]) if fields[0] != "Z" else 0
    found, fresh = set(), {worker.process.pid}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh}
        found |= fresh
    return found

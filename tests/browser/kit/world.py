"""A console and its log as `placet up` starts them: real processes on loopback, certificates, a SQLite file.

    with World.make() as world:
        world.append("svc/guard", "verdict_reached", body, request_id="r", program=b"print(1)")
        world.link("ana")                       # logs ana in, once
        world.start("guard")                    # further services, when a test wants them

Playwright's sync API keeps an event loop running in the test's thread, so all gRPC is done in a loop of the
world's own.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import grpc
from placetpb.console.v1 import console_pb2, console_pb2_grpc

from placet.approval.keys import SigningKey
from placet.audit import standalone
from placet.audit.client import Appended, GrpcAuditLog
from placet.audit.cosignature import WitnessSigner
from placet.client import Placet
from placet.local.layout import Layout
from placet.local.lock import held
from placet.local.prepare import prepare
from placet.local.process import Command, Process
from placet.local.services import Model, Wiring
from placet.pki import issue
from placet.rpc.channel import connect
from placet.rpc.identity import TRUST_DOMAIN, caller_uri, reviewer_uri
from placet.rpc.tls import TlsFiles

T = TypeVar("T")

PEOPLE: Final[Mapping[str, str]] = {
    "vera": "viewer",
    "ana": "reviewer",
    "ben": "reviewer",
    "otto": "auditor",
    "ada": "admin",
}
"""Name → role in the console."""
ROLES: Final = ",".join(f"reviewer/{name}={role}" for name, role in PEOPLE.items())
CALLERS: Final = ("reports", "shop")
CANDIDATE: Final = "candidate"
"""A guard that a replay may ask beside the running one; a test starts it with `another`."""
START_S: Final = 60.0
ANSWER_S: Final = 30.0
ROOM: Final = 1 << 30


@dataclass
class World:
    """The processes over one state directory, and every identity that may speak to them."""

    layout: Layout
    loop: asyncio.AbstractEventLoop
    addresses: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    """More settings for services that are started later, `PLACET_GUARD_…` and the like."""
    model: Model | None = None
    """The endpoint that a guard or generator is started with."""
    witness: WitnessSigner = field(default_factory=lambda: WitnessSigner.generate("security.example/witness"))
    """Of the console's policy; it cosigns when a test has it do so (`cosign`)."""
    _processes: dict[str, Process] = field(default_factory=dict)
    _channels: dict[str, grpc.aio.Channel] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def make(cls, **environment: str) -> Iterator[World]:
        """Audit log and console, ready. What `environment` adds is set for every service that it names."""
        with ExitStack() as stack:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="placet-", dir=_in_memory()))
            world = cls(Layout(Path(directory)), stack.enter_context(_loop()), environment=environment)
            prepare(world.layout)
            world.environment.setdefault(
                "PLACET_CONSOLE_GUARDS", f"{CANDIDATE}={world.layout.listen(CANDIDATE)}"
            )
            policy = world.layout.state / "witness-policy"
            policy.write_text(f"witness security {world.witness.verifier.vkey}\nquorum security\n")
            world.environment.setdefault("PLACET_CONSOLE_WITNESS_POLICY", str(policy))
            stack.enter_context(held(world.layout.lock, world.layout.state))
            world._enrol()
            stack.callback(world._stop)
            for name in ("audit", "console"):
                world.start(name)
            yield world

    def do(self, work: Coroutine[Any, Any, T], timeout_s: float = ANSWER_S) -> T:
        """What the coroutine gives, run in the world's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout_s)

    def start(self, name: str) -> str:
        """Start a service unless it runs already; its address."""
        if name not in self.addresses:
            self.addresses[name] = self.do(self._start(name), START_S)
            services = {known: {"address": where, "pid": 0} for known, where in self.addresses.items()}
            stack = {"services": services, "model": None, "console": self.url}
            self.layout.stack.write_text(json.dumps(stack))
        return self.addresses[name]

    def restart(self, name: str) -> str:
        """Stop a service and start it anew, at the same address."""
        self.do(self._processes.pop(name).stop(10), START_S)
        return self.do(self._start(name), START_S)

    def another(self, name: str, label: str, **changes: str) -> str:
        """Start a second process of a service beside the first, with `changes` of its environment.

        It is known by its label, and listens where the layout says for that; its address.
        """
        ready, log = self.layout.address_file(label), self.layout.log(label)
        prefix = f"PLACET_{name.upper()}_"
        own = {f"{prefix}LISTEN": self.layout.listen(label), f"{prefix}READY_FILE": str(ready)}
        command = self._command(name)
        environment = {**command.environment, **own, **changes}
        second = replace(command, name=label, log=log, ready_file=ready, environment=environment)
        self.addresses[label] = self.do(self._run(label, second), START_S)
        return self.addresses[label]

    def stop(self, label: str) -> None:
        """Stop a process, if it runs."""
        if process := self._processes.pop(label, None):
            self.addresses.pop(label)
            self.do(process.stop(10), START_S)

    @property
    def url(self) -> str:
        """Where browsers find the console; empty before it runs."""
        return self.layout.console_url.read_text().strip() if "console" in self.addresses else ""

    def tls(self, path: str) -> TlsFiles:
        """The certificate of an identity, such as `caller/reports`; services and PEOPLE have theirs."""
        kind, _, name = path.partition("/")
        stem = name if kind == "svc" else f"{kind}-{name}"
        return issue(self.layout.pki, stem, uri(path), f"{name}.{TRUST_DOMAIN}" if kind == "svc" else None)

    def channel(self, path: str, server: str = "audit") -> grpc.aio.Channel:
        """A channel that authenticates as an identity; only for use inside `do`."""
        key = f"{path} {server}"
        if key not in self._channels:
            self._channels[key] = connect(self.addresses[server], self.tls(path), server=server)
        return self._channels[key]

    def append(
        self, path: str, kind: str, body: Mapping[str, object], *, request_id: str, **bodies: bytes
    ) -> Appended:
        """Append a record as an identity; durable when this returns."""

        async def append() -> Appended:
            log = GrpcAuditLog(self.channel(path))
            return await log.append(kind, body, request_id=request_id, bodies=bodies)

        return self.do(append())

    def cosign(self) -> int:
        """Have the witness cosign the newest checkpoint, as if the log had asked it; the size."""
        database = self.layout.audit / "audit.sqlite"
        with closing(sqlite3.connect(database, timeout=ANSWER_S)) as db, db:
            size, note = db.execute("SELECT size, note FROM checkpoint ORDER BY size DESC").fetchone()
            line = self.witness.cosign(note.partition("\n\n")[0] + "\n", int(time.time()))
            name = self.witness.verifier.vkey
            db.execute("INSERT OR IGNORE INTO cosignature VALUES (?, ?, ?)", (size, name, line))
        return int(size)

    def link(self, name: str) -> str:
        """A link that logs a person in, once."""

        async def issue_link() -> str:
            stub: Any = console_pb2_grpc.ConsoleServiceStub(self.channel(f"reviewer/{name}", "console"))
            reply = await stub.IssueLink(console_pb2.IssueLinkRequest(), timeout=ANSWER_S)
            return str(reply.url)

        return self.do(issue_link())

    def proven(self, request_id: str) -> dict[str, Any]:
        """What the stand-alone verifier says of a request's proof bundle; other requests may be hostile."""

        async def bundle() -> bytes:
            async with Placet.connect(self.layout.state) as placet:
                return await placet.bundle(request_id)

        with tempfile.NamedTemporaryFile(suffix=".zip") as file:
            file.write(self.do(bundle()))
            file.flush()
            vkey = self.layout.audit_vkey.read_text().strip()
            return standalone.verify(Path(file.name), vkey, reviewers=self.layout.trusted)

    def key_of(self, name: str) -> Path:
        """A reviewer's private key in PEM; the stack trusts it already."""
        return self.layout.reviewer_key(name)

    def _enrol(self) -> None:
        """People and callers: certificates, and keys that are trusted."""
        for name in PEOPLE:
            self.tls(f"reviewer/{name}")
            path = self.key_of(name)
            SigningKey.generate().save(path)
            trusted = self.layout.trusted / f"{path.stem}.pub.pem"
            trusted.write_bytes(SigningKey.load(path).public.to_pem())
        for name in CALLERS:
            self.tls(f"caller/{name}")

    def _command(self, name: str) -> Command:
        environ = {**os.environ, "PLACET_CONSOLE_ROLES": ROLES, **self.environment}
        return Wiring(self.layout, environ, self.addresses, self.model).command(name)

    async def _start(self, name: str) -> str:
        return await self._run(name, self._command(name))

    async def _run(self, label: str, command: Command) -> str:
        self._processes[label] = await Process.start(command)
        return await self._processes[label].address(START_S)

    def _stop(self) -> None:
        async def stop() -> None:
            await asyncio.gather(*(channel.close() for channel in self._channels.values()))
            await asyncio.gather(*(process.stop(5) for process in self._processes.values()))

        self.do(stop(), START_S)


def uri(path: str) -> str:
    """The identity of a path: `spiffe://placet.local/svc/guard` of `svc/guard`."""
    kind, _, name = path.partition("/")
    named = {"caller": caller_uri, "reviewer": reviewer_uri}
    return named[kind](name) if kind in named else f"spiffe://{TRUST_DOMAIN}/{path}"


def _in_memory() -> str | None:
    """A directory whose fsync costs nothing."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > ROOM else None


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own. The processes hang on that thread: they end with it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="world", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()

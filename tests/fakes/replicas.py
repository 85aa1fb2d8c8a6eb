"""The chain as a cluster runs it: two processes of each service, found by name; certificates change.

    async with Chain.running(directory, database, model_url) as chain:
        await chain.roll("guard")                 # every process of it is replaced by a new one
        Placet.connect(endpoint=chain.endpoint)

Real processes on loopback addresses of their own; a name server says where, as for headless Services.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from placet.local import Endpoint
from placet.local.layout import Layout
from placet.local.prepare import copy_scopes, make_directories, make_keys
from placet.local.services import program
from placet.pki import make_ca
from placet.rpc.channel import connect
from placet.rpc.health import serves
from placet.rpc.identity import caller_uri
from tests.fakes.mount import Mount
from tests.fakes.names import NameServer, free_port
from tests.fakes.postgres import Database

SERVICES: Final = ("audit", "guard", "executor", "generator")
"""In the order of their start."""
NEEDS: Final = {
    "audit": (),
    "guard": ("audit",),
    "executor": ("audit",),
    "generator": ("audit", "guard", "executor"),
}
TURNOVER: Final = {"DRAIN_WAIT_S": "1", "DRAIN_S": "60", "MAX_CONNECTION_AGE_S": "2"}
START_S: Final = 100.0
END_S: Final = 80.0


@dataclass
class Replica:
    """One process."""

    service: str
    host: str
    directory: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                program(self.service), env={**self.environment}, stderr=log, stdout=log, cwd=self.directory
            )

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def said(self) -> str:
        return (self.directory / "log").read_text()[-3000:]

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return await asyncio.to_thread(self.process.wait, END_S)


@dataclass
class Chain:
    """Every service with two replicas; `roll` and `restart` change who they are."""

    directory: Path
    database: Database
    model_url: str
    names: NameServer
    replicas: dict[str, list[Replica]] = field(default_factory=lambda: {name: [] for name in SERVICES})
    _numbers: Mapping[str, count[int]] = field(default_factory=lambda: {n: count(1) for n in SERVICES})

    @classmethod
    @asynccontextmanager
    async def running(cls, directory: Path, database: Database, model_url: str) -> AsyncIterator[Chain]:
        async with NameServer.running() as names:
            chain = cls(directory, database, model_url, names)
            chain.prepare()
            try:
                await chain.start()
                yield chain
            finally:
                chain.kill()

    def prepare(self) -> None:
        """Keys, scopes, and a first certificate for everybody."""
        make_directories(self.layout)
        make_keys(self.layout)
        copy_scopes(self.layout, None)
        make_ca(self.authority("old"))
        self.mounts = {name: Mount.of_service(self.directory / "tls" / name, name) for name in SERVICES}
        self.mounts["team"] = Mount(self.directory / "tls" / "team", "team", caller_uri("team"))
        for mount in self.mounts.values():
            mount.put(self.authority("old"))
        hosts = [self.host(name, number) for name in SERVICES for number in range(1, 5)]
        self.port, self.metrics_port = free_port(*hosts), free_port(*hosts)

    async def start(self) -> None:
        """The first audit service leads; then the rest at once."""
        await self.add("audit")
        first, second = self.checkpoint(1), self.checkpoint(2)
        second.parent.mkdir()
        second.write_bytes(first.read_bytes())  # as an administrator must
        others = [name for name in SERVICES if name != "audit"]
        await asyncio.gather(self.add("audit", stands_by=True), *(self.add(name) for name in others * 2))

    def kill(self) -> None:
        """End what is left, at once."""
        for replica in (each for service in self.replicas.values() for each in service):
            if replica.process and replica.lives:
                replica.process.kill()
                replica.process.wait()

    def probe(self, replica: Replica) -> str:
        """Where a process is asked over HTTP."""
        return f"http://{replica.host}:{self.metrics_port}"

    @property
    def layout(self) -> Layout:
        return Layout(self.directory / "state")

    def authority(self, name: str) -> Path:
        return self.directory / "authority" / name

    def checkpoint(self, number: int) -> Path:
        """The checkpoint file of an audit service; it stays when the process is replaced."""
        return self.directory / f"audit-{number}" / "checkpoint"

    @staticmethod
    def host(name: str, number: int) -> str:
        return f"127.0.{SERVICES.index(name) + 1}.{number}"

    def address(self, name: str) -> str:
        return self.names.address(f"{name}.test", self.port)

    @property
    def endpoint(self) -> Endpoint:
        """As the callers' backend, caller/team."""
        return Endpoint({name: self.address(name) for name in SERVICES}, self.mounts["team"].files)

    async def add(self, name: str, *, stands_by: bool = False) -> Replica:
        """Start another process, and let it be found once it does its part."""
        number = next(self._numbers[name])
        replica = Replica(
            name,
            self.host(name, number),
            self.directory / f"{name}-{number}",
            self._environment(name, number),
        )
        replica.directory.mkdir(exist_ok=True)
        self.replicas[name].append(replica)
        replica.start()
        await self.until_it_serves(replica, stands_by=stands_by)
        self._announce(name)
        return replica

    async def roll(self, name: str) -> None:
        """As a Deployment does: one more, one less, until all are new."""
        for old in list(self.replicas[name]):
            await self.add(name)
            self.replicas[name].remove(old)
            self._announce(name)
            assert await old.end() == 0, old.said

    async def restart(
        self, replica: Replica, number: signal.Signals, *, stands_by: bool, after: Replica | None = None
    ) -> None:
        """As a StatefulSet does: the same one again, with its files; if named, `after` another one leads."""
        await replica.end(number)
        (replica.directory / "ready").unlink(missing_ok=True)
        if after:
            await self.until_it_serves(after)
        replica.start()
        await self.until_it_serves(replica, stands_by=stands_by)

    async def until_it_serves(self, replica: Replica, *, stands_by: bool = False) -> None:
        """Or is up, at least, if it `stands_by`."""
        place = f"{replica.host}:{self.port}"
        async with connect(place, self.mounts["team"].files, server=replica.service) as channel:
            async with asyncio.timeout(START_S):
                while not (replica.directory / "ready").exists() or not (
                    stands_by or await serves(channel, replica.service)
                ):
                    assert replica.lives, replica.said
                    await asyncio.sleep(0.1)

    def _announce(self, name: str) -> None:
        self.names.says[f"{name}.test"] = [replica.host for replica in self.replicas[name]]

    def _environment(self, name: str, number: int) -> dict[str, str]:
        host, directory = self.host(name, number), self.directory / f"{name}-{number}"
        tls = self.mounts[name].files
        own = {
            "LISTEN": f"{host}:{self.port}",
            "METRICS_LISTEN": f"{host}:{self.metrics_port}",
            "READY_FILE": directory / "ready",
            "TLS_CA": tls.ca,
            "TLS_CERT": tls.cert,
            "TLS_KEY": tls.key,
            **TURNOVER,
            **{f"{other.upper()}_ADDRESS": self.address(other) for other in NEEDS[name]},
            **self._settings(name, number),
        }
        model = {"OPENAI_BASE_URL": self.model_url, "OPENAI_API_KEY": "test"}
        return {
            "PATH": os.environ["PATH"],
            **{f"PLACET_{name.upper()}_{key}": str(value) for key, value in own.items()},
            **(model if name in ("guard", "generator") else {}),
        }

    def _settings(self, name: str, number: int) -> Mapping[str, object]:
        layout = self.layout
        match name:
            case "audit":
                return {
                    "DATABASE_URL": self.database.as_service,
                    "LOG_KEY": layout.audit_key,
                    "CHECKPOINT_FILE": self.checkpoint(number),
                }
            case "guard":
                return {"SCOPES_DIR": layout.scopes, "APPROVAL_KEY": layout.approval_key}
            case "executor":
                return {
                    "KEYS_DIR": layout.trusted,
                    "SCOPES_DIR": layout.scopes,
                    "SANDBOX_PYTHON": Path(sys.base_prefix) / "bin" / "python3",
                    "POOL_SIZE": 1,
                }
        return {}

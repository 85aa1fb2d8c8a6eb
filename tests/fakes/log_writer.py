"""A process that appends to a log and tells on standard output what was confirmed, to be killed or disturbed.

Run as `python -m tests.fakes.log_writer '{"directory": …}'` (a Task), or without an argument as a zygote: for
each Task on its standard input it forks a writer, prints its process id, and once that has ended its status.

Every append has a key and is tried until it is confirmed. A line is a JSON object: {"key", "trying"} before,
{"key", "index", "leaf_hash", "checkpoint"} once it is confirmed, {"key", "refused"} when it is not.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from audit_svc.store.types import StandingBy, StoreFailed
from placet.audit.checkpoint import LogSigner
from placet.audit.client import Appended
from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import GENERATOR, ORIGIN, World, Writer
from tests.fakes.postgres_world import WHERE, PostgresWorld

PAUSE_S = 0.05
LEAD_S = 20.0


@dataclass(frozen=True)
class Task:
    """What a writer is to do."""

    directory: str
    """The log's; its key lies beside it."""
    name: str = "w"
    """What the keys begin with."""
    writers: int = 1
    """Clients at once, each with an append after the other."""
    appends: int = 3
    """Of each client; it ends earlier when one was refused too often."""
    body_bytes: int = 500
    output: str = ""
    """A file to append to instead of standard output."""
    tries: int = 20
    """Of each append, 50 ms apart."""

    def command(self) -> list[str]:
        """A process that does it."""
        return [sys.executable, "-m", "tests.fakes.log_writer", json.dumps(asdict(self))]

    @property
    def keys(self) -> list[str]:
        """All that it may try."""
        return [f"{self.name}{w}-{count}" for w in range(self.writers) for count in range(self.appends)]


def log_in(directory: Path) -> World:
    """The log whose files lie in `directory`, or whose database a file there names."""
    key = directory.with_name("key")
    if not key.exists():
        LogSigner.generate(ORIGIN).save(key)
    kind = PostgresWorld if (directory / WHERE).exists() else World
    return kind(directory, LogSigner.load(key, ORIGIN))


@asynccontextmanager
async def leading(world: World) -> AsyncIterator[Writer]:
    """The log, once whoever wrote to it before is gone. Raises what opening it does for too long."""
    deadline = time.monotonic() + LEAD_S
    async with AsyncExitStack() as stack:
        while True:
            try:
                log = await stack.enter_async_context(world.writing())
            except (StandingBy, StoreFailed):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(PAUSE_S)
            else:
                break
        yield log


async def append(log: Writer, key: str, size: int) -> Appended:
    """What belongs to a key: a record whose body has so many bytes. Raises what the log raises."""
    task = key.encode().ljust(size, b".")
    body = {"task_sha256": hashlib.sha256(task).hexdigest(), "caller": "c", "inputs": [], "scope": "s"}
    return await log.append(GENERATOR, "task_received", body, key=key, task=task)


async def write(task: Task) -> None:
    """Do it."""
    async with leading(log_in(Path(task.directory))) as log:
        clients = (client(log, task, f"{task.name}{number}") for number in range(task.writers))
        await asyncio.gather(*clients)


async def client(log: Writer, task: Task, name: str) -> None:
    """One writer."""
    for count in range(task.appends):
        key = f"{name}-{count}"
        tell(key=key, trying=True)
        for _ in range(task.tries):
            if await confirmed(log, key, task.body_bytes):
                break
            await asyncio.sleep(PAUSE_S)
        else:
            return


async def confirmed(log: Writer, key: str, size: int) -> bool:
    """Append once and tell."""
    try:
        done = await append(log, key, size)
    except ServiceError as error:
        tell(key=key, refused=error.reason)
        return False
    tell(key=key, index=done.index, leaf_hash=done.leaf_hash.hex(), checkpoint=done.checkpoint)
    return True


def tell(**said: object) -> None:
    """One call of the kernel for each line, so that no confirmed record hides in a buffer."""
    os.write(1, json.dumps(said).encode() + b"\n")


def zygote() -> None:
    """Fork a writer for each task, so that a kill costs no start of an interpreter."""
    for line in sys.stdin:
        task = Task(**json.loads(line))
        writer = os.fork()
        if writer == 0:
            os.dup2(os.open(task.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 1)
            asyncio.run(write(task))
            os._exit(0)
        print(writer, flush=True)
        print(os.waitpid(writer, 0)[1], flush=True)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if len(sys.argv) > 1:
        asyncio.run(write(Task(**json.loads(sys.argv[1]))))
    else:
        zygote()

"""A process that appends to a log and tells on standard output what was confirmed, to be killed or disturbed.

Run as `python -m tests.fakes.log_writer DIRECTORY WRITERS APPENDS BODY_BYTES`. Every append has a key and is
tried until it is confirmed. A line is a JSON object: {"key", "index", "leaf_hash", "checkpoint"} for what was
confirmed, {"key", "refused"} for what was not.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from placet.audit.checkpoint import LogSigner
from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import GENERATOR, ORIGIN, World, Writer

BODY = {"task_sha256": "0" * 64, "caller": "c", "inputs": [], "scope": "s"}
TRIES = 4


def log_in(directory: Path) -> World:
    """The log whose files lie in `directory` and whose key lies beside it."""
    key = directory.with_name("key")
    if not key.exists():
        LogSigner.generate(ORIGIN).save(key)
    return World(directory, LogSigner.load(key, ORIGIN))


def content_of(key: str, size: int) -> bytes:
    """The body that goes with a key."""
    return key.encode().ljust(size, b".")


async def client(log: Writer, name: str, appends: int, size: int) -> None:
    """One writer, an append after the other; it ends when one was refused too often."""
    for count in range(appends):
        key = f"{name}-{count}"
        for _ in range(TRIES):
            if await confirmed(log, key, size):
                break
        else:
            return


async def confirmed(log: Writer, key: str, size: int) -> bool:
    """Append once and tell."""
    try:
        done = await log.append(GENERATOR, "task_received", BODY, key=key, task=content_of(key, size))
    except ServiceError as error:
        tell(key=key, refused=error.reason)
        return False
    tell(key=key, index=done.index, leaf_hash=done.leaf_hash.hex(), checkpoint=done.checkpoint)
    return True


def tell(**said: object) -> None:
    """One call of the kernel for each line, so that no confirmed record hides in a buffer."""
    os.write(1, json.dumps(said).encode() + b"\n")


async def main(directory: Path, writers: int, appends: int, size: int) -> None:
    async with log_in(directory).writing() as log:
        await asyncio.gather(*(client(log, f"w{name}", appends, size) for name in range(writers)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *map(int, sys.argv[2:5])))

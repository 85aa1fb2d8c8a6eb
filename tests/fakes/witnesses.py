"""A log that can tell two stories, and witnesses to tell them to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from placet.audit.checkpoint import LogSigner, LogVerifier
from placet.audit.merkle import leaf_hash
from placet.audit.witness import Submission
from placet.http_server import serving
from placet.witness.app import application
from placet.witness.book import WitnessBook
from placet.witness.witness import Witness
from tests.fakes.plain_tree import Tree


@dataclass
class Story:
    """The leaves of one history of a log, signed by whoever has its key."""

    signer: LogSigner = field(default_factory=lambda: LogSigner.generate("placet.local/log"))
    leaves: Sequence[bytes] = tuple(b"%d" % i for i in range(1000))

    def tree(self, size: int) -> Tree:
        return Tree(map(leaf_hash, self.leaves[:size]))

    def checkpoint(self, size: int) -> str:
        return self.signer.sign(size, self.tree(size).root())

    def submission(self, old: int, size: int) -> Submission:
        """A request in order: the checkpoint of `size` leaves, proven from `old`."""
        proof = self.tree(size).consistency_proof(old, size)
        return Submission(old, tuple(proof), self.checkpoint(size))

    def other(self, fork: int) -> Story:
        """Another history by the same key, that differs from leaf `fork` on."""
        leaves = [leaf if i < fork else b"other " + leaf for i, leaf in enumerate(self.leaves)]
        return Story(self.signer, leaves)


@asynccontextmanager
async def witness_at(
    directory: Path, *keys: LogVerifier, name: str = "security.example/witness"
) -> AsyncIterator[tuple[WitnessBook, str]]:
    """A real witness on loopback, and its URL."""
    book = WitnessBook(directory, name)
    app = application(Witness(book, {key.name: [key] for key in keys}), "about\n")
    try:
        async with serving(app, "127.0.0.1:0") as url:
            yield book, url
    finally:
        book.close()


@asynccontextmanager
async def answering(answer: Callable[[Request], Awaitable[Response]]) -> AsyncIterator[str]:
    """Something on loopback that calls itself a witness."""
    routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
    async with serving(Starlette(routes=routes), "127.0.0.1:0") as url:
        yield url


@contextmanager
def running(directory: Path, vkey: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """`placet witness` as its users start it; what it said when it was ready."""
    command = [sys.executable, "-m", "placet.cli", "witness", "--json", "--log", vkey]
    process = subprocess.Popen(
        [*command, "--dir", str(directory), "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()

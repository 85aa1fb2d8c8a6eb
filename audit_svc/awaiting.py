"""Callers that wait for people, and the one dispatcher that wakes them (docs/audit-format.md §17).

The dispatcher looks through what each growth of the log brought, once for all who wait; only they look at
their own request, and only when something was decided in it. Knows who may wait for what. Must not know gRPC
messages, SQL or how records are written.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Final, Protocol, TypeVar

import grpc

from audit_svc.decided import Decided, Review, caller_of_task, decision_on, requests_decided, review_of
from audit_svc.readings import Readings
from audit_svc.sequencer import Sequencer
from placet.audit.reader import Entry, LogReader
from placet.rpc.errors import ServiceError
from placet.rpc.identity import Caller

MAX_WAITING: Final = 1000
"""Calls of one identity that wait at one time."""
APPROVAL: Final = "approval"
"""Role of the body that holds a signed approval."""

T = TypeVar("T")


class Ask(Protocol):
    """Runs a read of the database, one at a time."""

    def __call__(self, read: Callable[[], T], /) -> Awaitable[T]:
        """Raises ServiceError UNAVAILABLE/AUDIT_UNAVAILABLE."""


class Awaited:
    """People's decisions, each told to whoever waits for it as soon as it is on record."""

    def __init__(self, sequencer: Sequencer, reader: LogReader, ask: Ask) -> None:
        self._sequencer, self._reader, self._ask = sequencer, reader, ask
        self._readings = Readings(sequencer.append)
        self._waiting = defaultdict[str, set[asyncio.Event]](set)
        self._calls = Counter[str]()
        self._dispatcher: asyncio.Task[None] | None = None

    async def decision(self, caller: Caller, request_id: str, program_sha256: str) -> tuple[Decided, bytes]:
        """What people decided, and the signed approval when they allowed the program.

        Waits without an end of its own. Raises ServiceError: NOT_FOUND/REVIEW_UNKNOWN,
        NOT_FOUND/APPROVAL_ERASED, RESOURCE_EXHAUSTED/TOO_MANY_WAITING, UNAVAILABLE/AUDIT_UNAVAILABLE.
        """
        review = await self._ask(lambda: self._review(caller, request_id, program_sha256))
        if review is None:
            raise _unknown()
        with self._counted(caller.path):
            decided = await self._decided(review)
        return decided, await self._approval(caller, decided.signed) if decided.signed else b""

    def _review(self, caller: Caller, request_id: str, program_sha256: str) -> Review | None:
        """Request ids are chosen by callers, so two of them may use one: each waits for their own."""
        waits_for_others = caller.kind == "svc"
        whose = caller_of_task(self._reader, request_id) if waits_for_others else caller.uri
        return review_of(self._reader, request_id, program_sha256, whose)

    async def _decided(self, review: Review) -> Decided:
        with self._told_of(review.request_id) as told:
            while True:
                told.clear()  # before looking: what is decided meanwhile sets it again
                if decided := await self._ask(lambda: decision_on(self._reader, review)):
                    return decided
                await told.wait()
                if self._dispatcher and self._dispatcher.done():
                    self._dispatcher.result()

    async def _approval(self, caller: Caller, signed: Entry) -> bytes:
        bodies = await self._ask(lambda: self._reader.bodies(signed.index))
        content = next((body.content for body in bodies if body.role == APPROVAL), None)
        if content is None:
            raise ServiceError(
                grpc.StatusCode.NOT_FOUND,
                "APPROVAL_ERASED",
                "People allowed this program, and their approval is no longer kept. Ask for a new review.",
            )
        await self._readings.bodies(caller.uri, signed, [APPROVAL])
        return content

    @contextmanager
    def _counted(self, path: str) -> Iterator[None]:
        if self._calls[path] >= MAX_WAITING:
            raise ServiceError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "TOO_MANY_WAITING",
                f"{path} waits for {MAX_WAITING} reviews already. Wait for one of them to end.",
            )
        self._calls[path] += 1
        try:
            yield
        finally:
            self._calls[path] -= 1
            if not self._calls[path]:
                del self._calls[path]

    @contextmanager
    def _told_of(self, request_id: str) -> Iterator[asyncio.Event]:
        """An event that is set when something may have been decided in a request."""
        told = asyncio.Event()
        self._waiting[request_id].add(told)
        if self._dispatcher is None or self._dispatcher.done():
            self._dispatcher = asyncio.create_task(self._dispatch(self._sequencer.head.size))
        try:
            yield told
        finally:
            self._waiting[request_id].discard(told)
            if not self._waiting[request_id]:
                del self._waiting[request_id]
            if not self._waiting and self._dispatcher:
                self._dispatcher.cancel()
                self._dispatcher = None

    async def _dispatch(self, seen: int) -> None:
        """Wake those whose request a record from `seen` on decides; whatever ends this wakes everybody."""
        try:
            async with aclosing(self._sequencer.growth()) as growth:
                async for size in growth:
                    for request_id in await self._ask(partial(requests_decided, self._reader, seen)):
                        self._wake(request_id)
                    seen = max(seen, size)
        finally:
            for request_id in tuple(self._waiting):
                self._wake(request_id)

    def _wake(self, request_id: str) -> None:
        for told in self._waiting.get(request_id, ()):
            told.set()


def _unknown() -> ServiceError:
    """The same whether there is none or it is another caller's: requests of others are nobody's business."""
    return ServiceError(
        grpc.StatusCode.NOT_FOUND,
        "REVIEW_UNKNOWN",
        "No verdict of yours asks people about this program in this request. Have it reviewed first.",
    )

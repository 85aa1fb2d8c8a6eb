"""Erases bodies, each beside the record that says so (docs/audit-format.md §9).

Knows what an erasure's record holds and how much of it fits. Must not know gRPC servers or SQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Protocol, TypeVar

import grpc
import structlog

from audit_svc.access import Access, Role
from audit_svc.batch import Draft
from audit_svc.store.types import BodyKey
from audit_svc.threads import in_thread
from placet.audit.client import Appended
from placet.audit.columns import CLASSES
from placet.audit.record import canonical
from placet.rpc.errors import ServiceError
from placet.rpc.identity import Caller, service_uri

MAX_NAMED_BYTES: Final = 32 * 1024
"""JSON of the bodies that one record names; a record's body has 48 KiB."""
MAX_REASON: Final = 500
SWEEP_S: Final = 600.0
SWEPT_AT_ONCE: Final = 256
_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_log = structlog.get_logger()

Append = Callable[[Draft], Awaitable[Appended]]
T = TypeVar("T")
Retention = Mapping[str, timedelta]
"""Class → the age at which its bodies are erased; a class that is not named is kept."""


@dataclass(frozen=True)
class Order:
    """What somebody wants erased: the bodies of one request, of some classes or of all."""

    request_id: str
    reason: str
    classes: frozenset[str]
    """Empty for all."""

    def check(self) -> None:
        """Raise INVALID_ARGUMENT/ERASURE_INVALID unless it is whole."""
        if not self.request_id:
            raise _unfit("which request? Its id is missing")
        if not (0 < len(self.reason) <= MAX_REASON and self.reason.isprintable()):
            raise _unfit(f"a reason is needed: 1..{MAX_REASON} printable characters")
        if unknown := self.classes - set(CLASSES):
            raise _unfit(f"no such class: {', '.join(sorted(unknown))}; there are {', '.join(CLASSES)}")


class Ask(Protocol):
    """Runs a look-up that blocks, and turns its failure into a ServiceError."""

    async def __call__(self, read: Callable[[], T]) -> T:
        """What it returns."""


class KeptBodies(Protocol):
    """Where to look up what is there to erase. Blocking."""

    def kept_of_request(self, request_id: str) -> list[tuple[int, str, str]]:
        """(index, role, class) of the kept bodies of a request's records, in log order."""

    def kept_before(self, class_: str, time: str, limit: int) -> list[tuple[int, str]]:
        """(index, role) of kept bodies of a class whose records are older than `time`, oldest first."""


def parse_retention(text: str) -> Retention:
    """Read `CLASS=AGE,…` with ages like 30d, 12h. Raises ValueError with what is wrong."""
    ages: dict[str, timedelta] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        class_, _, age = item.partition("=")
        if class_ not in CLASSES or class_ in ages:
            raise ValueError(f"{class_!r} is no class, or named twice: {', '.join(CLASSES)}")
        if not age[:-1].isdecimal() or age[-1] not in _UNITS or int(age[:-1]) == 0:
            raise ValueError(f"{age!r} is no age: a number and one of {', '.join(_UNITS)}")
        ages[class_] = timedelta(seconds=int(age[:-1]) * _UNITS[age[-1]])
    return ages


async def erase(
    append: Append, bodies: Sequence[BodyKey], *, by: str, reason: str, request_id: str
) -> list[Appended]:
    """Erase bodies and say so, in as many records as it takes. Raises ServiceError like `append`.

    What a failure in the middle leaves is consistent: bodies up to there are erased and on record.
    """
    done: list[Appended] = []
    for part in _fitting(bodies):
        named = [{"index": key.index, "role": key.role} for key in part]
        body: dict[str, object] = {"by": by, "reason": reason, "erased": named}
        done.append(
            await append(Draft("bodies_erased", request_id, service_uri("audit"), body, erases=tuple(part)))
        )
    return done


def _fitting(bodies: Sequence[BodyKey]) -> Iterator[list[BodyKey]]:
    part, size = list[BodyKey](), 0
    for key in bodies:
        named = len(canonical({"index": key.index, "role": key.role})) + 1
        if part and size + named > MAX_NAMED_BYTES:
            yield part
            part, size = [], 0
        part.append(key)
        size += named
    if part:
        yield part


class Erasures:
    """Erases what an entitled person orders."""

    def __init__(self, append: Append, kept: KeptBodies, ask: Ask, access: Access) -> None:
        """`ask` runs a look-up in `kept`."""
        self._append, self._kept, self._ask, self._access = append, kept, ask, access

    async def of_request(self, caller: Caller, order: Order) -> tuple[list[BodyKey], list[Appended]]:
        """The bodies that were erased, and the records that say so.

        Raises ServiceError: PERMISSION_DENIED/ROLE_MISSING, INVALID_ARGUMENT/ERASURE_INVALID,
        NOT_FOUND/NOTHING_TO_ERASE, ALREADY_EXISTS/BODY_ERASED when somebody else came in
        between, and like `append`.
        """
        self._access.require(caller, Role.ADMIN)
        order.check()
        found = await self._ask(lambda: self._kept.kept_of_request(order.request_id))
        keys = [BodyKey(i, role) for i, role, class_ in found if not order.classes or class_ in order.classes]
        if not keys:
            raise ServiceError(
                grpc.StatusCode.NOT_FOUND,
                "NOTHING_TO_ERASE",
                f"no body of request {order.request_id} is kept (of these classes)",
            )
        done = await erase(
            self._append, keys, by=caller.uri, reason=order.reason, request_id=order.request_id
        )
        return keys, done


class Sweeper:
    """Erases what is older than its class is kept."""

    def __init__(
        self,
        append: Append,
        kept: KeptBodies,
        retention: Retention,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`kept` is for this sweeper alone."""
        self._append, self._kept, self._retention, self._now = append, kept, retention, now

    async def run(self) -> None:
        """Sweep every ten minutes until cancelled. What fails is tried again the next time, and said."""
        while self._retention:
            try:
                await self.sweep()
            except Exception as error:  # the log goes on without its sweeper, but not in silence
                _log.error("retention_failed", error=str(error), kind=type(error).__name__)
            await asyncio.sleep(SWEEP_S)

    async def sweep(self) -> int:
        """Erase all that is due now, and say how many bodies that were."""
        swept = 0
        for class_, age in self._retention.items():
            before = (self._now() - age).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            keys: list[BodyKey] = []
            due_now = partial(self._kept.kept_before, class_, before, SWEPT_AT_ONCE)
            while due := await in_thread(due_now):
                if keys == (keys := [BodyKey(index, role) for index, role in due]):
                    raise RuntimeError(f"{len(keys)} bodies were erased and are still there")
                await erase(self._append, keys, by=service_uri("audit"), reason="retention", request_id="")
                swept += len(keys)
        if swept:
            _log.info("retention", erased=swept)
        return swept


def _unfit(message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, "ERASURE_INVALID", message)

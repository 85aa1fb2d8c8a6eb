"""What all callers used of their quotas: a fold over the log's records, and the refusal of what is too much.

Knows docs/quotas.md. Blocking; lives in the sequencer's thread. Must not know SQL or gRPC servers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import grpc
import msgspec

from audit_svc.draft import Draft
from audit_svc.quota import HOUR_S, Quotas
from audit_svc.refused import Refusals
from audit_svc.store.types import Store, StoreFailed
from audit_svc.usage import COUNTED, Usage, Used
from placet.audit.actors import path_of
from placet.rpc import metrics
from placet.rpc.errors import ServiceError
from placet.rpc.identity import TRUST_DOMAIN, service_uri

_AUDIT: Final = service_uri("audit")
SET_BACK_S: Final = 60.0
"""A clock that goes back by more was wrong before: what was counted by it is counted anew."""


class _Counted(msgspec.Struct):
    """What is read of a leaf: many are read at a start, and `placet audit verify` is who proves them."""

    kind: str
    time: str
    body: dict[str, Any]


_DECODER: Final = msgspec.json.Decoder(_Counted)


@dataclass(frozen=True)
class Asked:
    """For whom something is to be done, and the kind of record that it will make, if any."""

    caller: str
    kind: str
    request_id: str


@dataclass(frozen=True)
class Refusal:
    """Why something is not taken, and the record that says so; None: others of its kind said it just now."""

    error: ServiceError
    record: Draft | None


class Ledger:
    """Up to one record of the log. Asked and told in the order in which records are planned."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas, self._refusals = quotas, Refusals()
        self._size: int | None = None
        """Records that are counted; None: whatever lies within the longest window must be read."""
        self._usages: dict[str, Usage] = {}
        self._swept = 0.0
        self._now = ""
        """By the clock of whoever counts; nothing counts as later, whatever time its record has."""

    def pass_to(self, now: str) -> None:
        """It is `now`, or a little later: time does not go back here."""
        self._now = max(self._now, now)

    def outruns(self, now: str) -> bool:
        """Whether the clock was set back so far that all must be counted anew."""
        return bool(self._now) and _moment(self._now) - _moment(now) > SET_BACK_S

    def follow(self, store: Store, size: int, time: str) -> None:
        """Count what the log holds up to `size` and this has not counted, now. Raises StoreFailed."""
        if self.outruns(time):
            self.forget()
            self._refusals = Refusals()
        self.pass_to(time)
        if not self._quotas.longest_s:
            return
        start = self._size if self._size is not None else store.first_at(self._earliest(time))
        try:
            for leaf in store.leaves(COUNTED, start, size):
                record = _read(leaf)
                self.count(record.kind, record.body, record.time)
        except BaseException:
            self.forget()  # half of it must not be counted twice
            raise
        self._size = size

    def reached(self, size: int) -> None:
        """The log has so many records, all of which were counted when they were planned."""
        self._size = size

    def forget(self) -> None:
        """What was planned may not have become the log: read again what that holds."""
        self._size, self._usages, self._swept, self._now = None, {}, 0.0, ""

    def refusal(self, asked: Asked, time: str) -> Refusal | None:
        """Why this is too much for its caller; None: there is room."""
        path = path_of(asked.caller)
        usage = self._usage(path)
        if usage is None:
            return None
        if not asked.kind:
            return Refusal(_uncounted(path), None) if usage.counts_tokens else None
        now = self._counted_at(time)
        exceeded = usage.exceeded(asked.kind, now)
        if exceeded is None:
            return None
        metrics.QUOTA_REFUSALS.labels(exceeded.limit, path).inc()
        untold = self._refusals.take((path, exceeded.limit), now)
        told = None if untold is None else _record(asked.caller, exceeded.limit, untold, asked.request_id)
        return Refusal(_error(path, exceeded), told)

    def untold(self, time: str) -> Iterator[Draft]:
        """Records of refusals that were counted and not told."""
        for (path, limit), times in self._refusals.due(self._counted_at(time)):
            yield _record(f"spiffe://{TRUST_DOMAIN}/{path}", limit, times, "")

    def count(self, kind: str, body: Mapping[str, object], time: str) -> None:
        """Take in a record that is, or is about to be, the log's next."""
        if kind not in COUNTED or not self._quotas.longest_s:
            return
        now = self._counted_at(time)
        if usage := self._usage(path_of(str(body.get("caller", "")))):
            usage.count(kind, body, now)
        if now - self._swept > HOUR_S:
            self._swept = now
            self._usages = {path: usage for path, usage in self._usages.items() if not usage.idle(now)}

    def used(self, time: str, path: str = "") -> Mapping[str, list[Used]]:
        """What each active caller with a quota used, or one; limit by limit."""
        wanted = [path] if path else sorted(self._usages)
        usages = {each: usage for each in wanted if (usage := self._usage(each))}
        return {each: usage.all(_moment(time)) for each, usage in usages.items()}

    def _counted_at(self, time: str) -> float:
        return _moment(min(time, self._now) if self._now else time)

    def _usage(self, path: str) -> Usage | None:
        usage = self._usages.get(path)
        if usage is None and (quota := self._quotas.of(path)):
            usage = self._usages[path] = Usage(quota)
        return usage

    def _earliest(self, time: str) -> str:
        # A sixtieth more: what was used counts a little longer than the window.
        back = timedelta(seconds=self._quotas.longest_s * 61 / 60)
        since = datetime.fromtimestamp(_moment(time), UTC) - back
        return f"{since.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _read(leaf: bytes) -> _Counted:
    try:
        return _DECODER.decode(leaf)
    except msgspec.MsgspecError as error:
        raise StoreFailed(f"a record that counts cannot be read: {error}") from error


def _moment(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _record(caller: object, limit: str, untold: int, request_id: str) -> Draft:
    return Draft("quota_exceeded", request_id, _AUDIT, {"caller": caller, "limit": limit, "untold": untold})


def _uncounted(path: str) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.FAILED_PRECONDITION,
        "QUOTA_UNCOUNTED",
        f"The tokens of {path} are counted, and this leaves no record to count them by. Have the program "
        "reviewed, or ask for the rules alone.",
        metadata={"caller": path},
    )


def _error(path: str, exceeded: Used) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "QUOTA_EXCEEDED",
        f"{path} has used up its quota ({exceeded.limit}: {exceeded.used} of {exceeded.at_most}). Nothing "
        "was spent; whoever runs the log can raise it in its quotas file.",
        retry_after_s=exceeded.retry_after_s,
        metadata={"caller": path, "limit": exceeded.limit, "at_most": str(exceeded.at_most)},
    )

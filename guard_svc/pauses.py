"""Keeps a caller who is denied again and again from going on, and puts on record when that begins and ends.

Knows the breaker, the log and how to say it. Must not decide about programs: a pause is no verdict.
"""

import asyncio
import time
from collections.abc import Callable

import grpc

from guard_svc.breaker import Breaker, Pause, Who
from placet.audit.client import AuditLog
from placet.rpc import metrics
from placet.rpc.errors import ServiceError


class Pauses:
    """The callers who pause. `now` is a monotonic clock in seconds."""

    def __init__(self, breaker: Breaker, log: AuditLog, *, now: Callable[[], float] = time.monotonic) -> None:
        self._breaker = breaker
        self._log = log
        self._now = now
        self._begun: dict[Pause, int] = {}
        """The pauses whose begin is on record, and where."""
        self._recording = asyncio.Lock()

    async def check(self, who: Who, owner: str) -> None:
        """Raise RESOURCE_EXHAUSTED/CALLER_PAUSED while `who` pauses; `owner` is the scope's.

        Raises ServiceError AUDIT_UNAVAILABLE when a pause's begin or end cannot be recorded.
        """
        await self.end_those_over()
        if pause := self._breaker.pause_of(who, self._now()):
            await self._record_begin(pause)
            raise self._paused(pause, owner)

    async def denied(self, who: Who, *, group: str = "") -> None:
        """Count a denial; see Breaker.denied. A pause that it starts is on record when this returns."""
        if pause := self._breaker.denied(who, self._now(), group=group):
            await self._record_begin(pause)

    def allowed(self, who: Who) -> None:
        """Count an allowed program."""
        self._breaker.allowed(who)

    async def end_those_over(self) -> None:
        """Record the end of each pause that is over; call it now and then."""
        if self._breaker.over(self._now()):
            async with self._recording:
                for pause in self._breaker.over(self._now()):
                    await self._record_end(pause)

    async def _record_end(self, pause: Pause) -> None:
        begun = await self._begun_at(pause)
        await self._log.append("caller_resumed", {**_fields(pause), "paused_index": begun}, request_id="")
        self._breaker.close(pause)
        del self._begun[pause]

    async def _record_begin(self, pause: Pause) -> None:
        async with self._recording:
            await self._begun_at(pause)

    async def _begun_at(self, pause: Pause) -> int:
        """The index of the record of a pause's begin; written now when the log failed us before."""
        if pause not in self._begun:
            length = {"pause_s": round(self._breaker.limits.pause_s)}
            body = {**_fields(pause), "denials": pause.denials, "why": pause.why, **length}
            self._begun[pause] = (await self._log.append("caller_paused", body, request_id="")).index
            metrics.PAUSES.labels(pause.who.scope).inc()
        return self._begun[pause]

    def _paused(self, pause: Pause, owner: str) -> ServiceError:
        left = max(1.0, pause.until - self._now())
        return ServiceError(
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "CALLER_PAUSED",
            f"{pause.denials} programs were denied ({_WHY[pause.why]}), so scope {pause.who.scope!r} takes "
            f"no program of yours for another {left:.0f} s, and this one was not looked at. Read the "
            f"findings of those denials; if the scope is too narrow, ask its owner, {owner}, to widen it.",
            retry_after_s=left,
            metadata={"scope": pause.who.scope, "owner": owner, "denials": str(pause.denials)},
        )


_WHY = {"in_a_row": "one after the other", "of_recent": "among the last ones"}


def _fields(pause: Pause) -> dict[str, object]:
    return {"caller": pause.who.caller, "scope_name": pause.who.scope}

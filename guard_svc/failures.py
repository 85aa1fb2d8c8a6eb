"""When the model could not be asked: what that cost is on record, and the caller is told to try again.

Knows the record `review_failed` (docs/audit-format.md §2). Must not know how anything is decided: a failure
of ours is an error, never a verdict.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Final

import grpc
import structlog

from guard_svc.order import Order
from guard_svc.recorded import scope_fields, sha256_hex
from guard_svc.reviewer import NO_TOKENS, Bill, ReviewerUnavailable, Tokens
from placet.audit.client import AuditLog
from placet.rpc import metrics
from placet.rpc.errors import ServiceError

RETRY_AFTER_S: Final = 5.0
RECORD_LATE_S: Final = 15.0
_log = structlog.get_logger()


@dataclass(frozen=True)
class Failures:
    """Of reviews and screenings, on record."""

    log: AuditLog

    @asynccontextmanager
    async def billed(self, order: Order, leaves: str) -> AsyncIterator[Bill]:
        """What asking the model cost is on record, also where no record of kind `leaves` came of it."""
        bill = Bill()
        try:
            yield bill
        except ReviewerUnavailable as error:
            if leaves:
                await self.record(order, error.reason, bill.tokens, leaves)
            raise
        except asyncio.CancelledError:
            if leaves:
                late = self._record_late(order, "CANCELLED", bill.tokens, leaves)
                # Shielded: a caller that went away does not take the record with it.
                await asyncio.shield(asyncio.ensure_future(late))
            raise

    async def record(
        self, order: Order, reason: str, tokens: Tokens = NO_TOKENS, leaves: str = "verdict_reached"
    ) -> None:
        """Say why no record of kind `leaves` comes, and what it cost."""
        screened = leaves == "task_screened"
        if screened and tokens == NO_TOKENS:  # nothing was looked at and nothing spent
            return
        metrics.REVIEW_FAILURES.labels(reason).inc()
        about = order.task.encode() if screened else order.program
        body = {
            "reason": reason,
            "task_sha256" if screened else "program_sha256": sha256_hex(about),
            "caller": order.caller,
            "scope": scope_fields(order.scope),
            **({} if tokens == NO_TOKENS else {"tokens": asdict(tokens)}),
        }
        await self.log.append("review_failed", body, request_id=order.request_id)

    async def _record_late(self, order: Order, reason: str, tokens: Tokens, leaves: str) -> None:
        """As `record`; a second failure is logged and hides nothing."""
        try:
            async with asyncio.timeout(RECORD_LATE_S):
                await self.record(order, reason, tokens, leaves)
        except (ServiceError, TimeoutError) as error:
            _log.error("review_failed is not on record", request_id=order.request_id, error=str(error))


def unavailable(error: ReviewerUnavailable) -> ServiceError:
    """What a caller is told when the model cannot be asked: try again; nothing was denied."""
    return ServiceError(
        grpc.StatusCode.UNAVAILABLE,
        "REVIEW_UNAVAILABLE",
        f"The reviewer could not be asked, so nothing was decided: {error.message}. Try again.",
        retry_after_s=RETRY_AFTER_S if error.retry_after_s is None else error.retry_after_s,
        metadata={"model_reason": error.reason},
    )

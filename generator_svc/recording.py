"""What is put on record although something failed, and how long stages take.

Knows the log. Must not know what a task is.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager

import structlog

from placet.audit.client import AuditLog
from placet.rpc import metrics
from placet.rpc.errors import ServiceError

RECORD_END_S = 15.0

_log = structlog.get_logger()


async def record_late(log: AuditLog, kind: str, body: Mapping[str, object], request_id: str) -> None:
    """Record something although something failed; a second failure is logged and hides nothing."""
    # Shielded: a caller that went away does not take the record with it.
    await asyncio.shield(asyncio.ensure_future(_append_late(log, kind, body, request_id)))


async def _append_late(log: AuditLog, kind: str, body: Mapping[str, object], request_id: str) -> None:
    try:
        async with asyncio.timeout(RECORD_END_S):
            await log.append(kind, body, request_id=request_id)
    except (ServiceError, TimeoutError) as err:
        _log.error(f"{kind} is not on record", request_id=request_id, error=str(err), **body)


def stage(name: str) -> AbstractContextManager[object]:
    """Times what is done inside, however it ends."""
    return metrics.TASK_STAGE_SECONDS.labels(name).time()

"""What the log does of its own accord: it leads as soon as nobody else does, and records that it is there.

Knows the sequencer. Must not know databases, or what others ask of the log.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import structlog

from audit_svc.batch import Draft
from audit_svc.sequencer import Sequencer
from audit_svc.store.types import StandingBy, StoreFailed
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri

RETRY_S: Final = 1.0
"""How often a log that another process leads, or that could not be written, is tried again."""

_log = structlog.get_logger()


async def lead(sequencer: Sequencer, settled: asyncio.Event) -> None:
    """Return once the log is open. A database that does not answer is an error at first, later a delay."""
    while True:
        try:
            await sequencer.open()
        except StoreFailed as error:
            if not (settled.is_set() or isinstance(error, StandingBy)):
                raise
            if not settled.is_set():
                _log.info("standing_by", size=sequencer.head.size)
            settled.set()
            await asyncio.sleep(RETRY_S)
        else:
            _log.info("leading", size=sequencer.head.size)
            return


async def beat(sequencer: Sequencer, period_s: float) -> None:
    """Record that nothing happened, whenever nothing did for `period_s` seconds.

    While the log cannot be written the heartbeat is tried every second: it is how a log that has room
    again, or whose disk is back, becomes healthy without waiting for somebody's append.
    """
    size, since, told = sequencer.head.size, time.monotonic(), ""
    while True:
        await asyncio.sleep(min(RETRY_S, period_s))
        if sequencer.healthy:
            await sequencer.look()
        if sequencer.head.size > size:
            size, since = sequencer.head.size, time.monotonic()
        if sequencer.healthy and time.monotonic() - since < period_s:
            continue
        try:
            await sequencer.append(Draft("heartbeat", "", service_uri("audit"), {"size": size}))
        except ServiceError as error:
            if error.reason != told:
                _log.warning("heartbeat_failed", reason=error.reason)
            told = error.reason
        else:
            told = ""

"""What the log does in public, beside its gRPC service: witnesses asked, tiles served. Wiring only."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import structlog

from audit_svc.published import Published
from audit_svc.sequencer import Sequencer
from audit_svc.settings import AuditSettings
from audit_svc.tiles_http import application
from audit_svc.witnessing import Witnessing
from placet.audit.reader import LogReader
from placet.audit.trust import parse_policy
from placet.http_server import serving

_log = structlog.get_logger()


@contextlib.asynccontextmanager
async def publication(
    settings: AuditSettings, sequencer: Sequencer, reader: LogReader
) -> AsyncIterator[None]:
    """All of it, while the context lasts.

    `sequencer` is open and has appended nothing yet; `reader` is for this alone.

    Raises LogInconsistent when a witness proves the database rolled back, PolicyRefused, OSError, ValueError.
    """
    async with contextlib.AsyncExitStack() as stack:
        published = Published(reader)
        checkpoint = await stack.enter_async_context(_witnessed(settings, sequencer, published))
        if settings.tiles_listen:
            app = application(sequencer, published, checkpoint, entries=settings.tiles_entries)
            url = await stack.enter_async_context(serving(app, settings.tiles_listen))
            _log.info("tiles_served", url=url, entries=settings.tiles_entries)
        yield


@contextlib.asynccontextmanager
async def _witnessed(
    settings: AuditSettings, sequencer: Sequencer, published: Published
) -> AsyncIterator[Callable[[], str]]:
    """Gives the checkpoint to publish."""
    if settings.witness_policy is None:
        yield lambda: sequencer.head.checkpoint
        return
    policy = parse_policy(settings.witness_policy.read_bytes())
    witnessing = Witnessing(sequencer, published, policy, interval_s=settings.witness_interval_s)
    task: asyncio.Task[None] | None = None
    try:
        await witnessing.confirm()
        task = asyncio.create_task(witnessing.run())
        yield lambda: witnessing.checkpoint
    finally:
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await witnessing.close()

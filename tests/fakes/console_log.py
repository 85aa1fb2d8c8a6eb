"""The log as the console sees it, over a real SQLite file in this process, and the services' side of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.fakes.audit_world import World, Writer
from tests.fakes.console_pages import WorldLog


@asynccontextmanager
async def console_log(world: World) -> AsyncIterator[tuple[WorldLog, Writer]]:
    """Both sides of one log."""
    async with world.writing() as writer:
        with world.reader() as reader:
            yield WorldLog(reader, writer.sequencer), writer

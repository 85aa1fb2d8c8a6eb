"""The log as the console sees it, over a real SQLite file in this process: no gRPC between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from audit_svc.console.log import Reading
from audit_svc.draft import Draft
from audit_svc.policy import check_may_append
from audit_svc.sequencer import Sequencer
from placet.audit.client import Appended
from placet.audit.reader import LogReader
from placet.rpc.identity import service_uri
from tests.fakes.audit_world import World, Writer

CONSOLE = service_uri("console")


class WorldLog(Reading):
    """Log; what the console may not append is refused here as well."""

    def __init__(self, sequencer: Sequencer, reader: LogReader) -> None:
        super().__init__(reader)
        self._sequencer = sequencer

    async def append(self, draft: Draft) -> Appended:
        check_may_append(CONSOLE, draft.kind, draft.body)
        return await self._sequencer.append(replace(draft, actor=CONSOLE))

    async def growth(self) -> AsyncIterator[int]:
        size = 0
        while True:
            await self._sequencer.wait_for_growth(size)
            size = self._sequencer.head.size
            yield size


@asynccontextmanager
async def console_log(world: World) -> AsyncIterator[tuple[WorldLog, Writer]]:
    """The console's side and the services' side of one log."""
    async with world.writing() as writer:
        with world.reader() as reader:
            yield WorldLog(writer.sequencer, reader), writer

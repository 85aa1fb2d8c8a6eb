"""The log's tree up to its newest signed checkpoint, for browsers that check everything themselves.

Knows tiles (docs/audit-format.md §13). Must not know HTTP. Nothing is checked here: whoever is served
something else than the checkpoint says finds out, and that is the point.
"""

from __future__ import annotations

import asyncio
from functools import partial

from audit_svc.console.log import Log
from audit_svc.head import Head
from placet.audit.reader import LogReader, LogUnreadable
from placet.audit.tiles import WIDTH, Frontier, TiledTree, TileName

MAX_STEP = 16 * WIDTH
"""Records by which a known tree is grown; beyond that it is put together from tiles anew."""


class LogTree:
    """What `/log/…` serves. Every call may raise ServiceError AUDIT_UNAVAILABLE."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._head: Head | None = None
        self._growing = asyncio.Lock()

    async def vkey(self) -> str:
        """The log's public key, as the log says."""
        return await self._log.vkey()

    async def newest(self) -> Head:
        """The newest checkpoint that is committed, and the tree under it."""
        async with self._growing:
            self._head = await self._log.ask(partial(_newest, self._head))
            return self._head

    async def tile(self, name: TileName) -> bytes:
        """A tile's bytes. Raises TileUnknown beyond the newest checkpoint."""
        head = self._head
        if head is None or not name.within(head.size):
            head = await self.newest()
        return await self._log.ask(lambda reader: TiledTree(head.frontier, reader.tile).hashes(name))


def _newest(known: Head | None, reader: LogReader) -> Head:
    found = reader.last_checkpoint()
    if found is None:
        raise LogUnreadable("the log has no checkpoint yet")
    size, note = found
    if known and known.checkpoint == note:
        return known
    if known and known.size <= size <= known.size + MAX_STEP:
        frontier = known.frontier.copy()
        frontier.extend(reader.leaf_hashes(known.size, size - known.size))
    else:
        partial_tile = size % WIDTH
        frontier = Frontier.of(size, reader.tile, reader.leaf_hashes(size - partial_tile, partial_tile))
    return Head(frontier, note)

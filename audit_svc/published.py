"""The log as it stands under one signed checkpoint: tiles, bundles of records, proofs.

Knows a read-only connection of its own, used by one thread at a time. Must not know HTTP, or who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from audit_svc.sequencer import Head
from audit_svc.threads import in_thread
from placet.audit.merkle import leaf_hash
from placet.audit.reader import LogReader, LogUnreadable
from placet.audit.tiles import WIDTH, TiledTree, TileName, bundle

T = TypeVar("T")


class Published:
    """Every call raises LogUnreadable when the database does not answer."""

    def __init__(self, reader: LogReader) -> None:
        """`reader` is for this object alone."""
        self._reader = reader
        self._one = asyncio.Lock()

    async def tile(self, head: Head, name: TileName) -> bytes:
        """The bytes of a tile of hashes. Raises TileUnknown beyond the head."""
        return await self._ask(lambda: self._tree(head).hashes(name))

    async def bundle(self, head: Head, name: TileName) -> bytes:
        """Records, each behind its length, as they hash to the tile of level 0. Raises TileUnknown."""
        hashes = await self.tile(head, replace(name, level=0))
        leaves = await self._ask(lambda: self._reader.leaves(name.index * WIDTH, name.width))
        if b"".join(map(leaf_hash, leaves)) != hashes:  # caches would keep it for ever
            raise LogUnreadable(f"{name.path} would not be what its tile of hashes says")
        return bundle(leaves)

    async def consistency_proof(self, head: Head, old: int) -> list[bytes]:
        """That the head's tree continues its own first `old` leaves. Raises IndexError beyond the head."""
        return await self._ask(lambda: self._tree(head).consistency_proof(old, head.size))

    async def root(self, head: Head, size: int) -> bytes:
        """The root over the first `size` leaves. Raises IndexError beyond the head."""
        return await self._ask(lambda: self._tree(head).root(size))

    async def holds(self, index: int) -> bool:
        """Whether the database has a record of this index, published or not."""
        return bool(await self._ask(lambda: self._reader.leaf_hashes(index, 1)))

    def _tree(self, head: Head) -> TiledTree:
        return TiledTree(head.frontier, self._reader.tile)

    async def _ask(self, read: Callable[[], T]) -> T:
        async with self._one:
            return await in_thread(read)

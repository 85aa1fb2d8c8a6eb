"""Work in a thread that is over when the await is, also when that was cancelled.

`asyncio.to_thread` goes on after a cancellation: a connection would then be used twice at once, or closed
under a query, which ends the process. Knows threads only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """What `work` gives, or raises. Keep it short: a cancellation waits for its end."""
    working = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        raise

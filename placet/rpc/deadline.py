"""How much time an RPC has left. Deadlines travel: pass `remaining_s` on to what you call."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import grpc

from placet.rpc.errors import ServiceError

MAX_RPC_S = 900.0
"""The longest an RPC may take, in seconds, when its client set no deadline."""


@dataclass(frozen=True)
class Deadline:
    """A point on the monotonic clock, in seconds."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """A deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    @classmethod
    def of(cls, context: grpc.aio.ServicerContext[Any, Any], *, maximum_s: float = MAX_RPC_S) -> Deadline:
        """The client's deadline, or `maximum_s` from now, whichever comes first."""
        left = context.time_remaining()
        return cls.after(maximum_s if left is None else min(left, maximum_s))

    def remaining_s(self, *, keep_s: float = 0.0) -> float:
        """Seconds left, less `keep_s` that the caller needs afterwards; never below zero."""
        return max(0.0, self.at - time.monotonic() - keep_s)

    def require(self, seconds: float, what: str) -> None:
        """Raise DEADLINE_EXCEEDED/DEADLINE_TOO_SHORT when less is left than `what` needs."""
        if (left := self.remaining_s()) < seconds:
            raise ServiceError(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "DEADLINE_TOO_SHORT",
                f"{left:.1f} s are left and {what} needs {seconds:.1f} s. Call with a longer deadline.",
            )

"""Whether a caller may have a model asked: what the log says of its quota (docs/quotas.md §2.8 and §2.9).

Knows AuditService.CheckQuota. Must not know what a quota is.
"""

from typing import Final, Protocol

import grpc
from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc

from placet.audit.client import answered

CHECK_TIMEOUT_S: Final = 10.0


class Room(Protocol):
    """Asked before each review that is no task's: a task was let in with what it costs."""

    async def check(self, caller: str, kind: str, request_id: str) -> None:
        """Return if there is room; `kind` is that of the record that the work will leave, empty for none.

        Raises ServiceError: RESOURCE_EXHAUSTED/QUOTA_EXCEEDED with the time to come back,
        FAILED_PRECONDITION/QUOTA_UNCOUNTED, UNAVAILABLE/AUDIT_UNAVAILABLE.
        """


class GrpcRoom:
    """Over a channel to the audit service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = audit_pb2_grpc.AuditServiceStub(channel)

    async def check(self, caller: str, kind: str, request_id: str) -> None:
        """See Room."""
        request = audit_pb2.CheckQuotaRequest(caller=caller, kind=kind, request_id=request_id)
        await answered(self._stub.CheckQuota, request, timeout_s=CHECK_TIMEOUT_S)

"""How a caller waits for people: one call of the log that is answered when they have decided.

Knows AuditService.AwaitReview, and that a log which was restarted is asked again. Must not know what an
approval says: the executor judges it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

import grpc
from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc
from placetpb.common.v1 import common_pb2

from placet.rpc.errors import ServiceError

MAX_WAIT_S: Final = 24 * 3600
"""The longest that anybody waits in one go."""
RULES: Final = {True: "human.approval.reason", False: "human.denial.reason"}
"""Rule id of the finding that tells a person's reason, by whether they allowed the program."""
_PAUSE_S: Final = 0.5
_ASKED_AGAIN: Final = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})


@dataclass(frozen=True)
class Decided:
    """What people decided about one program, as the log told it."""

    approval: bytes = field(repr=False)
    """A signed approval; empty when they denied the program."""
    decided_by: str
    """`human:NAME` of whoever decided last."""
    reason: str
    """That person's own words."""
    index: int
    """Of the record that holds the decision."""

    @property
    def allowed(self) -> bool:
        """Whether the program may run."""
        return bool(self.approval)

    def finding(self) -> common_pb2.Finding:
        """The reason, as the one finding of a person's verdict."""
        return common_pb2.Finding(
            rule_id=RULES[self.allowed],
            severity=common_pb2.SEVERITY_INFO,
            message=self.reason,
            source=common_pb2.FINDING_SOURCE_HUMAN,
        )


async def decided(
    channel: grpc.aio.Channel, request_id: str, program_sha256: bytes, wait_s: float
) -> Decided | None:
    """What people decided about a program that a verdict sent to them; None when `wait_s` were too few.

    `channel` leads to the audit service. A log that is away for a while costs waiting time, nothing else.

    Raises ServiceError: REVIEW_UNKNOWN, APPROVAL_ERASED, TOO_MANY_WAITING, CALLER_NOT_ALLOWED.
    """
    stub = audit_pb2_grpc.AuditServiceStub(channel)
    request = audit_pb2.AwaitReviewRequest(request_id=request_id, program_sha256=program_sha256)
    clock = asyncio.get_running_loop().time
    end = clock() + min(wait_s, MAX_WAIT_S)
    while (left := end - clock()) > 0:
        try:
            return _read(await stub.AwaitReview(request, timeout=left, wait_for_ready=True))
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                return None
            if error.code() not in _ASKED_AGAIN:
                raise ServiceError.from_rpc(error) from error
            await asyncio.sleep(min(_PAUSE_S, left))
    return None


def _read(reply: audit_pb2.AwaitReviewResponse) -> Decided:
    """An approval counts only beside ALLOWED; whatever else came is a denial."""
    allowed = reply.verdict == common_pb2.VERDICT_ALLOWED
    return Decided(reply.approval if allowed else b"", reply.decided_by, reply.reason, reply.index)

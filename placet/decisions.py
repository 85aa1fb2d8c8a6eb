"""What people decide, under their own identities: a program that they approve, a review that they answer.

Knows who signs, and the log under their certificate; what an approval says is `human_approval`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from placetpb.audit.v1 import audit_pb2_grpc

from placet.audit.client import GrpcAuditLog
from placet.evidence import Evidence
from placet.human_approval import DEFAULT_TTL_S, Decision, Reviewer
from placet.human_approval import approve as approve_as_human
from placet.ids import fresh_id
from placet.inputs import InputLike, read_inputs, source_of
from placet.item import item_of
from placet.runs import Runs
from placet.scope import load_scope
from placet.verdicts import Verdicts


class Decisions(Verdicts, Runs):
    """What people do; scope and pool are asked for as the caller."""

    async def approve(
        self,
        program: bytes | str,
        *,
        scope: str,
        reason: str,
        reviewer: Reviewer,
        inputs: Sequence[InputLike] = (),
        ttl_s: int = DEFAULT_TTL_S,
        request_id: str | None = None,
    ) -> bytes:
        """A person's approval (break-glass): recorded with their name and reason, then signed by them.

        No rule and no reviewer looks at the program; limits and the isolation tier are the scope's.

        Raises:
            ServiceError: nothing was signed; the message says what was missing.
        """
        document = await self.scope(scope)
        decision = Decision(
            program=source_of(program),
            inputs=read_inputs(inputs),
            scope=load_scope(document.document),
            audience=(await self.pool()).audience,
            reason=reason,
            request_id=request_id or fresh_id(),
            ttl_s=ttl_s,
        )
        async with self._channel_as(reviewer.tls, "audit") as channel:
            votes_on = Evidence(audit_pb2_grpc.AuditServiceStub(channel)).votes_on
            return await approve_as_human(decision, reviewer, GrpcAuditLog(channel), votes_on)

    async def answer(
        self,
        program: bytes | str,
        *,
        request_id: str,
        reason: str,
        reviewer: Reviewer,
        ttl_s: int = DEFAULT_TTL_S,
    ) -> bytes:
        """A person's approval of a program that a review of that request sent to people.

        It says what the guard's would have said, and whoever waits for it goes on. The program is the one
        that the person has read: another one is refused.

        Raises:
            ServiceError: REVIEW_UNKNOWN, REVIEW_DECIDED, REVIEW_IS_YOURS, QUORUM_MISSING, ROLE_MISSING.
        """
        source = source_of(program)
        async with self._channel_as(reviewer.tls, "audit") as channel:
            stub = audit_pb2_grpc.AuditServiceStub(channel)
            item = await item_of(stub, request_id, source)
            decision = Decision.on(item, source, reason, request_id, ttl_s)
            return await approve_as_human(decision, reviewer, GrpcAuditLog(channel), Evidence(stub).votes_on)

"""The guard's verbs: what it says about a program, and the scopes that it judges by.

Knows one service; decides nothing that it decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from placet import wire
from placet.answers import Review, ScopeDocument, ScopeRef
from placet.audit.waiting import Decided
from placet.audit.waiting import decided as decided_by_people
from placet.connected import DEFAULT_TIMEOUT_S, READ_TIMEOUT_S, Connected, errors
from placet.ids import fresh_id
from placet.inputs import InputLike, read_inputs, source_of
from placet.rpc.errors import ServiceError


class Verdicts(Connected):
    """What the guard is asked for."""

    async def review(
        self,
        program: bytes | str,
        *,
        scope: str,
        inputs: Sequence[InputLike] = (),
        task: str = "",
        plan: bytes = b"",
        verdict_only: bool = False,
        request_id: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Review:
        """The guard's verdict, recorded, with an approval for exactly these inputs when it is ALLOWED.

        The inputs' bytes stay here; the guard gets their names, sizes and digests. `plan` is the plan of
        actions that the program was compiled from, if it was (docs/actions-format.md).

        Raises:
            ServiceError: there is no verdict; the program is neither allowed nor denied.
        """
        request = guard_pb2.ReviewRequest(
            request_id=request_id or fresh_id(),
            scope=scope,
            program=source_of(program),
            task=task,
            plan=plan,
            inputs=[item.ref() for item in read_inputs(inputs)],
            verdict_only=verdict_only,
        )
        async with errors("guard"):
            reply = await self._guard().Review(request, timeout=timeout_s)
        return wire.review(reply.review, reply.approval, wire.record_ref(reply.verdict_record))

    async def await_review(self, program: bytes | str, *, request_id: str, wait_s: float) -> Decided | None:
        """What people decide about a program that a review of that request sent to them.

        None when `wait_s` seconds were too few; the review goes on, and may be awaited again.

        Raises:
            ServiceError: REVIEW_UNKNOWN when no verdict of this caller's asks people about the program.
        """
        digest = hashlib.sha256(source_of(program)).digest()
        return await decided_by_people(self._channel("audit"), request_id, digest, wait_s)

    async def assess(
        self,
        program: bytes | str,
        *,
        scope: str = "",
        scope_document: bytes = b"",
        scope_files: Mapping[str, bytes] | None = None,
        task: str = "",
        plan: bytes = b"",
        inputs: Sequence[InputLike] = (),
        rules_only: bool = False,
        always_ask: bool = False,
        with_advice: bool = False,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> Review:
        """The analysis of `review`, unrecorded and without approval; also for a scope that is not loaded.

        `scope_files` are the companions of `scope_document`; those that the guard has need not be sent.

        `always_ask` asks the reviewer model even about programs that the rules deny: to measure it.

        `with_advice` also looks for the scope change that would help, which takes up to half a second.

        Raises:
            ServiceError: there is no verdict.
        """
        request = guard_pb2.AssessRequest(
            scope=scope,
            scope_document=scope_document,
            scope_files=[
                common_pb2.ScopeFile(name=name, content=content)
                for name, content in (scope_files or {}).items()
            ],
            program=source_of(program),
            plan=plan,
            inputs=[item.ref() for item in read_inputs(inputs)],
            task=task,
            layers=_layers(rules_only=rules_only, always_ask=always_ask),
            with_advice=with_advice,
        )
        async with errors("guard"):
            reply = await self._guard().Assess(request, timeout=timeout_s)
        return wire.review(reply.review)

    async def scopes(self) -> tuple[ScopeRef, ...]:
        """The scopes that this caller may name."""
        async with errors("guard"):
            reply = await self._guard().ListScopes(guard_pb2.ListScopesRequest(), timeout=READ_TIMEOUT_S)
        return tuple(wire.scope_ref(scope) for scope in reply.scopes)

    async def scope(self, name: str) -> ScopeDocument:
        """One loaded scope with its file's bytes.

        Raises:
            ServiceError: DATA_LOSS/SCOPE_DIGEST_MISMATCH when the bytes are not those that the digest names.
        """
        request = guard_pb2.DescribeScopeRequest(scope=name)
        async with errors("guard"):
            reply = await self._guard().DescribeScope(request, timeout=READ_TIMEOUT_S)
        if hashlib.sha256(reply.document).digest() != reply.scope.sha256:
            raise ServiceError(
                grpc.StatusCode.DATA_LOSS,
                "SCOPE_DIGEST_MISMATCH",
                f"the guard's file of scope {name!r} is not the one whose digest it names; restart the guard",
            )
        files = {file.name: file.content for file in reply.files}
        return ScopeDocument(wire.scope_ref(reply.scope), reply.document, files)

    def _guard(self) -> guard_pb2_grpc.GuardServiceStub:
        return self._stub("guard", guard_pb2_grpc.GuardServiceStub)


def _layers(*, rules_only: bool, always_ask: bool) -> guard_pb2.Layers:
    if rules_only:
        return guard_pb2.LAYERS_RULES
    return guard_pb2.LAYERS_REVIEWER if always_ask else guard_pb2.LAYERS_ALL

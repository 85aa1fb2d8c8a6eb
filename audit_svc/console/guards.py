"""The guards that may be asked again: the running one, and candidates with other rules or another model.

Knows GuardService.Assess, which records nothing and approves nothing. Must not know the log.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from placet.approval.statement import InputDigest
from placet.audit.replay_report import Policy, ScopeEdition
from placet.flips import Judged
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.tls import TlsFiles

Layers = Literal["rules", "all"]
LAYERS: Final[Mapping[Layers, int]] = {"rules": guard_pb2.LAYERS_RULES, "all": guard_pb2.LAYERS_ALL}
ANSWER_S: Final = 120.0
"""What one program may take; a reviewer model on a small machine needs seconds."""
LISTED_S: Final = 3.0
_VERDICTS: Final = {
    common_pb2.VERDICT_ALLOWED: "ALLOWED",
    common_pb2.VERDICT_DENIED: "DENIED",
    common_pb2.VERDICT_NEEDS_REVIEW: "NEEDS_REVIEW",
}


@dataclass(frozen=True)
class Question:
    """One program to judge. `document` is a scope file's bytes, or empty: then `scope` names a loaded one."""

    program: bytes
    task: str
    inputs: tuple[InputDigest, ...]
    scope: str
    document: bytes
    layers: Layers
    plan: bytes = b""
    """The plan of actions that came with the program; empty when none did."""


@dataclass(frozen=True)
class Judgement:
    """What a guard says now, and what says it."""

    judged: Judged
    policy: Policy


class Guard(Protocol):
    """A guard as a replay sees it."""

    async def scopes(self) -> Sequence[str]:
        """Names of the scopes that it has loaded. Raises ServiceError when it does not answer."""

    async def judge(self, question: Question) -> Judgement:
        """Its verdict. Raises ServiceError; then there is none."""


class GrpcGuard:
    """Guard over a channel, as `svc/console`."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: Any = guard_pb2_grpc.GuardServiceStub(channel)

    async def scopes(self) -> Sequence[str]:
        """See Guard.scopes."""
        try:
            reply = await self._stub.ListScopes(guard_pb2.ListScopesRequest(), timeout=LISTED_S)
        except grpc.aio.AioRpcError as error:
            raise ServiceError.from_rpc(error) from error
        return [scope.name for scope in reply.scopes]

    async def judge(self, question: Question) -> Judgement:
        """See Guard.judge."""
        try:
            reply = await self._stub.Assess(_request(question), timeout=ANSWER_S)
        except grpc.aio.AioRpcError as error:
            raise ServiceError.from_rpc(error) from error
        return _judgement(reply.review)


class Guards:
    """Guards by the names that people choose from."""

    def __init__(self, guards: Mapping[str, Guard]) -> None:
        self._guards = dict(guards)

    @property
    def names(self) -> list[str]:
        """In the order of the setting; the first is what a page offers first."""
        return list(self._guards)

    def named(self, name: str) -> Guard:
        """Raises KeyError for a name that is not among them."""
        return self._guards[name]

    @classmethod
    @asynccontextmanager
    async def connected(cls, addresses: Mapping[str, str], tls: TlsFiles) -> AsyncIterator[Guards]:
        """One channel each; a guard that is not there yet is found once it is."""
        async with AsyncExitStack() as stack:
            channels = {
                name: await stack.enter_async_context(connect(address, tls, server="guard"))
                for name, address in addresses.items()
            }
            yield cls({name: GrpcGuard(channel) for name, channel in channels.items()})


def _request(question: Question) -> guard_pb2.AssessRequest:
    return guard_pb2.AssessRequest(
        scope="" if question.document else question.scope,
        scope_document=question.document,
        program=question.program,
        plan=question.plan,
        task=question.task,
        inputs=[common_pb2.InputRef(name=i.name, sha256=i.sha256, size=i.size) for i in question.inputs],
        layers=LAYERS[question.layers],  # type: ignore[arg-type]  # protobuf's enums are integers
    )


def _judgement(review: guard_pb2.ReviewedProgram) -> Judgement:
    """An answer without a verdict that we know counts as DENIED (common.proto)."""
    rules = tuple(dict.fromkeys(finding.rule_id for finding in review.findings))
    scope = ScopeEdition(review.scope.name, review.scope.version, review.scope.sha256.hex())
    model = review.opinion.model
    policy = Policy(scope, review.rules_version, review.prompt_version if model else "", model, verdicts=1)
    return Judgement(Judged(_VERDICTS.get(review.verdict, "DENIED"), rules), policy)

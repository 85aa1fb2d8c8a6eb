"""GuardService as a port: messages in, domain values out. Knows gRPC; decides nothing."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from generator_svc.ports import Review, Screening, Verdict
from generator_svc.prompt import ScopeBrief
from generator_svc.task import Task
from placet.actions.catalogue import catalogue_for
from placet.actions.reading import ActionInvalid
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError
from placet.scope import Companions, Scope, ScopeInvalid, check_companions, load_scope

T = TypeVar("T")

_VERDICTS = {
    common_pb2.VERDICT_ALLOWED: Verdict.ALLOWED,
    common_pb2.VERDICT_NEEDS_REVIEW: Verdict.NEEDS_REVIEW,
}


class GrpcGuard:
    """`ports.Guard` over a channel; every call carries the deadline that is left."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = guard_pb2_grpc.GuardServiceStub(channel)

    async def describe_scope(self, task: Task, deadline: Deadline) -> ScopeBrief:
        """See `ports.Guard`."""
        request = guard_pb2.DescribeScopeRequest(scope=task.scope, on_behalf_of=task.caller)
        reply = await answered(
            "guard", lambda: self._stub.DescribeScope(request, timeout=deadline.remaining_s())
        )
        try:
            scope = load_scope(reply.document)
            return brief(scope, check_companions(scope, [file.content for file in reply.files]))
        except (ScopeInvalid, ActionInvalid) as err:
            raise ServiceError(
                grpc.StatusCode.INTERNAL,
                "SCOPE_UNREADABLE",
                "The guard's scope, or a file that belongs to it, is not one that we can read.",
            ) from err

    async def screen(self, task: Task, deadline: Deadline) -> Screening:
        """See `ports.Guard`."""
        request = guard_pb2.ScreenTaskRequest(
            request_id=task.request_id,
            scope=task.scope,
            task=task.text,
            inputs=input_refs(task),
            on_behalf_of=task.caller,
        )
        reply = await answered(
            "guard", lambda: self._stub.ScreenTask(request, timeout=deadline.remaining_s())
        )
        return Screening(reply.in_scope, tuple(reply.findings))

    async def review(self, task: Task, program: bytes, deadline: Deadline, *, plan: bytes = b"") -> Review:
        """See `ports.Guard`."""
        request = guard_pb2.ReviewRequest(
            request_id=task.request_id,
            scope=task.scope,
            program=program,
            task=task.text,
            inputs=input_refs(task),
            on_behalf_of=task.caller,
            plan=plan,
        )
        reply = await answered("guard", lambda: self._stub.Review(request, timeout=deadline.remaining_s()))
        verdict = _VERDICTS.get(reply.review.verdict, Verdict.DENIED)
        return Review(
            verdict=verdict,
            risk_pct=reply.review.risk_pct,
            findings=tuple(reply.review.findings),
            decided_by=reply.review.decided_by,
            approval=reply.approval if verdict is Verdict.ALLOWED else b"",
            advice=reply.review.advice if reply.review.HasField("advice") else None,
        )


def brief(scope: Scope, companions: Companions) -> ScopeBrief:
    """What the prompt may say of a scope. Raises ActionInvalid when its own actions cannot be read."""
    return ScopeBrief(
        purpose=scope.purpose,
        imports=scope.allow.imports,
        sample_rows=scope.prompt.sample_rows,
        mode=scope.mode,
        catalogue=None if scope.mode == "program" else catalogue_for(scope, companions),
        columns=scope.inputs.columns,
        outputs=scope.outputs,
    )


def input_refs(task: Task) -> list[common_pb2.InputRef]:
    """The manifest as it travels."""
    return [common_pb2.InputRef(name=i.name, sha256=i.sha256, size=i.size) for i in task.inputs]


async def answered(service: str, call: Callable[[], Awaitable[T]]) -> T:
    """The call's answer; its failure as ServiceError with the peer's own reason."""
    try:
        return await call()
    except grpc.aio.AioRpcError as err:
        raise failure(service, err) from err


def failure(service: str, err: grpc.aio.AioRpcError) -> ServiceError:
    """The peer's reason; otherwise NAME_UNAVAILABLE (not reached) or NAME_TIMED_OUT (too late)."""
    own = ServiceError.from_rpc(err)
    if own.reason != own.code.name:
        return own
    if own.code is grpc.StatusCode.UNAVAILABLE:
        message = f"The {service} cannot be reached. Nothing was decided; try again when it is up."
        return ServiceError(own.code, f"{service.upper()}_UNAVAILABLE", message)
    if own.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        message = f"The {service} did not answer in the time that was left. Allow a longer deadline."
        return ServiceError(own.code, f"{service.upper()}_TIMED_OUT", message)
    return own

"""GuardService: translates between messages and the core, checks bounds, decides nothing."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Final

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from guard_svc.advice import Advice, advise
from guard_svc.editions import Edition, load_edition
from guard_svc.findings import with_true_quotes
from guard_svc.order import Order
from guard_svc.replies import finding_message, reviewed, scope_ref
from guard_svc.review import Answer, Guard, Layers
from guard_svc.scopes import ScopeBook
from placet.actions.plan import MAX_BYTES as MAX_PLAN_BYTES
from placet.approval.errors import ApprovalRefused
from placet.approval.reading import REQUEST_ID, check_input_name
from placet.approval.statement import MAX_INPUTS, InputDigest
from placet.ids import fresh_id
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError
from placet.rpc.identity import AllowList, Caller, acting_for, caller_of
from placet.scope import ScopeInvalid

SERVICE: Final = "placetpb.guard.v1.GuardService"
MAX_TASK_BYTES: Final = 8 * 1024
MAX_AUDIENCE_CHARS: Final = 128
REVIEW_TIMEOUT_S: Final = 120.0

_EVERYBODY: Final = frozenset({"caller/*", "reviewer/*", "svc/generator"})
_CONSOLE: Final = frozenset({"svc/console"})
ALLOW: Final[AllowList] = {
    f"/{SERVICE}/ListScopes": _EVERYBODY | _CONSOLE,
    f"/{SERVICE}/DescribeScope": _EVERYBODY,
    f"/{SERVICE}/Review": _EVERYBODY,
    f"/{SERVICE}/Assess": _EVERYBODY | _CONSOLE,
    f"/{SERVICE}/ScreenTask": frozenset({"svc/generator", "caller/*"}),
}

_LAYERS: Final[dict[int, Layers]] = {guard_pb2.LAYERS_RULES: "rules", guard_pb2.LAYERS_REVIEWER: "reviewer"}

Context = grpc.aio.ServicerContext[Any, Any]


class GuardServicer(guard_pb2_grpc.GuardServiceServicer):
    """The RPCs. `whose` tells a context's peer; tests may replace it."""

    def __init__(
        self,
        guard: Guard,
        book: ScopeBook,
        whose: Callable[[Context], Caller] = caller_of,
        *,
        review_timeout_s: float = REVIEW_TIMEOUT_S,
    ) -> None:
        """`review_timeout_s`: the longest that an answer may take, whatever longer time its caller has."""
        self._guard = guard
        self._book = book
        self._whose = whose
        self._review_timeout_s = review_timeout_s

    async def ListScopes(
        self, request: guard_pb2.ListScopesRequest, context: Context
    ) -> guard_pb2.ListScopesResponse:
        """The scopes that the peer may name."""
        scopes = self._book.listed_for(self._whose(context))
        return guard_pb2.ListScopesResponse(scopes=[scope_ref(scope) for scope in scopes])

    async def DescribeScope(
        self, request: guard_pb2.DescribeScopeRequest, context: Context
    ) -> guard_pb2.DescribeScopeResponse:
        """One scope's file."""
        caller = acting_for(self._whose(context), request.on_behalf_of)
        edition = self._book.named_by(caller, request.scope)
        return guard_pb2.DescribeScopeResponse(
            scope=scope_ref(edition.scope),
            document=edition.scope.document,
            files=[
                common_pb2.ScopeFile(name=name, content=content) for name, content in edition.files.items()
            ],
        )

    async def ScreenTask(
        self, request: guard_pb2.ScreenTaskRequest, context: Context
    ) -> guard_pb2.ScreenTaskResponse:
        """Whether a task is within a scope's purpose."""
        caller = acting_for(self._whose(context), request.on_behalf_of)
        edition = self._book.named_by(caller, request.scope)
        if not request.task.strip():
            raise invalid("TASK_EMPTY", "The task is empty; say what the program should find out.")
        order = Order(
            scope=edition.scope,
            catalogue=edition.catalogue,
            program=b"",
            task=_task(request.task),
            inputs=_inputs(request.inputs),
            caller=caller.uri,
            request_id=_request_id(request.request_id),
            attempts_of=request.request_id if request.on_behalf_of else "",
        )
        screening = await self._guard.screen(order, Deadline.of(context, maximum_s=self._review_timeout_s))
        return guard_pb2.ScreenTaskResponse(
            in_scope=screening.in_scope,
            findings=[finding_message(found) for found in with_true_quotes(screening.findings, request.task)],
        )

    async def Review(self, request: guard_pb2.ReviewRequest, context: Context) -> guard_pb2.ReviewResponse:
        """A recorded verdict, with an approval when ALLOWED."""
        caller = acting_for(self._whose(context), request.on_behalf_of)
        edition = self._book.named_by(caller, request.scope)
        order = Order(
            scope=edition.scope,
            catalogue=edition.catalogue,
            program=request.program,
            plan=_plan(request.plan),
            task=_task(request.task),
            inputs=_inputs(request.inputs),
            caller=caller.uri,
            request_id=_request_id(request.request_id),
            audience=_audience(request.audience),
            verdict_only=request.verdict_only,
            attempts_of=request.request_id if request.on_behalf_of else "",
        )
        answer = await self._guard.review(order, Deadline.of(context, maximum_s=self._review_timeout_s))
        assert answer.verdict is not None
        record = common_pb2.RecordRef(index=answer.verdict.index, leaf_hash=answer.verdict.leaf_hash)
        return guard_pb2.ReviewResponse(
            review=reviewed(order, answer, await _advice(order, answer)),
            approval=answer.approval,
            verdict_record=record,
        )

    async def Assess(self, request: guard_pb2.AssessRequest, context: Context) -> guard_pb2.AssessResponse:
        """A verdict without record and approval."""
        caller = self._whose(context)
        edition = await self._edition(caller, request)
        order = Order(
            scope=edition.scope,
            catalogue=edition.catalogue,
            program=request.program,
            plan=_plan(request.plan),
            task=_task(request.task),
            inputs=_inputs(request.inputs),
            caller=caller.uri,
        )
        answer = await self._guard.assess(
            order,
            Deadline.of(context, maximum_s=self._review_timeout_s),
            _LAYERS.get(request.layers, "all"),
        )
        advice = await _advice(order, answer) if request.with_advice else None
        return guard_pb2.AssessResponse(review=reviewed(order, answer, advice))

    async def _edition(self, caller: Caller, request: guard_pb2.AssessRequest) -> Edition:
        """The scope that is given or named. What stands beside a given one may be what this guard has."""
        if not request.scope_document:
            return self._book.named_by(caller, request.scope)
        contents = [*(file.content for file in request.scope_files), *self._book.companions_for(caller)]
        try:
            # A team's own actions go through the rules, which may take a second.
            return await asyncio.to_thread(load_edition, request.scope_document, contents)
        except ScopeInvalid as error:
            raise invalid("SCOPE_INVALID", str(error)) from None


def invalid(reason: str, message: str) -> ServiceError:
    """A request that nobody could answer as it is."""
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, reason, message)


def _task(task: str) -> str:
    size = len(task.encode())
    if size > MAX_TASK_BYTES:
        raise invalid("TASK_TOO_LARGE", f"The task has {size} bytes; at most {MAX_TASK_BYTES} are accepted.")
    return task


def _inputs(refs: Iterable[common_pb2.InputRef]) -> tuple[InputDigest, ...]:
    inputs = tuple(InputDigest(ref.name, ref.sha256, ref.size) for ref in refs)
    if len(inputs) > MAX_INPUTS:
        raise invalid("INPUTS_TOO_MANY", f"{len(inputs)} inputs are named; at most {MAX_INPUTS} can be.")
    for item in inputs:
        _check_input(item)
    if len({item.name for item in inputs}) != len(inputs):
        raise invalid("INPUT_NAME_TWICE", "Two inputs have the same name; rename one.")
    return inputs


def _check_input(item: InputDigest) -> None:
    try:
        check_input_name(item.name)
    except ApprovalRefused as error:
        raise invalid("INPUT_NAME_INVALID", f"An input's name is not a bare file name: {error}") from None
    if len(item.sha256) != 32 or item.size < 0:
        raise invalid(
            "INPUT_DIGEST_INVALID",
            f"Input {item.name!r} needs a SHA-256 of 32 bytes and a size from 0.",
        )


def _request_id(request_id: str) -> str:
    if not request_id:
        return fresh_id()
    if not REQUEST_ID.fullmatch(request_id):
        raise invalid("REQUEST_ID_INVALID", "request_id: 1 to 128 printable ASCII characters, no space.")
    return request_id


def _audience(audience: str) -> str:
    if len(audience) > MAX_AUDIENCE_CHARS or not audience.isprintable():
        raise invalid("AUDIENCE_INVALID", f"audience: at most {MAX_AUDIENCE_CHARS} printable characters.")
    return audience


def _plan(plan: bytes) -> bytes:
    if len(plan) > MAX_PLAN_BYTES:
        raise invalid(
            "PLAN_TOO_LARGE", f"The plan has {len(plan)} bytes; at most {MAX_PLAN_BYTES} are accepted."
        )
    return plan


async def _advice(order: Order, answer: Answer) -> Advice | None:
    """What would let a stopped program pass. It takes the rules several runs, so not on the event loop."""
    names = [item.name for item in order.inputs]
    return await asyncio.to_thread(advise, order.program, order.scope, names, answer.decision)

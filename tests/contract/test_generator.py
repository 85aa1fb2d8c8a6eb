"""GeneratorService over a real socket: the chain, its records, and every way in which it gives no answer."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2, executor_pb2_grpc
from placetpb.generator.v1 import generator_pb2, generator_pb2_grpc
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from generator_svc.executor_client import GrpcExecutor
from generator_svc.generate import ModelPlanner, ModelWriter
from generator_svc.guard_client import GrpcGuard
from generator_svc.places import Places
from generator_svc.servicer import ALLOW, SERVICE, GeneratorServicer
from generator_svc.solve import Ports, Solver
from generator_svc.task import MAX_REVIEW_WAIT_S, Task
from placet.audit.waiting import Decided
from placet.llm.chat import ChatModel, ModelSettings, prompt_bytes
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, reviewer_uri
from tests.fakes.memory_log import MemoryLog
from tests.fakes.openai_server import Fault, OpenAIServer
from tests.fakes.rpc import Authority, serving

TEAM = caller_uri("insights")
MAX_TOKENS = 500
PROGRAM = 'import pandas as pd\nprint(pd.read_csv("sales.csv").price.mean())\n'
REPLY = f"Here it is:\n```python\n{PROGRAM}```\n"
SALES = b"region,price\nNorth,1\nSouth,3\n"
SCOPE = b"""\
apiVersion: placet/v1
kind: Scope
metadata: {name: data-analysis, version: 3, owner: insights-team}
purpose: Answer questions about the CSV files attached to the task.
allow:
  imports: [pandas, matplotlib]
  read: [inputs]
  write: [outputs]
"""
SECRET_PROSE = "the reviewer's own words"


@dataclass
class FakeGuard(guard_pb2_grpc.GuardServiceServicer):
    """Answers what it is told to; remembers what it was asked."""

    verdicts: list[int] = field(default_factory=list)  # then ALLOWED
    in_scope: bool = True
    error: ServiceError | None = None
    scope_error: ServiceError | None = None
    document: bytes = SCOPE
    files: list[common_pb2.ScopeFile] = field(default_factory=list)
    reviews: list[guard_pb2.ReviewRequest] = field(default_factory=list)
    on_behalf_of: list[str] = field(default_factory=list)
    remaining_s: list[float] = field(default_factory=list)

    async def DescribeScope(  # noqa: N802
        self, request: Any, context: Any
    ) -> guard_pb2.DescribeScopeResponse:
        self.on_behalf_of.append(request.on_behalf_of)
        if self.scope_error:
            raise self.scope_error
        return guard_pb2.DescribeScopeResponse(document=self.document, files=self.files)

    async def ScreenTask(  # noqa: N802
        self, request: Any, context: Any
    ) -> guard_pb2.ScreenTaskResponse:
        finding = common_pb2.Finding(rule_id="scope.task.outside", severity=common_pb2.SEVERITY_HIGH)
        return guard_pb2.ScreenTaskResponse(
            in_scope=self.in_scope, findings=[] if self.in_scope else [finding]
        )

    async def Review(  # noqa: N802
        self, request: Any, context: Any
    ) -> guard_pb2.ReviewResponse:
        self.reviews.append(request)
        self.remaining_s.append(context.time_remaining())
        if self.error:
            raise self.error
        verdict = self.verdicts.pop(0) if self.verdicts else common_pb2.VERDICT_ALLOWED
        words = dict.fromkeys(
            ("message", "quote", "what", "why", "instead", "cwe", "documentation"), SECRET_PROSE
        )
        finding = common_pb2.Finding(rule_id="capability.network.connect", **words)
        denied = verdict != common_pb2.VERDICT_ALLOWED
        review = guard_pb2.ReviewedProgram(
            verdict=verdict,
            risk_pct=90 if denied else 2,
            findings=[finding] if denied else [],
            decided_by="rules",
            advice=common_pb2.Advice(owner=SECRET_PROSE, changes=[SECRET_PROSE], never=[SECRET_PROSE])
            if denied
            else None,
        )
        return guard_pb2.ReviewResponse(review=review, approval=b"" if denied else b'{"signed":1}')


@dataclass
class FakeExecutor(executor_pb2_grpc.ExecutorServiceServicer):
    """Runs nothing: each run ends as told, the last way for good."""

    ends: list[tuple[int, int, bytes]] = field(default_factory=list)  # status, exit code, stderr
    violations: list[common_pb2.Violation] = field(default_factory=list)
    error: ServiceError | None = None
    hang: bool = False
    received: list[tuple[executor_pb2.ExecuteHeader, dict[str, bytes]]] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def Execute(  # noqa: N802
        self, request_iterator: Any, context: Any
    ) -> AsyncIterator[executor_pb2.ExecuteResponse]:
        header, files = None, dict[str, bytes]()
        async for request in request_iterator:
            if request.WhichOneof("message") == "header":
                header = request.header
            else:
                files[request.chunk.name] = files.get(request.chunk.name, b"") + request.chunk.data
        assert header is not None
        self.received.append((header, files))
        if self.error:
            raise self.error
        yield executor_pb2.ExecuteResponse(started=executor_pb2.RunStarted(run_id="r1"))
        if self.hang:
            try:
                await asyncio.sleep(60)
            finally:
                self.cancelled.set()
        status, code, stderr = self.ends.pop(0) if self.ends else (common_pb2.RUN_STATUS_EXITED, 0, b"")
        out = executor_pb2.Output(stream=common_pb2.OUTPUT_STREAM_STDOUT, data=b"2.0\n")
        yield executor_pb2.ExecuteResponse(output=out)
        if stderr:
            err = executor_pb2.Output(stream=common_pb2.OUTPUT_STREAM_STDERR, data=stderr)
            yield executor_pb2.ExecuteResponse(output=err)
        yield executor_pb2.ExecuteResponse(artifact=executor_pb2.ArtifactChunk(name="a.png", data=b"png"))
        yield executor_pb2.ExecuteResponse(
            finished=executor_pb2.RunFinished(
                status=status,
                exit_code=code,
                tier=common_pb2.TIER_T1,
                usage=common_pb2.Usage(wall_ms=12, max_threads=3),
                artifacts=[common_pb2.Artifact(name="a.png", size=3)],
                stderr_truncated=True,
                violations=self.violations if status == common_pb2.RUN_STATUS_CONTRACT_VIOLATED else [],
                notices=["chart.gif was withheld"],
            )
        )


@dataclass
class FakePeople:
    """Decide at once what they are told to."""

    decided_as: Decided | None = None
    asked: list[tuple[Task, bytes, float]] = field(default_factory=list)

    async def decided(self, task: Task, program: bytes, wait_s: float) -> Decided | None:
        self.asked.append((task, program, wait_s))
        return self.decided_as


@dataclass
class Chain:
    """The generator between fakes, reachable as any peer."""

    server: Any
    log: MemoryLog
    guard: FakeGuard
    executor: FakeExecutor
    model: OpenAIServer
    people: FakePeople

    @asynccontextmanager
    async def call(
        self,
        task: generator_pb2.Task,
        chunks: list[common_pb2.InputChunk],
        peer: str = TEAM,
        timeout_s: float = 20,
    ) -> AsyncIterator[Any]:
        async with self.server.as_peer(peer) as channel:
            stub = generator_pb2_grpc.GeneratorServiceStub(channel)
            requests = [generator_pb2.SolveRequest(task=task)]
            requests += [generator_pb2.SolveRequest(chunk=chunk) for chunk in chunks]
            yield stub.Solve(iter(requests), timeout=timeout_s)

    async def solve(self, task: generator_pb2.Task | None = None, **more: Any) -> list[Any]:
        chunks = more.pop("chunks", [common_pb2.InputChunk(name="sales.csv", data=SALES)])
        async with self.call(task or a_task(), chunks, **more) as call:
            return [response async for response in call]

    async def refusal(self, task: generator_pb2.Task | None = None, **more: Any) -> ServiceError:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.solve(task, **more)
        return ServiceError.from_rpc(caught.value)

    def outcome(self) -> dict[str, Any]:
        (record,) = self.log.of("task_finished")
        return dict(record.body)


def a_task(**changes: Any) -> generator_pb2.Task:
    ref = common_pb2.InputRef(name="sales.csv", sha256=hashlib.sha256(SALES).digest(), size=len(SALES))
    given = {
        "request_id": "r-1",
        "scope": "data-analysis",
        "text": "What is the average price?",
        "inputs": [ref],
    }
    return generator_pb2.Task(**{**given, **changes})


def named(responses: list[Any]) -> list[str]:
    return [r.WhichOneof("event") for r in responses]


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer(REPLY) as server:
        yield server


@pytest.fixture
async def chain(authority: Authority, model: OpenAIServer) -> AsyncIterator[Chain]:
    guard, executor, log, people = FakeGuard(), FakeExecutor(), MemoryLog(), FakePeople()
    me = authority.service("generator")
    chat = ChatModel(ModelSettings(model.base_url, "key", "fake", 5.0))
    async with (
        serving(authority, "guard", register=adds(guard), allow=open_to_generator("guard")) as guard_server,
        serving(
            authority, "executor", register=adds(executor), allow=open_to_generator("executor")
        ) as exec_server,
        connect(guard_server.address, me, server="guard") as to_guard,
        connect(exec_server.address, me, server="executor") as to_executor,
    ):
        writer, places = ModelWriter(chat, max_tokens=MAX_TOKENS), Places(solving=4, waiting=4)
        ports = Ports(log, GrpcGuard(to_guard), GrpcExecutor(to_executor), writer, people, ModelPlanner(chat))
        servicer = GeneratorServicer(Solver(ports, places), places)

        def register(server: grpc.aio.Server) -> list[str]:
            generator_pb2_grpc.add_GeneratorServiceServicer_to_server(servicer, server)
            return [SERVICE]

        async with serving(authority, "generator", register=register, allow=ALLOW) as server:
            yield Chain(server, log, guard, executor, model, people)
    await chat.aclose()


def adds(fake: FakeGuard | FakeExecutor) -> Callable[[grpc.aio.Server], list[str]]:
    def register(server: grpc.aio.Server) -> list[str]:
        if isinstance(fake, FakeGuard):
            guard_pb2_grpc.add_GuardServiceServicer_to_server(fake, server)
            return ["placetpb.guard.v1.GuardService"]
        executor_pb2_grpc.add_ExecutorServiceServicer_to_server(fake, server)
        return ["placetpb.executor.v1.ExecutorService"]

    return register


def open_to_generator(name: str) -> dict[str, frozenset[str]]:
    peers = frozenset({"svc/generator"})
    if name == "executor":
        return {"/placetpb.executor.v1.ExecutorService/Execute": peers}
    return {f"/placetpb.guard.v1.GuardService/{m}": peers for m in ("DescribeScope", "ScreenTask", "Review")}


async def test_a_task_becomes_a_program_a_verdict_a_run_and_an_end(chain: Chain) -> None:
    responses = await chain.solve()
    kinds = [k for k in named(responses) if k != "progress"]
    assert kinds == ["program", "verdict", "output", "artifact", "finished"]
    finished = responses[-1].finished
    assert finished.outcome == generator_pb2.OUTCOME_DONE
    assert (finished.status, finished.exit_code, finished.tier) == (
        common_pb2.RUN_STATUS_EXITED,
        0,
        common_pb2.TIER_T1,
    )
    assert finished.artifacts[0].name == "a.png"
    assert (finished.usage.wall_ms, finished.usage.max_threads) == (12, 3)
    assert (finished.stdout_truncated, finished.stderr_truncated) == (False, True)
    assert chain.log.kinds() == ["task_received", "program_generated", "task_finished"]
    assert finished.record.index == 2
    assert finished.checkpoint


async def test_the_executor_gets_exactly_the_bytes_that_were_written_and_approved(chain: Chain) -> None:
    responses = await chain.solve()
    ((header, files),) = chain.executor.received
    (program,) = [r.program for r in responses if r.WhichOneof("event") == "program"]
    assert header.program == program.source == chain.guard.reviews[0].program == PROGRAM.encode()
    assert program.sha256 == hashlib.sha256(PROGRAM.encode()).digest()
    assert header.approval == b'{"signed":1}'
    assert files == {"sales.csv": SALES}


async def test_the_log_holds_task_program_prompt_and_reply(chain: Chain) -> None:
    await chain.solve()
    (received,) = chain.log.of("task_received")
    assert received.bodies == {"task": b"What is the average price?"}
    assert received.body["caller"] == TEAM
    (generated,) = chain.log.of("program_generated")
    assert generated.bodies["program"] == PROGRAM.encode()
    assert generated.bodies["reply"] == REPLY.encode()
    assert generated.body["prompt_sha256"] == hashlib.sha256(generated.bodies["prompt"]).hexdigest()
    assert (generated.body["prompt_tokens"], generated.body["completion_tokens"]) == (11, 7)


async def test_the_guard_is_told_for_whom_and_has_the_time_that_is_left(chain: Chain) -> None:
    await chain.solve(timeout_s=15)
    assert chain.guard.on_behalf_of == [TEAM]
    assert 0 < chain.guard.remaining_s[0] <= 15


async def test_a_denied_program_is_replaced_and_the_model_hears_rule_ids_only(chain: Chain) -> None:
    chain.guard.verdicts = [common_pb2.VERDICT_DENIED]
    responses = await chain.solve()
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DONE
    second = str(chain.model.requests[1]["messages"])
    assert "capability.network.connect" in second
    assert SECRET_PROSE not in second
    verdicts = [r.verdict for r in responses if r.WhichOneof("event") == "verdict"]
    assert verdicts[0].findings[0].message == SECRET_PROSE  # the caller does get the reason
    assert verdicts[0].findings[0].instead == SECRET_PROSE
    assert list(verdicts[0].advice.changes) == [SECRET_PROSE]
    assert not verdicts[1].HasField("advice")


async def test_three_denials_end_as_denied_and_nothing_runs(chain: Chain) -> None:
    chain.guard.verdicts = [common_pb2.VERDICT_DENIED] * 3
    responses = await chain.solve()
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DENIED
    assert responses[-1].finished.status == common_pb2.RUN_STATUS_UNSPECIFIED
    assert chain.executor.received == []
    assert len(chain.model.requests) == 3
    assert chain.outcome() == {"outcome": "DENIED"}


async def test_an_unknown_verdict_is_a_denial(chain: Chain) -> None:
    chain.guard.verdicts = [common_pb2.VERDICT_UNSPECIFIED] * 3
    assert (await chain.solve())[-1].finished.outcome == generator_pb2.OUTCOME_DENIED
    assert chain.executor.received == []


async def test_needs_review_ends_the_task_without_another_program(chain: Chain) -> None:
    chain.guard.verdicts = [common_pb2.VERDICT_NEEDS_REVIEW]
    responses = await chain.solve()
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_NEEDS_REVIEW
    assert (len(chain.model.requests), chain.executor.received) == (1, [])


async def test_a_task_outside_the_scope_costs_no_token(chain: Chain) -> None:
    chain.guard.in_scope = False
    responses = await chain.solve()
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DENIED
    (verdict,) = [r.verdict for r in responses if r.WhichOneof("event") == "verdict"]
    assert verdict.screening
    assert verdict.findings[0].rule_id == "scope.task.outside"
    assert chain.model.requests == []
    assert chain.log.kinds() == ["task_received", "task_refused", "task_finished"]


async def test_a_program_that_raised_is_corrected_with_its_error(chain: Chain) -> None:
    error = b"Traceback (most recent call last):\n  File \"p\", line 2, in <module>\nKeyError: 'price'\n"
    chain.executor.ends = [(common_pb2.RUN_STATUS_EXITED, 1, error)]
    responses = await chain.solve()
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DONE
    assert "KeyError" in str(chain.model.requests[1]["messages"])
    assert len(chain.guard.reviews) == 2  # the new program is reviewed again


async def test_a_program_that_keeps_raising_ends_as_failed(chain: Chain) -> None:
    chain.executor.ends = [(common_pb2.RUN_STATUS_EXITED, 1, b"ValueError: no\n")] * 3
    responses = await chain.solve()
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_PROGRAM_FAILED
    assert responses[-1].finished.exit_code == 1
    assert len(chain.executor.received) == 3


async def test_a_program_over_its_limits_is_not_tried_again(chain: Chain) -> None:
    chain.executor.ends = [(common_pb2.RUN_STATUS_MEMORY_EXCEEDED, 0, b"")]
    responses = await chain.solve()
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_PROGRAM_FAILED
    assert responses[-1].finished.status == common_pb2.RUN_STATUS_MEMORY_EXCEEDED
    assert len(chain.executor.received) == 1


@pytest.mark.parametrize(
    ("fault", "code", "reason"),
    [
        (Fault.RATE_LIMITED, grpc.StatusCode.UNAVAILABLE, "MODEL_RATE_LIMITED"),
        (Fault.SERVER_ERROR, grpc.StatusCode.UNAVAILABLE, "MODEL_UNAVAILABLE"),
        (Fault.DISCONNECT, grpc.StatusCode.UNAVAILABLE, "MODEL_UNAVAILABLE"),
        (Fault.TRUNCATED_JSON, grpc.StatusCode.UNAVAILABLE, "MODEL_REPLY_UNUSABLE"),
        (Fault.INVALID_JSON, grpc.StatusCode.UNAVAILABLE, "MODEL_REPLY_UNUSABLE"),
        (Fault.LENGTH, grpc.StatusCode.UNAVAILABLE, "MODEL_REPLY_TRUNCATED"),
        (Fault.REFUSAL, grpc.StatusCode.UNAVAILABLE, "MODEL_REFUSED"),
        (Fault.EMPTY, grpc.StatusCode.UNAVAILABLE, "MODEL_REPLY_EMPTY"),
        (Fault.REJECTED, grpc.StatusCode.FAILED_PRECONDITION, "MODEL_REQUEST_REJECTED"),
    ],
)
async def test_a_model_without_an_answer_has_its_own_reason_and_nothing_runs(
    chain: Chain, fault: Fault, code: grpc.StatusCode, reason: str
) -> None:
    chain.model.fail_always(fault)
    error = await chain.refusal()
    assert (error.code, error.reason) == (code, reason)
    assert chain.guard.reviews == []
    assert chain.executor.received == []
    assert {r.body["reason"] for r in chain.log.of("generation_failed")} == {reason}
    assert chain.outcome() == {"outcome": "UNANSWERED", "reason": reason}


async def test_a_model_that_hangs_is_timed_out_before_the_call_is(chain: Chain) -> None:
    chain.model.fail_always(Fault.HANG)
    error = await chain.refusal(timeout_s=4)
    assert error.reason == "MODEL_TIMED_OUT"
    assert chain.outcome()["reason"] == "MODEL_TIMED_OUT"


async def test_a_reply_without_a_program_is_asked_for_again(chain: Chain) -> None:
    replies = iter(["I would rather not say.", "```python\nprint(\n```", REPLY])
    chain.model.reply = lambda _: next(replies)
    responses = await chain.solve()
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DONE
    failed = [r.body for r in chain.log.of("generation_failed")]
    assert [body["attempt"] for body in failed] == [1, 2]
    spent = {"prompt_tokens": 11, "completion_tokens": 7, "caller": TEAM}  # quotas 2.10
    assert all(spent.items() <= body.items() for body in failed)


async def test_replies_without_a_program_end_without_an_answer(chain: Chain) -> None:
    chain.model.reply = "No."
    error = await chain.refusal()
    assert error.reason == "MODEL_REPLY_UNUSABLE"
    assert len(chain.model.requests) == 3


@pytest.mark.parametrize("who", ["guard", "executor"])
async def test_the_reasons_of_guard_and_executor_pass_through(chain: Chain, who: str) -> None:
    error = ServiceError(grpc.StatusCode.UNAVAILABLE, "REVIEW_UNAVAILABLE", "try again", retry_after_s=7)
    setattr(getattr(chain, who), "error", error)  # noqa: B010
    received = await chain.refusal()
    assert (received.code, received.reason) == (grpc.StatusCode.UNAVAILABLE, "REVIEW_UNAVAILABLE")
    assert received.retry_after_s == 7
    assert chain.outcome() == {"outcome": "UNANSWERED", "reason": "REVIEW_UNAVAILABLE"}


async def test_a_scope_that_the_caller_may_not_use_is_a_recorded_refusal(chain: Chain) -> None:
    chain.guard.scope_error = ServiceError(
        grpc.StatusCode.PERMISSION_DENIED, "SCOPE_NOT_ALLOWED", "ask for it"
    )
    received = await chain.refusal()
    assert received.reason == "SCOPE_NOT_ALLOWED"
    assert chain.log.kinds() == ["task_received", "task_refused", "task_finished"]


async def test_the_same_request_id_is_used_once(chain: Chain) -> None:
    await chain.solve()
    error = await chain.refusal()
    assert (error.code, error.reason) == (grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_USED")
    assert len(chain.executor.received) == 1
    assert len(chain.log.of("task_finished")) == 1


@pytest.mark.parametrize("kind", ["task_received", "program_generated", "task_finished"])
async def test_without_the_log_nothing_is_told(chain: Chain, kind: str) -> None:
    chain.log.fail_on = kind
    told: list[str] = []
    async with chain.call(a_task(), [common_pb2.InputChunk(name="sales.csv", data=SALES)]) as call:
        with pytest.raises(grpc.aio.AioRpcError) as caught:  # noqa: PT012 (it fails somewhere on the way)
            async for response in call:
                told.append(response.WhichOneof("event"))
    assert ServiceError.from_rpc(caught.value).reason == "AUDIT_UNAVAILABLE"
    assert "finished" not in told
    if kind != "task_finished":
        assert "program" not in told
        assert chain.executor.received == []


async def test_what_an_answer_may_have_cost_that_was_not_waited_for_is_on_record(chain: Chain) -> None:
    """quotas 2.10: a token for each four bytes of the prompt, and as many as the answer may have had."""
    chain.model.fail_always(Fault.HANG)
    async with chain.call(a_task(), [common_pb2.InputChunk(name="sales.csv", data=SALES)]) as call:
        async for response in call:
            if response.WhichOneof("event") == "progress" and response.progress.stage == "generating":
                break
        while not chain.model.requests:
            await asyncio.sleep(0.01)
        call.cancel()
    while not chain.log.of("task_finished"):
        await asyncio.sleep(0.01)
    (failed,) = chain.log.of("generation_failed")
    assert (failed.body["reason"], failed.body["caller"]) == ("CANCELLED", TEAM)
    asked = prompt_bytes(chain.model.requests[0]["messages"])
    assert failed.body["prompt_tokens"] == -(-len(asked) // 4)
    assert failed.body["completion_tokens"] == MAX_TOKENS


async def test_cancelling_stops_the_run_and_is_on_record(chain: Chain) -> None:
    chain.executor.hang = True
    async with chain.call(a_task(), [common_pb2.InputChunk(name="sales.csv", data=SALES)]) as call:
        async for response in call:
            if response.WhichOneof("event") == "progress" and response.progress.stage == "running":
                break
        await asyncio.sleep(0.2)
        call.cancel()
    await asyncio.wait_for(chain.executor.cancelled.wait(), 5)
    for _ in range(50):
        if chain.log.of("task_finished"):
            break
        await asyncio.sleep(0.05)
    assert chain.outcome() == {"outcome": "CANCELLED"}


async def test_a_deadline_that_passes_stops_the_run_and_is_on_record(chain: Chain) -> None:
    chain.executor.hang = True
    error = await chain.refusal(timeout_s=4)
    assert error.code is grpc.StatusCode.DEADLINE_EXCEEDED
    await asyncio.wait_for(chain.executor.cancelled.wait(), 5)
    await asyncio.sleep(0.2)
    assert chain.outcome()["outcome"] == "UNANSWERED"


def big(name: str, size: int) -> common_pb2.InputRef:
    return common_pb2.InputRef(name=name, sha256=bytes(32), size=size)


@pytest.mark.parametrize(
    ("task", "reason", "says"),
    [
        (a_task(text=""), "TASK_TEXT_SIZE", "8192"),
        (a_task(text="x" * 8193), "TASK_TEXT_SIZE", "8193"),
        (a_task(request_id="a b"), "REQUEST_ID_INVALID", "64"),
        (a_task(request_id=""), "REQUEST_ID_INVALID", "64"),
        (a_task(scope="../x"), "SCOPE_NAME_INVALID", "scope"),
        (a_task(review_wait_s=MAX_REVIEW_WAIT_S + 1), "REVIEW_WAIT_TOO_LONG", str(MAX_REVIEW_WAIT_S)),
        (a_task(inputs=[big(f"f{n}", 0) for n in range(65)]), "INPUTS_TOO_MANY", "65"),
        (a_task(inputs=[big("a", 40 << 20), big("b", 40 << 20)]), "INPUTS_TOO_LARGE", str(80 << 20)),
        (a_task(inputs=[big("a", -1)]), "INPUTS_TOO_LARGE", "negative"),
        (a_task(inputs=[big("../a", 0)]), "INPUT_NAME_INVALID", "../a"),
        (a_task(inputs=[big("a/b", 0)]), "INPUT_NAME_INVALID", "a/b"),
        (a_task(inputs=[big(".hidden", 0)]), "INPUT_NAME_INVALID", "hidden"),
        (a_task(inputs=[big("a", 0), big("a", 0)]), "INPUT_NAME_TWICE", "rename"),
        (a_task(inputs=[common_pb2.InputRef(name="a", sha256=b"1")]), "INPUT_DIGEST_INVALID", "32"),
        (a_task(inputs=[big("sales.csv", len(SALES))]), "INPUT_DIGEST_MISMATCH", "sales.csv"),
        (a_task(inputs=[big("sales.csv", len(SALES) + 1)]), "INPUT_INCOMPLETE", str(len(SALES))),
        (a_task(inputs=[big("sales.csv", 3)]), "INPUT_TOO_LONG", "3"),
        (a_task(inputs=[big("other.csv", 3)]), "INPUT_UNDECLARED", "sales.csv"),
    ],
)
async def test_a_task_beyond_a_bound_is_refused_by_name_and_recorded(
    chain: Chain, task: generator_pb2.Task, reason: str, says: str
) -> None:
    error = await chain.refusal(task)
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert says in error.message
    (refused,) = chain.log.of("task_refused")
    assert refused.body["reason"] == reason
    assert chain.log.kinds() == ["task_refused"]
    assert chain.model.requests == []


async def test_the_first_message_must_be_the_task(chain: Chain) -> None:
    async with chain.server.as_peer(TEAM) as channel:
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        chunk = generator_pb2.SolveRequest(chunk=common_pb2.InputChunk(name="a", data=b"1"))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for _ in stub.Solve(iter([chunk]), timeout=5):
                pass
    assert ServiceError.from_rpc(caught.value).reason == "TASK_MISSING"


async def test_a_task_without_inputs_needs_no_chunks(chain: Chain) -> None:
    responses = await chain.solve(a_task(inputs=[]), chunks=[])
    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DONE


async def test_a_large_input_travels_in_chunks(chain: Chain) -> None:
    content = b"a,b\n" + b"1,2\n" * 200_000
    ref = common_pb2.InputRef(name="big.csv", sha256=hashlib.sha256(content).digest(), size=len(content))
    stream = io.BytesIO(content)
    chunks = [
        common_pb2.InputChunk(name="big.csv", data=d) for d in iter(lambda: stream.read(256 * 1024), b"")
    ]
    await chain.solve(a_task(inputs=[ref]), chunks=chunks)
    assert chain.executor.received[0][1] == {"big.csv": content}


@pytest.mark.parametrize("peer", [reviewer_uri("eve"), "spiffe://placet.local/svc/guard"])
async def test_only_callers_may_solve(chain: Chain, peer: str) -> None:
    error = await chain.refusal(a_task(inputs=[]), chunks=[], peer=peer)
    assert (error.code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")
    assert chain.log.records == []


async def test_a_task_that_waits_goes_on_with_what_people_decided(chain: Chain) -> None:
    chain.guard.verdicts = [common_pb2.VERDICT_NEEDS_REVIEW]
    chain.people.decided_as = Decided(b"by people", "human:kim", "read it", 5)
    responses = await chain.solve(a_task(review_wait_s=3))

    assert responses[-1].finished.outcome == generator_pb2.OUTCOME_DONE
    ((header, _),) = chain.executor.received
    assert header.approval == b"by people"
    ((task, program, wait_s),) = chain.people.asked
    assert (task.request_id, task.caller, program, wait_s) == ("r-1", TEAM, PROGRAM.encode(), 3)
    verdicts = [r.verdict for r in responses if r.WhichOneof("event") == "verdict"]
    assert (verdicts[-1].decided_by, verdicts[-1].findings[0].message) == ("human:kim", "read it")

"""What a stream of answers amounts to: events told as they come, and one result at the end.

Knows the two streaming messages; sends nothing. An artifact counts only with the digest recorded for it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2
from placetpb.generator.v1 import generator_pb2

from placet import wire
from placet.answers import (
    Artifact,
    Event,
    Outcome,
    Output,
    Program,
    Progress,
    Result,
    Review,
    RunStarted,
    VerdictReached,
)
from placet.rpc.errors import ServiceError

OnEvent = Callable[[Event], None]


def quiet(_: Event) -> None:
    """The listener of a caller who wants only the result."""


@dataclass
class Gathered:
    """What a stream has told so far, and the result it amounts to once `finished` has come."""

    request_id: str
    on_event: OnEvent
    program: bytes = b""
    verdict: VerdictReached | None = None
    outputs: dict[str, bytearray] = field(
        default_factory=lambda: {"stdout": bytearray(), "stderr": bytearray()}
    )
    artifacts: dict[str, bytearray] = field(default_factory=dict)
    finished: Callable[[], Result] | None = None

    def tell(self, event: Event) -> None:
        """Remember what the result needs, then tell the listener."""
        if isinstance(event, Program):
            self.program = event.source
        elif isinstance(event, VerdictReached):
            self.verdict = event
        elif isinstance(event, Output):
            self.outputs[event.stream] += event.data
        self.on_event(event)

    def artifact(self, name: str, data: bytes) -> None:
        self.artifacts.setdefault(name, bytearray()).extend(data)

    def fresh_run(self) -> None:
        """A new attempt: what the last one printed and produced is not the answer."""
        self.artifacts.clear()
        for output in self.outputs.values():
            output.clear()

    def result(self) -> Result:
        """Raises ServiceError INTERNAL/ANSWER_INCOMPLETE unless `finished` has come."""
        if self.finished is None:
            raise ServiceError(
                grpc.StatusCode.INTERNAL,
                "ANSWER_INCOMPLETE",
                "the stream ended without saying how the request ended; see `placet audit list`",
            )
        return self.finished()

    def checked_artifacts(self, listed: Sequence[common_pb2.Artifact]) -> tuple[Artifact, ...]:
        """The artifacts that were listed, with bytes that have their digests."""
        return tuple(self._checked(item) for item in listed)

    def _checked(self, item: common_pb2.Artifact) -> Artifact:
        content = bytes(self.artifacts.get(item.name, b""))
        if hashlib.sha256(content).digest() != item.sha256:
            raise ServiceError(
                grpc.StatusCode.DATA_LOSS,
                "ARTIFACT_DIGEST_MISMATCH",
                f"the bytes of artifact {item.name!r} are not those that the executor recorded; run it again",
            )
        return Artifact(item.name, item.sha256.hex(), len(content), item.media_type, content)


def on_solve_message(gathered: Gathered, message: generator_pb2.SolveResponse) -> None:
    kind = message.WhichOneof("event")
    if kind == "progress":
        gathered.tell(Progress(message.progress.stage, message.progress.attempt, message.progress.detail))
    elif kind == "program":
        gathered.fresh_run()
        told = message.program
        gathered.tell(Program(told.source, told.sha256.hex(), told.attempt, told.model, told.plan))
    elif kind == "verdict":
        gathered.tell(_verdict_event(message.verdict))
    elif kind == "output":
        gathered.tell(Output(wire.stream(message.output.stream), message.output.data))
    elif kind == "artifact":
        gathered.artifact(message.artifact.name, message.artifact.data)
    elif kind == "finished":
        gathered.finished = functools.partial(_solved, gathered, message.finished)


def _verdict_event(message: generator_pb2.VerdictReached) -> VerdictReached:
    return VerdictReached(
        wire.verdict(message.verdict),
        message.risk_pct / 100,
        wire.findings(message.findings),
        message.decided_by,
        message.attempt,
        message.screening,
        wire.advice(message.advice) if message.HasField("advice") else None,
    )


def on_run_message(gathered: Gathered, message: executor_pb2.ExecuteResponse) -> None:
    kind = message.WhichOneof("event")
    if kind == "started":
        started = message.started
        gathered.tell(
            RunStarted(started.run_id, wire.tier(started.tier) or "T0", wire.record_ref(started.record))
        )
    elif kind == "output":
        gathered.tell(Output(wire.stream(message.output.stream), message.output.data))
    elif kind == "artifact":
        gathered.artifact(message.artifact.name, message.artifact.data)
    elif kind == "finished":
        gathered.finished = functools.partial(_executed, gathered, message.finished)


def _solved(gathered: Gathered, message: generator_pb2.Finished) -> Result:
    outcome = wire.outcome(message.outcome)
    if outcome is None:
        raise ServiceError(
            grpc.StatusCode.INTERNAL,
            "ANSWER_UNKNOWN",
            f"the generator ended with outcome {message.outcome}, which this client does not know; update it",
        )
    return _result(gathered, message, outcome)


def _executed(gathered: Gathered, message: executor_pb2.RunFinished) -> Result:
    done = message.status == common_pb2.RUN_STATUS_EXITED and message.exit_code == 0
    return _result(gathered, message, Outcome.DONE if done else Outcome.PROGRAM_FAILED)


def _result(
    gathered: Gathered, message: generator_pb2.Finished | executor_pb2.RunFinished, outcome: Outcome
) -> Result:
    return Result(
        request_id=gathered.request_id,
        outcome=outcome,
        status=wire.status(message.status),
        exit_code=message.exit_code,
        signal=message.signal,
        usage=wire.usage(message.usage),
        artifacts=gathered.checked_artifacts(message.artifacts),
        tier=wire.tier(message.tier),
        record=wire.record_ref(message.record, message.checkpoint) if message.HasField("record") else None,
        stdout_bytes=bytes(gathered.outputs["stdout"]),
        stderr_bytes=bytes(gathered.outputs["stderr"]),
        stdout_truncated=message.stdout_truncated,
        stderr_truncated=message.stderr_truncated,
        program=gathered.program,
        verdict=gathered.verdict,
        violations=wire.violations(message.violations),
        notices=tuple(message.notices),
    )


def reached_by(review: Review) -> VerdictReached:
    """The event of a review's verdict."""
    return VerdictReached(
        review.verdict, review.risk, review.findings, review.decided_by, advice=review.advice
    )


def not_run(request_id: str, program: bytes, review: Review, reached: VerdictReached) -> Result:
    """The result of a program that was not allowed."""
    return Result(
        request_id=request_id,
        outcome=Outcome(review.verdict.value),
        status=None,
        exit_code=0,
        signal=0,
        usage=wire.usage(common_pb2.Usage()),
        artifacts=(),
        tier=None,
        record=review.record,
        program=program,
        verdict=reached,
    )

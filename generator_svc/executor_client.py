"""ExecutorService as a port: one streaming call per run. Knows gRPC; decides nothing."""

from collections.abc import AsyncIterator, Iterator, Sequence

import grpc
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2, executor_pb2_grpc

from generator_svc.guard_client import failure, input_refs
from generator_svc.ports import ArtifactData, RunEnded, RunOutput
from generator_svc.task import MAX_CHUNK_BYTES, Input, Task
from placet.rpc.deadline import Deadline

_STREAMS = {common_pb2.OUTPUT_STREAM_STDOUT: "stdout", common_pb2.OUTPUT_STREAM_STDERR: "stderr"}


class GrpcExecutor:
    """`ports.Executor` over a channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = executor_pb2_grpc.ExecutorServiceStub(channel)

    async def run(
        self, task: Task, program: bytes, approval: bytes, deadline: Deadline
    ) -> AsyncIterator[RunOutput | ArtifactData | RunEnded]:
        """See `ports.Executor`."""
        header = executor_pb2.ExecuteHeader(
            request_id=task.request_id,
            program=program,
            approval=approval,
            inputs=input_refs(task),
            on_behalf_of=task.caller,
        )
        call = self._stub.Execute(_requests(header, task.inputs), timeout=deadline.remaining_s())
        try:
            async for reply in call:
                event = _event(reply)
                if event is not None:
                    yield event
        except grpc.aio.AioRpcError as err:
            raise failure("executor", err) from err
        finally:
            # Ends the run when we were cancelled; does nothing to a call that is over.
            call.cancel()


def _requests(
    header: executor_pb2.ExecuteHeader, inputs: Sequence[Input]
) -> Iterator[executor_pb2.ExecuteRequest]:
    yield executor_pb2.ExecuteRequest(header=header)
    for item in inputs:
        for start in range(0, item.size, MAX_CHUNK_BYTES):
            data = item.content[start : start + MAX_CHUNK_BYTES]
            yield executor_pb2.ExecuteRequest(chunk=common_pb2.InputChunk(name=item.name, data=data))


def _event(reply: executor_pb2.ExecuteResponse) -> RunOutput | ArtifactData | RunEnded | None:
    kind = reply.WhichOneof("event")
    if kind == "output":
        return RunOutput(_STREAMS.get(reply.output.stream, "stderr"), reply.output.data)
    if kind == "artifact":
        return ArtifactData(reply.artifact.name, reply.artifact.data)
    if kind == "finished":
        end = reply.finished
        return RunEnded(
            end.status,
            end.exit_code,
            end.signal,
            end.usage,
            tuple(end.artifacts),
            end.tier,
            end.stdout_truncated,
            end.stderr_truncated,
            tuple(end.violations),
            tuple(end.notices),
        )
    return None  # `started` is on record already; kinds of a later version tell us nothing

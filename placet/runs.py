"""The executor's verbs: run a program that carries an approval, and say what there is to run it on.

Knows one service. What may run is not decided here.
"""

from __future__ import annotations

from collections.abc import Sequence

from placetpb.executor.v1 import executor_pb2, executor_pb2_grpc

from placet import wire
from placet.answers import Pool, Result
from placet.connected import DEFAULT_TIMEOUT_S, READ_TIMEOUT_S, Connected, cancelled_with_us, errors, messages
from placet.gathering import Gathered, OnEvent, on_run_message, quiet
from placet.ids import fresh_id
from placet.inputs import InputLike, read_inputs, source_of


class Runs(Connected):
    """What the executor is asked for."""

    async def execute(
        self,
        program: bytes | str,
        approval: bytes,
        *,
        inputs: Sequence[InputLike] = (),
        request_id: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        on_event: OnEvent = quiet,
    ) -> Result:
        """Run a program that carries an approval. Using the approval spends it, whatever comes of the run.

        Raises:
            ServiceError: reason APPROVAL_… when the program was not admitted; UNAVAILABLE when executor,
                sandbox or log could not do it.
        """
        read = read_inputs(inputs)
        run_id = request_id or fresh_id()
        first = executor_pb2.ExecuteRequest(
            header=executor_pb2.ExecuteHeader(
                request_id=run_id,
                program=source_of(program),
                approval=approval,
                inputs=[item.ref() for item in read],
            )
        )
        requests = messages(first, (executor_pb2.ExecuteRequest(chunk=c) for i in read for c in i.chunks()))
        stub = self._stub("executor", executor_pb2_grpc.ExecutorServiceStub)
        gathered = Gathered(run_id, on_event, program=source_of(program))
        async with errors("executor"):
            call = stub.Execute(requests, timeout=timeout_s)
            async with cancelled_with_us(call):
                async for message in call:
                    on_run_message(gathered, message)
        return gathered.result()

    async def pool(self) -> Pool:
        """What the executor offers."""
        stub = self._stub("executor", executor_pb2_grpc.ExecutorServiceStub)
        async with errors("executor"):
            reply = await stub.DescribePool(executor_pb2.DescribePoolRequest(), timeout=READ_TIMEOUT_S)
        tier = wire.tier(reply.tier) or "T0"
        return Pool(reply.audience, tier, tuple(reply.isolation), tuple(reply.libraries))

"""Has one approved program run, with patience where the executor is busy.

Knows the executor as a port, and places. Must not know how the program came about or what follows.
"""

import asyncio
from contextlib import aclosing

import grpc

from generator_svc.places import Places
from generator_svc.ports import Executor, Progress, RunEnded, RunOutput, Tell
from generator_svc.recording import RECORD_END_S
from generator_svc.task import Task
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError

MAX_STDERR_KEPT = 16 * 1024
PATIENCE_S = 60.0
"""How long an approved program waits, in all, where an executor is busy or a quota used up: its tokens are
spent, and its approval holds for minutes."""


class Runs:
    """The runs of one task."""

    def __init__(
        self, executor: Executor, places: Places, task: Task, tell: Tell, deadline: Deadline
    ) -> None:
        self._executor, self._places = executor, places
        self._task, self._tell, self._deadline = task, tell, deadline

    async def run(self, program: bytes, approval: bytes, attempt: int) -> tuple[RunEnded, str]:
        """The run's end and the end of its stderr; what is refused for now alone is tried again."""
        patience_s = min(PATIENCE_S, self._deadline.remaining_s(keep_s=RECORD_END_S))
        while True:
            await self._tell(Progress("running", attempt))
            try:
                return await self._once(program, approval)
            except ServiceError as err:
                pause_s = err.retry_after_s
                if (
                    err.code is not grpc.StatusCode.RESOURCE_EXHAUSTED
                    or pause_s is None
                    or pause_s > patience_s
                ):
                    raise
                patience_s -= pause_s
                if not await self._step_aside(pause_s):
                    raise

    async def _step_aside(self, pause_s: float) -> bool:
        """Wait, with this task's place left to others. False: it could not, or the service stops."""
        with self._places.waiting(self._task.caller) as may_wait:
            waited = await self._places.unless_closing(asyncio.sleep(pause_s, True)) if may_wait else None
        return waited is True

    async def _once(self, program: bytes, approval: bytes) -> tuple[RunEnded, str]:
        """As `run`; everything that the program wrote is told on the way.

        Raises ServiceError: RESOURCE_EXHAUSTED only before anything was spent.
        """
        stderr = b""
        events = self._executor.run(self._task, program, approval, self._deadline)
        async with aclosing(events) as run:  # type: ignore[type-var]
            async for event in run:
                if isinstance(event, RunEnded):
                    return event, stderr.decode(errors="replace")
                if isinstance(event, RunOutput) and event.stream == "stderr":
                    stderr = (stderr + event.data)[-MAX_STDERR_KEPT:]
                await self._tell(event)
        raise ServiceError(
            grpc.StatusCode.INTERNAL, "RUN_UNFINISHED", "The executor's answer ended before the run did."
        )

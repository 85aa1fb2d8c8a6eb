"""One task from its first record to its last.

Every task that is on record gets a `task_finished`, also when it is cancelled. Must not know what lies
between: that is `attempts`.
"""

import asyncio
import uuid

import grpc

from generator_svc.attempts import Attempts, Ports
from generator_svc.places import Places
from generator_svc.ports import Finished, Tell
from generator_svc.recording import record_late
from generator_svc.task import Task
from placet.rpc import metrics
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError

__all__ = ["Ports", "Solver"]

CALLER_AHEAD_S = 0.5
"""A caller's clock for the same deadline started earlier: by as much as its call needed to get here."""


class Solver:
    """Takes tasks through the chain; keeps nothing between two tasks."""

    def __init__(self, ports: Ports, places: Places) -> None:
        """A task has its place in `places` already, and leaves it to others while it waits for people."""
        self._ports, self._places = ports, places

    async def solve(self, task: Task, tell: Tell, deadline: Deadline) -> None:
        """Solve one task; the last event told is Finished.

        Raises ServiceError when there is no answer: ALREADY_EXISTS/REQUEST_ID_USED for a request id that
        is on record, RESOURCE_EXHAUSTED/QUOTA_EXCEEDED, MODEL_* when the model gave no program, and the
        reasons of guard, executor and log.
        """
        await self._receive(task)
        try:
            answer = await Attempts(self._ports, self._places, task, tell, deadline).run()
        except ServiceError as err:
            await self._end_unanswered(task, "UNANSWERED", err.reason)
            raise
        except asyncio.CancelledError:
            expired = deadline.remaining_s(keep_s=CALLER_AHEAD_S) == 0
            await self._end_unanswered(
                task, "UNANSWERED" if expired else "CANCELLED", "DEADLINE_EXCEEDED" if expired else ""
            )
            raise
        except Exception:
            await self._end_unanswered(task, "UNANSWERED", "INTERNAL")
            raise
        metrics.TASKS.labels(answer.outcome.value).inc()
        record = await self._ports.log.append(
            "task_finished", {"outcome": answer.outcome.value}, request_id=task.request_id
        )
        await tell(Finished(answer.outcome, answer.run, record))

    async def refuse(self, request_id: str, caller: str, reason: str, message: str) -> None:
        """Record a task that was refused before it was received."""
        body = {"reason": reason, "message": message, "caller": caller}
        await self._ports.log.append("task_refused", body, request_id=request_id)

    async def _receive(self, task: Task) -> None:
        body = {
            "task_sha256": task.sha256.hex(),
            "scope": task.scope,
            "caller": task.caller,
            "inputs": [{"name": i.name, "sha256": i.sha256.hex(), "size": i.size} for i in task.inputs],
            # Makes two requests with one id differ, so that the second is refused instead of repeated.
            "solve_id": uuid.uuid4().hex,
        }
        try:
            await self._ports.log.append(
                "task_received",
                body,
                request_id=task.request_id,
                bodies={"task": task.text.encode()},
                idempotency_key=f"task:{task.request_id}",
            )
        except ServiceError as err:
            if err.reason != "IDEMPOTENCY_CONFLICT":
                raise
            raise ServiceError(
                grpc.StatusCode.ALREADY_EXISTS,
                "REQUEST_ID_USED",
                f"The request id {task.request_id} is on record already. Use a new one for a new task.",
            ) from err

    async def _end_unanswered(self, task: Task, outcome: str, reason: str) -> None:
        metrics.TASKS.labels(outcome).inc()
        body = {"outcome": outcome, **({"reason": reason} if reason else {})}
        await record_late(self._ports.log, "task_finished", body, task.request_id)

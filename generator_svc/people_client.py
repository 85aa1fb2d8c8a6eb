"""The people who review, as a port: one call of the log that is answered when they have decided."""

import hashlib

import grpc

from generator_svc.task import Task
from placet.audit.waiting import Decided, decided


class GrpcPeople:
    """`ports.People` over a channel to the audit service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    async def decided(self, task: Task, program: bytes, wait_s: float) -> Decided | None:
        """See `ports.People`."""
        return await decided(self._channel, task.request_id, hashlib.sha256(program).digest(), wait_s)

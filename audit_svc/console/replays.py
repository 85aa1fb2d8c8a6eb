"""The replays of this console: those that run, and the last ones that ended.

Knows how many may run. Must not know pages. They live in memory: what is to last is reported into the log.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

import grpc

from audit_svc.console.guards import Guards
from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.console.recorded import Verdicts
from audit_svc.console.replay import Order, Replay
from placet.rpc.errors import ServiceError

MAX_RUNNING: Final = 2
MAX_KEPT: Final = 20


class Replays:
    """Starts, stops and finds them."""

    def __init__(self, log: Log, guards: Guards) -> None:
        self.guards = guards
        self._log = log
        self._replays: dict[str, Replay] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    def start(self, person: Person, order: Order) -> Replay:
        """Begin one. Raises ServiceError RESOURCE_EXHAUSTED/REPLAYS_RUNNING, or KeyError for its guard."""
        running = [replay for replay in self._replays.values() if replay.state == "running"]
        if (
            self._closed
            or len(running) >= MAX_RUNNING
            or any(replay.person.name == person.name for replay in running)
        ):
            raise ServiceError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "REPLAYS_RUNNING",
                f"A person has one replay at a time, all together {MAX_RUNNING}; wait, or stop yours.",
            )
        guard = self.guards.named(order.guard)
        replay = Replay(secrets.token_urlsafe(12), order, person)
        self._replays[replay.name] = replay
        work = replay.run(Verdicts(self._log, person), guard)
        task = self._tasks[replay.name] = asyncio.create_task(work)
        task.add_done_callback(lambda _: self._tasks.pop(replay.name, None))
        self._forget()
        return replay

    def stop(self, name: str) -> None:
        """End one early; what it found so far is kept. One that has ended stays as it is."""
        if task := self._tasks.get(name):
            task.cancel()

    async def close(self) -> None:
        """End all, and begin no more: the console stops."""
        self._closed = True
        ending = list(self._tasks.values())
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def named(self, name: str) -> Replay | None:
        """None when there is none of that name any more."""
        return self._replays.get(name)

    def newest_first(self) -> list[Replay]:
        """All that are remembered."""
        return list(reversed(self._replays.values()))

    def _forget(self) -> None:
        ended = [name for name, replay in self._replays.items() if replay.state != "running"]
        for name in ended[: max(len(self._replays) - MAX_KEPT, 0)]:
            del self._replays[name]

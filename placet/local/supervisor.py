"""Starts the processes of a stack in order, restarts what dies, stops them in the reverse order.

Knows the order and who depends on whom. The audit log is not restarted: a log that died must be
looked at before anything is appended to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from placet.llm.embedded import MODEL_NAME
from placet.llm.models import ModelFileError, find
from placet.local.client import client_tls, healthy, tier
from placet.local.errors import StackError
from placet.local.layout import Layout
from placet.local.prepare import SERVICES
from placet.local.process import POLL_S, Command, Process, describe_exit
from placet.local.services import Model, Wiring
from placet.rpc.server import write_atomically

Progress = Callable[[str, str], None]
"""Called with the name of a process (or "stack") and what happens to it, in words."""

READY_TIMEOUT_S: Mapping[str, float] = {"model": 180, "executor": 90}
DEFAULT_READY_TIMEOUT_S = 40.0
HEALTHY_TIMEOUT_S = 30.0
STOP_GRACE_S = 12.0  # a little more than the services' own drain
MAX_RESTARTS = 3
RESTART_DELAY_S = 0.5
NEVER_RESTARTED = frozenset({"audit"})
CALLS_THE_MODEL = ("guard", "generator")


class Supervisor:
    """The processes of one stack. Use: `await start()`, wait, `await stop()` (also after a failed start)."""

    def __init__(self, layout: Layout, environ: Mapping[str, str], progress: Progress) -> None:
        self._layout = layout
        self._wiring = Wiring(layout, environ, {}, Model.of_environment(environ))
        self._progress = progress
        self._running: dict[str, Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._replacing: set[str] = set()
        self._tier: str | None = None

    async def start(self) -> None:
        """Start everything. Raises StackError when a process does not come up."""
        model = asyncio.create_task(self._start_model())
        audit = asyncio.create_task(self._start_service("audit"))
        console = asyncio.create_task(self._start_service("console", after=(audit,)))
        guard = asyncio.create_task(self._start_service("guard", after=(model, audit)))
        try:
            await audit
            await self._start_service("executor")
            await console
            await guard
        finally:
            for task in (guard, console, audit, model):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, StackError):
                    await task
        await self._start_service("generator")
        self._tier = await tier(self._wiring.addresses["executor"], client_tls(self._layout))
        self._write_stack()
        self._keepers = [asyncio.create_task(self._keep(name)) for name in self._running]

    async def stop(self) -> None:
        """Stop everything, callers before what they call; returns when no process is left."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for names in (("generator",), ("guard", "executor", "console"), ("audit", "model")):
            await asyncio.gather(*map(self._stop, names))
        self._remove_run_files()

    async def _stop(self, name: str) -> None:
        if process := self._running.pop(name, None):
            self._progress(name, "stopping")
            await process.stop(STOP_GRACE_S)

    async def _start_service(self, name: str, after: Sequence[asyncio.Task[None]] = ()) -> None:
        for needed in after:
            await needed
        self._progress(name, "starting")
        address = await self._spawn(self._wiring.command(name))
        self._wiring = replace(self._wiring, addresses={**self._wiring.addresses, name: address})
        await self._await_health(name, address)

    async def _start_model(self) -> None:
        """Start the embedded model unless the environment names another endpoint."""
        if self._wiring.model is not None and not self._wiring.model.embedded:
            self._progress("model", f"external: {self._wiring.model.name}")
            return
        self._progress("model", "starting")
        file = await self._model_file()
        key = secrets.token_urlsafe(32)
        self._layout.model_key.touch(mode=0o600)
        self._layout.model_key.write_text(key)
        url = await self._spawn(self._wiring.model_command(file))
        self._wiring = replace(self._wiring, model=Model(url, key, MODEL_NAME, MODEL_NAME, embedded=True))
        self._progress("model", f"ready: {MODEL_NAME}")

    async def _model_file(self) -> Path:
        """The checked model file; fetched first when this machine does not have it."""
        try:
            if file := await asyncio.to_thread(find, environ=self._wiring.environ):
                return file
            self._progress("model", f"fetching 1.1 GB, once; see {self._layout.log('model')}")
            process = await Process.start(self._wiring.fetch_command())
            self._running["model"] = process
            await process.success()
            file = await asyncio.to_thread(find, environ=self._wiring.environ)
        except ModelFileError as error:
            raise StackError(str(error)) from None
        if file is None:
            raise StackError("The model was fetched and is not there. Run `placet up` again.")
        return file

    async def _spawn(self, command: Command) -> str:
        """Start a command and wait for its address; a process that does not get there is stopped."""
        process = await Process.start(command)
        self._running[command.name] = process
        return await process.address(READY_TIMEOUT_S.get(command.name, DEFAULT_READY_TIMEOUT_S))

    async def _await_health(self, name: str, address: str) -> None:
        """Wait until it serves. One that answers and is not healthy is reported; its own log says why."""
        deadline = asyncio.get_running_loop().time() + HEALTHY_TIMEOUT_S
        tls = client_tls(self._layout)
        while not await healthy(address, tls, name):
            if asyncio.get_running_loop().time() > deadline or self._running[name].ended:
                self._progress(name, f"up at {address}, but not healthy; see {self._layout.log(name)}")
                return
            await asyncio.sleep(POLL_S * 4)
        self._progress(name, f"ready at {address}")

    async def _keep(self, name: str) -> None:
        """Restart a process that dies, at most three times."""
        restarts = 0
        while True:
            code = await self._running[name].wait()
            if name in self._replacing:  # stopped by us, to be started again with another model address
                await asyncio.sleep(POLL_S)
                continue
            log = self._layout.log(name)
            self._progress(name, f"died with {describe_exit(code)}; see {log}")
            if name in NEVER_RESTARTED or restarts == MAX_RESTARTS:
                self._progress(name, "not restarted: look at its log, then `placet down` and `placet up`")
                return
            restarts += 1
            await asyncio.sleep(RESTART_DELAY_S)
            await self._restart(name, restarts)

    async def _restart(self, name: str, attempt: int) -> None:
        self._progress(name, f"restarting ({attempt} of {MAX_RESTARTS})")
        try:
            if name == "model":
                await self._start_model()
                await self._rewire_model()
            else:
                await self._spawn(self._wiring.command(name))
        except (StackError, OSError) as error:  # OSError: the disk is full, or no process can be made
            self._progress(name, str(error))
            await self._running[name].stop(STOP_GRACE_S)
            return
        self._write_stack()
        self._progress(name, "restarted")

    async def _rewire_model(self) -> None:
        """The model came back elsewhere: those who call it start again with its new address."""
        for name in CALLS_THE_MODEL:
            self._replacing.add(name)
            try:
                await self._running[name].stop(STOP_GRACE_S)
                await self._spawn(self._wiring.command(name))
            finally:
                self._replacing.discard(name)

    def _write_stack(self) -> None:
        """What clients read: who is where."""
        addresses = self._wiring.addresses
        stack: dict[str, Any] = {
            "state": str(self._layout.state),
            "supervisor": os.getpid(),
            "services": {n: {"address": addresses[n], "pid": self._running[n].pid} for n in SERVICES},
            "model": self._wiring.model.name if self._wiring.model else None,
            "model_pid": self._running["model"].pid if "model" in self._running else None,
            "tier": self._tier,
            "console": self._layout.console_url.read_text().strip(),
        }
        for name, process in self._running.items():
            write_atomically(self._layout.run / f"{name}.pid", f"{process.pid}\n")
        write_atomically(self._layout.stack, json.dumps(stack, indent=1) + "\n")

    def _remove_run_files(self) -> None:
        for pattern in ("*.addr", "*.pid", "*.sock", "stack.json", "model.key"):
            for path in self._layout.run.glob(pattern):
                path.unlink(missing_ok=True)

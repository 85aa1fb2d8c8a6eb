"""Attack: a front is killed while a program runs, which must not outlive its lease (docs/workers.md §1.4)."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from tests.conformance.sandbox_kit import ROOT
from tests.fakes.workers import Ground, Worker, descendants, leased

HOLDER = """
import asyncio, sys
from pathlib import Path
from tests.fakes.rpc import Authority
from tests.fakes.workers import Ground, Order, Worker, leased, requests

async def hold(directory, port, program, approval):
    ground = Ground(Path(directory), Authority(Path(directory) / "pki"))
    order = Order(program.encode(), approval.encode())
    worker = Worker(ground, "held", int(port), {})
    async with worker.as_peer() as stub, leased(stub) as hold:
        call = stub.Run()
        for request in requests(order, hold.granted.lease_id):
            await call.write(request)
        await call.read()
        await call.read()
        print("runs", flush=True)
        await asyncio.Event().wait()

asyncio.run(hold(*sys.argv[1:]))
"""


async def test_a_dead_front_s_program_is_dead(ground: Ground, worker: Worker) -> None:
    """kill -9: every process of the run is gone, the worker begins anew, and another front gets it."""
    lives = worker.lives()
    order = ground.order("print('on', flush=True)\nwhile True: pass")
    words = (str(ground.directory), str(worker.port), order.program.decode(), order.approval.decode())
    command = [sys.executable, "-c", HOLDER, *words]
    front = await asyncio.to_thread(subprocess.Popen, command, stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert front.stdout is not None
        assert await asyncio.to_thread(front.stdout.readline) == b"runs\n"
        running = descendants(worker)
    finally:
        front.kill()
        front.wait()
    await worker.life(lives + 1)

    assert running
    assert running.isdisjoint(descendants(worker))
    async with worker.as_peer() as stub, leased(stub, "another") as hold:
        assert hold.granted.lease_id

"""Which files of a run the log keeps."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from executor_svc import figures
from executor_svc.figures import PNG
from executor_svc.sandbox.spool import Held, Spool
from tests.fakes.approvals import World
from tests.fakes.executor import Listener, runner
from tests.fakes.fake_sandbox import FakeSandbox, artifact
from tests.fakes.memory_log import MemoryLog

FIGURE = PNG + b"pixels"


async def test_png_files_are_kept_and_nothing_that_only_looks_like_one() -> None:
    handed = (
        artifact("a.png", FIGURE),
        artifact("B.PNG", FIGURE),
        artifact("markup.png", b"<svg onload=alert(1)>"),
        artifact("c.svg", FIGURE),
        artifact("sub/d.png", FIGURE),
        artifact("hidden\u202e.png", FIGURE),
        artifact(f"{'long' * 40}.png", FIGURE),
    )
    assert await figures.of(handed, 1000) == {"artifact/a.png": FIGURE, "artifact/B.PNG": FIGURE}


async def test_no_more_is_kept_than_allowed_and_smaller_ones_still_are() -> None:
    handed = (artifact("a.png", FIGURE), artifact("large.png", FIGURE * 9), artifact("b.png", FIGURE))
    kept = await figures.of(handed, 2 * len(FIGURE))
    assert list(kept) == ["artifact/a.png", "artifact/b.png"]
    assert await figures.of(handed, 0) == {}


async def test_a_run_of_many_figures_fits_into_a_record() -> None:
    handed = [artifact(f"{number}.png", PNG) for number in range(100)]
    assert len(await figures.of(handed, 10_000)) == figures.MOST


async def test_the_record_of_a_run_keeps_its_figures() -> None:
    log, world = MemoryLog(), World()
    sandbox = FakeSandbox(artifacts=(artifact("f.png", FIGURE), artifact("t.csv", b"a,b\n")))
    await runner(log, sandbox, world).run(world.request, Listener())
    ended = log.records[-1]
    assert ended.body["artifacts"][0]["sha256"] == hashlib.sha256(FIGURE).hexdigest()
    assert ended.bodies["artifact/f.png"] == FIGURE
    assert "artifact/t.csv" not in ended.bodies


async def test_figures_that_cannot_be_read_do_not_cost_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> bytes:
        raise OSError("told to fail")

    log, world = MemoryLog(), World()
    monkeypatch.setattr(Spool, "read", read)
    sandbox = FakeSandbox(artifacts=(artifact("f.png", FIGURE),))
    await runner(log, sandbox, world).run(world.request, Listener())
    assert log.records[-1].kind == "run_finished"
    assert list(log.records[-1].bodies) == ["stdout"]


async def test_a_caller_that_leaves_meanwhile_does_not_take_the_figures_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it would have been sent is let go of only when the record has them."""
    asked, go_on, stream = asyncio.Event(), asyncio.Event(), Held.stream

    async def slowly(self: Held) -> AsyncIterator[bytes]:
        asked.set()
        await go_on.wait()
        async for chunk in stream(self):
            yield chunk

    monkeypatch.setattr(Held, "stream", slowly)
    log, world = MemoryLog(), World()
    core = runner(log, FakeSandbox(artifacts=(artifact("f.png", FIGURE),)), world)
    running = asyncio.create_task(core.run(world.request, Listener()))
    await asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.sleep(0.01)
    go_on.set()
    await core.settle()
    assert log.records[-1].bodies["artifact/f.png"] == FIGURE

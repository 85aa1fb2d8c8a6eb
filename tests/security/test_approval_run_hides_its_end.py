"""Attack: a program names its artifacts so that the record of its end would be too large for the log."""

from __future__ import annotations

import hashlib
import json

from tests.fakes.approvals import World
from tests.fakes.executor import Listener, runner
from tests.fakes.fake_sandbox import FakeSandbox, artifact
from tests.fakes.memory_log import MemoryLog

HOSTILE = tuple(artifact("/".join([f"{i:03}" + "é" * 120] * 4), b"x") for i in range(256))


async def test_the_end_is_recorded_with_the_lists_digest_and_the_list_beside_it() -> None:
    log, world = MemoryLog(), World()
    await runner(log, FakeSandbox(artifacts=HOSTILE), world).run(world.request, Listener())
    record = log.of("run_finished")[0]
    listed = record.bodies["artifacts"]

    assert len(json.dumps(record.body, ensure_ascii=False).encode()) < 48 * 1024
    assert record.body["artifacts_total"] == 256
    assert record.body["artifacts_sha256"] == hashlib.sha256(listed).hexdigest()
    assert len(json.loads(listed)) == 256


async def test_an_honest_list_stands_in_the_record_itself() -> None:
    log, world = MemoryLog(), World()
    await runner(log, FakeSandbox(artifacts=(artifact("f.png", b"x"),)), world).run(world.request, Listener())
    record = log.of("run_finished")[0]

    assert record.body["artifacts"]
    assert "artifacts" not in record.bodies

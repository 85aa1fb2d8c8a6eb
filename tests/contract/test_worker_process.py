"""A worker, as a process, under the hands of a front (docs/workers.md §1 and §2; the numbers are its)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from executor_svc.sandbox import InputFile
from tests.fakes.workers import Ground, Worker, leased, run


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground.make(tmp_path)


@pytest.fixture
async def worker(ground: Ground) -> AsyncIterator[Worker]:
    async with ground.worker("a") as made:
        yield made


async def test_one_lease_and_one_run(ground: Ground, worker: Worker) -> None:
    """Output, artifacts and usage come back; the order is begun, output, left, artifacts, ended."""
    given = InputFile.of("given.csv", b"a\n1\n" * 100_000)
    order = ground.order(
        "print(len(open('given.csv').read())); open('out.csv', 'w').write('x' * 300_000)", [given]
    )
    async with worker.as_peer() as stub, leased(stub) as hold:
        ran = await run(stub, hold.granted.lease_id, order)

    assert ran.stdout == b"400000\n"
    assert ran.kinds == ["begun", "output", "left", "artifact", "artifact", "ended"]
    assert ran.ended.usage.wall_ms > 0

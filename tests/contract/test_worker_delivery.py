"""Stages around a program on a worker: a real process, a real sandbox, a front that has the scope too."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from executor_svc.sandbox import InputFile
from placet.approval import ScopeRef
from placet.rpc.errors import ServiceError
from tests.conformance.sandbox_kit import reachable_python
from tests.fakes.executor import Listener
from tests.fakes.workers import Ground, Worker

STYLE = hashlib.sha256(b"a style that is not there").hexdigest()
SCOPE = """\
apiVersion: placet/v1
kind: Scope
metadata: {name: staff, version: 1, owner: hr}
purpose: Answer questions about pay.
inputs:
  columns: [{input: staff.csv, grant: [pay], mask: [name]}]
outputs:
  kinds: [text, csv]
  contract: {max_rows: 2}
"""
UNUSABLE = SCOPE + f"style: house.yaml\nfiles: {{house.yaml: {STYLE}}}\n"
STAFF = InputFile.of(
    "staff.csv", b"name,email,pay\nKim,kim@example.com,10\nMax,max@example.com,12\nKim,k@e.com,11\n"
)
COUNTS = """\
import pandas as pd
staff = pd.read_csv("staff.csv")
print(list(staff.columns), "Kim" in set(staff.name), staff.name.nunique(), flush=True)
staff.pay.describe().head({rows}).to_csv("pay.csv")
"""


def ref(document: str) -> ScopeRef:
    return ScopeRef("staff", 1, hashlib.sha256(document.encode()).digest())


@pytest.fixture(scope="module")
def worker(ground: Ground) -> Iterator[Worker]:
    files = {
        ground.directory / "scopes" / "staff.yaml": SCOPE,
        ground.directory / "scopes" / "none.yaml": UNUSABLE,
    }
    for path, document in files.items():
        path.write_text(document)
    with ground.workers("delivering", sandbox_python=reachable_python()) as (made,):
        yield made
    for path in files:
        path.unlink()


async def test_a_scope_whose_companion_is_missing_starts_nothing(ground: Ground, worker: Worker) -> None:
    async with ground.front(worker, idle_s=60) as front:
        with pytest.raises(ServiceError, match=r"SCOPE_UNUSABLE.*none\.yaml: .*files\.house\.yaml"):
            await front.run(ground.order("print(1)", scope=ref(UNUSABLE)))

    assert front.log.kinds() == []


async def test_a_worker_cuts_checks_and_only_then_tells(ground: Ground, worker: Worker) -> None:
    """docs/workers.md 2.6."""
    listener = Listener()
    grants = ("import:pandas", "fs.read:inputs", "fs.write:outputs")
    async with ground.front(worker, idle_s=60) as front:
        kept = await front.run(
            ground.order(COUNTS.format(rows=2), [STAFF], scope=ref(SCOPE), grants=grants), listener=listener
        )
        broken_listener = Listener()
        broken = await front.run(
            ground.order(COUNTS.format(rows=3), [STAFF], scope=ref(SCOPE), grants=grants),
            listener=broken_listener,
        )
        await kept.result.release()

    told = b"".join(data for stream, data in listener.heard if stream == "stdout")
    assert told == b"['name', 'pay'] False 2\n"
    assert [artifact.name for artifact in kept.result.artifacts] == ["pay.csv"]
    assert kept.result.usage.delivery_ms > 0
    assert broken.result.status.value == "CONTRACT_VIOLATED"
    assert [each.path.partition(":")[0] for each in broken.result.violations] == ["artifacts/pay.csv"]
    assert [kind for kind, _ in broken_listener.heard] == ["started"]
    record = front.log.of("run_finished")[-1].body
    assert (record["status"], record["artifacts"]) == ("CONTRACT_VIOLATED", [])
    assert record["violations"][0]["path"] == broken.result.violations[0].path

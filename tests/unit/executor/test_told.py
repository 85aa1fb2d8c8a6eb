"""What a worker says of a contract is believed no further than its form (docs/workers.md 3.8)."""

from __future__ import annotations

import pytest
from placetpb.common.v1 import common_pb2
from placetpb.worker.v1 import worker_pb2 as pb

from executor_svc.fleet import told
from executor_svc.sandbox import SandboxUnavailable, Violation

ONE = common_pb2.Violation(path="artifacts/a.csv", rule="caps.rows", message="3 rows, at most 2")
VIOLATED = common_pb2.RUN_STATUS_CONTRACT_VIOLATED


def test_violations_come_beside_their_status() -> None:
    found = told.violations(pb.RunEnded(status=VIOLATED, violations=[ONE]))

    assert found == (Violation("artifacts/a.csv", "caps.rows", "3 rows, at most 2"),)
    assert told.violations(pb.RunEnded(status=common_pb2.RUN_STATUS_EXITED)) == ()


@pytest.mark.parametrize(
    "ended",
    [
        pb.RunEnded(status=VIOLATED),
        pb.RunEnded(status=common_pb2.RUN_STATUS_EXITED, violations=[ONE]),
        pb.RunEnded(status=VIOLATED, violations=[ONE] * 51),
        pb.RunEnded(status=VIOLATED, violations=[common_pb2.Violation(path="x" * 301, rule="a.b")]),
        pb.RunEnded(status=VIOLATED, violations=[common_pb2.Violation(path="x", rule="a" * 301)]),
        pb.RunEnded(status=VIOLATED, violations=[ONE], notices=["x" * 301]),
        pb.RunEnded(status=VIOLATED, violations=[ONE], notices=["x"] * 51),
    ],
)
def test_what_is_out_of_bounds_is_the_workers_failure(ended: pb.RunEnded) -> None:
    with pytest.raises(SandboxUnavailable):
        _ = told.violations(ended), told.notices(ended)

"""What a worker says of a contract: bounded, and only where it may be said.

Nothing of what a worker says is believed beyond its form.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from placetpb.common.v1 import common_pb2
from placetpb.worker.v1 import worker_pb2 as pb

from executor_svc.delivery.report import LONGEST, MOST
from executor_svc.sandbox import SandboxUnavailable, Violation

_VIOLATED: Final = common_pb2.RUN_STATUS_CONTRACT_VIOLATED


def violations(ended: pb.RunEnded) -> tuple[Violation, ...]:
    """Raises SandboxUnavailable for any without the status, for the status without any, and beyond bounds."""
    found = tuple(Violation(each.path, each.rule, each.message) for each in ended.violations)
    if bool(found) != (ended.status == _VIOLATED):
        raise SandboxUnavailable("the worker told violations of no contract, or none of one that is violated")
    _check([text for each in found for text in (each.path, each.rule, each.message)], len(found))
    return found


def notices(ended: pb.RunEnded) -> tuple[str, ...]:
    """Raises SandboxUnavailable beyond bounds."""
    _check(ended.notices, len(ended.notices))
    return tuple(ended.notices)


def _check(texts: Iterable[str], count: int) -> None:
    if count > MOST or any(len(text) > LONGEST for text in texts):
        raise SandboxUnavailable("the worker told more of a contract than there may be")

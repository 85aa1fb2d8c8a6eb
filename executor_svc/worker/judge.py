"""A worker's own admission: the steps of docs/approval-format.md §4 without the last, which is the log's.

Knows what the worker believes in. Must not believe the front: that it asks says nothing about an approval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from executor_svc import admission
from executor_svc.admission import Case, Pool, RunPermit, RunRequest, Start
from executor_svc.delivery.wanted import STAGES
from executor_svc.refusals import spent
from executor_svc.trust import Trust
from placet.approval import Limits
from placet.audit.client import Appended


@dataclass
class WorkerJudge:
    """Gives permits. `trust`, `tier` and `clock` are asked for each."""

    trust: Callable[[], Trust]
    tier: Callable[[], str]
    clock: Callable[[], datetime]
    audience: str
    ceiling: Limits
    _spent: set[str] = field(default_factory=set)
    """Ids of the approvals that ran in this life; as many as a worker serves runs."""

    async def permit(self, request: RunRequest, record: Appended) -> RunPermit:
        """For one run of exactly this request; `record` is its start in the log, as the front says.

        Raises:
            ApprovalRefused: with the reason of the first step that fails.
            ServiceError: UNAVAILABLE/TRUST_UNREADABLE.
        """

        async def spend(start: Start) -> Appended:
            if start.approval.approval_id in self._spent:
                raise spent()
            self._spent.add(start.approval.approval_id)
            return record

        trust = self.trust()
        pool = Pool(self.audience, self.ceiling, self.tier(), STAGES)
        return await admission.admit(Case(request, trust.keys, trust.scopes, pool, self.clock()), spend)

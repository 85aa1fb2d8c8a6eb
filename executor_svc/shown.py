"""What a process with a sandbox of its own shows of it (docs/metrics.md).

Knows the sandbox and its metrics; counts nothing.
"""

from __future__ import annotations

from executor_svc.sandbox import Sandbox
from placet.approval.statement import tier_number
from placet.rpc import metrics


def show_sandbox(sandbox: Sandbox, *, min_tier: str) -> metrics.Families:
    """The families to show; the tier is read whenever somebody asks."""
    metrics.SANDBOX_MIN_TIER.set(tier_number(min_tier))
    metrics.SANDBOX_TIER.set_function(lambda: tier_number(sandbox.tier))
    return metrics.SANDBOX

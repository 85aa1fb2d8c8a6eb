"""What a process with a sandbox of its own shows of it (docs/metrics.md).

Knows the order of tiers; counts nothing.
"""

from __future__ import annotations

from executor_svc.sandbox import Sandbox
from placet.approval.statement import TIERS
from placet.rpc import metrics


def show_sandbox(sandbox: Sandbox, *, min_tier: str) -> metrics.Families:
    """The families to show; the tier is read whenever somebody asks."""
    metrics.SANDBOX_MIN_TIER.set(tier_number(min_tier))
    metrics.SANDBOX_TIER.set_function(lambda: tier_number(sandbox.tier))
    return metrics.SANDBOX


def tier_number(tier: str) -> int:
    """0 for T0 and so on; -1 for none, and for one that nobody knows."""
    return TIERS.index(tier) if tier in TIERS else -1

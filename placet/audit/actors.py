"""Who may append which kind of record (docs/audit-format.md §5): enforced by the service, re-checked offline.

Knows SPIFFE paths. Must not know how a peer was authenticated.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_BY_SERVICE: Final[Mapping[str, frozenset[str]]] = {
    "svc/generator": frozenset(
        {"task_received", "task_refused", "program_generated", "generation_failed", "task_finished"}
    ),
    "svc/guard": frozenset(
        {
            "task_screened",
            "verdict_reached",
            "review_failed",
            "approval_issued",
            "caller_paused",
            "caller_resumed",
        }
    ),
    "svc/executor": frozenset(
        {"run_started", "run_finished", "run_aborted", "admission_refused", "key_revoked"}
    ),
    "svc/audit": frozenset(
        {
            "log_started",
            "heartbeat",
            "quota_exceeded",
            "records_read",
            "records_exported",
            "bodies_erased",
        }
    ),
    "svc/console": frozenset(
        {
            "console_entered",
            "review_claimed",
            "review_released",
            "review_given",
            "verdict_reached",
            "approval_issued",
            "approval_signed",
            "label_given",
            "replay_reported",
            "records_read",
            "records_exported",
        }
    ),
}
_BY_REVIEWER: Final = frozenset({"verdict_reached", "review_given", "approval_issued", "approval_signed"})
_SPEAKS_FOR_PEOPLE: Final = "svc/console"
"""It knows people by their sessions; what they decided is proven by their own signatures."""


@lru_cache(maxsize=1024)
def path_of(actor: str) -> str:
    """`svc/guard` of `spiffe://placet.local/svc/guard`; empty when it is no such URI."""
    scheme, _, rest = actor.partition("://")
    return rest.partition("/")[2] if scheme == "spiffe" else ""


def reviewer_of(actor: str) -> str:
    """The name of a reviewer's identity; empty when it is another's."""
    path = path_of(actor)
    return path.removeprefix("reviewer/") if path.startswith("reviewer/") else ""


def refusal(actor: str, kind: str, body: Mapping[str, object]) -> str | None:
    """Why `actor` may not append this, or None when it may. Unknown actors may append nothing."""
    reviewer, reason = _kind_refusal(actor, kind)
    if reason or (not reviewer and "decided_by" not in body):
        return reason
    decided_by = str(body.get("decided_by", ""))
    if reviewer and decided_by != f"human:{reviewer}":
        return f"a reviewer decides in their own name: decided_by must be human:{reviewer}"
    human = decided_by.startswith("human:")
    if path_of(actor) == _SPEAKS_FOR_PEOPLE:
        return None if human else "the console decides nothing itself: decided_by must be human:NAME"
    if not reviewer and human:
        return "a service may not decide in a human's name"
    return None


@lru_cache(maxsize=1024)
def _kind_refusal(actor: str, kind: str) -> tuple[str, str | None]:
    """The reviewer's name if it is one, and why the kind is not for this actor, if so."""
    path, reviewer = path_of(actor), reviewer_of(actor)
    allowed = _BY_REVIEWER if reviewer else _BY_SERVICE.get(path, frozenset())
    return reviewer, None if kind in allowed else f"{path or actor} may not append {kind}"

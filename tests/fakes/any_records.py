"""One valid record of every kind, and the same with anything in the fields that a kind leaves open."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from placet.audit.record import KINDS, BodyRef, Record

DIGEST = "5" * 64
SCOPE = {"name": "data-analysis", "version": 3, "sha256": "6" * 64}
CALLER = "spiffe://placet.local/caller/reports"
FINDING = {
    "rule_id": "capability.process.os",
    "severity": "HIGH",
    "line": 1,
    "end_line": 1,
    "message": "imports os",
    "source": "rule",
    "quote": "import os",
}
RUN: Mapping[str, object] = {"run_id": "run", "approval_id": "a" * 32, "program_sha256": DIGEST, "tier": "T1"}

BODIES: Mapping[str, Mapping[str, object]] = {
    "task_received": {"task_sha256": DIGEST, "caller": CALLER, "inputs": [], "scope": "data-analysis"},
    "task_refused": {"reason": "TASK_TOO_LONG", "message": "too long", "caller": CALLER, "scope": "s"},
    "program_generated": {
        "program_sha256": DIGEST,
        "attempt": 1,
        "model": "m",
        "prompt_tokens": 7,
        "completion_tokens": 5,
    },
    "generation_failed": {"reason": "MODEL_TIMEOUT", "attempt": 2},
    "task_finished": {"outcome": "DONE"},
    "task_screened": {
        "in_scope": False,
        "scope": SCOPE,
        "task_sha256": DIGEST,
        "caller": CALLER,
        "findings": [FINDING],
    },
    "verdict_reached": {
        "verdict": "DENIED",
        "program_sha256": DIGEST,
        "scope": SCOPE,
        "decided_by": "rules+reviewer",
        "caller": CALLER,
        "risk_pct": 97,
        "findings": [FINDING, FINDING | {"rule_id": "reviewer.other", "source": "reviewer"}],
        "model": "m",
        "tokens": {"prompt": 3, "cached": 1, "completion": 1},
    },
    "review_failed": {"reason": "MODEL_TIMEOUT", "program_sha256": DIGEST, "caller": CALLER, "scope": SCOPE},
    "caller_paused": {
        "caller": CALLER,
        "scope_name": "data-analysis",
        "denials": 5,
        "why": "in_a_row",
        "pause_s": 60,
    },
    "caller_resumed": {"caller": CALLER, "scope_name": "data-analysis", "paused_index": 3},
    "quota_exceeded": {"caller": CALLER, "limit": "runs_per_minute", "untold": 7},
    "approval_issued": {
        "approval_id": "a" * 32,
        "program_sha256": DIGEST,
        "statement_sha256": DIGEST,
        "key_id": "key",
        "scope": SCOPE,
        "issued_at": "2026-11-29T12:00:00.000000Z",
        "expires_at": "2026-11-29T12:05:00.000000Z",
        "audience": ["local"],
        "inputs": [],
        "decided_by": "rules+reviewer",
        "verdict_index": 3,
        "verdict_leaf_hash": DIGEST,
    },
    "run_started": {**RUN, "statement_sha256": DIGEST, "inputs": [], "caller": CALLER},
    "run_finished": {
        **RUN,
        "started_index": 5,
        "status": "EXITED",
        "exit_code": 0,
        "usage": {"wall_ms": 12},
        "stdout_sha256": DIGEST,
        "stderr_sha256": DIGEST,
        "artifacts": [],
    },
    "run_aborted": {"run_id": "run", "approval_id": "a" * 32, "reason": "SANDBOX_BROKEN"},
    "admission_refused": {"reason": "APPROVAL_EXPIRED", "program_sha256": DIGEST, "caller": CALLER},
    "review_given": {
        "verdict": "ALLOWED",
        "program_sha256": DIGEST,
        "scope": SCOPE,
        "decided_by": "human:lee",
        "reason": "reads its input only",
    },
    "review_claimed": {
        "verdict_index": 3,
        "program_sha256": DIGEST,
        "decided_by": "human:lee",
        "until": "2026-11-29T12:15:00.000000Z",
    },
    "review_released": {"verdict_index": 3, "decided_by": "human:lee"},
    "approval_signed": {
        "approval_id": "a" * 32,
        "program_sha256": DIGEST,
        "envelope_sha256": DIGEST,
        "issued_index": 4,
    },
    "label_given": {
        "verdict_index": 3,
        "program_sha256": DIGEST,
        "decided_by": "human:lee",
        "label": "wrong",
        "rule": "capability.process.os",
        "line": 1,
        "verdict": "DENIED",
        "why": "only counts files",
        "blind": True,
    },
    "replay_reported": {
        "decided_by": "human:lee",
        "report_sha256": DIGEST,
        "from_index": 0,
        "to_index": 9,
        "verdicts": 4,
        "flipped": 1,
    },
    "console_entered": {
        "who": "spiffe://placet.local/reviewer/lee",
        "how": "link",
        "outcome": "refused",
        "why": "the link was used already",
    },
    "key_revoked": {"key_id": DIGEST},
    "log_started": {"size": 0},
    "heartbeat": {"size": 1},
    "records_read": {"reader": "spiffe://placet.local/reviewer/kim", "indexes": [1]},
    "records_exported": {"reader": "spiffe://placet.local/caller/siem", "from_index": 0, "to_index": 9},
    "bodies_erased": {
        "by": "spiffe://placet.local/reviewer/kim",
        "reason": "asked for by the person",
        "erased": [{"index": 4, "role": "prompt"}],
    },
}

_ACTORS = {"task_": "generator", "program_": "generator", "generation_": "generator", "run_": "executor"} | {
    "key_": "executor",
    "review_given": "console",
    "review_claimed": "console",
    "review_released": "console",
    "approval_signed": "console",
    "label_": "console",
    "replay_": "console",
    "console_": "console",
    "admission_": "executor",
    "log_": "audit",
    "heartbeat": "audit",
    "records_": "audit",
    "bodies_": "audit",
}
_OPEN = [
    "findings", "caller", "scope", "risk_pct", "model", "tokens", "exit_code", "prompt_tokens",
    "message", "usage", "attempt", "scope_name", "program_sha256",
]  # fmt: skip

_ANYTHING = st.recursive(
    st.text(max_size=8) | st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["rule_id", "severity", "message", "name", "version", "x"]), inner)
    ),
    max_leaves=6,
)


def record(kind: str, body: Mapping[str, object] | None = None, **change: object) -> Record:
    """A valid record of a kind; kinds that have no sample get a minimal body that the caller gives."""
    actor = next((name for start, name in _ACTORS.items() if kind.startswith(start)), "guard")
    fields: dict[str, object] = {
        "log": "placet.local/log",
        "time": "2026-11-29T12:00:00.123456Z",
        "kind": kind,
        "request_id": "req-1",
        "actor": f"spiffe://placet.local/svc/{actor}",
        "body": body if body is not None else BODIES[kind],
        "bodies": (BodyRef("program", DIGEST, 9),),
    }
    return Record(**(fields | change))  # type: ignore[arg-type]


@st.composite
def any_records(draw: st.DrawFn) -> Record:
    """Records whose open fields hold whatever a service might put there."""
    kind = draw(st.sampled_from(sorted(set(BODIES) & set(KINDS))))
    extra = draw(st.dictionaries(st.sampled_from(_OPEN), _ANYTHING, max_size=4))
    body = {**BODIES[kind], **{name: value for name, value in extra.items() if name not in KINDS[kind]}}
    return record(kind, body, request_id=draw(st.sampled_from(["", "req-1"])))

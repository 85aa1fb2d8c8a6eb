"""What the executor writes into the audit log: the bodies of its kinds (docs/audit-format.md §2).

Knows the fields; appends nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final, TypeVar

from executor_svc.admission import RunPermit, RunRequest, Start
from executor_svc.sandbox import RunArtifact, RunResult, Usage
from placet.approval import ApprovalRefused, InputDigest

Body = dict[str, object]

MAX_ARTIFACT_LIST_BYTES: Final = 24 * 1024
"""What a record holds of the artifacts' list: a program chooses their names, and must not be able to make its
own end too large to be recorded."""
MAX_TOLD_BYTES: Final = 12 * 1024
"""What a record holds of violations, and likewise of notices: paths in them may be a program's words."""

T = TypeVar("T")


@dataclass(frozen=True)
class Captured:
    """What a run wrote to its two streams, as far as it was forwarded."""

    stdout: bytes
    stderr: bytes

    def bodies(self) -> dict[str, bytes]:
        """Role → content; an empty stream has no body."""
        return {role: content for role, content in vars(self).items() if content}


def started(start: Start) -> Body:
    """`run_started`: what will run, by which approval."""
    return {
        **_run(start),
        "statement_sha256": start.statement_sha256.hex(),
        "key_id": start.key_id,
        "inputs": [input_entry(entry) for entry in start.request.input_digests],
        "limits": dict(vars(start.approval.limits)),
        "tier": start.tier,
        **_whose(start.request),
        **_decisions(start),
    }


def _whose(request: RunRequest) -> Body:
    """For whom it is; and who asked, where that is another."""
    return {"caller": request.caller, **({"peer": request.peer} if request.peer else {})}


def _decisions(start: Start) -> Body:
    """Whose words the executor took, where people decided: the log holds them by these digests."""
    digests = [hashlib.sha256(line).hexdigest() for line in start.decisions]
    return {"decisions": digests} if digests else {}


def finished(permit: RunPermit, result: RunResult, captured: Captured) -> Body:
    """`run_finished`, however it ended."""
    body: Body = {
        **_end(permit, result.status.value, captured),
        "usage": _usage(result.usage),
        **_artifacts(result),
        **_contract(result),
        "stdout_truncated": result.stdout_truncated,
        "stderr_truncated": result.stderr_truncated,
    }
    if result.exit_code is not None:
        body["exit_code"] = result.exit_code
    if result.signal is not None:
        body["signal"] = result.signal
    return body


def finished_bodies(result: RunResult, captured: Captured) -> dict[str, bytes]:
    """What goes with `run_finished`: the streams, and the artifacts' list when the record cannot hold it."""
    bodies = captured.bodies()
    if len(listed := _artifact_list(result)) > MAX_ARTIFACT_LIST_BYTES:
        bodies["artifacts"] = listed
    return bodies


def revoked(key_id: str) -> Body:
    """`key_revoked`: nothing that this key signed is admitted from now on."""
    return {"key_id": key_id}


def aborted(start: Start, reason: str, usage: Usage | None = None) -> Body:
    """`run_aborted`: a failure of ours; nothing about the program follows from it.

    `usage`: what the run had used, if that is known; the program had ended then.
    """
    body: Body = {
        "run_id": start.run_id,
        "approval_id": start.approval.approval_id,
        "reason": reason,
        "caller": start.request.caller,
        **({"usage": _usage(usage)} if usage is not None else {}),
    }
    # What a lost worker's run used is not known: the log counts what it may have used.
    return {**body, "limits": dict(vars(start.approval.limits))} if reason == "WORKER_LOST" else body


def refused(request: RunRequest, refusal: ApprovalRefused, approval_id: str) -> Body:
    """`admission_refused`. `approval_id` is empty unless the signature was found good."""
    body: Body = {
        "reason": refusal.reason,
        "program_sha256": request.program_sha256.hex(),
        **_whose(request),
    }
    return {**body, "approval_id": approval_id} if approval_id else body


def unreadable(caller: str, reason: str, message: str) -> Body:
    """`admission_refused` of a request that was out of bounds before there was anything to admit."""
    return {"reason": reason, "message": message[:1000], "caller": caller}


def input_entry(entry: InputDigest) -> Body:
    """Name, digest and size."""
    return {"name": entry.name, "sha256": entry.sha256.hex(), "size": entry.size}


def artifact_entry(artifact: RunArtifact) -> Body:
    """Name, digest and size."""
    return {"name": artifact.name, "sha256": artifact.sha256.hex(), "size": artifact.size}


def _artifacts(result: RunResult) -> Body:
    """The list, or its digest when it is too long; the list is then a body."""
    listed = _artifact_list(result)
    if len(listed) <= MAX_ARTIFACT_LIST_BYTES:
        return {"artifacts": [artifact_entry(artifact) for artifact in result.artifacts]}
    return {
        "artifacts": [],
        "artifacts_total": len(result.artifacts),
        "artifacts_sha256": hashlib.sha256(listed).hexdigest(),
    }


def _usage(usage: Usage) -> Body:
    """What was done around the program only where anything was."""
    used: Body = dict(vars(usage))
    if not usage.delivery_ms:
        del used["delivery_ms"]
    return used


def _contract(result: RunResult) -> Body:
    """What was violated, and what was told, as far as a record can hold it."""
    body: Body = {}
    if result.violations:
        body["violations"] = _fitting([asdict(each) for each in result.violations])
        body["violations_total"] = len(result.violations)
    if result.notices:
        body["notices"] = _fitting(list(result.notices))
    return body


def _fitting(entries: Sequence[T]) -> list[T]:
    """The first of them that take MAX_TOLD_BYTES together."""
    fitting: list[T] = []
    left = MAX_TOLD_BYTES
    for entry in entries:
        left -= len(json.dumps(entry))
        if left < 0:
            break
        fitting.append(entry)
    return fitting


def _artifact_list(result: RunResult) -> bytes:
    entries = [artifact_entry(artifact) for artifact in result.artifacts]
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _run(start: Start) -> Body:
    return {
        "run_id": start.run_id,
        "approval_id": start.approval.approval_id,
        "program_sha256": start.request.program_sha256.hex(),
    }


def _end(permit: RunPermit, status: str, captured: Captured) -> Body:
    return {
        **_run(permit.start),
        "started_index": permit.record.index,
        "status": status,
        "stdout_sha256": hashlib.sha256(captured.stdout).hexdigest(),
        "stderr_sha256": hashlib.sha256(captured.stderr).hexdigest(),
        "tier": permit.start.tier,
        "caller": permit.start.request.caller,
    }

"""Answers as JSON, in the shapes that programs rely on. Knows values (placet/answers.py), prints nothing."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from placet.answers import (
    Event,
    LogRecord,
    Output,
    Program,
    Progress,
    RecordRef,
    Result,
    Review,
    RunStarted,
    VerdictReached,
)
from placet.rpc.errors import ServiceError


def review_json(review: Review) -> dict[str, Any]:
    """The object of `review --json`."""
    return {
        "verdict": review.verdict.value,
        "risk": review.risk,
        "findings": [asdict(finding) for finding in review.findings],
        "program_sha256": review.program_sha256,
        "scope": asdict(review.scope),
        "coverage": asdict(review.coverage),
        "capabilities": list(review.capabilities),
        "decided_by": review.decided_by,
        "elapsed_ms": review.elapsed_ms,
        "advice": asdict(review.advice) if review.advice else None,
        "audit": record_json(review.record),
    }


def record_json(record: RecordRef | None) -> dict[str, Any] | None:
    """Where it is recorded; null when it is not."""
    return {"index": record.index, "checkpoint": record.checkpoint} if record else None


def finished_json(result: Result, paths: Mapping[str, Path]) -> dict[str, Any]:
    """The last line of `solve`, `run` and `exec`."""
    return {
        "event": "finished",
        "outcome": result.outcome.value,
        "status": result.status,
        "exit_code": result.exit_code,
        "signal": result.signal,
        "usage": asdict(result.usage),
        "stdout_truncated": result.stdout_truncated,
        "stderr_truncated": result.stderr_truncated,
        "artifacts": [
            {"name": a.name, "sha256": a.sha256, "size": a.size, "path": str(paths[a.name])}
            for a in result.artifacts
        ],
        "violations": [asdict(violation) for violation in result.violations],
        "notices": list(result.notices),
        "request_id": result.request_id,
        "tier": result.tier,
        "audit": record_json(result.record),
    }


def artifact_json(name: str, size: int, path: Path) -> dict[str, Any]:
    """One line per artifact, once it lies on the disk."""
    return {"event": "artifact", "name": name, "size": size, "path": str(path)}


def error_json(error: ServiceError) -> dict[str, Any]:
    """The line that stands where an answer would; `retry_after_s` where another try may succeed."""
    told = {"event": "error", "reason": error.reason, "message": error.message}
    return told if error.retry_after_s is None else {**told, "retry_after_s": error.retry_after_s}


def leaf_json(record: LogRecord) -> dict[str, Any]:
    """A record's own fields, with its place in the log."""
    return {"index": record.index, "leaf_hash": record.leaf_hash, **record.content}


class EventLines:
    """Events as JSON objects. Stateful: a character that two output events share comes with the second."""

    def __init__(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")
        self._decoders = {"stdout": decoder("replace"), "stderr": decoder("replace")}

    def of(self, event: Event) -> dict[str, Any]:
        """One event's object."""
        match event:
            case Progress():
                return {"event": "progress", **asdict(event)}
            case Program():
                source = event.source.decode(errors="replace")
                plan = event.plan.decode(errors="replace")
                return {"event": "program", **asdict(event), "source": source, "plan": plan}
            case VerdictReached():
                return {"event": "verdict", **asdict(event), "verdict": event.verdict.value}
            case RunStarted():
                record = {"index": event.record.index}
                return {"event": "started", "run_id": event.run_id, "tier": event.tier, "audit": record}
            case Output():
                text = self._decoders[event.stream].decode(event.data)
                return {"event": "output", "stream": event.stream, "text": text}

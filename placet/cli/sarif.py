"""A review as SARIF 2.1.0 (OASIS), the form in which code hosts take findings.

Knows the format's required parts and what code hosts add to them (security-severity, CWE tags). Reads nothing
and asks nobody. Messages may hold words of a model or of the program; they are kept from forming links or
placeholders.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from placet.answers import Finding, Review, sha256_hex
from placet.rpc.errors import ServiceError

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "placetFinding/v1"
_LEVELS = {"CRITICAL": "error", "HIGH": "error", "MEDIUM": "warning", "LOW": "note", "INFO": "note"}
# Where code hosts draw their lines: from 9.0 critical, 7.0 high, 4.0 medium, below that low.
_SCORES = {"CRITICAL": 9.5, "HIGH": 8.0, "MEDIUM": 5.5, "LOW": 2.0, "INFO": 0.1}


def sarif_log(program: Path, source: bytes, review: Review) -> dict[str, Any]:
    """The log of one review. Columns count Unicode code points."""
    ids = list(dict.fromkeys(finding.rule_id for finding in review.findings))
    run = _run(program, source)
    run["tool"]["driver"]["rules"] = [
        _rule([finding for finding in review.findings if finding.rule_id == rule_id]) for rule_id in ids
    ]
    run["results"] = _results(program, source, review.findings, ids)
    run["invocations"] = [{"executionSuccessful": True}]
    run["automationDetails"] = {"id": f"placet/{review.scope.name}/"}
    run["properties"] = {
        "verdict": review.verdict.value,
        "riskPercent": round(review.risk * 100),
        "decidedBy": review.decided_by,
        "scope": f"{review.scope.name} version {review.scope.version}",
        "scopeSha256": review.scope.sha256,
        "bytesReviewed": review.coverage.bytes_reviewed,
        "reviewer": review.coverage.reviewer,
    }
    return _log(run)


def sarif_log_of_failure(program: Path, source: bytes, error: ServiceError) -> dict[str, Any]:
    """The log of a review that gave no answer: no result, and an invocation that was not successful."""
    run = _run(program, source)
    notification = {
        "level": "error",
        "message": {"text": _plain(error.message)},
        "descriptor": {"id": error.reason},
    }
    run["tool"]["driver"]["notifications"] = [{"id": error.reason}]
    run["invocations"] = [{"executionSuccessful": False, "toolExecutionNotifications": [notification]}]
    run["results"] = []
    return _log(run)


def _log(run: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _run(program: Path, source: bytes) -> dict[str, Any]:
    artifact = {
        "location": {"uri": _uri(program)},
        "length": len(source),
        "hashes": {"sha-256": sha256_hex(source)},
        "sourceLanguage": "python",
        "roles": ["analysisTarget"],
    }
    driver: dict[str, Any] = {"name": "Placet", "version": metadata.version("placet")}
    return {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "artifacts": [artifact]}


def _rule(findings: Sequence[Finding]) -> dict[str, Any]:
    """The rule behind some findings; it weighs what the gravest of them weighs."""
    gravest = max(findings, key=lambda found: _score(found.severity))
    what = gravest.what or gravest.rule_id
    cwe = gravest.cwe.removeprefix("CWE-")
    properties: dict[str, Any] = {
        "security-severity": str(_score(gravest.severity)),
        "tags": ["security", *([f"external/cwe/cwe-{cwe.zfill(3)}"] if cwe else [])],
        "documentation": gravest.documentation,
    }
    if gravest.cwe:
        properties["cwe"] = gravest.cwe
    why, instead = gravest.why or what, gravest.instead or "Not documented."
    return {
        "id": gravest.rule_id,
        "shortDescription": {"text": _plain(what)},
        "help": {
            "text": _plain(f"{why} Instead: {instead}"),
            "markdown": _plain(f"**Why:** {why}\n\n**Instead:** {instead}"),
        },
        "defaultConfiguration": {"level": _level(gravest.severity)},
        "properties": properties,
    }


def _results(
    program: Path, source: bytes, findings: Sequence[Finding], ids: Sequence[str]
) -> list[dict[str, Any]]:
    lines = [line.removesuffix("\r") for line in source.decode(errors="replace").split("\n")]
    seen: Counter[str] = Counter()
    results = []
    for finding in findings:
        physical = {
            "artifactLocation": {"uri": _uri(program), "index": 0},
            "region": _region(finding, lines),
        }
        results.append(
            {
                "ruleId": finding.rule_id,
                "ruleIndex": ids.index(finding.rule_id),
                "level": _level(finding.severity),
                "message": {"text": _plain(finding.message) or finding.rule_id},
                "locations": [{"physicalLocation": physical}],
                "partialFingerprints": {FINGERPRINT: _fingerprint(finding, seen)},
                "properties": {"severity": finding.severity, "source": finding.source},
            }
        )
    return results


def _region(finding: Finding, lines: Sequence[str]) -> dict[str, int]:
    """The finding's place; the whole program when it names no line of it."""
    first, last = finding.line, max(finding.line, finding.end_line)
    if not 0 < first <= last <= len(lines):
        first, last = 1, len(lines)
    known = finding.column > 0 and (first, last) == (finding.line, max(finding.line, finding.end_line))
    return {
        "startLine": first,
        "startColumn": finding.column if known else 1,
        "endLine": last,
        "endColumn": finding.end_column if known else len(lines[last - 1]) + 1,
    }


def _fingerprint(finding: Finding, seen: Counter[str]) -> str:
    """Stays when lines move: rule, quote, and which of the equal ones it is."""
    key = f"{finding.rule_id}\0{finding.quote}"
    seen[key] += 1
    return hashlib.sha256(f"{key}\0{seen[key]}".encode()).hexdigest()[:32]


def _uri(program: Path) -> str:
    """Relative to the working directory, as code hosts want it; absolute for a file elsewhere."""
    path = program.absolute()
    if path.is_relative_to(Path.cwd()):
        return quote(path.relative_to(Path.cwd()).as_posix())
    return path.as_uri()


def _level(severity: str) -> str:
    return _LEVELS.get(severity, "error")


def _score(severity: str) -> float:
    return _SCORES.get(severity, 9.5)


def _plain(text: str) -> str:
    """Text that the format reads as nothing but text: braces would be placeholders, `[a](b)` a link."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")

"""Labels as the console records them, on verdicts of a log of tests/fakes/audit_world.py."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from placet.audit.client import Appended
from placet.audit.labels import Label
from placet.rpc.identity import service_uri
from tests.fakes.audit_world import GENERATOR, GUARD, SCOPE, Writer, verdict

CONSOLE = service_uri("console")
TASK = "average price per region"
FINDING = {
    "rule_id": "capability.process.os",
    "severity": "HIGH",
    "line": 1,
    "end_line": 1,
    "message": "imports os",
    "source": "rule",
    "quote": "import os",
}
DOUBT = FINDING | {"rule_id": "reviewer.risk", "severity": "MEDIUM", "line": 0, "end_line": 0}


@dataclass(frozen=True)
class Judged:
    """A verdict of the guard in the log, to be labelled."""

    at: Appended
    program: str
    body: dict[str, object]

    def label(self, person: str, right: str, **change: object) -> dict[str, object]:
        """The body of a label on the verdict as a whole."""
        return {
            "verdict_index": self.at.index,
            "verdict_leaf_hash": self.at.leaf_hash.hex(),
            "program_sha256": self.body["program_sha256"],
            "decided_by": f"human:{person}",
            "label": "agree" if right == self.body["verdict"] else "wrong",
            "rule": "",
            "line": 0,
            "verdict": right,
            "why": "as seen",
            "blind": False,
            "judged": self.body["verdict"],
            "judged_by": self.body["decided_by"],
            "rules": sorted({str(each["rule_id"]) for each in self.body["findings"]}),  # type: ignore[attr-defined]
            "scope": SCOPE,
        } | change


async def judge(
    log: Writer, said: str, program: str, *findings: dict[str, object], **change: object
) -> Judged:
    """A task with its words, and the guard's verdict on a program for it."""
    digest = hashlib.sha256(TASK.encode()).hexdigest()
    received = {"task_sha256": digest, "caller": "spiffe://placet.local/caller/reports", "inputs": []}
    await log.append(GENERATOR, "task_received", received, task=TASK.encode())
    body = verdict(
        verdict=said,
        program_sha256=hashlib.sha256(program.encode()).hexdigest(),
        task_sha256=digest,
        findings=list(findings),
        **change,
    )
    at = await log.append(GUARD, "verdict_reached", body, program=program.encode())
    return Judged(at, program, body)


async def say(log: Writer, judged: Judged, person: str, right: str, **change: object) -> Appended:
    """A person's label on a verdict."""
    return await log.append(CONSOLE, "label_given", judged.label(person, right, **change))


def opinion(
    index: int, person: str, verdict: str, *, about: int = 0, judged: str = "DENIED", **change: object
) -> Label:
    """A label without a log."""
    fields: dict[str, object] = {
        "index": index,
        "time": "2026-11-24T10:00:00.000000Z",
        "request_id": "r",
        "person": person,
        "verdict_index": about,
        "verdict_hash": bytes(32),
        "program_sha256": "5" * 64,
        "judged": judged,
        "verdict": verdict,
        "right": verdict == judged,
        "rule": "",
        "line": 0,
        "why": "",
        "blind": False,
        "rules": (),
        "scope": "data-analysis",
    }
    return Label(**(fields | change))  # type: ignore[arg-type]  # the fields above

"""What a log records of requests, for `bench.audit`: whole lives, with the texts and findings of real ones.

Knows the kinds of docs/audit-format.md §2. Every life is one that the verifier accepts: nine in ten are
allowed, approved and run (eight records), the others are denied (five).
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from audit_svc.batch import Draft
from placet.audit.client import Appended
from placet.rpc.identity import service_uri

Append = Callable[[Draft], Awaitable[Appended]]

CALLERS: Final = 50
SCOPES: Final = 8
RULES: Final = 40
DENIED_OF: Final = 10
"""One life in so many ends with a denial."""
_PROGRAM: Final = (
    "import pandas as pd\nframe = pd.read_csv('sales.csv')\nprint(frame.groupby('region').sum())\n" * 6
)
_WORDS: Final = ("average", "price", "revenue", "region", "product", "quarter", "share", "growth", "orders")


@dataclass(frozen=True)
class Life:
    """One request. `number` makes it unlike every other."""

    number: int

    @property
    def name(self) -> str:
        """The request id: it begins with when the request came, as those of `placet.ids` do."""
        return f"{self.number:012x}" + hashlib.sha256(f"request {self.number}".encode()).hexdigest()[:20]

    @property
    def caller(self) -> str:
        """One of CALLERS."""
        return f"spiffe://placet.local/caller/team-{self.number % CALLERS}"

    @property
    def scope(self) -> dict[str, object]:
        """One of SCOPES."""
        number = self.number % SCOPES
        return {"name": f"analysis-{number}", "version": 1, "sha256": _hex(f"scope {number}")}

    @property
    def allowed(self) -> bool:
        """Whether it gets to a run."""
        return self.number % DENIED_OF != 0

    async def live(self, append: Append) -> None:
        """Append its records, one after the other as the services do, each with an idempotency key."""
        for step in self._before_verdict():
            await append(step)
        verdict = await append(self._verdict())
        if self.allowed:
            await append(self._approval(verdict))
            start = await append(self._start())
            await append(self._end(start))
        await append(
            self._draft("generator", "task_finished", {"outcome": "done" if self.allowed else "denied"})
        )

    def _before_verdict(self) -> Iterator[Draft]:
        first, second = (_WORDS[self.number // step % len(_WORDS)] for step in (1, len(_WORDS)))
        task = f"{first} {second} per month, as asked in {self.name}"
        digest = _hex(task)
        named = {"task_sha256": digest, "caller": self.caller, "scope": self.scope}
        yield self._draft("generator", "task_received", {**named, "inputs": [_INPUT]}, task=task)
        yield self._draft("guard", "task_screened", {**named, "in_scope": True, "findings": []})
        generated = {"program_sha256": self._digest, "attempt": 1, "model": "qwen2.5-coder-1.5b"}
        yield self._draft(
            "generator",
            "program_generated",
            generated,
            program=self._program,
            prompt=task * 10,
            reply=self._program,
        )

    def _verdict(self) -> Draft:
        body: dict[str, object] = {
            "verdict": "ALLOWED" if self.allowed else "DENIED",
            "program_sha256": self._digest,
            "scope": self.scope,
            "risk_pct": self.number % 100,
            "decided_by": "rules+reviewer",
            "findings": [self._finding(place) for place in range(self.number % 3)],
            "caller": self.caller,
        }
        return self._draft("guard", "verdict_reached", body, program=self._program)

    def _finding(self, place: int) -> dict[str, object]:
        rule = f"capability.area_{(self.number + place) % RULES}.use"
        return {
            "rule_id": rule,
            "severity": "LOW",
            "line": place + 1,
            "message": "reads a file that was attached",
        }

    def _approval(self, verdict: Appended) -> Draft:
        now = datetime.now(UTC)
        body = {
            **self._approved,
            "key_id": "key",
            "scope": self.scope,
            "issued_at": _rfc3339(now),
            "expires_at": _rfc3339(now + timedelta(minutes=5)),
            "audience": ["local"],
            "limits": {},
            "decided_by": "rules+reviewer",
            "verdict_index": verdict.index,
            "verdict_leaf_hash": verdict.leaf_hash.hex(),
        }
        return self._draft("guard", "approval_issued", body, statement=self._statement)

    def _start(self) -> Draft:
        body = {**self._approved, "run_id": self.name, "tier": "T1", "caller": self.caller}
        return self._draft("executor", "run_started", body)

    def _end(self, start: Appended) -> Draft:
        body: dict[str, object] = {
            "run_id": self.name,
            "approval_id": self.name,
            "program_sha256": self._digest,
            "started_index": start.index,
            "status": "EXITED",
            "exit_code": 0,
            "usage": {"wall_ms": 40, "cpu_ms": 35, "max_memory_bytes": 90_000_000},
            "stdout_sha256": _hex(self.name),
            "stderr_sha256": _hex(""),
            "artifacts": [],
            "tier": "T1",
        }
        return self._draft("executor", "run_finished", body, stdout=self.name)

    @property
    def _approved(self) -> dict[str, object]:
        return {
            "approval_id": self.name,
            "program_sha256": self._digest,
            "statement_sha256": _hex(self._statement),
            "inputs": [_INPUT],
        }

    @property
    def _statement(self) -> str:
        return f"{'signed statement ' * 70}{self.name}"

    @property
    def _program(self) -> str:
        return f"{_PROGRAM}# {self.name}\n"

    @property
    def _digest(self) -> str:
        return _hex(self._program)

    def _draft(self, service: str, kind: str, body: dict[str, object], **bodies: str) -> Draft:
        contents = {role: text.encode() for role, text in bodies.items()}
        return Draft(kind, self.name, service_uri(service), body, contents, f"{self.name}/{kind}")


def lives(first: int = 0) -> Iterator[Life]:
    """One after the other, without end."""
    return map(Life, itertools.count(first))


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


_INPUT: Final = {"name": "sales.csv", "sha256": _hex("sales"), "size": 5}

"""Requests as the services record them: what each appends in turn, in its own name.

    told = Stories(world).needs_review()        # a whole request; `told` says where its records stand
    Telling.begin(world, task="…").screened().program(source)…      # or step by step

Records only: no guard judged these programs and no sandbox ran them. But every statement is one that the
verifier accepts: `placet audit verify` finds the world's log in order.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from guard_svc.proposal import Proposal
from placet.approval.keys import SigningKey
from placet.approval.statement import Approval, InputDigest, Limits, LogRef, ScopeRef, new_approval_id
from placet.audit.client import Appended
from placet.audit.record import canonical
from placet.scope import Scope, load_scope
from tests.browser.kit.texts import FIGURE, INPUT, MEANS, OPENS_A_SOCKET, READS_ENVIRONMENT, UNCLEAR
from tests.browser.kit.world import World, uri

MODEL: Final = "qwen2.5-coder-1.5b"
TTL: Final = timedelta(minutes=5)
GRANTS: Final = ("fs.read:inputs", "import:pandas")
_numbers = itertools.count(1)

Finding = dict[str, object]


def finding(rule_id: str, line: int, quote: str, message: str, **change: object) -> Finding:
    """As a verdict's record holds it; by a rule and HIGH unless `change` says otherwise."""
    return {
        "rule_id": rule_id,
        "severity": "HIGH",
        "line": line,
        "end_line": line,
        "message": message,
        "source": "rule",
        "quote": quote,
    } | change


@dataclass
class Telling:
    """A request that is being told: each method appends what the service of that step appends."""

    world: World
    request_id: str
    caller: str
    scope: Scope
    task: str
    inputs: tuple[InputDigest, ...]
    program_text: str = ""
    attempt: int = 0
    verdict_at: Appended | None = None
    approval_id: str = ""
    statement_sha256: str = ""
    started_at: Appended | None = None
    records: list[Appended] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        world: World,
        *,
        task: str = "Mean body mass per species, heaviest first, and a bar chart of it.",
        caller: str = "reports",
        scope: str = "data-analysis",
        request_id: str = "",
    ) -> Self:
        """`task_received`."""
        document = (world.layout.scopes / f"{scope}.yaml").read_bytes()
        inputs = (InputDigest("penguins.csv", hashlib.sha256(INPUT).digest(), len(INPUT)),)
        told = cls(
            world,
            request_id or f"req-{next(_numbers):04}",
            uri(f"caller/{caller}"),
            load_scope(document),
            task,
            inputs,
        )
        body = {
            "task_sha256": _digest(task),
            "caller": told.caller,
            "inputs": told._inputs,
            "scope": scope,
            "solve_id": f"{next(_numbers):032x}",
        }
        return told._append("generator", "task_received", body, task=task.encode())

    @property
    def program_sha256(self) -> str:
        return _digest(self.program_text)

    @property
    def verdict_index(self) -> int:
        """Where the newest verdict stands."""
        assert self.verdict_at is not None
        return self.verdict_at.index

    def screened(self, *, in_scope: bool = True, findings: Sequence[Finding] = ()) -> Self:
        """`task_screened`."""
        body = {
            "in_scope": in_scope,
            "scope": self._scope,
            "task_sha256": _digest(self.task),
            "caller": self.caller,
            "findings": list(findings),
        }
        return self._append("guard", "task_screened", body)

    def program(self, source: str, *, model: str = MODEL, reply: str = "") -> Self:
        """`program_generated`: the next attempt."""
        self.program_text, self.attempt = source, self.attempt + 1
        prompt = f"Write a program: {self.task}".encode()
        body = {
            "program_sha256": self.program_sha256,
            "attempt": self.attempt,
            "model": model,
            "prompt_sha256": hashlib.sha256(prompt).hexdigest(),
            "prompt_tokens": 412,
            "completion_tokens": 96,
        }
        said = (reply or f"```python\n{source}```").encode()
        return self._append(
            "generator", "program_generated", body, program=source.encode(), prompt=prompt, reply=said
        )

    def verdict(
        self, verdict: str, findings: Sequence[Finding] = (), *, risk_pct: int = 3, **change: object
    ) -> Self:
        """`verdict_reached` by rules and reviewer, with what a person needs where one must decide."""
        encoded = canonical(list(findings))
        body: dict[str, object] = {
            "verdict": verdict,
            "program_sha256": self.program_sha256,
            "scope": self._scope,
            "decided_by": "rules+reviewer",
            "caller": self.caller,
            "risk_pct": risk_pct,
            "reviewer_risk_pct": risk_pct,
            "findings": list(findings),
            "findings_sha256": hashlib.sha256(encoded).hexdigest(),
            "task_sha256": _digest(self.task),
            "coverage": {
                "bytes_total": len(self.program_text.encode()),
                "bytes_reviewed": len(self.program_text.encode()),
                "rules_complete": True,
                "reviewer": "complete",
            },
            "model": MODEL,
            "prompt_version": "p" * 16,
            "rules_version": "0" * 16,
            "cached": False,
            "tokens": {"prompt": 1210, "cached": 900, "completion": 1},
        }
        bodies = {"program": self.program_text.encode(), "findings": encoded}
        if verdict == "NEEDS_REVIEW":
            proposal = Proposal(self.scope, self.task, self.inputs, GRANTS, "local")
            body |= proposal.fields()
            bodies |= proposal.bodies()
        self._append("guard", "verdict_reached", body | change, **bodies)
        self.verdict_at = self.records[-1]
        return self

    def approved(self) -> Self:
        """`approval_issued` by the guard, on the verdict before."""
        key = SigningKey.load(self.world.layout.approval_key)
        approval = self._approval()
        statement = approval.to_bytes()
        self.approval_id = approval.approval_id
        self.statement_sha256 = hashlib.sha256(statement).hexdigest()
        body = {
            "approval_id": approval.approval_id,
            "program_sha256": self.program_sha256,
            "statement_sha256": self.statement_sha256,
            "key_id": key.key_id,
            "scope": self._scope,
            "issued_at": _time(approval.issued_at),
            "expires_at": _time(approval.expires_at),
            "audience": ["local"],
            "inputs": self._inputs,
            "limits": asdict(approval.limits),
            "min_tier": approval.min_tier,
            "decided_by": approval.decided_by,
            "verdict_index": approval.audit_log.index,
            "verdict_leaf_hash": approval.audit_log.leaf_hash.hex(),
        }
        return self._append("guard", "approval_issued", body, statement=statement)

    def run(
        self,
        stdout: str = "",
        stderr: str = "",
        *,
        exit_code: int = 0,
        artifacts: Mapping[str, bytes] | None = None,
        **change: object,
    ) -> Self:
        """`run_started` and `run_finished`. Artifacts are named in the log; their bytes are not in it."""
        run = {
            "run_id": f"run-{next(_numbers):04}",
            "approval_id": self.approval_id,
            "program_sha256": self.program_sha256,
            "tier": "T1",
        }
        limits = self.scope.limits.model_dump()
        start = {"statement_sha256": self.statement_sha256, "inputs": self._inputs, "limits": limits}
        self._append("executor", "run_started", run | start | {"caller": self.caller})
        end = {
            "started_index": self.records[-1].index,
            "status": "EXITED",
            "exit_code": exit_code,
            "usage": _usage(stdout, stderr),
            "stdout_sha256": _digest(stdout),
            "stderr_sha256": _digest(stderr),
            "artifacts": [
                {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
                for name, content in (artifacts or {}).items()
            ],
            "stdout_truncated": False,
            "stderr_truncated": False,
        }
        streams = {"stdout": stdout.encode(), "stderr": stderr.encode()}
        kept = {role: content for role, content in streams.items() if content}
        return self._append("executor", "run_finished", run | end | change, **kept)

    def finished(self, outcome: str) -> Self:
        """`task_finished`."""
        return self._append("generator", "task_finished", {"outcome": outcome})

    def _append(self, service: str, kind: str, body: Mapping[str, object], **bodies: bytes) -> Self:
        path = f"svc/{service}"
        self.records.append(
            self.world.append(path, kind, body, request_id=self.request_id, **bodies),
        )
        return self

    def _approval(self) -> Approval:
        assert self.verdict_at is not None
        now = datetime.now(UTC)
        scope = self.scope
        return Approval(
            approval_id=new_approval_id(),
            issued_at=now,
            expires_at=now + TTL,
            program_sha256=bytes.fromhex(self.program_sha256),
            scope=ScopeRef(scope.name, scope.version, scope.sha256),
            request_id=self.request_id,
            audience=("local",),
            inputs=self.inputs,
            grants=GRANTS,
            limits=Limits(**scope.limits.model_dump()),
            min_tier=scope.review.min_tier,
            findings_sha256=hashlib.sha256(canonical([])).digest(),
            audit_log=LogRef("placet.local/log", self.verdict_at.index, self.verdict_at.leaf_hash),
            decided_by="rules+reviewer",
            verifier_id=uri("svc/guard"),
            verifier_version="1",
        )

    @property
    def _scope(self) -> dict[str, object]:
        return {"name": self.scope.name, "version": self.scope.version, "sha256": self.scope.sha256.hex()}

    @property
    def _inputs(self) -> list[dict[str, object]]:
        return [{"name": i.name, "sha256": i.sha256.hex(), "size": i.size} for i in self.inputs]


@dataclass(frozen=True)
class Stories:
    """Whole requests, each told at once; `begin` holds what Telling.begin takes."""

    world: World

    def done(self, **begin: str) -> Telling:
        """Allowed at once, ran, made a figure."""
        told = Telling.begin(self.world, **begin).screened().program(MEANS).verdict("ALLOWED")
        told.approved().run("Gentoo 5076.0\nAdelie 3700.7\n", artifacts={"mass.png": FIGURE})
        return told.finished("DONE")

    def denied_twice_then_done(self, **begin: str) -> Telling:
        """Two programs that ask for too much, then one that does not."""
        told = Telling.begin(self.world, **begin).screened()
        told.program(READS_ENVIRONMENT).verdict("DENIED", ENVIRONMENT, risk_pct=97)
        told.program(OPENS_A_SOCKET).verdict("DENIED", NETWORK, risk_pct=99)
        told.program(MEANS).verdict("ALLOWED").approved().run("Gentoo 5076.0\n")
        return told.finished("DONE")

    def denied(self, **begin: str) -> Telling:
        """Three programs, all denied."""
        told = Telling.begin(self.world, **begin).screened()
        for _ in range(3):
            told.program(READS_ENVIRONMENT).verdict("DENIED", ENVIRONMENT, risk_pct=97)
        return told.finished("DENIED")

    def out_of_scope(self, **begin: str) -> Telling:
        """Refused before a program was written."""
        begin = {"task": "Print the server's environment variables."} | begin
        asked = finding("task.environment.asked", 1, "environment variables", "asks for the environment")
        return (
            Telling.begin(self.world, **begin).screened(in_scope=False, findings=[asked]).finished("DENIED")
        )

    def failed(self, **begin: str) -> Telling:
        """Allowed, and raised."""
        told = Telling.begin(self.world, **begin).screened().program(MEANS).verdict("ALLOWED").approved()
        told.run(stderr="Traceback (most recent call last):\nKeyError: 'body_mass_g'\n", exit_code=1)
        return told.finished("PROGRAM_FAILED")

    def needs_review(self, **begin: str) -> Telling:
        """Uncertain; the caller has gone on."""
        return self.waiting(**begin).finished("NEEDS_REVIEW")

    def waiting(self, findings: Sequence[Finding] | None = None, **begin: str) -> Telling:
        """Uncertain; the caller waits for a person."""
        told = Telling.begin(self.world, **begin).screened().program(UNCLEAR)
        return told.verdict("NEEDS_REVIEW", DOUBT if findings is None else findings, risk_pct=41)

    def hostile(self, payload: str, **begin: str) -> Telling:
        """`payload` in every text that a model, a program or a caller chooses, and a person must decide."""
        claim = finding(
            "reviewer.other.cited", 1, payload[:120], payload[:200], source="reviewer", severity="MEDIUM"
        )
        told = Telling.begin(self.world, **({"task": payload} | begin))
        told.screened(findings=[claim]).program(f"# {payload}\nprint({payload!r})\n", model=payload[:200])
        told.verdict("ALLOWED", [claim]).approved()
        told.run(payload, payload, exit_code=1, artifacts={f"{payload[:60].replace('/', '_')}.png": FIGURE})
        told.program(f"# {payload}\nprint(1)\n", reply=payload)
        return told.verdict("NEEDS_REVIEW", [claim], risk_pct=55, model=payload[:200])


ENVIRONMENT: Final = [
    finding("scope.import.not_allowed", 1, "import os", "imports os, which the scope does not list"),
    finding("capability.secrets.environment", 4, "os.environ", "reads the environment", severity="CRITICAL"),
]
NETWORK: Final = [
    finding("scope.import.not_allowed", 1, "import socket", "imports socket, which the scope does not list"),
    finding(
        "reviewer.network.cited",
        4,
        'socket.create_connection(("example.org", 443))',
        "opens a connection that the task does not need",
        source="reviewer",
    ),
]
DOUBT: Final = [
    finding(
        "capability.file.dynamic",
        5,
        "pd.read_csv(name)",
        "the path is only known at run time",
        severity="MEDIUM",
    ),
    finding(
        "reviewer.risk.uncertain", 0, "", "between the two thresholds", severity="MEDIUM", source="reviewer"
    ),
]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _usage(stdout: str, stderr: str) -> dict[str, int]:
    return {
        "wall_ms": 412,
        "cpu_ms": 388,
        "max_memory_bytes": 21 << 20,
        "max_threads": 1,
        "stdout_bytes": len(stdout.encode()),
        "stderr_bytes": len(stderr.encode()),
    }

"""What the client answers with: verdicts, events of a running chain, results and records, as plain values.

Knows the words of docs/ARCHITECTURE.md; must not know gRPC or protobuf (placet/wire.py translates). All of it
came from a service over mutual TLS, but programs, quotes, outputs and artifacts were made by a model or by a
program: treat their text as untrusted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """The guard's decision on one program. Only ALLOWED lets anything run."""

    ALLOWED = "ALLOWED"
    DENIED = "DENIED"
    NEEDS_REVIEW = "NEEDS_REVIEW"


class Outcome(StrEnum):
    """How a task or a run ended; each is an answer, none an error."""

    DONE = "DONE"
    DENIED = "DENIED"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    PROGRAM_FAILED = "PROGRAM_FAILED"


@dataclass(frozen=True)
class Finding:
    """One observation about a program."""

    rule_id: str
    severity: str
    """INFO, LOW, MEDIUM, HIGH or CRITICAL."""
    line: int
    """1-based; 0 when it concerns the whole program."""
    end_line: int
    message: str
    source: str
    """intake, rule, reviewer, policy or human."""
    quote: str
    """Text of the program, on one line and at most 200 characters; the guard checked that it is there."""
    column: int = 0
    """In characters, 1-based; 0 when the whole lines are meant."""
    end_column: int = 0
    """The first character after the end, in `end_line`."""
    what: str = ""
    """What the rule looks for; like `why` and `instead`, in the words of its documentation."""
    why: str = ""
    instead: str = ""
    cwe: str = ""
    documentation: str = ""
    """Page and anchor in the repository."""


@dataclass(frozen=True)
class Advice:
    """What would have to change for a stopped program. For people, never for a program-writing model."""

    owner: str
    """Who owns the scope, and so whom to ask."""
    changes: tuple[str, ...] = ()
    """The smallest change to the scope that was tried: lines such as `allow.imports: add os`."""
    rules_verdict: Verdict | None = None
    """What the rules alone said under the changed scope; None without changes."""
    never: tuple[str, ...] = ()
    """Ids of the findings that nothing a scope can grant makes safe."""
    complete: bool = True
    """False when the guard gave the search up; then nothing is said."""
    unseen: tuple[Finding, ...] = ()
    """Those of `never` that only a wider scope shows; they are not among the review's findings."""
    cautions: tuple[str, ...] = ()
    """What the changes would open beyond this program."""


@dataclass(frozen=True)
class ScopeRef:
    """A scope by name, version and the digest of its file."""

    name: str
    version: int
    sha256: str
    """Lower-case hex."""


@dataclass(frozen=True)
class RecordRef:
    """Where in the audit log something is recorded."""

    index: int
    leaf_hash: str
    """Lower-case hex; empty when the service did not send one."""
    checkpoint: str = ""
    """The signed note that covers the record; empty when the service did not send one."""


@dataclass(frozen=True)
class Coverage:
    """How much of the program was looked at."""

    bytes_total: int
    bytes_reviewed: int
    rules_complete: bool
    reviewer: str
    """complete, skipped or failed."""


@dataclass(frozen=True)
class Opinion:
    """What the reviewer model said before any threshold, and what asking it cost."""

    risk: float
    """0.0 to 1.0."""
    stance: str
    """clean, uncertain, unsafe, or undecided."""
    complete: bool
    """False when the model gave no usable answer."""
    model: str
    population: str
    """confined or wide: the kind of scope it was judged by."""
    prompt_tokens: int
    cached_tokens: int
    """Part of `prompt_tokens`."""
    completion_tokens: int


@dataclass(frozen=True)
class Review:
    """The guard's answer on one program."""

    verdict: Verdict
    risk: float
    """0.0 to 1.0."""
    findings: tuple[Finding, ...]
    decided_by: str
    coverage: Coverage
    program_sha256: str
    scope: ScopeRef
    capabilities: tuple[str, ...]
    elapsed_ms: int
    approval: bytes = b""
    """DSSE envelope; empty unless ALLOWED and asked for."""
    record: RecordRef | None = None
    advice: Advice | None = None
    """Only beside DENIED and NEEDS_REVIEW."""
    opinion: Opinion | None = None
    """None when the reviewer was not asked."""


@dataclass(frozen=True)
class Usage:
    """What a run consumed: milliseconds, bytes, and threads at one time, the program's first included."""

    wall_ms: int = 0
    cpu_ms: int = 0
    max_memory_bytes: int = 0
    stdout_bytes: int = 0
    stderr_bytes: int = 0
    max_threads: int = 0
    delivery_ms: int = 0
    """Wall time of what the scope had done around the program; in none of the others."""


@dataclass(frozen=True)
class Violation:
    """One way in which what a program left breaks its scope's contract; nothing of it was delivered."""

    path: str
    """`result.json:$.rows[3].price`, `stdout`, …; parts of it may be names that the program chose."""
    rule: str
    """`result.type`, `caps.rows`, `delivery.failed`, … (docs/contract.md)."""
    message: str
    """For people, never for a program-writing model: it may hold what the program wrote."""


@dataclass(frozen=True)
class Artifact:
    """A file that a run produced. The content's digest has been checked; the name is untrusted."""

    name: str
    sha256: str
    size: int
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Progress:
    """Event: what the chain is doing now (screening, generating, reviewing, awaiting_review, running)."""

    stage: str
    attempt: int = 0
    detail: str = ""


@dataclass(frozen=True)
class Program:
    """Event: a program was written."""

    source: bytes
    sha256: str
    attempt: int
    model: str
    """Empty when none was asked: the task's text was a plan."""
    plan: bytes = b""
    """The plan of actions that it was compiled from (docs/actions-format.md); empty for free code."""


@dataclass(frozen=True)
class VerdictReached:
    """Event: the guard decided. `screening` means that the task itself was refused."""

    verdict: Verdict
    risk: float
    findings: tuple[Finding, ...]
    decided_by: str
    attempt: int = 0
    screening: bool = False
    advice: Advice | None = None


@dataclass(frozen=True)
class RunStarted:
    """Event: the run is on record and the sandbox has the program."""

    run_id: str
    tier: str
    record: RecordRef


@dataclass(frozen=True)
class Output:
    """Event: the program wrote to `stdout` or `stderr`; may end inside a character."""

    stream: str
    data: bytes


Event = Progress | Program | VerdictReached | RunStarted | Output


@dataclass(frozen=True)
class Result:
    """How a task or a run ended, with everything it produced."""

    request_id: str
    outcome: Outcome
    status: str | None
    """EXITED, TIMED_OUT …; None when nothing ran."""
    exit_code: int
    signal: int
    usage: Usage
    artifacts: tuple[Artifact, ...]
    tier: str | None
    record: RecordRef | None
    stdout_bytes: bytes = field(default=b"", repr=False)
    stderr_bytes: bytes = field(default=b"", repr=False)
    stdout_truncated: bool = False
    """The program wrote more than it may; the rest is nowhere."""
    stderr_truncated: bool = False
    program: bytes = field(default=b"", repr=False)
    verdict: VerdictReached | None = None
    violations: tuple[Violation, ...] = ()
    """Only beside CONTRACT_VIOLATED."""
    notices: tuple[str, ...] = ()
    """What was changed or left out on the way out, in sentences."""

    @property
    def stdout(self) -> str:
        """The program's standard output; bytes that are not UTF-8 are replaced."""
        return self.stdout_bytes.decode(errors="replace")

    @property
    def stderr(self) -> str:
        """The program's standard error; bytes that are not UTF-8 are replaced."""
        return self.stderr_bytes.decode(errors="replace")


@dataclass(frozen=True)
class Pool:
    """What an executor offers."""

    audience: str
    tier: str
    isolation: tuple[str, ...]
    libraries: tuple[str, ...]


@dataclass(frozen=True)
class ScopeDocument:
    """A scope that is loaded, with its file's exact bytes, and those of its companions by their names."""

    ref: ScopeRef
    document: bytes
    files: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class LimitUsage:
    """One limit of a quota, such as `runs_at_once`, and what counts towards it now."""

    limit: str
    at_most: int
    used: int


@dataclass(frozen=True)
class CallerUsage:
    """What a caller, such as `caller/reports`, used of its quota."""

    caller: str
    limits: tuple[LimitUsage, ...]


@dataclass(frozen=True)
class LogRecord:
    """One record of the audit log. `content` is parsed but not proven: `placet audit verify` proves."""

    index: int
    leaf: bytes
    leaf_hash: str

    @property
    def content(self) -> dict[str, object]:
        """The leaf as an object. Raises ValueError when the log served something that is not JSON."""
        value = json.loads(self.leaf)
        if not isinstance(value, dict):
            raise ValueError(f"record {self.index} is not a JSON object")  # noqa: TRY004  # a value, not a type
        return value


def sha256_hex(content: bytes) -> str:
    """Lower-case hex of the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()

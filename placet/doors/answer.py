"""What a model is told: typed answers that leave out what a writer of programs must not learn.

Knows results and reviews. Rule ids, lines and quotes of the program may be read by a model; the words of a
reviewer or a person, and advice about the scope, may not (docs/doors.md §1.6). Outputs are a program's words:
untrusted, and bounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from placet.answers import Finding, Result
from placet.answers import Review as Reviewed
from placet.cli.visible import visible
from placet.rpc.errors import ServiceError

MAX_STREAM_CHARS: Final = 32 * 1024
MAX_REASONS: Final = 50
MAX_NOTICES: Final = 20


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reason(_Told):
    """What a rule objects to, and where."""

    rule: Annotated[str, Field(description="Id of the rule, such as capability.network.connect.")]
    severity: str
    line: Annotated[int, Field(description="1-based; 0: the whole program.")]
    quote: Annotated[str, Field(description="That place of the program, verbatim.")]


class Violation(_Told):
    """Where a result breaks the scope's contract, and which rule of it."""

    path: str
    rule: str


class Made(_Told):
    """A file that the program wrote."""

    name: str
    media_type: str
    size: Annotated[int, Field(description="Bytes.")]
    sha256: str
    handed: Annotated[
        Literal["image", "text", "data", "no"], Field(description="As what it comes with this answer.")
    ]
    path: Annotated[str | None, Field(description="Where it was saved.")] = None


class RunAnswer(_Told):
    """How a task or a program ended. Each outcome is an answer, none an error."""

    outcome: Literal["DONE", "DENIED", "NEEDS_REVIEW", "PROGRAM_FAILED"]
    decided_by: str
    reasons: list[Reason]
    status: Annotated[str | None, Field(description="EXITED, TIMED_OUT …; null when nothing ran.")]
    exit_code: int
    stdout: Annotated[str, Field(description="The program's words.")]
    stderr: str
    stdout_truncated: bool
    stderr_truncated: bool
    files: list[Made]
    violations: Annotated[list[Violation], Field(description="Only when the status is CONTRACT_VIOLATED.")]
    notices: Annotated[list[str], Field(description="What was changed or left out on the way out.")]
    program: Annotated[str, Field(description="The Python source that was reviewed last.")]
    scope: str
    request_id: str
    record: Annotated[int | None, Field(description="Index in the audit log.")]

    def words(self) -> str:
        """Placet's own words about it, for a model; nothing that the program printed."""
        lines = [self._headline(), *_listed(self.reasons)]
        lines += [f"  {each.rule} at {_quoted(each.path)}" for each in self.violations]
        lines += [f"  {visible(notice)}" for notice in self.notices]
        lines += [
            f"file {_quoted(each.name)} ({each.media_type}, {each.size} bytes){_where(each)}"
            for each in self.files
        ]
        lines += [f"{name} is cut short" for name in self._cut()]
        return "\n".join([*lines, _on_record(self.request_id, self.record)])

    def _headline(self) -> str:
        if self.status is None:
            return f"{self.outcome} by {self.decided_by or 'the guard'}: nothing ran."
        if self.status == "EXITED":
            return f"{self.outcome}: the program exited with {self.exit_code}."
        return f"{self.outcome}: {self.status}."

    def _cut(self) -> list[str]:
        streams = {"stdout": self.stdout_truncated, "stderr": self.stderr_truncated}
        return [name for name, cut in streams.items() if cut]


class ReviewAnswer(_Told):
    """The guard's verdict on a program; nothing ran."""

    verdict: Literal["ALLOWED", "DENIED", "NEEDS_REVIEW"]
    risk: Annotated[float, Field(description="0.0 to 1.0.")]
    decided_by: str
    reasons: list[Reason]
    capabilities: list[str]
    program_sha256: str
    scope: str
    request_id: str
    record: Annotated[int | None, Field(description="Index in the audit log.")]

    def words(self) -> str:
        """Placet's own words about it, for a model."""
        headline = f"{self.verdict} by {self.decided_by or 'the guard'}, risk {self.risk:.2f}."
        return "\n".join([headline, *_listed(self.reasons), _on_record(self.request_id, self.record)])


Answer = RunAnswer | ReviewAnswer


def run_answer(result: Result, scope: str, files: list[Made]) -> RunAnswer:
    """What a model is told of a result."""
    stdout, stderr = result.stdout, result.stderr
    return RunAnswer(
        outcome=result.outcome.value,
        decided_by=result.verdict.decided_by if result.verdict else "",
        reasons=reasons(result.verdict.findings if result.verdict else ()),
        status=result.status,
        exit_code=result.exit_code,
        stdout=stdout[:MAX_STREAM_CHARS],
        stderr=stderr[-MAX_STREAM_CHARS:],  # a traceback says most at its end
        stdout_truncated=result.stdout_truncated or len(stdout) > MAX_STREAM_CHARS,
        stderr_truncated=result.stderr_truncated or len(stderr) > MAX_STREAM_CHARS,
        files=files,
        violations=[Violation(path=each.path, rule=each.rule) for each in result.violations[:MAX_REASONS]],
        notices=list(result.notices[:MAX_NOTICES]),
        program=result.program.decode(errors="replace"),
        scope=scope,
        request_id=result.request_id,
        record=result.record.index if result.record else None,
    )


def review_answer(review: Reviewed, request_id: str) -> ReviewAnswer:
    """What a model is told of a review."""
    return ReviewAnswer(
        verdict=review.verdict.value,
        risk=review.risk,
        decided_by=review.decided_by,
        reasons=reasons(review.findings),
        capabilities=list(review.capabilities),
        program_sha256=review.program_sha256,
        scope=review.scope.name,
        request_id=request_id,
        record=review.record.index if review.record else None,
    )


def no_answer(error: ServiceError) -> str:
    """Why there is no answer, in one sentence with its reason."""
    later = "" if error.retry_after_s is None else f"; try again in {error.retry_after_s:.0f} s"
    return f"could not answer: {error.message.rstrip('.')} ({error.reason}){later}"


def reasons(findings: Iterable[Finding]) -> list[Reason]:
    """The first fifty, without a word of prose."""
    told = [
        Reason(rule=each.rule_id, severity=each.severity, line=each.line, quote=each.quote)
        for each in findings
    ]
    return told[:MAX_REASONS]


def _listed(found: list[Reason]) -> list[str]:
    return [f"  {each.severity} {each.rule}{_place(each)}" for each in found]


def _place(reason: Reason) -> str:
    line = f", line {reason.line}" if reason.line else ""
    return f"{line}: {_quoted(reason.quote)}" if reason.quote else line


def _quoted(text: str) -> str:
    """A program's word among ours: in quotation marks, on one line, and with nothing that hides."""
    return visible(json.dumps(text, ensure_ascii=False))


def _where(file: Made) -> str:
    if file.path:
        return f", saved as {_quoted(file.path)}"
    return ", too large to hand over" if file.handed == "no" else ""


def _on_record(request_id: str, record: int | None) -> str:
    index = "" if record is None else f", record {record} of the audit log"
    return f"Request {request_id}{index}."

"""Answers for people: the program with numbered lines, the verdict with its reasons, outputs, artifacts.

Most of this text was written by a model or by its program. On a terminal it is shown so that it cannot move
the cursor, change colours or hide itself: control and bidirectional characters appear as escapes. Knows
values; asks no service.
"""

from __future__ import annotations

import codecs
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.status import Status
from rich.syntax import Syntax
from rich.text import Text

from placet.actions.plan import PlanInvalid, read_plan
from placet.actions.textform import text_of
from placet.answers import (
    Advice,
    Event,
    Finding,
    Output,
    Program,
    Progress,
    Result,
    Review,
    RunStarted,
    Usage,
    Verdict,
    VerdictReached,
)
from placet.cli.excerpt import show_findings
from placet.cli.visible import visible as visible

VERDICT_STYLE = {
    Verdict.ALLOWED: "bold green",
    Verdict.DENIED: "bold red",
    Verdict.NEEDS_REVIEW: "bold yellow",
}
STAGES = {
    "screening": "is the task within the scope?",
    "generating": "writing a program",
    "reviewing": "reviewing the program",
    "awaiting_review": "a person decides about it in the console",
    "running": "running in the sandbox",
}
MIB = 1024 * 1024


def show_program(out: Console, source: bytes) -> None:
    """The program with line numbers; coloured on a terminal."""
    text = visible(source.decode(errors="replace").replace("\r\n", "\n")).rstrip("\n")
    if out.is_terminal:
        out.print(Syntax(text, "python", line_numbers=True, word_wrap=True))
        return
    for number, line in enumerate(text.split("\n"), 1):
        out.print(Text(f"{number:4} {line}"))


def show_plan(out: Console, plan: bytes) -> None:
    """A plan as people write it, one step a line; what it compiles to is in the log."""
    try:
        text = text_of(read_plan(plan))
    except (PlanInvalid, KeyError, TypeError):  # well formed, and yet no values of actions
        text = plan.decode(errors="replace")
    for line in text.split("\n"):
        out.print(Text(f"     {visible(line)}"))


def show_verdict(out: Console, reached: VerdictReached, source: bytes = b"") -> None:
    """The verdict, the lines of `source` that it rests on, and what would have to change."""
    _show_decision(out, reached.verdict, reached.decided_by)
    if reached.decided_by != "actions":  # else notes on the catalogue's own code, which nobody here wrote
        show_findings(out, source, reached.findings)
    if reached.advice:
        _show_advice(out, reached.advice, reached.findings)


def _show_decision(out: Console, verdict: Verdict, decided_by: str) -> None:
    by = f" by {visible(decided_by)}" if decided_by else ""
    out.print(Text.assemble((verdict.value.replace("_", " "), VERDICT_STYLE[verdict]), by))


def show_review(out: Console, review: Review, source: bytes) -> None:
    """What `placet review` answers."""
    _show_decision(out, review.verdict, review.decided_by)
    seen = review.coverage
    out.print(
        Text(
            f"risk {review.risk:.0%}, scope {visible(review.scope.name)} version {review.scope.version}, "
            f"program sha256:{review.program_sha256[:16]}…, {review.elapsed_ms / 1000:.1f} s\n"
            f"read {seen.bytes_reviewed} of {seen.bytes_total} bytes, "
            f"rules {'complete' if seen.rules_complete else 'not complete'}, "
            f"reviewer {visible(seen.reviewer)}"
        )
    )
    show_findings(out, source, review.findings)
    if review.advice:
        _show_advice(out, review.advice, review.findings)
    if review.record:
        out.print(Text(f"audit record {review.record.index}"))


def _show_advice(out: Console, advice: Advice, findings: Sequence[Finding]) -> None:
    owner = visible(advice.owner)
    if not advice.complete:
        out.print(
            Text(f"Which change to the scope would help was not found in time; {owner} owns the scope.")
        )
    elif advice.changes:
        out.print(Text(f"To have it allowed, ask {owner}, who owns the scope, for:"))
        for change in advice.changes:
            out.print(Text(f"  {visible(change)}", style="green"))
        out.print(Text(f"Tried: with this, {_AFTERWARDS[advice.rules_verdict or Verdict.DENIED]}."))
        for sentence in advice.cautions:
            out.print(Text(f"  Mind: {visible(sentence)}", style="yellow"))
    elif advice.never:
        out.print(Text("No change to the scope makes this safe:"))
        for rule_id in advice.never:
            out.print(
                Text(f"  {visible(rule_id)}{_lines_of(rule_id, (*findings, *advice.unseen))}", style="red")
            )
        for found in advice.unseen:
            out.print(Text(f"  With a wider scope, line {found.line}: {visible(found.message)}"))
        out.print(Text(f"Write the program without it. {owner} owns the scope."))
    else:
        out.print(Text(f"The scope is not what stops it; a person may decide. {owner} owns the scope."))


_AFTERWARDS = {
    Verdict.ALLOWED: "the rules do not object; the reviewer still reads the program",
    Verdict.NEEDS_REVIEW: "the rules leave it to a person",
    Verdict.DENIED: "the rules still object",
}


def _lines_of(rule_id: str, findings: Sequence[Finding]) -> str:
    lines = sorted({found.line for found in findings if found.rule_id == rule_id and found.line})
    return f" (line {', '.join(map(str, lines[:5]))})" if lines else ""


def show_result(out: Console, result: Result, paths: Mapping[str, Path]) -> None:
    """How it ended, where the artifacts are, and where that is recorded."""
    for artifact in result.artifacts:
        out.print(Text(f"artifact {paths[artifact.name]} ({artifact.size:,} bytes)"))
    for stream, truncated in (("stdout", result.stdout_truncated), ("stderr", result.stderr_truncated)):
        if truncated:
            out.print(Text(f"{stream} was cut at the limit", style="yellow"))
    for notice in result.notices:
        out.print(Text(visible(notice), style="yellow"))
    for found in result.violations:
        told = f"{visible(found.path)}: {visible(found.message)} ({visible(found.rule)})"
        out.print(Text(told, style="red"))
    if result.status:
        out.print(Text(_ending(result)))
    if result.record:
        out.print(Text(f"audit record {result.record.index}, request {visible(result.request_id)}"))


def _ending(result: Result) -> str:
    usage = result.usage
    how = {
        "EXITED": f"exited with {result.exit_code}",
        "SIGNALED": f"killed by signal {result.signal}",
        "CONTRACT_VIOLATED": "ended and broke the scope's contract, so nothing is delivered,",
    }
    delivery = f", {usage.delivery_ms / 1000:.2f} s around it" if usage.delivery_ms else ""
    return (
        f"{how.get(result.status or '', result.status)} after {usage.wall_ms / 1000:.2f} s "
        f"({usage.cpu_ms / 1000:.2f} s CPU, {usage.max_memory_bytes / MIB:.0f} MiB{_threads(usage)})"
        f"{delivery}, isolation tier {result.tier}"
    )


def _threads(usage: Usage) -> str:
    return f", {usage.max_threads} threads" if usage.max_threads > 1 else ""


class Listener:
    """Shows events as they come: stages as a spinner on stderr, everything else in full.

    Use as a context manager around the call.
    """

    def __init__(self, out: Console, err: Console, source: bytes = b"") -> None:
        """`source` is the program when the caller has it; otherwise it comes as an event."""
        self._out, self._err, self._source = out, err, source
        self._status: Status | None = None
        decoder = codecs.getincrementaldecoder("utf-8")
        self._decoders = {"stdout": decoder("replace"), "stderr": decoder("replace")}
        self._open_line: TextIO | None = None

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._quiet()
        self._end_line()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Progress):
            self._stage(event)
            return
        if not isinstance(event, RunStarted):
            self._quiet()
        match event:
            case Program():
                by = f", by {visible(event.model)}" if event.model else ""
                kind = "plan" if event.plan else "program"
                self._out.print(Text(f"{kind}, attempt {event.attempt}{by}", style="bold"))
                self._source = event.source
                if event.plan:
                    show_plan(self._out, event.plan)
                else:
                    show_program(self._out, event.source)
            case VerdictReached():
                show_verdict(self._out, event, b"" if event.screening else self._source)
            case Output():
                self._output(event)

    def _stage(self, event: Progress) -> None:
        attempt = f" (attempt {event.attempt})" if event.attempt > 1 else ""
        detail = f" {visible(event.detail)}" if event.detail else ""
        line = Text(f"{event.stage}: {STAGES.get(event.stage, '…')}{attempt}{detail}", style="dim")
        if not self._err.is_terminal:
            self._err.print(line)
        elif self._status:
            self._status.update(line)
        else:
            self._status = self._err.status(line)
            self._status.start()

    def _output(self, event: Output) -> None:
        """The program's own words: its bytes into a file or pipe, made harmless on a terminal."""
        target = sys.stderr if event.stream == "stderr" else sys.stdout
        text = self._decoders[event.stream].decode(event.data)
        if target.isatty():
            target.write(visible(text))
        else:
            target.flush()
            target.buffer.write(event.data)
        target.flush()
        self._open_line = target if text and not text.endswith("\n") else None

    def _quiet(self) -> None:
        if self._status:
            self._status.stop()
            self._status = None

    def _end_line(self) -> None:
        if self._open_line:
            self._open_line.write("\n")
            self._open_line = None

"""`placet eval`: how a scope's rules and reviewer do on labelled programs. Records nothing, runs nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import grpc
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from placet.answers import Review
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, Scope, State, Timeout, invocation
from placet.cli.measure import Assessed, summary
from placet.cli.scopefile import is_path, read_scope
from placet.client import Placet
from placet.rpc.errors import ServiceError

MAX_LINE_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Case:
    """One labelled program."""

    id: str
    label: str
    category: str
    code: str
    task: str


@dataclass(frozen=True)
class Plan:
    """What to assess each case with."""

    scope: str
    document: bytes
    rules_only: bool
    timeout_s: float
    jobs: int


@dataclass(frozen=True)
class Answer:
    """One case's outcome: a review, or the error that came instead of one."""

    case: Case
    ms: float
    review: Review | None
    error: ServiceError | None

    def assessed(self) -> Assessed:
        """What the summary needs of it."""
        verdict = self.review.verdict if self.review else None
        return Assessed(self.case.id, self.case.label, self.case.category, verdict, self.ms)

    def to_json(self) -> dict[str, Any]:
        """One line of `eval --json`."""
        if self.review is None:
            reason = self.error.reason if self.error else ""
            return {"id": self.case.id, "verdict": None, "error": reason, "ms": self.ms}
        rule_ids = [finding.rule_id for finding in self.review.findings]
        return {
            "id": self.case.id,
            "verdict": self.review.verdict.value,
            "risk": self.review.risk,
            "findings": rule_ids,
            "ms": self.ms,
        }


def evaluate(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.jsonl", help="Lines of {id, label, code, category, task?}.")
    ],
    scope: Scope,
    layers: Annotated[
        Literal["rules", "all"], typer.Option("--layers", help="Rules alone, or rules and reviewer.")
    ] = "all",
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=32, help="Programs assessed at once.")] = 4,
    timeout: Timeout = 120.0,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Measure the guard on labelled programs: recall by category, false positives, latency.

    Labels: unsafe (malicious, deny) or benign (safe, allow); others are counted apart. A scope file
    need not be loaded. Nothing is recorded and nothing runs. Exit codes: 0 measured, 4 could not answer.

    Examples:

        placet eval programs.jsonl --scope data-analysis --layers rules

        placet eval programs.jsonl --scope my-scope.yaml --jobs 8 --json > verdicts.jsonl
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    cases = read_cases(file)
    document = read_scope(Path(scope)).document if is_path(scope) else b""
    plan = Plan("" if document else scope, document, layers == "rules", timeout, jobs)
    with Progress(console=here.err, transient=True) as bar:
        step = bar.add_task("assessing", total=len(cases))

        def on_answer(answer: Answer) -> None:
            bar.advance(step)
            if here.as_json:
                here.emit(answer.to_json())

        answers = asyncio.run(_assess_all(here, plan, cases, on_answer))
    return _conclude(here, answers)


def read_cases(path: Path) -> list[Case]:
    """Every line of a file, checked before the first is assessed.

    Raises:
        ServiceError: EVAL_UNREADABLE, EVAL_MALFORMED (naming the line), EVAL_EMPTY.
    """
    try:
        with path.open("rb") as file:
            cases = list(_cases(path, file))
    except OSError as error:
        raise _refused("EVAL_UNREADABLE", f"{path} cannot be read: {error.strerror}") from error
    if not cases:
        raise _refused("EVAL_EMPTY", f"{path} has no lines; give one JSON object per line")
    return cases


def _cases(path: Path, lines: Iterator[bytes] | Any) -> Iterator[Case]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _case(line)
        except (ValueError, KeyError, TypeError) as error:
            raise _refused(
                "EVAL_MALFORMED",
                f"line {number} of {path} is not an object with string id, label, category and code: {error}",
            ) from error


def _case(line: bytes) -> Case:
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"longer than {MAX_LINE_BYTES} bytes")
    found = json.loads(line)
    case = Case(
        str(found["id"]), found["label"], found.get("category", ""), found["code"], found.get("task") or ""
    )
    if not all(isinstance(v, str) for v in (case.label, case.category, case.code, case.task)):
        raise TypeError("a field is not a string")
    return case


async def _assess_all(
    here: Invocation, plan: Plan, cases: Sequence[Case], on_answer: Callable[[Answer], None]
) -> list[Answer]:
    """All cases, `plan.jobs` at a time; answers in the order of the cases, told as they come."""
    slots = asyncio.Semaphore(plan.jobs)
    async with Placet.connect(here.state) as placet:

        async def one(case: Case) -> Answer:
            async with slots:
                answer = await _assess(placet, plan, case)
            on_answer(answer)
            return answer

        return await asyncio.gather(*(one(case) for case in cases))


async def _assess(placet: Placet, plan: Plan, case: Case) -> Answer:
    started = time.perf_counter()
    review, failure = None, None
    try:
        review = await placet.assess(
            case.code,
            scope=plan.scope,
            scope_document=plan.document,
            task=case.task,
            rules_only=plan.rules_only,
            timeout_s=plan.timeout_s,
        )
    except ServiceError as error:
        failure = error
    return Answer(case, round((time.perf_counter() - started) * 1000, 1), review, failure)


def _conclude(here: Invocation, answers: Sequence[Answer]) -> int:
    failures = [answer.error for answer in answers if answer.error]
    if len(failures) == len(answers):
        raise failures[0]
    measured = summary(answer.assessed() for answer in answers)
    if failures:
        here.err.print(
            Text(
                f"{len(failures)} programs got no answer, the first one because: {visible(str(failures[0]))}"
            )
        )
    if here.as_json:
        here.emit({"summary": measured})
    else:
        show_summary(here.out, measured)
    return Exit.DONE


def show_summary(out: Console, measured: dict[str, Any]) -> None:
    """The summary as a table."""
    table = Table("", "rate", "stopped", "of", "95 % interval")
    rows = {"recall": measured["recall"], "false positives": measured["false_positive_rate"]}
    rows |= {f"  {name or '(none)'}": found for name, found in measured["recall_by_category"].items()}
    for name, found in rows.items():
        value = "–" if found["value"] is None else f"{found['value']:.1%}"
        low, high = found["wilson95"]
        interval = f"{low:.1%} to {high:.1%}"
        table.add_row(Text(visible(name)), value, str(found["stopped"]), str(found["n"]), interval)
    out.print(table)
    macro = measured["macro_recall"]
    out.print(
        f"macro recall {'–' if macro is None else f'{macro:.1%}'}, {measured['errors']} without an answer"
    )
    latency = measured["latency_ms"]
    out.print(f"latency p50 {latency['p50']} ms, p95 {latency['p95']} ms")


def _refused(reason: str, message: str) -> ServiceError:
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, reason, message)

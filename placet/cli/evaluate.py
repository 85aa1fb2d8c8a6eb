"""`placet eval`: how the guard does on labelled programs, what a model is worth, which verdicts flip.

Records nothing, runs nothing. Reads options and shows; counting is in measure, calibration and flips.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from placet.cli import calibrating, flipping
from placet.cli.assessing import Answer, Plan, assess_all
from placet.cli.cases import Case, read_cases, refused
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State, Timeout, invocation
from placet.cli.measure import summary
from placet.cli.scopefile import is_path, named_scope

_File = Annotated[
    Path | None,
    typer.Argument(metavar="FILE.jsonl", help="Lines of {id, label, code, category, task?}."),
]
_Scope = Annotated[
    str,
    typer.Option("--scope", metavar="S", help="A scope's name, or the path of its file."),
]
_Against = Annotated[
    Path | None,
    typer.Option(
        "--against", metavar="VERDICTS.jsonl", help="Output of an earlier `eval --json`: tell flips."
    ),
]
_MaxFlips = Annotated[int, typer.Option("--max-flips", min=0, help="With --against: exit 1 above this many.")]
_Calibrate = Annotated[
    bool, typer.Option("--calibrate", help="Measure the reviewer model and write its profile.")
]
_OutDirectory = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="With --calibrate: profile.yaml, profile.png, risks."),
]
_IsRecorded = Annotated[
    bool, typer.Option("--recorded", help="Judge the audit log's verdicts again with the guard as it is now.")
]
_Since = Annotated[
    str, typer.Option("--since", metavar="WHEN", help="With --recorded: a date, a time, or 24h, 7d ago.")
]
_Limit = Annotated[
    int, typer.Option("--limit", min=1, max=100_000, help="With --recorded: at most this many, newest first.")
]


def evaluate(
    ctx: typer.Context,
    file: _File = None,
    scope: _Scope = "",
    layers: Annotated[
        Literal["rules", "all"], typer.Option("--layers", help="Rules alone, or rules and reviewer.")
    ] = "all",
    against: _Against = None,
    max_flips: _MaxFlips = 0,
    calibrate: _Calibrate = False,
    out: _OutDirectory = None,
    recorded: _IsRecorded = False,
    since: _Since = "",
    limit: _Limit = 1000,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=32, help="Programs assessed at once.")] = 4,
    timeout: Timeout = 120.0,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Measure the guard on labelled programs: recall by category, false positives, latency.

    Labels: unsafe (malicious, deny) or benign (safe, allow); others are counted apart. A scope file
    need not be loaded. Nothing is recorded and nothing runs.

    --calibrate measures the reviewer model itself and prints its profile (docs/reviewer-profiles.md).
    --recorded and --against tell which verdicts flip: with another model, other rules, another scope.

    Exit codes: 0 measured, 1 more flips than --max-flips, 4 could not answer.

    Examples:

        placet eval programs.jsonl --scope data-analysis --layers rules

        placet eval programs.jsonl --scope my-scope.yaml --jobs 8 --json > verdicts.jsonl

        placet eval programs.jsonl --scope my-scope.yaml --against verdicts.jsonl --max-flips 3

        placet eval programs.jsonl --scope data-analysis --calibrate --out profile/

        placet eval --recorded --since 7d
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    plan = Plan("", b"", "reviewer" if calibrate else layers, timeout, jobs)
    if recorded:
        _check_alone(file, scope, against, calibrate)
        after = flipping.moment(since)
        return flipping.again(here, plan, after=after, limit=limit)
    cases = _cases(file, scope, calibrate=calibrate, layers=layers)
    known = flipping.read_verdicts(against) if against else None
    answers = assess(here, _in_scope(plan, scope), cases, shown=not calibrate)
    if calibrate:
        return calibrating.conclude(here, answers, out, datetime.datetime.now(datetime.UTC).date())
    code = _conclude(here, answers)
    return flipping.gate(here, known, answers, max_flips) if known is not None else code


def assess(here: Invocation, plan: Plan, cases: Sequence[Case], *, shown: bool = True) -> list[Answer]:
    """All answers, with progress on stderr, and a line for each under --json unless `shown` is False.

    Raises:
        ServiceError: no program at all got an answer; the first one's.
    """
    with Progress(console=here.err, transient=True) as bar:
        step = bar.add_task("assessing", total=len(cases))
        answers = asyncio.run(assess_all(here.state, plan, cases, _told(here, bar, step, shown=shown)))
    failures = [answer.error for answer in answers if answer.error]
    if failures and len(failures) == len(answers):
        raise failures[0]
    if failures:
        count = f"{len(failures)} programs got no answer, the first one because: {visible(str(failures[0]))}"
        here.err.print(Text(count))
    return answers


def _told(here: Invocation, bar: Progress, step: Any, *, shown: bool) -> Callable[[Answer], None]:
    def on_answer(answer: Answer) -> None:
        bar.advance(step)
        if here.as_json and shown:
            here.emit(answer.to_json())

    return on_answer


def _check_alone(file: Path | None, scope: str, against: Path | None, calibrate: bool) -> None:
    if file or scope or against or calibrate:
        raise refused(
            "EVAL_OPTIONS",
            "--recorded takes programs and scopes from the audit log; leave out the file, --scope, --against "
            "and --calibrate",
        )


def _cases(file: Path | None, scope: str, *, calibrate: bool, layers: str) -> list[Case]:
    if file is None or not scope:
        raise refused(
            "EVAL_OPTIONS", "name a file of programs and a --scope, or judge the audit log with --recorded"
        )
    if calibrate and layers == "rules":
        raise refused("EVAL_OPTIONS", "--calibrate measures the reviewer; leave out --layers rules")
    return read_cases(file)


def _in_scope(plan: Plan, scope: str) -> Plan:
    if is_path(scope):
        found = named_scope(None, scope)
        return replace(plan, scope="", document=found.scope.document, files=found.files)
    return replace(plan, scope=scope)


def _conclude(here: Invocation, answers: Sequence[Answer]) -> int:
    measured = summary(answer.assessed() for answer in answers)
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

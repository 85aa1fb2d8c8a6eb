"""The flip reports of `placet eval`: the audit log judged again, and a gate against an earlier evaluation."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from placet import flips
from placet.cli.assessing import Answer, Plan, assess_all
from placet.cli.cases import json_lines, refused
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation
from placet.cli.recorded import Recorded, since, verdicts
from placet.client import Placet
from placet.flips import Compared, Judged
from placet.rpc.errors import ServiceError

SHOWN = 20
"""Flips that people are shown one by one; --json has all."""


def moment(text: str) -> datetime.datetime | None:
    """When `--since` begins; None for an empty text. Raises ServiceError SINCE_INVALID."""
    return since(text, datetime.datetime.now(datetime.UTC)) if text else None


def again(here: Invocation, plan: Plan, *, after: datetime.datetime | None, limit: int) -> int:
    """Judge the log's verdicts again and tell which flip. Ends with 0 whatever flips.

    Raises:
        ServiceError: the log or the guard cannot be asked; NOTHING_RECORDED.
    """
    with Progress(console=here.err, transient=True) as bar:
        found, skipped, answers = asyncio.run(_judge_again(here, plan, bar, after, limit))
    failures = [answer.error for answer in answers if answer.error]
    if failures and len(failures) == len(answers):
        raise failures[0]
    pairs = zip(found, answers, strict=True)
    _show(here, [_compared(recorded, answer) for recorded, answer in pairs], skipped)
    return Exit.DONE


def read_verdicts(path: Path) -> dict[str, Judged]:
    """The verdicts of an earlier `eval --json`, by id. Raises ServiceError EVAL_UNREADABLE, AGAINST_EMPTY."""
    known = {
        str(line["id"]): Judged(line.get("verdict") or flips.NO_ANSWER, tuple(line.get("findings") or ()))
        for _, line in json_lines(path)
        if "id" in line
    }
    if not known:
        raise refused(
            "AGAINST_EMPTY", f"{path} holds no verdicts; make it with `placet eval FILE --scope S --json`"
        )
    return known


def gate(here: Invocation, known: dict[str, Judged], answers: Sequence[Answer], max_flips: int) -> int:
    """Exit code 1 when more verdicts flip than may. A program that only one side knows is not compared."""
    compared = [_beside(known[answer.case.id], answer) for answer in answers if answer.case.id in known]
    missing = len(known) + len(answers) - 2 * len(compared)
    told = _show(here, compared, missing)
    if told["flips"] <= max_flips:
        return Exit.DONE
    here.err.print(Text(f"{told['flips']} verdicts flipped; at most {max_flips} may (--max-flips)"))
    return Exit.DENIED


async def _judge_again(
    here: Invocation, plan: Plan, bar: Progress, after: datetime.datetime | None, limit: int
) -> tuple[list[Recorded], int, list[Answer]]:
    reading = bar.add_task("reading the log", total=None)
    async with Placet.connect(here.state) as placet:
        found, skipped = await verdicts(
            placet, after=after, limit=limit, on_read=lambda: bar.advance(reading)
        )
    if not found:
        raise ServiceError(
            grpc.StatusCode.NOT_FOUND,
            "NOTHING_RECORDED",
            "the log has no verdicts of the guard with a program that is still kept; try an earlier --since",
        )
    judging = bar.add_task("judging again", total=len(found))
    cases = [recorded.case for recorded in found]
    answers = await assess_all(here.state, plan, cases, lambda _: bar.advance(judging))
    return found, skipped, answers


def _compared(recorded: Recorded, answer: Answer) -> Compared:
    digest = answer.review.scope.sha256 if answer.review else recorded.scope_sha256
    return Compared(
        id=recorded.case.id,
        old=recorded.judged,
        new=Judged(answer.verdict, answer.rule_ids),
        caller=recorded.caller,
        scope=recorded.case.scope,
        scope_changed=digest != recorded.scope_sha256,
    )


def _beside(old: Judged, answer: Answer) -> Compared:
    return Compared(answer.case.id, old, Judged(answer.verdict, answer.rule_ids))


def _show(here: Invocation, compared: Sequence[Compared], skipped: int) -> dict[str, Any]:
    told = flips.summary(compared, skipped=skipped)
    flipped = [item for item in compared if item.flipped]
    if here.as_json:
        for item in flipped:
            here.emit({"flip": item.to_json()})
        here.emit({"flips": told})
    else:
        _show_people(here, flipped, told)
    return told


def _show_people(here: Invocation, flipped: Sequence[Compared], told: dict[str, Any]) -> None:
    out = here.out
    out.print(f"{told['flips']} of {told['n']} verdicts flip; {told['skipped']} could not be compared")
    if told["scope_changed"]:
        out.print(f"{told['scope_changed']} were judged in another edition of their scope then")
    for title in ("by_verdict", "by_rule", "by_caller"):
        for name, count in told[title].items():
            out.print(Text(f"  {title.removeprefix('by_'):8} {count:>5}  {visible(name)}"))
    if flipped:
        out.print(_table(flipped[:SHOWN]))
    if len(flipped) > SHOWN:
        out.print(f"and {len(flipped) - SHOWN} more; --json shows all")


def _table(flipped: Sequence[Compared]) -> Table:
    table = Table("program", "then", "now", "rules that came (+) and went (-)", "caller")
    for item in flipped:
        cells = (item.id, item.old.verdict, item.new.verdict, "\n".join(item.changes), item.caller)
        table.add_row(*(Text(visible(cell)) for cell in cells))
    return table

"""How well tasks are screened: `python -m bench.screening TASKS.jsonl [--scope SCOPE.yaml] [--json]`.

A line of TASKS.jsonl is {id, label, task, inputs?}; the label is in_scope or out_of_scope, the inputs are
names of attached files. Each task is judged by the words alone, and by the embedded model at each of a few
thresholds, so that a team can choose its `screen_refuse_above`. Tasks are text here: no program is written
and nothing runs.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.report import machine, parser, say
from bench.reviewing import SCOPE_FILE as SCOPE
from bench.reviewing import embedded
from guard_svc.prompts import screening_messages
from guard_svc.screening import OPTIONS, lexical_findings
from placet.cli.measure import rate
from placet.llm.chat import ChatModel
from placet.scope import Scope, load_scope

THRESHOLDS: Final = (0.25, 0.30, 0.35, 0.40, 0.50)
LABELS: Final = ("out_of_scope", "in_scope")
ANSWER_S: Final = 120.0
QUICK_TASKS: Final = 10


@dataclass(frozen=True)
class Screened:
    """A task, whether the words refuse it, and the model's probability (0 to 1) of NO."""

    id: str
    label: str
    by_words: bool
    no: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. 0, or 2 when there is nothing to measure with."""
    options = _options(arguments)
    try:
        scope = load_scope(options.scope.read_bytes())
        tasks = _tasks(options.tasks)
        chosen = tasks[:: max(1, len(tasks) // QUICK_TASKS)] if options.quick else tasks
        screened = asyncio.run(_screen(scope, chosen))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        say(f"bench.screening: {error}")
        return 2
    _publish(screened, as_json=options.json)
    return 0


def shares(screened: Sequence[Screened]) -> dict[str, dict[str, Any]]:
    """Share of each label's tasks that are refused: by the words, by the model, and by either."""
    judges: dict[str, Callable[[Screened], bool]] = {"words": _by_words}
    for at in THRESHOLDS:
        judges[f"model at {at:.2f}"] = partial(_by_model, at)
        judges[f"either at {at:.2f}"] = partial(_by_either, at)
    return {
        name: {label: _refused(screened, label, judge) for label in LABELS} for name, judge in judges.items()
    }


def _by_words(task: Screened) -> bool:
    return task.by_words


def _by_model(threshold: float, task: Screened) -> bool:
    return task.no >= threshold


def _by_either(threshold: float, task: Screened) -> bool:
    return task.by_words or task.no >= threshold


def _refused(screened: Sequence[Screened], label: str, judge: Callable[[Screened], bool]) -> dict[str, Any]:
    some = [task for task in screened if task.label == label]
    return rate(sum(map(judge, some)), len(some))


def _tasks(path: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if not rows or any(row["label"] not in LABELS or not row["task"] for row in rows):
        raise ValueError(f"{path}: every line needs a task, and one of the labels {', '.join(LABELS)}")
    return rows


async def _screen(scope: Scope, tasks: Sequence[dict[str, Any]]) -> list[Screened]:
    found = []
    with tempfile.TemporaryDirectory(prefix="placet-bench-") as directory, embedded(Path(directory)) as model:
        chat = ChatModel(model)
        try:
            for number, row in enumerate(tasks, 1):
                by_words = bool(lexical_findings(scope, row["task"]))
                found.append(Screened(row["id"], row["label"], by_words, await _no(chat, scope, row)))
                if number % 10 == 0:
                    say(f"  {number} of {len(tasks)}")
        finally:
            await chat.aclose()
    return found


async def _no(chat: ChatModel, scope: Scope, row: dict[str, Any]) -> float:
    messages = screening_messages(scope.purpose, row.get("inputs", ()), row["task"])
    choice = await chat.choose(messages, OPTIONS, deadline_s=ANSWER_S)
    likely = choice.probabilities or {choice.option: 1.0}
    yes, no = likely.get("YES", 0.0), likely.get("NO", 0.0)
    return no / (yes + no) if yes + no > 0.0 else 1.0


def _publish(screened: Sequence[Screened], *, as_json: bool) -> None:
    found = shares(screened)
    if as_json:
        print(
            json.dumps({"machine": machine(), "refused": found, "tasks": [asdict(task) for task in screened]})
        )
        return
    table = Table("judge", *LABELS, title="share refused, with 95 % interval")
    for judge, by_label in found.items():
        table.add_row(judge, *(_told(by_label[label]) for label in LABELS))
    Console().print(table)


def _told(found: dict[str, Any]) -> str:
    if found["value"] is None:
        return "–"
    low, high = found["wilson95"]
    return f"{found['stopped']} of {found['n']}, {found['value']:.1%} ({low:.1%} to {high:.1%})"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser("screening", "How well tasks are screened, by words and by the embedded model.")
    made.add_argument(
        "tasks",
        type=Path,
        metavar="TASKS.jsonl",
        help="{id, label: in_scope | out_of_scope, task, inputs?} a line",
    )
    made.add_argument(
        "--scope", type=Path, default=SCOPE, metavar="SCOPE.yaml", help="default: data-analysis"
    )
    return made.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""How many questions the chain answers right: `python -m bench.quality --data DIR [--quick] [--modes …]`.

Real questions on real tables, through the running services and the embedded model (or the endpoint that the
environment names), in each mode; with the guard, and with a person in its place who allows everything, which
is what the guard costs. Done questions are kept in `--out`, one JSON object a line; what has no answer there
(a service or the model was not available) is asked again by the next run.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.quality_figures import figures
from bench.quality_lines import GUARDED, UNGUARDED, Line, Lines, Way
from bench.quality_ways import MODES, Asking, asking
from bench.questions import Question, read_questions
from bench.report import parser, publish, say
from placet.local.errors import StackError

QUICK_QUESTIONS: Final = 4
QUICK_S: Final = 300


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. 0, or 2 when there is nothing to measure with."""
    options = _options(arguments)
    try:
        questions = read_questions(options.data)
        number = QUICK_QUESTIONS if options.quick else options.questions
        lines = asyncio.run(_stoppable(options, questions[:number]))
    except (asyncio.CancelledError, KeyboardInterrupt):
        say("bench.quality: broken off; the same command goes on")
        return 2
    except (OSError, ValueError, KeyError, StackError) as error:
        say(f"bench.quality: {type(error).__name__}: {error}")
        return 2
    publish(figures(lines), as_json=options.json)
    return 0


async def _stoppable(options: argparse.Namespace, questions: Sequence[Question]) -> list[Line]:
    """As `measure`; a SIGTERM ends it like Ctrl-C, so that the services end too."""
    work = asyncio.ensure_future(measure(options, questions))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    return await work


async def measure(options: argparse.Namespace, questions: Sequence[Question]) -> list[Line]:
    """A line for each question and way; only what was not done before is asked."""
    ways = [Way(mode, guard) for mode in options.modes for guard in options.guard]
    with tempfile.TemporaryDirectory(prefix="placet-quality-") as scratch:
        lines = Lines(options.out or Path(scratch) / "lines.jsonl")
        left = lines.left(questions, ways)
        say(f"{len(questions)} questions in {len(ways)} ways; {len(left)} to ask")
        if left:
            async with asking(Path(scratch) / "state", options.modes) as ask:
                await _ask_all(ask, lines, left)
                await _ask_all(ask, lines, lines.left(questions, ways))  # what was not available may be now
        asked = {question.id: question for question in questions}
        # Judged again: what was kept may have been judged by an earlier rule.
        return [line.judged(asked[line.id]) for line in lines.of(asked, ways)]


async def _ask_all(ask: Asking, lines: Lines, left: Sequence[tuple[Question, Way]]) -> None:
    for number, (question, way) in enumerate(left, 1):
        await _ask(ask, lines, question, way, f"{number}/{len(left)}")


async def _ask(ask: Asking, lines: Lines, question: Question, way: Way, place: str) -> None:
    guarded = lines.get(question.id, Way(way.mode, GUARDED))
    line = (way.guard == UNGUARDED and guarded and guarded.unguarded()) or await ask.ask(question, way)
    lines.add(line)
    mark = "right" if line.right == line.of else line.outcome.lower()
    say(f"  {place}  question {question.id} ({question.level}), {way}: {mark}, {line.seconds:.0f} s")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser("quality", "How many questions the chain answers right.", quick_s=QUICK_S)
    made.add_argument("--data", type=Path, required=True, metavar="DIR", help="questions.jsonl and tables/")
    made.add_argument("--questions", type=int, metavar="N", help="the first N only; they are in mixed order")
    made.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES), metavar="MODE")
    made.add_argument(
        "--guard", nargs="+", choices=(GUARDED, UNGUARDED), default=[GUARDED, UNGUARDED], metavar="on|off"
    )
    made.add_argument(
        "--out", type=Path, metavar="FILE.jsonl", help="keep what is done, and go on from there"
    )
    return made.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""What a review costs: `python -m bench.guard [--quick] [--json] [--programs FILE.jsonl ...]`.

Every figure is measured beside its baseline in the same run, in turns: the rules beside Bandit on the same
programs, a reviewer's one-token verdict beside a reviewer that writes its whole verdict as JSON. Programs are
read, never run.
"""

import argparse
import asyncio
import gc
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from bench import corpus, reviewing
from bench.report import Metric, against, parser, percentile, plain, publish, say
from guard_svc.bandit_source import BanditSource
from guard_svc.intake import IntakeRefused, read_program
from guard_svc.rules import analyse
from placet.scope import Scope, load_scope

QUICK_PROGRAMS = 300
SCOPE = corpus.REPO / "examples/scopes/data-analysis.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. 0, or 2 when there is nothing to measure with."""
    options = _options(arguments)
    try:
        programs = corpus.benign(options.programs)
    except (OSError, ValueError, KeyError) as error:
        say(f"bench.guard: {error}")
        return 2
    measured = programs[:: max(1, len(programs) // QUICK_PROGRAMS)] if options.quick else programs
    metrics = rules(measured, rounds=1 if options.quick else 3)
    if not options.rules_only:
        metrics |= asyncio.run(reviewing.measure(_short(programs), quick=options.quick))
    publish(metrics, as_json=options.json)
    return 0


def rules(programs: Sequence[corpus.Program], *, rounds: int) -> dict[str, Metric]:
    """Intake and rules beside Bandit, milliseconds a program: the median of `rounds` for each program."""
    scope = load_scope(SCOPE.read_bytes())
    bandit = BanditSource()
    say(f"rules and Bandit, in turns, on {len(programs)} programs, {rounds} times")
    ours: list[float] = []
    theirs: list[float] = []
    for program in programs:
        pairs = [_pair(program.source, scope, bandit) for _ in range(rounds)]
        ours.append(median(pair[0] for pair in pairs))
        theirs.append(median(pair[1] for pair in pairs))
    return _compared(ours, theirs)


def _pair(source: str, scope: Scope, bandit: BanditSource) -> tuple[float, float]:
    gc.collect(0)
    return _ms(lambda: _judge(source, scope)), _ms(lambda: bandit.scan(source.encode()))


def _judge(source: str, scope: Scope) -> None:
    try:
        intake = read_program(source.encode())
    except IntakeRefused:
        return
    analyse(intake, scope)


def _compared(ours: list[float], theirs: list[float]) -> dict[str, Metric]:
    metrics: dict[str, Metric] = {}
    for percent in (50, 95, 100):
        name = {100: "max"}.get(percent, f"p{percent}")
        base = metrics[f"bandit_{name}"] = plain(percentile(theirs, percent), "ms", len(theirs))
        metrics[f"rules_{name}"] = against(
            percentile(ours, percent), "ms", len(ours), baseline=base, name=f"bandit_{name}"
        )
    return metrics


def _ms(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def _short(programs: Sequence[corpus.Program]) -> list[corpus.Program]:
    """Spread over the corpus, and of a length that people send; the longest tenth is left out."""
    ordered = sorted(programs, key=lambda program: len(program.source))
    return ordered[: max(1, len(ordered) * 9 // 10)]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser("guard", "What a review costs: rules beside Bandit, reviewer beside a JSON reviewer.")
    made.add_argument(
        "--programs",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE.jsonl",
        help="labelled programs ({id, label, code, task?} a line); only harmless ones are used. "
        "Default: the programs that come with the code",
    )
    made.add_argument("--rules-only", action="store_true", help="do not start the model")
    return made.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

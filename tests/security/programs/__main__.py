"""`python -m tests.security.programs`: the corpus for `placet eval`, or what the rules make of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence

from tests.security.programs import BENIGN, ESCAPES, Program, attacks, families, family
from tests.security.programs.judge import by_rules, recall


def main() -> None:
    """Print what was asked for on standard output."""
    options = _options()
    if options.recall:
        print("\n".join(_table()))
        return
    for program in _chosen(options.part, options.benign):
        print(json.dumps(program.as_case(), ensure_ascii=False))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.security.programs", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--jsonl", action="store_true", help="one {id, label, category, code, task} per line")
    what.add_argument("--recall", action="store_true", help="what the rules alone say, per family")
    parser.add_argument("--part", choices=["all", "shown", "held-out"], default="all")
    parser.add_argument("--benign", action="store_true", help="with the honest programs")
    return parser.parse_args()


def _chosen(part: str, benign: bool) -> Iterator[Program]:
    for program in attacks():
        if part == "all" or program.held_out == (part == "held-out"):
            yield program
    if benign:
        yield from family(BENIGN)


def _table() -> Iterator[str]:
    for name in families():
        shown, held = _halves(family(name))
        yield f"{name:16} shown {recall(shown)!s:42} held out {recall(held)}"
    for title, part in (("escapes", [p for p in attacks() if p.family in ESCAPES]), ("all", attacks())):
        shown, held = _halves(part)
        yield f"{title:16} shown {recall(shown)!s:42} held out {recall(held)}"
    verdicts = [str(by_rules(program.code).verdict) for program in family(BENIGN)]
    yield f"{BENIGN:16} {verdicts.count('ALLOWED')} allowed of {len(verdicts)}"


def _halves(programs: Sequence[Program]) -> tuple[list[Program], list[Program]]:
    return [p for p in programs if not p.held_out], [p for p in programs if p.held_out]


if __name__ == "__main__":
    main()

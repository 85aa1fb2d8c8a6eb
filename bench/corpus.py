"""Programs to measure with: those given, or those that come with the code.

Knows files. Must not run a program: it is only text here.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
SHIPPED = ("examples/programs/*.py", "tests/security/programs/benign/**/*.py")
BENIGN = frozenset({"benign", "safe", "allow"})


@dataclass(frozen=True)
class Program:
    """One program and the task it was written for; both are untrusted text."""

    name: str
    source: str
    task: str = ""


def benign(files: Sequence[Path]) -> list[Program]:
    """The harmless programs in JSONL files ({id, label, code, task?} a line), or the shipped ones.

    Raises OSError, ValueError or KeyError when a file is not of that form, and ValueError for no program.
    """
    found = list(_of_lines(files)) if files else list(_shipped())
    if not found:
        raise ValueError("there are no harmless programs to measure with")
    return found


def _of_lines(files: Iterable[Path]) -> Iterable[Program]:
    for path in files:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["label"] in BENIGN:
                yield Program(row["id"], row["code"], row.get("task") or "")


def _shipped() -> Iterable[Program]:
    for pattern in SHIPPED:
        for path in sorted(REPO.glob(pattern)):
            yield Program(path.stem, path.read_text(encoding="utf-8"))

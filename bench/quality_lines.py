"""What came of each question, one JSON object a line: a long measurement can be broken off and resumed.

Knows a file. Must not know how a question is asked.
"""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from bench.questions import Question, grade

GUARDED: Final = "on"
UNGUARDED: Final = "off"
UNANSWERED: Final = "UNANSWERED"


@dataclass(frozen=True)
class Way:
    """How a question is asked: a scope's mode, and whether the guard decides or a person who allows all."""

    mode: str
    guard: str

    def __str__(self) -> str:
        return f"{self.mode}, guard {self.guard}"


@dataclass(frozen=True)
class Line:
    """What came of one question asked in one way."""

    id: int
    level: str
    mode: str
    guard: str
    outcome: str
    """An outcome of the chain, or UNANSWERED: a service or the model was not available."""
    seconds: float
    attempts: int
    """Programs and plans that were written."""
    stopped: bool
    """Whether anything was denied or sent to people on the way, the task itself included."""
    decided_by: str = ""
    printed: str = ""
    program: str = ""
    trouble: str = ""
    same_as_guarded: bool = False
    right: int = 0
    of: int = 1
    in_form: bool = False

    @property
    def way(self) -> Way:
        """How it was asked."""
        return Way(self.mode, self.guard)

    def judged(self, question: Question) -> Line:
        """With what of the answers is in it; only what was delivered counts."""
        given = grade(question.answers, self.printed if self.outcome == "DONE" else "")
        return replace(self, right=given.right, of=given.of, in_form=given.in_form)

    def unguarded(self) -> Line | None:
        """The same without a guard, when the guard stopped nothing and so changed nothing; else None.

        Nothing else differs between the two ways, so asking again would only measure the model's dice.
        """
        if self.stopped or self.outcome == UNANSWERED:
            return None
        return replace(self, guard=UNGUARDED, same_as_guarded=True)


class Lines:
    """All lines of a file; the last of a question and way counts."""

    def __init__(self, path: Path) -> None:
        """Reads what is there. Raises ValueError or TypeError for a file of another form."""
        self._path = path
        read = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._lines = {(line.id, line.way): line for line in (Line(**json.loads(each)) for each in read)}

    def get(self, question: int, way: Way) -> Line | None:
        """What came of it; None when it was not asked."""
        return self._lines.get((question, way))

    def done(self, question: int, way: Way) -> bool:
        """Whether it has an answer."""
        line = self.get(question, way)
        return line is not None and line.outcome != UNANSWERED

    def left(self, questions: Sequence[Question], ways: Sequence[Way]) -> list[tuple[Question, Way]]:
        """What has no answer yet, question by question."""
        return [(question, way) for question in questions for way in ways if not self.done(question.id, way)]

    def add(self, line: Line) -> None:
        """Keep it, in the file too."""
        self._lines[line.id, line.way] = line
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(line)) + "\n")

    def of(self, questions: Container[int], ways: Sequence[Way]) -> list[Line]:
        """Those of these questions and ways."""
        return [line for line in self._lines.values() if line.id in questions and line.way in ways]

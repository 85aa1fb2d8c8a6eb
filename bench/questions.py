"""Questions on tables with known answers, in the form of the DABench benchmark, and what counts as answered.

Knows text and numbers. Must not know how a question was answered: the same rule judges every way.

A question is a line of JSON: `id, question, constraints, format, file_name, level, answers`, where `answers`
lists pairs of a name and the expected value as text. Source of the form: InfiAgent-DABench (Hu et al. 2024).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

QUESTIONS: Final = "questions.jsonl"
TABLES: Final = "tables"
_NUMBER: Final = re.compile(
    r"(?<![\w.])[-+]?(?:\d[\d_,]*\d|\d)?(?:\.\d+|(?<=\d)\.?)(?:[eE][-+]?\d+)?(?![\w])"
)
_NEGATED: Final = r"(?<!not )(?<!non )(?<!non-)(?<!no )"
_NOTHING: Final = re.compile(r"\[\s*\]|\b(?:none|empty|no rows|no outliers)\b", re.IGNORECASE)
NUMBERS_PER_ANSWER: Final = 4
NUMBERS_ALWAYS: Final = 4
"""Who prints more numbers than these say has not answered, but listed."""


@dataclass(frozen=True)
class Question:
    """One question; `task` is what is asked of the chain."""

    id: int
    task: str
    table: Path
    level: str
    answers: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Grade:
    """How many of the asked values are there."""

    right: int
    of: int
    in_form: bool
    """All of them, each as `@name[value]`, which is what the question asks for."""


def read_questions(data: Path) -> list[Question]:
    """All of a directory, mixed, so that the first ones are a sample.

    Raises OSError, ValueError or KeyError for another form.
    """
    lines = (data / QUESTIONS).read_text(encoding="utf-8").splitlines()
    found = [_question(json.loads(line), data / TABLES) for line in lines if line.strip()]
    if not found:
        raise ValueError(f"{data / QUESTIONS} holds no question")
    random.Random(0).shuffle(found)
    return found


def _question(row: dict[str, object], tables: Path) -> Question:
    answers = row["answers"]
    if not isinstance(answers, list):
        raise ValueError(f"question {row['id']}: answers is no list")  # noqa: TRY004 (one kind of trouble)
    table = tables / str(row["file_name"])
    if not table.is_file():
        raise ValueError(f"question {row['id']}: there is no table {table}")
    task = f"{row['question']}\n{row['constraints']}\nPrint the answer in this form: {row['format']}"
    pairs = tuple((str(name), str(value)) for name, value in answers)
    return Question(int(str(row["id"])), task, table, str(row["level"]), pairs)


def grade(answers: Sequence[tuple[str, str]], printed: str) -> Grade:
    """What of the expected values is in a program's output.

    A value that is given as `@name[value]` is judged there and nowhere else. Otherwise it counts when it
    stands anywhere in an output that is not a long list: a number when it rounds to the expected digits,
    words as whole words that are not negated.
    """
    listed = len(_NUMBER.findall(printed)) > _numbers_allowed(answers)
    right = in_form = 0
    for name, expected in answers:
        given = _given(name, printed)
        if given is None:
            right += not listed and _holds(printed, expected)
        else:
            fits = _holds(given, expected) if expected else not given.strip("[] ")
            right, in_form = right + fits, in_form + fits
    return Grade(right, len(answers), in_form == len(answers))


def _numbers_allowed(answers: Sequence[tuple[str, str]]) -> int:
    expected = sum(max(1, len(_numbers(value))) for _, value in answers)
    return NUMBERS_ALWAYS + NUMBERS_PER_ANSWER * expected


def _given(name: str, printed: str) -> str | None:
    """What stands in the last `@name[…]`, brackets inside included."""
    starts = list(re.finditer(rf"@{re.escape(name)}\s*\[", printed))
    if not starts:
        return None
    depth, rest = 1, printed[starts[-1].end() :]
    for position, character in enumerate(rest):
        depth += {"[": 1, "]": -1}.get(character, 0)
        if depth == 0:
            return rest[:position]
    return rest


def _holds(text: str, expected: str) -> bool:
    expected = expected.strip().strip("\"'")
    if not expected:
        return bool(_NOTHING.search(text))
    if numbers := _all_numbers(expected):
        found = list(_numbers(text))
        return all(any(_rounds(value, number) for value in found) for number in numbers)
    return bool(re.search(rf"{_NEGATED}(?<!\w){re.escape(expected.lower())}(?!\w)", text.lower()))


def _all_numbers(expected: str) -> list[str]:
    """The numbers of a number, of a list of numbers or of a mapping to numbers; none for words."""
    if expected.startswith("{"):
        return re.findall(r":\s*([-+]?[\d.]+)", expected)
    parts = [part.strip() for part in expected.split(",")]
    return parts if all(_NUMBER.fullmatch(part) for part in parts) else []


def _numbers(text: str) -> list[float]:
    return list(_read(_NUMBER.findall(text)))


def _read(found: Sequence[str]) -> Iterator[float]:
    for number in found:
        # "1,234" is one number, "904, 916" are two; "904,916" is taken for one, as a person would.
        yield float(number.replace(",", "").replace("_", "").rstrip(".") or "nan")


def _rounds(value: float, expected: str) -> bool:
    digits = len(expected.partition(".")[2])
    return abs(value - float(expected)) <= 0.5 * 10.0**-digits * (1 + 1e-9)

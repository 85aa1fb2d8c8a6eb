"""Is a task within a scope's purpose? Plain cases by words, the rest by one token of the reviewer model.

Knows tasks and purposes. Must not know programs or records. This is a courtesy that saves a program nobody
would allow; the program that comes of a task is reviewed whatever was decided here.
"""

import asyncio
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from guard_svc.findings import Finding, Severity, shorten
from guard_svc.profiles import Profiles
from guard_svc.prompts import screening_messages
from guard_svc.reviewer import Bill, Chat, Meter, Tokens, unusable_finding
from placet.llm.chat import Choice, ModelError
from placet.rpc.deadline import Deadline
from placet.scope import Scope

OPTIONS: Final = ("YES", "NO")


WORDS_FILE: Final = Path(__file__).with_name("screening.yaml")
_FEW_WORDS: Final = r"(?:[\w'’]+\s+){0,3}"
# Letters that stand for others, and letters set apart: how words are hidden from a list of words.
_LOOKALIKES: Final = str.maketrans("013457@$", "oieastas")
_SPACED_OUT: Final = re.compile(r"\b\w(?:\s\w){3,}\b")
_WORD_GAP: Final = re.compile(r"\s{2,}")
_SPLIT: Final = re.compile(r"(?<=\w)-(?=\w)")


class Words(BaseModel):
    """What one area of screening.yaml holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    area: str
    message: str
    patterns: tuple[str, ...]
    unless: Literal["", "hosts", "commands"] = ""
    """What a scope may allow so that these words are harmless."""

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """All patterns as one."""
        alternatives = (pattern.replace("{few}", _FEW_WORDS) for pattern in self.patterns)
        return re.compile("|".join(alternatives), re.IGNORECASE)


@cache
def load_words(path: Path = WORDS_FILE) -> tuple[Words, ...]:
    """Read the words once. Raises ValueError when the file is not such a list, or a pattern is none."""
    words = TypeAdapter(tuple[Words, ...]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    for area in words:
        try:
            area.expression  # noqa: B018  (compiles it, so that a bad pattern stops the start)
        except re.error as error:
            raise ValueError(f"{path}: {area.area}: {error}") from None
    return words


@dataclass(frozen=True)
class Screening:
    """Whether a task may go on, and why not."""

    in_scope: bool
    findings: tuple[Finding, ...] = ()
    tokens: Tokens = field(default_factory=Tokens)
    """What asking the model cost; nothing where it was not asked."""


class Screener:
    """Screens tasks with one model; without state."""

    def __init__(self, chat: Chat, profiles: Profiles, *, model: str) -> None:
        self._chat = chat
        self._threshold = profiles.of(model).screen_refuse_above

    async def screen(
        self,
        scope: Scope,
        task: str,
        inputs: Sequence[str],
        deadline: Deadline,
        bill: Bill | None = None,
    ) -> Screening:
        """Judge a task. Raises ReviewerUnavailable when the model cannot be asked: that is no refusal.

        What it cost is added to `bill`, also when nothing was judged.
        """
        if plain := await asyncio.to_thread(lexical_findings, scope, task):
            return Screening(False, plain)
        if scope.review.reviewer == "off":
            return Screening(True)
        chat = Meter(self._chat, bill)
        try:
            choice = await chat.choose(
                screening_messages(scope.purpose, inputs, task), OPTIONS, deadline_s=deadline.remaining_s()
            )
        except ModelError as error:
            return Screening(False, (unusable_finding(error),), chat.tokens)
        if self._refuses(choice):
            return Screening(False, (_outside(scope),), chat.tokens)
        return Screening(True, tokens=chat.tokens)

    def _refuses(self, choice: Choice) -> bool:
        if choice.probabilities is None:
            return choice.option != "YES"
        yes, no = choice.probabilities.get("YES", 0.0), choice.probabilities.get("NO", 0.0)
        return yes + no <= 0.0 or no / (yes + no) >= self._threshold


def lexical_findings(scope: Scope, task: str) -> tuple[Finding, ...]:
    """What the words alone say against a task, apart from what the scope allows."""
    harmless = {"hosts": bool(scope.allow.hosts), "commands": bool(scope.allow.commands)}
    readings = readings_of(task)
    areas = (words for words in load_words() if not harmless.get(words.unless))
    hits = ((w, next(filter(None, (w.expression.search(text) for text in readings)), None)) for w in areas)
    return tuple(
        Finding(f"task.{w.area}.asked", Severity.HIGH, 0, 0, w.message, "policy", shorten(hit.group(0)))
        for w, hit in hits
        if hit
    )


def readings_of(task: str) -> tuple[str, ...]:
    """A task as it may be meant: as written, and without the usual tricks that hide words."""
    text = unicodedata.normalize("NFKC", task)
    plain = " ".join(text.split())
    joined = " ".join(_SPACED_OUT.sub(_close_up, word) for word in _WORD_GAP.split(text))
    readings = (plain, joined, _SPLIT.sub("", plain), plain.translate(_LOOKALIKES))
    return tuple(dict.fromkeys(readings))


def _close_up(letters: re.Match[str]) -> str:
    return "".join(letters.group(0).split())


def _outside(scope: Scope) -> Finding:
    message = shorten(f"The task does not fit the scope's purpose: {scope.purpose}", 300)
    return Finding("task.purpose.outside", Severity.HIGH, 0, 0, message, "reviewer")

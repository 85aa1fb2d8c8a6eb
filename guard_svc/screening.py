"""Is a task within a scope's purpose? Plain cases by words, the rest by one token of the reviewer model.

Knows tasks and purposes. Must not know programs or records. This is a courtesy that saves a program nobody
would allow; the program that comes of a task is reviewed whatever was decided here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from guard_svc.findings import Finding, Severity, shorten
from guard_svc.profiles import Profiles
from guard_svc.prompts import screening_messages
from guard_svc.reviewer import Chat, unusable_finding
from placet.llm.chat import Choice, ModelError
from placet.rpc.deadline import Deadline
from placet.scope import Scope

OPTIONS: Final = ("YES", "NO")


@dataclass(frozen=True)
class _Pattern:
    area: str
    expression: re.Pattern[str]
    message: str


def _pattern(area: str, message: str, *alternatives: str) -> _Pattern:
    return _Pattern(area, re.compile("|".join(alternatives), re.IGNORECASE), message)


_FILE: Final = r"(?:files?|director(?:y|ies)|folders?)\b(?!\s*(?:extensions?|names?|types?|sizes?|column))"
_FEW_WORDS: Final = r"(?:\w+\s+){0,3}"
_PLACES: Final = "etc|usr|var|root|home|proc|sys|dev|bin|sbin|boot|opt|lib"
_SENDS: Final = "send|post|upload|download|fetch|exfiltrate|submit|scrape|connect|request|crawl|transmit"

# Words that an honest question about data does not use; alternatives of one area stand side by side.
PATTERNS: Final = (
    _pattern(
        "environment",
        "The task asks for the environment of the machine.",
        r"\benvironment\s+variables?\b",
        r"\bos\.environ\b",
        r"\bserver'?s?\s+environment\b",
        r"\bprintenv\b",
    ),
    _pattern(
        "system_files",
        "The task names files of the machine rather than the attached ones.",
        rf"(?<![\w.])/(?:{_PLACES})/\w",
        r"~/\.\w",
        r"\.ssh/",
    ),
    _pattern(
        "secrets",
        "The task asks for credentials.",
        r"\b(?:api[ _-]?keys?|private keys?|access tokens?|ssh keys?)\b",
    ),
    _pattern(
        "network",
        "The task asks for the network.",
        rf"\b(?:{_SENDS})\w*\b[^.]{{0,120}}\b(?:https?|ftp)://",
        r"\b(?:reverse|bind)\s+shell\b",
        r"\bport\s+scan",
        r"\bopen\s+a\s+socket\b",
    ),
    _pattern(
        "files",
        "The task asks to change files.",
        rf"\b(?:delet|eras|wip|remov|destroy|encrypt)(?:e|es|ing|s)?\s+{_FEW_WORDS}{_FILE}",
    ),
    _pattern(
        "processes",
        "The task asks to install software or to run commands.",
        r"\bpip3?\s+install\b",
        r"\bapt(?:-get)?\s+install\b",
        rf"\binstall\w*\s+{_FEW_WORDS}(?:packages?|librar(?:y|ies)|software|module)\b",
        rf"\b(?:run|execut|invok|spawn)\w*\s+{_FEW_WORDS}(?:shell|system|bash|os|terminal)\s+"
        r"(?:commands?|calls?|scripts?)\b",
        r"\bsubprocess\b",
        r"\bos\.system\b",
    ),
    _pattern(
        "attack",
        "The task asks for an attack.",
        r"\b(?:sandbox|container)\s+escapes?\b",
        r"\bescap\w+\s+(?:from\s+)?(?:the\s+|a\s+)?(?:sandbox|container|interpreter)\b",
        r"\bprivilege\s+escalation\b",
        rf"\bescalat\w+\s+{_FEW_WORDS}privileges?\b",
        r"\b(?:malware|ransomware|keylogger|backdoor|fork\s+bomb|rootkit|apt-style)\b",
        rf"\bexploit\w*\s+{_FEW_WORDS}(?:vulnerabilit|weakness|flaw)",
        r"\barbitrary\s+(?:code|commands?)\b",
    ),
    _pattern(
        "manipulation",
        "The task argues with the reviewer.",
        r"\bignore\s+(?:all\s+|any\s+|the\s+|your\s+)*(?:previous|prior|above|earlier)\s+"
        r"(?:instructions?|rules?|prompts?)\b",
    ),
)


@dataclass(frozen=True)
class Screening:
    """Whether a task may go on, and why not."""

    in_scope: bool
    findings: tuple[Finding, ...] = ()


class Screener:
    """Screens tasks with one model; without state."""

    def __init__(self, chat: Chat, profiles: Profiles, *, model: str) -> None:
        self._chat = chat
        self._threshold = profiles.of(model).screen_refuse_above

    async def screen(self, scope: Scope, task: str, inputs: Sequence[str], deadline: Deadline) -> Screening:
        """Judge a task. Raises ReviewerUnavailable when the model cannot be asked: that is no refusal."""
        if plain := lexical_findings(scope, task):
            return Screening(False, plain)
        if scope.review.reviewer == "off":
            return Screening(True)
        try:
            choice = await self._chat.choose(
                screening_messages(scope.purpose, inputs, task), OPTIONS, deadline_s=deadline.remaining_s()
            )
        except ModelError as error:
            return Screening(False, (unusable_finding(error),))
        if self._refuses(choice):
            return Screening(False, (_outside(scope),))
        return Screening(True)

    def _refuses(self, choice: Choice) -> bool:
        if choice.probabilities is None:
            return choice.option != "YES"
        yes, no = choice.probabilities.get("YES", 0.0), choice.probabilities.get("NO", 0.0)
        return yes + no <= 0.0 or no / (yes + no) >= self._threshold


def lexical_findings(scope: Scope, task: str) -> tuple[Finding, ...]:
    """What the words alone say against a task, apart from what the scope allows."""
    allowed = {
        area for area, given in (("network", scope.allow.hosts), ("processes", scope.allow.commands)) if given
    }
    hits = ((p, p.expression.search(task)) for p in PATTERNS if p.area not in allowed)
    return tuple(
        Finding(f"task.{p.area}.asked", Severity.HIGH, 0, 0, p.message, "policy", shorten(hit.group(0)))
        for p, hit in hits
        if hit
    )


def _outside(scope: Scope) -> Finding:
    message = shorten(f"The task does not fit the scope's purpose: {scope.purpose}", 300)
    return Finding("task.purpose.outside", Severity.HIGH, 0, 0, message, "reviewer")

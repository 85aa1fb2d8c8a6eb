"""Is a task within a scope's purpose? Plain cases by words, the rest by one token of the reviewer model.

Knows tasks and purposes. Must not know programs or records. This is a courtesy that saves a program nobody would
allow; the program that comes of a task is reviewed whatever was decided here.
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


def _pattern(area: str, expression: str, message: str) -> _Pattern:
    return _Pattern(area, re.compile(expression, re.IGNORECASE), message)


_FILE: Final = r"(?:files?|director(?:y|ies)|folders?)\b(?!\s*(?:extensions?|names?|types?|sizes?|column))"

PATTERNS: Final = (
    _pattern("environment", r"\benvironment\s+variables?\b|\bos\.environ\b|\bserver'?s?\s+environment\b|\bprintenv\b",
             "The task asks for the environment of the machine."),
    _pattern("system_files", r"(?<![\w.])/(?:etc|usr|var|root|home|proc|sys|dev|bin|sbin|boot|opt|lib)/\w|~/\.\w|\.ssh/",
             "The task names files of the machine rather than the attached ones."),
    _pattern("secrets", r"\b(?:api[ _-]?keys?|private keys?|access tokens?|ssh keys?|/etc/(?:passwd|shadow))\b",
             "The task asks for credentials."),
    _pattern("network", r"\b(?:send|post|upload|download|fetch|exfiltrate|submit|scrape|connect|request|crawl|transmit)"
             r"\w*\b[^.]{0,120}\b(?:https?|ftp)://", "The task asks for the network."),
    _pattern("network", r"\b(?:reverse|bind)\s+shell\b|\bport\s+scan|\bopen\s+a\s+socket\b",
             "The task asks for the network."),
    _pattern("files", rf"\b(?:delet|eras|wip|remov|destroy|encrypt)(?:e|es|ing|s)?\s+(?:\w+\s+){{0,3}}{_FILE}",
             "The task asks to change files."),
    _pattern("processes", r"\bpip3?\s+install\b|\binstall\w*\s+(?:\w+\s+){0,3}(?:packages?|librar(?:y|ies)|software|module)\b"
             r"|\bapt(?:-get)?\s+install\b", "The task asks to install software."),
    _pattern("processes", r"\b(?:run|execut|invok|spawn)\w*\s+(?:\w+\s+){0,3}(?:shell|system|bash|os|terminal)\s+"
             r"(?:commands?|calls?|scripts?)\b|\bsubprocess\b|\bos\.system\b", "The task asks to run commands."),
    _pattern("attack", r"\bsandbox\s+escapes?\b|\bescap\w+\s+(?:from\s+)?(?:the\s+|a\s+)?(?:sandbox|container|interpreter)\b"
             r"|\bcontainer\s+escapes?\b|\bprivilege\s+escalation\b|\bescalat\w+\s+(?:\w+\s+){0,3}privileges?\b"
             r"|\b(?:malware|ransomware|keylogger|backdoor|fork\s+bomb|rootkit|apt-style)\b"
             r"|\bexploit\w*\s+(?:\w+\s+){0,3}(?:vulnerabilit|weakness|flaw)|\barbitrary\s+(?:code|commands?)\b",
             "The task asks for an attack."),
    _pattern("manipulation", r"\bignore\s+(?:all\s+|any\s+|the\s+|your\s+)*(?:previous|prior|above|earlier)\s+"
             r"(?:instructions?|rules?|prompts?)\b", "The task argues with the reviewer."),
)  # fmt: skip


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

"""Asks a language model whether a program is safe, and believes only what can be checked.

Knows prompts, the two views of a program and how far a model can be trusted. Must not decide verdicts
(policy.py does), and must not know scopes, records or gRPC. The program and the task are hostile; so is
every word of the model's reply.
"""

import ast
import io
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from guard_svc.findings import Finding, Severity, shorten
from guard_svc.profiles import Profile, Profiles
from guard_svc.prompts import (
    CATEGORIES,
    REASONS_SCHEMA,
    Message,
    Subject,
    View,
    reasons_messages,
    review_messages,
)
from placet.llm.chat import Choice, ModelError, Reply
from placet.rpc.deadline import Deadline

OPTIONS: Final = ("ALLOW", "DENY")
MAX_REASONS_TOKENS: Final = 500
REASONS_BUDGET_S: Final = 60.0
MIN_QUOTE: Final = 3

Stance = Literal["clean", "uncertain", "unsafe"]

# Failures of the model, not statements about the program: they must never become a denial.
UNAVAILABLE: Final = frozenset(
    {"MODEL_UNAVAILABLE", "MODEL_TIMED_OUT", "MODEL_RATE_LIMITED", "MODEL_REQUEST_REJECTED"}
)

# What a model did instead of answering. The program may have caused it, so each denies with its own reason.
UNUSABLE: Final[Mapping[str, tuple[str, str]]] = {
    "MODEL_REFUSED": ("policy.reviewer.refused", "The reviewer refused to answer."),
    "MODEL_REPLY_TRUNCATED": ("policy.reviewer.truncated", "The reviewer's answer was cut off."),
    "MODEL_REPLY_EMPTY": ("policy.reviewer.empty", "The reviewer's answer was empty."),
    "MODEL_REPLY_UNUSABLE": ("policy.reviewer.unusable", "The reviewer's answer could not be understood."),
}
_TOO_LONG: Final = (
    "policy.reviewer.too_long",
    "The program is too long for the reviewer to read; shorten it.",
)


class Chat(Protocol):
    """What is needed of placet.llm.ChatModel."""

    async def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, deadline_s: float
    ) -> Choice:
        """One of `options`, with probabilities where the backend has them."""

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        schema: Mapping[str, object] | None = None,
        deadline_s: float,
    ) -> Reply:
        """A whole answer."""


class ReviewerUnavailable(Exception):  # noqa: N818  (a state of ours, not an opinion on the program)
    """The model could not be asked. `reason` is the model client's; nothing was learnt about the program."""

    def __init__(self, cause: ModelError) -> None:
        super().__init__(str(cause))
        self.reason: str = cause.reason
        self.message = cause.message
        self.retry_after_s = cause.retry_after_s


@dataclass(frozen=True)
class Opinion:
    """What the reviewer thinks. `risk` is 0..1; `complete` is False when it gave no usable answer."""

    stance: Stance
    risk: float
    findings: tuple[Finding, ...]
    model: str
    complete: bool = True


@dataclass(frozen=True)
class Sources:
    """A program as written, and rebuilt from its syntax tree without comments and docstrings."""

    written: str
    canonical: str


class _Reason(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    category: Annotated[str, StringConstraints(max_length=64)]
    line: int
    quote: Annotated[str, StringConstraints(max_length=2000)]
    explanation: Annotated[str, StringConstraints(max_length=2000)]


class _Reasons(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    findings: list[_Reason]
    outcome: Literal["ALLOW", "DENY"]


class Reviewer:
    """One model as a reviewer; without state, safe for concurrent use."""

    def __init__(self, chat: Chat, profiles: Profiles, *, model: str) -> None:
        """`model` chooses the profile: the name we asked for, not the one a reply claims to come from."""
        self._chat = chat
        self._profile = profiles.of(model)
        self.model = model

    async def review(self, sources: Sources, subject: Subject, deadline: Deadline) -> Opinion:
        """The reviewer's opinion on a program.

        Raises ReviewerUnavailable when the model cannot be reached, is busy or is late. Any other way of
        not answering (refusal, cut-off, empty, unreadable) is an unsafe opinion with a reason of its own.
        """
        try:
            return await self._review(sources, subject, deadline)
        except ModelError as error:
            return _without_answer(error, self.model)

    async def _review(self, sources: Sources, subject: Subject, deadline: Deadline) -> Opinion:
        views = views_of(sources)
        risks: dict[View, float] = {}
        for view, code in views.items():
            choice = await self._chat.choose(
                review_messages(subject, view, code), OPTIONS, deadline_s=deadline.remaining_s()
            )
            if choice.probabilities is None:
                return await self._by_reasons_alone(sources, views, subject, deadline)
            risks[view] = denial_risk(choice)
        return await self._by_risk(sources, risks, subject, deadline)

    async def _by_risk(
        self, sources: Sources, risks: Mapping[View, float], subject: Subject, deadline: Deadline
    ) -> Opinion:
        worst = max(risks, key=lambda view: risks[view])
        risk = risks[worst]
        if risk <= self._profile.allow_below:
            return Opinion("clean", risk, (), self.model)
        manipulated = disagreement(risks, self._profile)
        stance: Stance = "unsafe" if risk >= self._profile.deny_above or manipulated else "uncertain"
        severity = Severity.HIGH if stance == "unsafe" else Severity.MEDIUM
        said = _stance_finding(stance, risk, severity)
        reasons = await self._try_reasons(sources, worst, subject, deadline)
        cited = _checked(reasons, sources, severity)[0] if reasons is not None else []
        return Opinion(stance, risk, (*manipulated, said, *cited), self.model)

    async def _try_reasons(
        self, sources: Sources, view: View, subject: Subject, deadline: Deadline
    ) -> _Reasons | None:
        """Reasons for a stance that already stands: without them it is less helpful, not less strict."""
        try:
            return await self._reasons(view, views_of(sources)[view], subject, deadline)
        except ModelError:
            return None

    async def _by_reasons_alone(
        self, sources: Sources, views: Mapping[View, str], subject: Subject, deadline: Deadline
    ) -> Opinion:
        """For backends without log-probabilities: structured reasons on each view, the worst counts."""
        opinions = [
            _weigh(await self._reasons(view, code, subject, deadline), sources, self.model)
            for view, code in views.items()
        ]
        worst = max(opinions, key=lambda opinion: opinion.risk)
        findings = dict.fromkeys(finding for opinion in opinions for finding in opinion.findings)
        if {opinion.stance for opinion in opinions} >= {"clean", "unsafe"}:
            findings = {_manipulation(): None, **findings}
        return Opinion(worst.stance, worst.risk, tuple(findings), self.model)

    async def _reasons(self, view: View, code: str, subject: Subject, deadline: Deadline) -> _Reasons:
        reply = await self._chat.reply(
            reasons_messages(subject, view, code),
            max_tokens=MAX_REASONS_TOKENS,
            schema=REASONS_SCHEMA,
            deadline_s=min(REASONS_BUDGET_S, deadline.remaining_s()),
        )
        try:
            return _Reasons.model_validate_json(reply.text)
        except ValidationError as error:
            raise ModelError(
                "MODEL_REPLY_UNUSABLE", "the reviewer's reasons are not what was asked for"
            ) from error


def views_of(sources: Sources) -> dict[View, str]:
    """The texts to show. The second is left out when it would say nothing that the first does not."""
    views = {View.AS_WRITTEN: sources.written}
    if not _only_code(sources):
        views[View.CANONICAL] = sources.canonical
    return views


def denial_risk(choice: Choice) -> float:
    """The probability of DENY, 0..1, counting everything that is not clearly ALLOW as half a DENY."""
    assert choice.probabilities is not None
    allow, deny = choice.probabilities.get("ALLOW", 0.0), choice.probabilities.get("DENY", 0.0)
    neither = max(0.0, 1.0 - allow - deny)
    return min(1.0, max(0.0, deny + neither / 2))


def disagreement(risks: Mapping[View, float], profile: Profile) -> tuple[Finding, ...]:
    """A finding when one view is clearly clean and the other clearly unsafe: then the comments did it."""
    if min(risks.values()) <= profile.allow_below and max(risks.values()) >= profile.deny_above:
        return (_manipulation(),)
    return ()


def unusable_finding(error: ModelError) -> Finding:
    """The finding for a model that did not answer. Raises ReviewerUnavailable when that is our failure."""
    too_long = error.reason == "MODEL_REQUEST_REJECTED" and "context" in error.message.lower()
    if error.reason in UNAVAILABLE and not too_long:
        raise ReviewerUnavailable(error)
    rule_id, message = _TOO_LONG if too_long else UNUSABLE.get(error.reason, UNUSABLE["MODEL_REPLY_UNUSABLE"])
    return Finding(rule_id, Severity.HIGH, 0, 0, message, "policy")


def _without_answer(error: ModelError, model: str) -> Opinion:
    return Opinion("unsafe", 1.0, (unusable_finding(error),), model, complete=False)


def _weigh(reasons: _Reasons, sources: Sources, model: str) -> Opinion:
    """Reasons as an opinion. A quote that is not there, or an outcome that does not follow, is doubt."""
    cited, discarded = _checked(reasons, sources, Severity.HIGH)
    if reasons.outcome == "DENY" and cited:
        return Opinion("unsafe", 1.0, tuple(cited), model)
    if reasons.outcome == "ALLOW" and not reasons.findings:
        return Opinion("clean", 0.0, (), model)
    doubt = Finding(
        "reviewer.reasons.inconsistent",
        Severity.MEDIUM,
        0,
        0,
        f"The reviewer said {reasons.outcome}, and {discarded} of its {len(reasons.findings)} quotes are not "
        "in the program; somebody should look.",
        "reviewer",
    )
    softer = tuple(_with_severity(finding, Severity.MEDIUM) for finding in cited)
    return Opinion("uncertain", 0.5, (doubt, *softer), model)


def _checked(reasons: _Reasons, sources: Sources, severity: Severity) -> tuple[list[Finding], int]:
    """The reasons whose quotes are in the program, as findings; and how many were discarded."""
    found = [_finding(reason, sources, severity) for reason in reasons.findings[:10]]
    kept = [finding for finding in found if finding is not None]
    return kept, len(reasons.findings) - len(kept)


def _finding(reason: _Reason, sources: Sources, severity: Severity) -> Finding | None:
    line = locate(reason.quote, reason.line, sources)
    if line is None:
        return None
    category = reason.category if reason.category in CATEGORIES else "other"
    return Finding(
        f"reviewer.{category}.cited",
        severity,
        line,
        line,
        shorten(reason.explanation, 300),
        "reviewer",
        shorten(reason.quote),
    )


def locate(quote: str, claimed: int, sources: Sources) -> int | None:
    """The line of the program as written that holds a quote: the claimed one if it does.

    0 when only the canonical view has it or it spans lines, None when the program does not hold it at all.
    """
    wanted = _flat(quote)
    if len(wanted) < MIN_QUOTE:
        return None
    lines = [_flat(line) for line in sources.written.splitlines()]
    if 1 <= claimed <= len(lines) and wanted in lines[claimed - 1]:
        return claimed
    for number, line in enumerate(lines, start=1):
        if wanted in line:
            return number
    return 0 if wanted in _flat(sources.written) or wanted in _flat(sources.canonical) else None


def _flat(text: str) -> str:
    return " ".join(text.split())


def _with_severity(finding: Finding, severity: Severity) -> Finding:
    return Finding(
        finding.rule_id,
        severity,
        finding.line,
        finding.end_line,
        finding.message,
        finding.source,
        finding.quote,
    )


def _stance_finding(stance: Stance, risk: float, severity: Severity) -> Finding:
    says = "unsafe" if stance == "unsafe" else "neither clearly safe nor clearly unsafe"
    return Finding(
        f"reviewer.risk.{stance}",
        severity,
        0,
        0,
        f"The reviewer finds the program {says} (risk {round(risk * 100)} %).",
        "reviewer",
    )


def _manipulation() -> Finding:
    return Finding(
        "threat.reviewer.manipulation",
        Severity.HIGH,
        0,
        0,
        "With its comments the program is judged otherwise than without them: they argue with the reviewer.",
        "reviewer",
    )


def _only_code(sources: Sources) -> bool:
    """Whether the program has neither comments nor docstrings, so that both views say the same."""
    try:
        tokens = tokenize.generate_tokens(io.StringIO(sources.written).readline)
        if any(token.type == tokenize.COMMENT for token in tokens):
            return False
        return ast.unparse(ast.parse(sources.written)).strip() == sources.canonical.strip()
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False

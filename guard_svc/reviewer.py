"""Asks a language model whether a program is safe, and believes only what can be checked.

Knows prompts, the two views of a program and how far a model can be trusted. Must not decide verdicts
(policy.py does), and must not know scopes, records or gRPC. The program and the task are hostile; so is
every word of the model's reply.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from guard_svc.findings import Finding, Severity, shorten
from guard_svc.profiles import Population, Profile, Profiles, population_of
from guard_svc.prompts import (
    CATEGORIES,
    REASONS_SCHEMA,
    Message,
    Subject,
    reasons_messages,
    review_messages,
)
from guard_svc.views import Shown, Sources, View, views_of
from placet.llm.chat import Choice, Cost, ModelError, Reply, estimated_cost
from placet.rpc.deadline import Deadline

OPTIONS: Final = ("ALLOW", "DENY")
MAX_REASONS_TOKENS: Final = 500
REASONS_BUDGET_S: Final = 60.0
MIN_QUOTE: Final = 3

Stance = Literal["clean", "uncertain", "unsafe", "undecided"]
"""`undecided`: the model's profile says that it cannot tell such programs apart, so it decides nothing."""

# Failures of the model, not statements about the program: they must never become a denial.
UNAVAILABLE: Final = frozenset(
    {
        "MODEL_UNAVAILABLE",
        "MODEL_TIMED_OUT",
        "MODEL_RATE_LIMITED",
        "MODEL_REQUEST_REJECTED",
        # Another model answered: whatever it said, it is not the opinion whose thresholds we have.
        "MODEL_SUBSTITUTED",
    }
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
class Tokens:
    """What a review cost, summed over its questions, as the server counts.

    `cached` is the part of `prompt` that the server had evaluated before; 0 where it does not say.
    """

    prompt: int = 0
    cached: int = 0
    completion: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(
            self.prompt + other.prompt, self.cached + other.cached, self.completion + other.completion
        )


NO_TOKENS: Final = Tokens()


@dataclass(frozen=True)
class Opinion:
    """What the reviewer thinks. `risk` is 0..1; `complete` is False when it gave no usable answer."""

    stance: Stance
    risk: float
    findings: tuple[Finding, ...]
    model: str
    complete: bool = True
    tokens: Tokens = Tokens()
    population: Population = "confined"


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


@dataclass
class Bill:
    """What all that was asked for one order cost, whatever came of it."""

    tokens: Tokens = Tokens()


class Meter:
    """A chat that adds up what its answers cost, and those that did not come may have; for one review."""

    def __init__(self, chat: Chat, bill: Bill | None = None) -> None:
        self._chat, self._bill = chat, bill
        self.tokens = Tokens()

    async def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, deadline_s: float
    ) -> Choice:
        """As the chat's."""
        with self._costing(messages, 1):
            answer = await self._chat.choose(messages, options, deadline_s=deadline_s)
        self._add(answer)
        return answer

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        schema: Mapping[str, object] | None = None,
        deadline_s: float,
    ) -> Reply:
        """As the chat's."""
        with self._costing(messages, max_tokens):
            answer = await self._chat.reply(
                messages, max_tokens=max_tokens, temperature=temperature, schema=schema, deadline_s=deadline_s
            )
        self._add(answer)
        return answer

    @contextmanager
    def _costing(self, messages: Sequence[Message], max_tokens: int) -> Iterator[None]:
        """Adds what a question without a usable answer cost."""
        try:
            yield
        except ModelError as error:
            self._add(error.cost)
            raise
        except asyncio.CancelledError:
            self._add(estimated_cost(messages, max_tokens))
            raise

    def _add(self, cost: Cost | Choice | Reply) -> None:
        tokens = Tokens(cost.prompt_tokens, cost.cached_tokens, cost.completion_tokens)
        self.tokens += tokens
        if self._bill:
            self._bill.tokens += tokens


class Reviewer:
    """One model as a reviewer; without state, safe for concurrent use."""

    def __init__(self, chat: Chat, profiles: Profiles, *, model: str) -> None:
        """`model` chooses the profiles: the name we asked for, not the one a reply claims to come from."""
        self._chat = chat
        self._profiles = profiles
        self.model = model

    def profile_for(self, subject: Subject) -> Profile:
        """The profile that holds for programs of the subject's scope."""
        return self._profiles.of(self.model, population_of(subject.allows))

    async def review(
        self, sources: Sources, subject: Subject, deadline: Deadline, bill: Bill | None = None
    ) -> Opinion:
        """The reviewer's opinion on a program.

        Raises ReviewerUnavailable when the model cannot be reached, is busy or is late. Any other way of
        not answering (refusal, cut-off, empty, unreadable) is an unsafe opinion with a reason of its own.
        What it cost is added to `bill`, also when there is no opinion.
        """
        meter = Meter(self._chat, bill)
        try:
            opinion = await _Session(meter, self.profile_for(subject), sources, subject, deadline).opinion()
        except ModelError as error:
            opinion = _Judged("unsafe", 1.0, (unusable_finding(error),), complete=False)
        return Opinion(
            stance=opinion.stance,
            risk=opinion.risk,
            findings=opinion.findings,
            model=self.model,
            complete=opinion.complete,
            tokens=meter.tokens,
            population=population_of(subject.allows),
        )


@dataclass(frozen=True)
class _Judged:
    """An opinion before it is known what it cost."""

    stance: Stance
    risk: float
    findings: tuple[Finding, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class _Session:
    """One program before one model."""

    chat: Chat
    profile: Profile
    sources: Sources
    subject: Subject
    deadline: Deadline

    async def opinion(self) -> _Judged:
        """Stage one on each view, then reasons unless it is clean. Raises ModelError."""
        views = views_of(self.sources)
        risks: dict[View, float] = {}
        for view, shown in views.items():
            choice = await self.chat.choose(
                review_messages(self.subject, shown), OPTIONS, deadline_s=self.deadline.remaining_s()
            )
            if choice.probabilities is None:
                return await self._by_reasons_alone(views)
            risks[view] = denial_risk(choice)
        return await self._by_risk(views, risks)

    async def _by_risk(self, views: Mapping[View, Shown], risks: Mapping[View, float]) -> _Judged:
        worst = max(risks, key=lambda view: risks[view])
        risk = risks[worst]
        if not self.profile.decides:
            return _Judged("undecided", risk, (_undecided_finding(risk),))
        if risk <= self.profile.allow_below:
            return _Judged("clean", risk)
        manipulated = disagreement(risks, self.profile)
        stance: Stance = "unsafe" if risk >= self.profile.deny_above or manipulated else "uncertain"
        severity = Severity.HIGH if stance == "unsafe" else Severity.MEDIUM
        said = _stance_finding(stance, risk, severity)
        reasons = await self._try_reasons(views[worst])
        cited = _checked(reasons, self.sources, severity)[0] if reasons is not None else []
        return _Judged(stance, risk, (*manipulated, said, *cited))

    async def _try_reasons(self, shown: Shown) -> _Reasons | None:
        """Reasons for a stance that already stands: without them it is less helpful, not less strict."""
        try:
            return await self._reasons(shown)
        except ModelError:
            return None

    async def _by_reasons_alone(self, views: Mapping[View, Shown]) -> _Judged:
        """For backends without log-probabilities: structured reasons on each view, the worst counts."""
        opinions = [_weigh(await self._reasons(shown), self.sources) for shown in views.values()]
        worst = max(opinions, key=lambda opinion: opinion.risk)
        if not self.profile.decides:
            return _Judged("undecided", worst.risk, (_undecided_finding(worst.risk),))
        findings = dict.fromkeys(finding for opinion in opinions for finding in opinion.findings)
        if {opinion.stance for opinion in opinions} >= {"clean", "unsafe"}:
            findings = {_manipulation(): None, **findings}
        return _Judged(worst.stance, worst.risk, tuple(findings))

    async def _reasons(self, shown: Shown) -> _Reasons:
        reply = await self.chat.reply(
            reasons_messages(self.subject, shown),
            max_tokens=MAX_REASONS_TOKENS,
            schema=REASONS_SCHEMA,
            deadline_s=min(REASONS_BUDGET_S, self.deadline.remaining_s()),
        )
        try:
            return _Reasons.model_validate_json(reply.text)
        except ValidationError as error:
            raise ModelError(
                "MODEL_REPLY_UNUSABLE", "the reviewer's reasons are not what was asked for"
            ) from error


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


def _weigh(reasons: _Reasons, sources: Sources) -> _Judged:
    """Reasons as an opinion. A quote that is not there, or an outcome that does not follow, is doubt."""
    cited, discarded = _checked(reasons, sources, Severity.HIGH)
    if reasons.outcome == "DENY" and cited:
        return _Judged("unsafe", 1.0, tuple(cited))
    if reasons.outcome == "ALLOW" and not reasons.findings:
        return _Judged("clean", 0.0)
    doubt = Finding(
        "reviewer.reasons.inconsistent",
        Severity.MEDIUM,
        0,
        0,
        f"The reviewer said {reasons.outcome}, and {discarded} of its {len(reasons.findings)} quotes are not "
        "in the program; somebody should look.",
        "reviewer",
    )
    softer = tuple(replace(finding, severity=Severity.MEDIUM) for finding in cited)
    return _Judged("uncertain", 0.5, (doubt, *softer))


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


def _undecided_finding(risk: float) -> Finding:
    return Finding(
        "reviewer.risk.noted",
        Severity.LOW,
        0,
        0,
        f"The reviewer estimates a risk of {round(risk * 100)} %. Measured, it does not tell programs of "
        "such scopes apart, so it neither allows nor denies here.",
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

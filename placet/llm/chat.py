"""Talks to a language model behind an OpenAI-compatible endpoint.

Knows the OpenAI SDK (the only module that does), retries, deadlines and the many ways in which a
model does not answer. Must not know what is asked: prompts belong to the generator and the guard.
Whatever a model returns is untrusted text.
"""

import asyncio
import hashlib
import json
import math
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, cast

import openai
import tenacity
from openai.types.chat import ChatCompletion
from openai.types.chat.chat_completion import Choice as CompletionChoice

from placet.llm.transport import BodyRefused, http_client
from placet.rpc import metrics

Message = Mapping[str, str]
"""One chat message: ``{"role": "system" | "user" | "assistant", "content": text}``."""

Reason = Literal[
    "MODEL_UNAVAILABLE",
    "MODEL_TIMED_OUT",
    "MODEL_RATE_LIMITED",
    "MODEL_REQUEST_REJECTED",
    "MODEL_SUBSTITUTED",
    "MODEL_REFUSED",
    "MODEL_REPLY_TRUNCATED",
    "MODEL_REPLY_EMPTY",
    "MODEL_REPLY_UNUSABLE",
]

MAX_TRIES = 3
MAX_BACKOFF_S = 8.0
TOP_LOGPROBS = 20
BYTES_PER_TOKEN = 4
# Room for "DENY" and a few words around it when a backend cannot report log-probabilities.
CHOICE_WITHOUT_LOGPROBS_TOKENS = 16
AVAILABILITY_TIMEOUT_S = 3.0
# Rounding of twenty log-probabilities; more than this is no distribution.
MAX_TOTAL_PROBABILITY = 1.02


@dataclass(frozen=True)
class Cost:
    """The tokens of one call, as the server counted them."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


NO_COST = Cost()


class ModelError(Exception):
    """The model gave no usable answer. Never an opinion on what was asked.

    Attributes: ``reason`` (machine-readable), ``message`` (what to do), ``retry_after_s``, ``cost`` (of an
    answer that came and is unusable; the estimate where none came in time).
    """

    def __init__(
        self, reason: Reason, message: str, *, retry_after_s: float | None = None, cost: Cost = NO_COST
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.retry_after_s = retry_after_s
        self.cost = cost


@dataclass(frozen=True)
class ModelSettings:
    """Which endpoint and model to use. ``api_key`` is a secret and never shown."""

    base_url: str
    api_key: str
    model: str
    timeout_s: float = 120.0
    only_this_model: bool = False
    """Whether an answer in another model's name is an error (MODEL_SUBSTITUTED); a dated name is the same."""

    def __repr__(self) -> str:
        return f"ModelSettings(base_url={self.base_url!r}, model={self.model!r}, timeout_s={self.timeout_s})"


@dataclass(frozen=True)
class Reply:
    """A complete answer (``finish_reason`` is always a natural stop). ``text`` is untrusted."""

    text: str
    model: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    prompt_sha256: bytes
    cached_tokens: int = 0
    """Of ``prompt_tokens``, those that the server says it had evaluated before."""


@dataclass(frozen=True)
class Choice:
    """The option that a model chose.

    ``probabilities`` maps each option to the probability mass (0..1, not normalised: the rest lies on
    tokens that begin no option) of its first token; None when the backend reports none.
    """

    option: str
    probabilities: Mapping[str, float] | None
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Of ``prompt_tokens``, those that the server says it had evaluated before."""


def prompt_bytes(messages: Sequence[Message]) -> bytes:
    """The exact bytes that ``Reply.prompt_sha256`` is the digest of (compact JSON, UTF-8)."""
    return json.dumps([dict(m) for m in messages], ensure_ascii=False, separators=(",", ":")).encode()


def estimated_cost(messages: Sequence[Message], max_tokens: int) -> Cost:
    """What a call may have cost whose answer was not waited for: the server does not say it then."""
    return Cost(-(-len(prompt_bytes(messages)) // BYTES_PER_TOKEN), max_tokens)


class ChatModel:
    """One model at one endpoint; safe for concurrent use in one event loop. Close with ``aclose``."""

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self._client = openai.AsyncOpenAI(
            base_url=settings.base_url,
            api_key=settings.api_key or "unset",
            # One retry policy, ours: two layers would multiply.
            max_retries=0,
            timeout=settings.timeout_s,
            http_client=http_client(),
        )
        # Parameters that this backend has refused; learnt once, then left out.
        self._refused_parameters: frozenset[str] = frozenset()

    async def reply(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        schema: Mapping[str, object] | None = None,
        deadline_s: float,
    ) -> Reply:
        """The model's whole answer within ``deadline_s`` seconds, retries included.

        ``schema`` asks for JSON by that schema; backends may ignore it, so validate the text.
        Raises ModelError when the answer is missing, cut off, refused or late.
        """
        parameters: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature}
        if schema is not None:
            parameters["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": dict(schema), "strict": True},
            }
        completion = await self._complete(messages, parameters, deadline_s)
        with _costing(completion):
            choice = self._only_choice(completion)
            _check_finished(choice, max_tokens)
            text = _text(choice)
            if schema is not None:
                _check_no_key_twice(text)
        return Reply(
            text=text,
            model=_model_name(completion, self.settings.model),
            finish_reason=choice.finish_reason,
            prompt_sha256=hashlib.sha256(prompt_bytes(messages)).digest(),
            **_tokens(completion),
        )

    async def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, deadline_s: float
    ) -> Choice:
        """Which of ``options`` (upper-case words with different beginnings) the model's next word is.

        Asks for one token with log-probabilities; a backend that refuses those is asked for a few
        tokens of text. Raises ModelError, also when the answer is none of the options.
        """
        if "logprobs" in self._refused_parameters:
            parameters: dict[str, Any] = {"max_tokens": CHOICE_WITHOUT_LOGPROBS_TOKENS, "temperature": 0.0}
        else:
            parameters = {"max_tokens": 1, "temperature": 0.0, "logprobs": True, "top_logprobs": TOP_LOGPROBS}
        completion = await self._complete(messages, parameters, deadline_s)
        with _costing(completion):
            return self._chosen(completion, options)

    def _chosen(self, completion: ChatCompletion, options: Sequence[str]) -> Choice:
        choice = self._only_choice(completion)
        _check_not_refused(choice)
        if choice.finish_reason not in {"stop", "length"}:
            raise _ended_oddly(choice)
        model = _model_name(completion, self.settings.model)
        probabilities = _option_probabilities(choice, options)
        if probabilities is None:
            return Choice(_spoken_option(_text(choice), options), None, model, **_tokens(completion))
        _check_said(choice, probabilities)
        best = max(options, key=lambda option: probabilities[option])
        if probabilities[best] <= 0.0:
            raise _none_of(options)
        return Choice(best, probabilities, model, **_tokens(completion))

    async def available(self) -> bool:
        """Whether the endpoint answers and accepts our key; says nothing about the model's quality."""
        try:
            await self._client.models.list(timeout=AVAILABILITY_TIMEOUT_S)
        except openai.NotFoundError:
            return True  # reachable; it merely does not list its models
        except (openai.OpenAIError, ValueError):
            return False
        return True

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _complete(
        self, messages: Sequence[Message], parameters: Mapping[str, Any], deadline_s: float
    ) -> ChatCompletion:
        with metrics.MODEL_SECONDS.labels(self.settings.model).time():
            try:
                completion = await self._asked(messages, parameters, deadline_s)
            except ModelError as error:
                self._count(error.reason)
                if error.reason == "MODEL_TIMED_OUT" and deadline_s > 0:
                    error.cost = estimated_cost(messages, parameters["max_tokens"])
                raise
        self._count("OK", **_tokens(completion))
        return completion

    def _count(self, outcome: str, **tokens: int) -> None:
        model = self.settings.model  # as we know it: what an answer calls itself is the endpoint's to choose
        metrics.MODEL_CALLS.labels(model, outcome).inc()
        for kind, number in tokens.items():
            metrics.MODEL_TOKENS.labels(model, kind.removesuffix("_tokens")).inc(number)

    async def _asked(
        self, messages: Sequence[Message], parameters: Mapping[str, Any], deadline_s: float
    ) -> ChatCompletion:
        deadline = time.monotonic() + deadline_s
        if deadline_s <= 0:
            raise ModelError("MODEL_TIMED_OUT", "no time was left to ask the model; allow a longer deadline")
        try:
            async with asyncio.timeout(deadline_s):
                return await _retrying(deadline)(self._once, messages, parameters, deadline)
        except TimeoutError:
            raise _timed_out(deadline_s) from None
        except openai.APITimeoutError:
            raise _timed_out(min(deadline_s, self.settings.timeout_s)) from None
        except openai.OpenAIError as err:
            raise _model_error(err, self.settings) from err
        except BodyRefused as err:
            raise ModelError(
                "MODEL_REPLY_UNUSABLE", f"the model endpoint's answer is not read: {err}"
            ) from err
        except ValueError as err:  # the SDK lets JSON errors of the body through
            raise ModelError(
                "MODEL_REPLY_UNUSABLE", "the model endpoint sent a body that is not JSON"
            ) from err

    async def _once(
        self, messages: Sequence[Message], parameters: Mapping[str, Any], deadline: float
    ) -> ChatCompletion:
        while True:
            sent = self._accepted(parameters)
            timeout_s = max(0.001, min(self.settings.timeout_s, deadline - time.monotonic()))
            create = cast(Callable[..., Awaitable[ChatCompletion]], self._client.chat.completions.create)
            try:
                completion = await create(
                    model=self.settings.model, messages=[dict(m) for m in messages], timeout=timeout_s, **sent
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as err:
                refused = _refused_parameter(err, sent)
                if refused is None:
                    raise
                self._refused_parameters |= {refused}
                continue
            if not isinstance(completion, ChatCompletion):
                raise ModelError("MODEL_REPLY_UNUSABLE", "the model endpoint did not send a chat completion")
            return completion

    def _only_choice(self, completion: ChatCompletion) -> CompletionChoice:
        choice = _only_choice(completion)
        if self.settings.only_this_model:
            _check_model(self.settings.model, completion.model)
        return choice

    def _accepted(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters without those that this backend has refused before."""
        sent = {k: v for k, v in parameters.items() if k not in self._refused_parameters}
        if "logprobs" in parameters and "logprobs" not in sent:
            sent.pop("top_logprobs", None)
            sent["max_tokens"] = CHOICE_WITHOUT_LOGPROBS_TOKENS
        if "max_tokens" in self._refused_parameters:  # OpenAI's newer models know only the other name
            sent["max_completion_tokens"] = sent.pop("max_tokens", parameters["max_tokens"])
        return sent


@contextmanager
def _costing(completion: ChatCompletion) -> Iterator[None]:
    """An answer that cannot be used was paid for like any other."""
    try:
        yield
    except ModelError as error:
        error.cost = Cost(**_tokens(completion))
        raise


class _stop_before(tenacity.stop.stop_base):  # noqa: N801 (named as tenacity's own are)
    """Stops when the next wait would end after the deadline (monotonic clock)."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        return time.monotonic() + retry_state.upcoming_sleep >= self.deadline


def _retrying(deadline: float) -> tenacity.AsyncRetrying:
    """Tries again after connection errors, 429 and 5xx, while the wait fits before ``deadline``."""
    return tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(_is_transient),
        stop=tenacity.stop_any(tenacity.stop_after_attempt(MAX_TRIES), _stop_before(deadline)),
        wait=_wait,
        reraise=True,
    )


def _is_transient(err: BaseException) -> bool:
    # A time-out is not tried again: the time is what ran out.
    if isinstance(err, openai.APITimeoutError):
        return False
    return isinstance(err, openai.APIConnectionError | openai.RateLimitError | openai.InternalServerError)


_jitter = tenacity.wait_random_exponential(multiplier=0.25, max=MAX_BACKOFF_S)


def _wait(state: tenacity.RetryCallState) -> float:
    err = state.outcome.exception() if state.outcome is not None else None
    jitter = _jitter(state)
    asked = _retry_after_s(err)
    return jitter if asked is None else asked + jitter / 10


def _retry_after_s(err: BaseException | None) -> float | None:
    """Seconds that the endpoint asked us to wait; None when it asked nothing we understand."""
    if not isinstance(err, openai.APIStatusError):
        return None
    try:
        seconds = float(err.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None


def _refused_parameter(err: openai.APIStatusError, sent: Mapping[str, Any]) -> str | None:
    """Which optional parameter the backend complains about; None when it complains about the content."""
    complaint = f"{err.param or ''} {err.message}"
    for name in ("logprobs", "max_tokens", "temperature", "response_format"):
        if name in sent and name in complaint:
            return name
    return None


def _model_error(err: openai.OpenAIError, settings: ModelSettings) -> ModelError:
    where = f"{settings.model!r} at {settings.base_url}"
    if isinstance(err, openai.RateLimitError):
        return ModelError(
            "MODEL_RATE_LIMITED",
            f"{where} limits our rate; try again later or raise the quota",
            retry_after_s=_retry_after_s(err),
        )
    if isinstance(err, openai.APIResponseValidationError):
        return ModelError("MODEL_REPLY_UNUSABLE", f"{where} sent a body that is not a chat completion")
    if isinstance(err, openai.APIConnectionError):
        return ModelError("MODEL_UNAVAILABLE", f"cannot reach {where}; is OPENAI_BASE_URL right?")
    if isinstance(err, openai.AuthenticationError | openai.PermissionDeniedError):
        return ModelError("MODEL_UNAVAILABLE", f"{where} does not accept our key; check OPENAI_API_KEY")
    if isinstance(err, openai.NotFoundError):
        return ModelError("MODEL_UNAVAILABLE", f"there is no model {where}; check the model's name")
    if isinstance(err, openai.APIStatusError) and err.status_code < 400:
        return ModelError("MODEL_UNAVAILABLE", f"{where} redirects elsewhere; set OPENAI_BASE_URL to there")
    if isinstance(err, openai.APIStatusError) and err.status_code < 500:
        if err.code == "content_filter":
            return ModelError("MODEL_REFUSED", f"the content filter of {where} stopped the request")
        return ModelError("MODEL_REQUEST_REJECTED", f"{where} rejected the request: {err.message[:200]}")
    return ModelError("MODEL_UNAVAILABLE", f"{where} failed; try again later")


def _timed_out(seconds: float) -> ModelError:
    return ModelError(
        "MODEL_TIMED_OUT", f"the model did not answer within {seconds:.3g} s; allow a longer deadline"
    )


def _only_choice(completion: ChatCompletion) -> CompletionChoice:
    # The SDK builds its objects without validating them, so nothing here may be taken for granted.
    choices = completion.choices
    if not isinstance(choices, list) or len(choices) != 1 or getattr(choices[0], "message", None) is None:
        raise ModelError(
            "MODEL_REPLY_UNUSABLE", "the model endpoint sent a chat completion that has not one message"
        )
    return choices[0]


def _check_not_refused(choice: CompletionChoice) -> None:
    if getattr(choice.message, "refusal", None):
        raise ModelError("MODEL_REFUSED", "the model refused to answer")
    if choice.finish_reason == "content_filter":
        raise ModelError("MODEL_REFUSED", "the endpoint's content filter stopped the answer")


def _check_finished(choice: CompletionChoice, max_tokens: int) -> None:
    _check_not_refused(choice)
    if choice.finish_reason == "length":
        raise ModelError("MODEL_REPLY_TRUNCATED", f"the answer was cut off after {max_tokens} tokens")
    if choice.finish_reason != "stop":
        raise _ended_oddly(choice)


def _ended_oddly(choice: CompletionChoice) -> ModelError:
    # tool_calls: we offered no tool. None: the answer had not ended when it was sent.
    return ModelError("MODEL_REPLY_UNUSABLE", f"the answer ended with {choice.finish_reason!r}, not 'stop'")


def _check_no_key_twice(text: str) -> None:
    """Of two values under one key each reader takes another. What is no JSON is left to who asked for it."""
    try:
        json.loads(text, object_pairs_hook=_once_each)
    except ModelError:
        raise
    except (ValueError, RecursionError):
        return


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise ModelError("MODEL_REPLY_UNUSABLE", "the model's answer says two things under one key")
    return dict(pairs)


_SNAPSHOT = re.compile(r"[-@:](?:latest|v?\d[\d.\-]*)")


def _check_model(asked: str, answered: object) -> None:
    """Raise MODEL_SUBSTITUTED unless `answered` is `asked`, or a dated or numbered snapshot of it."""
    name = answered.rpartition("/")[2].lower() if isinstance(answered, str) else ""
    wanted = asked.rpartition("/")[2].lower()
    if name == wanted or (name.startswith(wanted) and _SNAPSHOT.fullmatch(name[len(wanted) :])):
        return
    raise ModelError(
        "MODEL_SUBSTITUTED",
        f"{asked!r} was asked and {str(answered)[:80]!r} answered, whose judgement was never measured; "
        "name the model as the endpoint does",
    )


def _text(choice: CompletionChoice) -> str:
    text = choice.message.content
    if text is None or (isinstance(text, str) and not text.strip()):
        raise ModelError("MODEL_REPLY_EMPTY", "the model's answer is empty")
    if not isinstance(text, str):
        raise ModelError("MODEL_REPLY_UNUSABLE", "the model's answer is not text")
    return text


def _option_probabilities(choice: CompletionChoice, options: Sequence[str]) -> dict[str, float] | None:
    content = getattr(choice.logprobs, "content", None)
    if not content or not getattr(content[0], "top_logprobs", None):
        return None
    mass, total = dict.fromkeys(options, 0.0), 0.0
    for entry in content[0].top_logprobs:
        option, probability = _begun_option(str(entry.token), options), _probability(entry.logprob)
        total += probability
        if option is not None:
            mass[option] += probability
    if total > MAX_TOTAL_PROBABILITY:
        raise ModelError("MODEL_REPLY_UNUSABLE", "the model endpoint sent probabilities that are none")
    return {option: min(1.0, p) for option, p in mass.items()}


def _check_said(choice: CompletionChoice, probabilities: Mapping[str, float]) -> None:
    """Raise when the text is one option and the probabilities say another: one of them is not the model's."""
    text = choice.message.content
    said = _begun_option(text.strip(), list(probabilities)) if isinstance(text, str) else None
    if said is not None and probabilities[said] < max(probabilities.values()):
        raise ModelError("MODEL_REPLY_UNUSABLE", "the model said one thing and its probabilities another")


def _probability(logprob: object) -> float:
    number = isinstance(logprob, int | float) and not isinstance(logprob, bool)
    if not number or math.isnan(cast(float, logprob)) or cast(float, logprob) > 1e-3:
        raise ModelError("MODEL_REPLY_UNUSABLE", "the model endpoint sent a log-probability that is none")
    return math.exp(cast(float, logprob))


def _begun_option(token: str, options: Sequence[str]) -> str | None:
    """The one option that ``token`` begins (" Den" begins DENY); None for none or several."""
    word = token.strip(" \t\n\r\"'`*_#:.").upper()
    begun = [
        option
        for option in options
        if word and (option.startswith(word) or word.startswith(option)) and len(word) >= min(2, len(option))
    ]
    return begun[0] if len(begun) == 1 else None


def _spoken_option(text: str, options: Sequence[str]) -> str:
    words = text.split()
    option = _begun_option(words[0], options) if words else None
    if option is None:
        raise _none_of(options)
    return option


def _none_of(options: Sequence[str]) -> ModelError:
    return ModelError("MODEL_REPLY_UNUSABLE", f"the model answered none of {', '.join(options)}")


def _model_name(completion: ChatCompletion, default: str) -> str:
    return completion.model if isinstance(completion.model, str) and completion.model else default


class _Tokens(TypedDict):
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int


def _tokens(completion: ChatCompletion) -> _Tokens:
    """What the server says the answer cost; 0 where it says nothing."""
    usage = completion.usage
    prompt = _count(getattr(usage, "prompt_tokens", 0))
    cached = _count(getattr(getattr(usage, "prompt_tokens_details", None), "cached_tokens", 0))
    return _Tokens(
        prompt_tokens=prompt,
        completion_tokens=_count(getattr(usage, "completion_tokens", 0)),
        cached_tokens=min(cached, prompt),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0

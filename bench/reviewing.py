"""The reviewer's part of `bench.guard`: stages, tokens, a naive review beside ours, and the verdict cache.

Starts a real embedded model on loopback, and a whole local stack that uses it. Knows both by their public
doors. Tokens are as the server counts them: those that it evaluated, and those it found in its prefix cache.
"""

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.corpus import Program
from bench.guard_prompts import NAIVE_SCHEMA, naive_messages
from bench.report import Metric, against, percentile, plain, say
from guard_svc.intake import read_program
from guard_svc.order import Order
from guard_svc.profiles import load_profiles
from guard_svc.prompts import Subject
from guard_svc.reviewer import Reviewer
from guard_svc.rules import analyse
from guard_svc.subject import subject_of
from guard_svc.views import Sources
from placet.client import Placet
from placet.llm.chat import ChatModel, Choice, ModelError, ModelSettings, Reply
from placet.llm.embedded import MODEL_NAME
from placet.llm.models import find
from placet.local.stack import LocalStack
from placet.rpc.deadline import Deadline
from placet.scope import load_scope

SCOPE_FILE: Final = Path(__file__).resolve().parents[1] / "examples/scopes/data-analysis.yaml"
SCOPE: Final = "data-analysis"
START_S: Final = 120.0
REVIEW_S: Final = 120.0
CACHE_HITS: Final = 300
NAIVE_TOKENS: Final = 400
QUICK_NAIVE_TOKENS: Final = 100
_EMPTY: Final = "pass"


@dataclass(frozen=True)
class Cost:
    """What one question cost: the stage, seconds, and tokens as the server counted them."""

    stage: int
    seconds: float
    prompt: int
    evaluated: int
    completion: int


@dataclass
class Tally:
    """A chat model that keeps what each question cost."""

    chat: ChatModel
    costs: list[Cost] = field(default_factory=list)

    async def choose(
        self, messages: Sequence[Mapping[str, str]], options: Sequence[str], *, deadline_s: float
    ) -> Choice:
        """As ChatModel's."""
        started = time.perf_counter()
        answer = await self.chat.choose(messages, options, deadline_s=deadline_s)
        self._keep(1, started, answer, 1)
        return answer

    async def reply(self, messages: Sequence[Mapping[str, str]], **how: Any) -> Reply:
        """As ChatModel's."""
        started = time.perf_counter()
        answer = await self.chat.reply(messages, **how)
        self._keep(2, started, answer, answer.completion_tokens)
        return answer

    def _keep(self, stage: int, started: float, answer: Choice | Reply, completion: int) -> None:
        fresh = answer.prompt_tokens - answer.cached_tokens
        cost = Cost(stage, time.perf_counter() - started, answer.prompt_tokens, fresh, completion)
        self.costs.append(cost)


@dataclass(frozen=True)
class Reviewed:
    """One program's review, and the naive review of the same program just after or before it."""

    clean: bool
    costs: tuple[Cost, ...]
    own_tokens: int
    naive: Cost | None

    @property
    def seconds(self) -> float:
        """Of all our questions."""
        return sum(cost.seconds for cost in self.costs)


async def measure(programs: Sequence[Program], *, quick: bool) -> dict[str, Metric]:
    """Figures on a spread of the programs.

    Raises RuntimeError when the model is missing or does not start.
    """
    count = 1 if quick else 6
    chosen = programs[:: max(1, len(programs) // count)][:count]
    with tempfile.TemporaryDirectory(prefix="placet-bench-") as directory, embedded(Path(directory)) as model:
        say(f"the reviewer and a naive one, in turns, on {len(chosen)} programs")
        chat = ChatModel(model)
        try:
            words = QUICK_NAIVE_TOKENS if quick else NAIVE_TOKENS
            metrics = _reviewer_metrics(await _review_all(chat, chosen, words))
        finally:
            await chat.aclose()
        if quick:
            return metrics  # a whole stack does not start and stop within the time
        say("the verdict cache, through the local stack")
        return metrics | await _cache(Path(directory), model, hits=CACHE_HITS)


@contextlib.contextmanager
def embedded(directory: Path) -> Iterator[ModelSettings]:
    """The embedded model on loopback, gone at the end."""
    model = find()
    if model is None:
        raise RuntimeError("the embedded model is not there; `make model` fetches it")
    address, key = directory / "model.addr", directory / "model.key"
    key.write_text(secrets.token_hex(16))
    key.chmod(0o600)
    command = [sys.executable, "-m", "placet.llm.embedded", "--model", str(model)]
    server = subprocess.Popen([*command, "--addr-file", str(address), "--api-key-file", str(key)])
    try:
        _wait_for(address, server)
        yield ModelSettings(address.read_text().strip(), key.read_text(), MODEL_NAME)
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while not address.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the embedded model did not start; its message stands above")
        time.sleep(0.1)


async def _review_all(chat: ChatModel, programs: Sequence[Program], words: int) -> list[Reviewed]:
    found = []
    for number, program in enumerate(programs):
        subject = _subject(program.source)
        empty = (await _ours(chat, _EMPTY, subject))[1][0]  # also fills the server's prefix cache
        naive = await _naive(chat, program, words) if number % 2 else None
        clean, costs = await _ours(chat, program.source, subject)
        naive = naive or await _naive(chat, program, words)
        found.append(Reviewed(clean, tuple(costs), costs[0].prompt - empty.prompt, naive))
        say(f"  {number + 1} of {len(programs)}")
    return found


async def _ours(chat: ChatModel, source: str, subject: Subject) -> tuple[bool, list[Cost]]:
    tally = Tally(chat)
    intake = read_program(source.encode())
    reviewer = Reviewer(tally, load_profiles(), model=MODEL_NAME)
    sources = Sources(intake.source, intake.canonical)
    opinion = await reviewer.review(sources, subject, Deadline.after(REVIEW_S))
    return opinion.stance == "clean", tally.costs


async def _naive(chat: ChatModel, program: Program, words: int) -> Cost | None:
    """A JSON verdict on the program; one that ran out of tokens has cost what it cost."""
    tally = Tally(chat)
    started = time.perf_counter()
    try:
        await tally.reply(
            naive_messages(program.task, program.source),
            max_tokens=words,
            schema=NAIVE_SCHEMA,
            deadline_s=REVIEW_S,
        )
    except ModelError:
        return Cost(2, time.perf_counter() - started, 0, 0, words)
    return tally.costs[0]


def _subject(source: str) -> Subject:
    """What the guard tells its reviewer besides the program."""
    order = Order(load_scope(SCOPE_FILE.read_bytes()), source.encode())
    return subject_of(order, analyse(read_program(order.program), order.scope))


def _reviewer_metrics(reviewed: Sequence[Reviewed]) -> dict[str, Metric]:
    clean = [one for one in reviewed if one.clean]
    flagged = [one for one in reviewed if not one.clean]
    naive = [one.naive.seconds for one in reviewed if one.naive]
    base = plain(median(naive), "s", len(naive))
    metrics = {"naive_review_p50": base}
    for name, some in (("review_clean", clean), ("review_flagged", flagged)):
        if some:
            spent = median(one.seconds for one in some)
            metrics[f"{name}_p50"] = against(spent, "s", len(some), baseline=base, name="naive_review_p50")
    metrics |= _stages([cost for one in reviewed for cost in one.costs])
    pairs = [one.naive.seconds / one.seconds for one in reviewed if one.naive]
    metrics["naive_over_ours_p50"] = plain(median(pairs), "times", len(pairs))
    return metrics | _tokens(clean or reviewed)


def _stages(costs: Sequence[Cost]) -> dict[str, Metric]:
    """Seconds and tokens of one question, by stage: one word, or reasons."""
    metrics: dict[str, Metric] = {}
    for stage, name in ((1, "stage_one"), (2, "stage_two")):
        if some := [cost for cost in costs if cost.stage == stage]:
            metrics[f"{name}_p50"] = plain(median(cost.seconds for cost in some), "s", len(some))
            metrics[f"{name}_evaluated_p50"] = plain(median(c.evaluated for c in some), "tokens", len(some))
            metrics[f"{name}_written_p50"] = plain(median(c.completion for c in some), "tokens", len(some))
    return metrics


def _tokens(reviewed: Sequence[Reviewed]) -> dict[str, Metric]:
    own = plain(median(one.own_tokens for one in reviewed), "tokens", len(reviewed))
    evaluated = [sum(cost.evaluated for cost in one.costs) for one in reviewed]
    prompt = [sum(cost.prompt for cost in one.costs) for one in reviewed]
    written = [sum(cost.completion for cost in one.costs) for one in reviewed]
    return {
        "program_tokens_p50": own,
        "clean_prompt_tokens_p50": plain(median(prompt), "tokens", len(prompt)),
        "clean_evaluated_tokens_p50": against(
            median(evaluated), "tokens", len(evaluated), baseline=own, name="program_tokens_p50"
        ),
        "clean_written_tokens_p50": plain(median(written), "tokens", len(written)),
    }


async def _cache(directory: Path, model: ModelSettings, *, hits: int) -> dict[str, Metric]:
    """A program reviewed once, then asked about again: without a record, and with record and approval."""
    environ = {
        **os.environ,
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": model.api_key,
        "PLACET_REVIEWER_MODEL": model.model,
    }
    stack = LocalStack(directory / "state", environ=environ)
    await asyncio.to_thread(stack.up_detached)
    try:
        async with Placet.connect(directory / "state") as placet:
            return await _hits(placet, hits)
    finally:
        await asyncio.to_thread(stack.down)


async def _hits(placet: Placet, hits: int) -> dict[str, Metric]:
    program = "import pandas as pd\nprint(pd.Series([1, 2, 3]).mean())\n"
    task = "What is the mean?"
    base = plain(await _ms(placet.assess(program, scope=SCOPE, task=task)), "ms", 1)
    assessed, reviewed = [], []
    for _ in range(hits):
        assessed.append(await _ms(placet.assess(program, scope=SCOPE, task=task)))
        reviewed.append(await _ms(placet.review(program, scope=SCOPE, task=task)))
    metrics = {"cache_miss": base}
    for name, times in (("verdict_cache_hit", assessed), ("cache_hit_with_record_and_approval", reviewed)):
        for percent in (50, 95):
            metrics[f"{name}_p{percent}"] = against(
                percentile(times, percent), "ms", len(times), baseline=base, name="cache_miss"
            )
    return metrics


async def _ms(call: Awaitable[object]) -> float:
    started = time.perf_counter()
    await call
    return (time.perf_counter() - started) * 1000

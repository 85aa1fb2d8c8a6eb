"""The embedded server counts: a review reads a program once, its comments once more, and writes one word."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from guard_svc.prompts import Message, Subject
from guard_svc.reviewer import Meter, Reviewer, Tokens
from guard_svc.views import Sources
from placet.llm.chat import ChatModel, Choice, ModelSettings
from tests.contract.test_llm_embedded import Embedded, embedded
from tests.fakes.guard_world import PROFILES, deadline

__all__ = ["embedded"]

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]

SUBJECT = Subject("Answer questions about tables.", ["import:pandas", "fs.read:inputs"], "", [], [])
# The question, the tags, line numbers and the turn's own tokens.
AROUND = 120
FIRST = Sources("print(1)\n", "print(1)")
LINES = [f"total_{n} = {n} * price + units_{n}" for n in range(14)]
CODE = "\n".join(LINES)
NOTED = Sources("\n".join(f"{line}  # column {n}" for n, line in enumerate(LINES)), CODE)


class Asked(Meter):
    """A meter that also keeps what each question cost."""

    def __init__(self, chat: ChatModel) -> None:
        super().__init__(chat)
        self.each: list[Tokens] = []

    async def choose(
        self, messages: Sequence[Message], options: Sequence[str], *, deadline_s: float
    ) -> Choice:
        answer = await super().choose(messages, options, deadline_s=deadline_s)
        self.each.append(Tokens(answer.prompt_tokens, answer.cached_tokens, answer.completion_tokens))
        return answer


async def costs(settings: ModelSettings) -> list[Tokens]:
    """Of three questions: a small program, and a program with comments in two views."""
    chat = ChatModel(replace(settings, timeout_s=200.0))
    asked = Asked(chat)
    lenient = replace(
        PROFILES, default=PROFILES.default.model_copy(update={"allow_below": 0.99, "deny_above": 1.0})
    )
    reviewer = Reviewer(asked, lenient, model="any")
    for sources in (FIRST, NOTED):
        await reviewer.review(sources, SUBJECT, deadline(200))
    await chat.aclose()
    return asked.each


async def test_a_clean_program_costs_its_own_tokens_its_comments_and_one_word_a_view(
    embedded: Embedded,
) -> None:
    first, code, noted = await costs(embedded.settings())
    own = code.prompt - first.prompt
    assert own > 150
    assert code.prompt - code.cached <= own + AROUND
    assert noted.prompt - noted.cached <= noted.prompt - code.prompt + AROUND
    assert [tokens.completion for tokens in (first, code, noted)] == [1, 1, 1]

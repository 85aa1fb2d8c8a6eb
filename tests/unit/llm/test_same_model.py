"""Whose answer it is: a dated name of the model that was asked is that model, anything else is not."""

import pytest

from placet.llm.chat import ChatModel, ModelError, ModelSettings
from tests.fakes.openai_server import OpenAIServer


async def ask(asked: str, answered: str, *, only: bool = True) -> str:
    with OpenAIServer({"YES": 0.9, "NO": 0.1}, model=answered) as server:
        model = ChatModel(ModelSettings(server.base_url, "key", asked, 5.0, only_this_model=only))
        try:
            return (await model.choose([{"role": "user", "content": "?"}], ("YES", "NO"), deadline_s=5)).model
        finally:
            await model.aclose()


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-4.1-mini", "gpt-4.1-mini"),
        ("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
        ("openai/gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
        ("Qwen/Qwen2.5-Coder-7B-Instruct", "qwen2.5-coder-7b-instruct"),
        ("llama3", "llama3:latest"),
    ],
)
async def test_the_same_model_under_a_longer_or_shorter_name_is_the_same(asked: str, answered: str):
    assert await ask(asked, answered) == answered


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-4.1", "gpt-4.1-mini"),
        ("gpt-4.1-mini", "gpt-4.1"),
        ("gpt-4.1-mini", "gpt-4.1-nano-2025-04-14"),
        ("llama3", "llama3.1"),
        ("a-model", "another"),
        ("a-model", ""),
    ],
)
async def test_another_model_is_not_taken_for_it(asked: str, answered: str):
    with pytest.raises(ModelError) as caught:
        await ask(asked, answered)
    assert caught.value.reason == "MODEL_SUBSTITUTED"
    assert asked in caught.value.message


async def test_whoever_does_not_care_may_have_any_model():
    assert await ask("default", "whatever", only=False) == "whatever"

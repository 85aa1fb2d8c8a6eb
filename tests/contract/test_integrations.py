"""Placet as tools of LangChain and of the OpenAI Agents SDK: real libraries, services that answer as told.

docs/doors.md §1, §4 and §5; the agents are those of examples/agents.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from agents import Agent, FunctionTool, RunConfig, Runner
from agents.testing import ScriptedModel, assistant_message, function_call
from agents.tool_context import ToolContext
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import BaseTool
from placetpb.common.v1 import common_pb2

from placet.answers import Result
from placet.doors import Door, Handed, Offered
from placet.integrations import langchain, openai_agents
from placet.local.layout import Layout
from placet.pki import issue
from placet.rpc.identity import caller_uri
from tests.fakes.chain import PNG, Chain, chain_in_thread
from tests.fakes.openai_server import Call, OpenAIServer

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RUN = {"program": "print(1)", "scope": "data-analysis"}
DENIED = {"program": "import os\nprint(os.environ)", "scope": "data-analysis"}
STRICT = {**RUN, "files": [], "task": ""}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with chain_in_thread(tmp_path_factory.mktemp("state")) as fakes:
        yield fakes


@pytest.fixture
def fakes(served: Chain) -> Chain:
    for name in ("guard", "executor", "generator"):
        getattr(served, name).__init__()  # as new
    return served


@pytest.fixture
def door(fakes: Chain) -> Door:
    return Door.here(fakes.state, scopes=["data-analysis"], folder=EXAMPLES)


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / "agents" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def tools_of(door: Door, **options: Any) -> dict[str, BaseTool]:
    return {tool.name: tool for tool in langchain.placet_tools(door, **options)}


def call(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"name": tool, "args": arguments, "id": "1", "type": "tool_call"}


def test_langchain_has_text_and_picture_for_the_model_and_the_whole_for_the_program(
    door: Door, fakes: Chain
) -> None:
    """§4.1: a `ToolMessage` has text and images as content, and the whole `Result` as its artifact."""
    message = tools_of(door)["run"].invoke(call("run", {**RUN, "files": [{"name": "penguins.csv"}]}))

    assert isinstance(message, ToolMessage)
    assert message.status == "success"
    texts = [block["text"] for block in message.content if block["type"] == "text"]
    assert texts[0].startswith("DONE: the program exited with 0.")
    assert texts[1] == "stdout:\n3700.66\n"
    assert [block["mime_type"] for block in message.content if block["type"] == "image"] == ["image/png"]
    assert isinstance(message.artifact, Handed)
    assert isinstance(message.artifact.whole, Result)
    assert message.artifact.whole.artifacts[0].content == PNG
    assert fakes.executor.received == {"penguins.csv": (EXAMPLES / "penguins.csv").read_bytes()}


async def test_langchain_is_the_same_with_and_without_asyncio_and_inside_a_loop(door: Door) -> None:
    """§4.1: synchronous and asynchronous; a blocking call in a notebook's loop works too."""
    tool = tools_of(door)["run"]
    awaited, blocked = await tool.ainvoke(call("run", RUN)), tool.invoke(call("run", RUN))

    assert awaited.content[1:] == blocked.content[1:]
    assert awaited.artifact.answer.outcome == blocked.artifact.answer.outcome == "DONE"


def test_langchain_tells_a_denial_as_an_answer_and_an_outage_as_an_error(door: Door, fakes: Chain) -> None:
    """§4.2, and §1.6: no prose, no advice."""
    denied = tools_of(door)["run"].invoke(call("run", DENIED))
    other = tools_of(door)["run"].invoke(call("run", {**RUN, "scope": "automation"}))
    unknown = tools_of(door)["run"].invoke(call("run", {**RUN, "shell": "rm"}))
    nobody = Door.here(fakes.state / "nowhere")
    outage = tools_of(nobody)["run"].invoke(call("run", RUN))

    assert denied.status == "success"
    assert denied.content[0]["text"].startswith("DENIED by rules: nothing ran.")
    assert "reaches the system" not in json.dumps(denied.content)
    assert "allow.imports" not in json.dumps(denied.content)
    assert denied.artifact.whole.verdict.advice.changes == ("allow.imports: add os",)
    assert [message.status for message in (other, unknown, outage)] == ["error"] * 3
    assert "(SCOPE_NOT_OFFERED)" in other.content
    assert "(ARGUMENTS_INVALID)" in unknown.content
    assert "(STACK_NOT_RUNNING)" in outage.content


def test_langchain_offers_only_scopes_that_there_are(door: Door) -> None:
    """§1.2."""
    named = tools_of(door)["solve"].args["scope"]
    told = tools_of(door, offered=[Offered("a", "For a.")])["solve"].args["scope"]

    assert named["enum"] == ["data-analysis"]
    assert (told["enum"], told["description"]) == (["a"], "What the program may do. a: For a.")


def test_langchain_without_pictures_for_a_model_that_sees_none(door: Door) -> None:
    message = tools_of(door, images=False)["run"].invoke(call("run", RUN))

    assert {block["type"] for block in message.content} == {"text"}
    assert 'file "figure.png" (image/png' in message.content[0]["text"]


class Scripted(GenericFakeChatModel):
    """Says what it is told to say, whatever tools it is offered."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


def test_the_langchain_example_recovers_from_a_denial(fakes: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """examples/agents/langchain_agent.py, with a model that tries something first."""
    monkeypatch.setenv("PLACET_STATE", str(fakes.state))
    said = iter(
        [
            AIMessage("", tool_calls=[call("run", DENIED)]),
            AIMessage("", tool_calls=[call("run", RUN)]),
            AIMessage("3700.66"),
        ]
    )
    messages = example("langchain_agent").answer(Scripted(messages=said), "Mean?")

    told = [message for message in messages if isinstance(message, ToolMessage)]
    assert [message.artifact.answer.outcome for message in told] == ["DENIED", "DONE"]
    assert messages[-1].text == "3700.66"


def openai_tools(door: Any, **options: Any) -> dict[str, FunctionTool]:
    return {tool.name: tool for tool in openai_agents.placet_tools(door, **options)}


async def invoked(tool: FunctionTool, arguments: str, context: Any = None) -> list[Any]:
    about = ToolContext(context, tool_name=tool.name, tool_call_id="1", tool_arguments=arguments)
    return list(await tool.on_invoke_tool(about, arguments))


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_openai_schemas_are_strict(door: Door) -> None:
    """§5.1: every argument is named, none is free."""
    for tool in openai_tools(door).values():
        assert tool.strict_json_schema
        for each in objects(tool.params_json_schema):
            assert each["additionalProperties"] is False
            assert each["required"] == list(each["properties"])
        assert '"default"' not in json.dumps(tool.params_json_schema)
        assert tool.params_json_schema["properties"]["scope"]["enum"] == ["data-analysis"]


async def test_openai_tools_answer_with_text_and_picture(door: Door) -> None:
    heard: list[Handed] = []
    tools = openai_tools(door, on_handed=lambda _, handed: heard.append(handed))
    told = await invoked(tools["run"], json.dumps(STRICT))
    denied = await invoked(tools["run"], json.dumps({**STRICT, **DENIED}))

    assert [part.type for part in told] == ["text", "text", "image"]
    assert told[1].text == "stdout:\n3700.66\n"
    assert told[2].image_url.startswith("data:image/png;base64,")
    assert denied[0].text.startswith("DENIED by rules")
    assert "reaches the system" not in denied[0].text
    assert [handed.answer.outcome for handed in heard] == ["DONE", "DENIED"]


@pytest.mark.parametrize(
    "arguments", ["", "{", "[]", "null", '{"scope": "data-analysis"}', '"x"', "[" * 100_000]
)
async def test_openai_arguments_that_are_none_are_told_to_the_model(door: Door, arguments: str) -> None:
    told = await invoked(openai_tools(door)["run"], arguments)

    assert "(ARGUMENTS_INVALID)" in told[0].text


async def test_one_openai_agent_serves_each_caller_through_their_own_door(door: Door, fakes: Chain) -> None:
    """§5.2: asks the run's context whose door it is, for each call."""
    layout = Layout(fakes.state)
    theirs = issue(layout.pki, "caller-other", caller_uri("other"), None)

    def connect() -> Any:
        from placet.client import Placet
        from placet.local import Endpoint, endpoint

        return Placet.connect(endpoint=Endpoint(endpoint(fakes.state).addresses, theirs))

    other = Door(connect, ("data-analysis",))
    tool = openai_tools(lambda context: context)["run"]
    await asyncio.gather(invoked(tool, json.dumps(STRICT), door), invoked(tool, json.dumps(STRICT), other))

    assert sorted(fakes.guard.callers) == ["caller/local", "caller/other"]


async def test_a_context_without_a_door_ends_the_run(fakes: Chain) -> None:
    """§5.2: it MUST end the run, not be served by another's."""
    tools = list(openai_tools(lambda context: context).values())
    model = ScriptedModel([[function_call("run", STRICT, call_id="1")], [assistant_message("done")]])
    agent: Agent[Any] = Agent("a", model=model, tools=tools)

    with pytest.raises(Exception, match="has no door"):
        await Runner.run(agent, "?", context=None, run_config=RunConfig(tracing_disabled=True))
    assert fakes.guard.requests == []


async def test_the_openai_example_goes_through_the_real_runner_and_endpoint(
    fakes: Chain, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """examples/agents/openai_agent.py on a chat endpoint: it calls the tool, reads the answer, says it."""
    said = iter([Call("run", json.dumps(STRICT)), "It is 3700.66."])
    module = example("openai_agent")
    session = module.Session(door)
    with OpenAIServer(lambda _: next(said)) as model:
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        monkeypatch.setenv("OPENAI_BASE_URL", model.base_url)
        answer = await module.answer("Mean?", session)

    assert answer == "It is 3700.66."
    offered = {tool["function"]["name"]: tool["function"] for tool in model.requests[0]["tools"]}
    assert set(offered) == {"solve", "run", "review"}
    assert all(function["strict"] for function in offered.values())
    (told,) = [message for message in model.requests[1]["messages"] if message["role"] == "tool"]
    assert "3700.66" in json.dumps(told["content"])
    assert session.given[0].answer.outcome == "DONE"


async def test_an_openai_run_that_is_given_up_cancels_the_program(door: Door, fakes: Chain) -> None:
    """§1.9."""
    fakes.executor.hang = True
    model = ScriptedModel([[function_call("run", STRICT, call_id="1")], [assistant_message("done")]])
    agent: Agent[Any] = Agent("a", model=model, tools=list(openai_tools(door).values()))
    running = asyncio.create_task(Runner.run(agent, "?", run_config=RunConfig(tracing_disabled=True)))
    assert await asyncio.to_thread(fakes.executor.hanging.wait, 10)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert await asyncio.to_thread(fakes.executor.cancelled.wait, 10)


async def test_what_needs_people_is_an_answer_at_every_door(door: Door, fakes: Chain) -> None:
    """§1.5."""
    fakes.guard.verdict = common_pb2.VERDICT_NEEDS_REVIEW
    told = await invoked(openai_tools(door)["run"], json.dumps(STRICT))
    message = await tools_of(door)["run"].ainvoke(call("run", RUN))

    assert told[0].text.startswith("NEEDS_REVIEW by rules+reviewer: nothing ran.")
    assert message.content[0]["text"].startswith("NEEDS_REVIEW")
    assert message.status == "success"

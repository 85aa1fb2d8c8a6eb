"""An agent of the OpenAI Agents SDK that serves several callers, each through a door of their own.

    placet up --detach
    OPENAI_API_KEY=… python examples/agents/openai_agent.py "Mean body mass of each penguin species?"

Needs openai-agents. OPENAI_BASE_URL and OPENAI_MODEL choose another chat endpoint whose model calls tools.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents import Agent, OpenAIChatCompletionsModel, RunConfig, Runner
from openai import AsyncOpenAI

from placet.doors import Door, Handed
from placet.integrations.openai_agents import placet_tools

EXAMPLES = Path(__file__).resolve().parents[1]
ORDERS = (
    "Answer from the file penguins.csv in the scope data-analysis, with the tools. If a program is DENIED, "
    "write another one without what the reasons name, or say that it is not allowed."
)


@dataclass
class Session:
    """What one caller's run knows: the door they come through, and what they were given."""

    door: Door
    given: list[Handed] = field(default_factory=list)


def keep(session: Session, handed: Handed) -> None:
    """The whole answer, with its files, for the program: the model saw a part of it."""
    session.given.append(handed)


async def answer(question: str, session: Session) -> str:
    """One question of one caller."""
    model = OpenAIChatCompletionsModel(os.environ.get("OPENAI_MODEL", "gpt-4.1-mini"), AsyncOpenAI())
    tools = placet_tools(lambda session: session.door, on_handed=keep)
    agent: Agent[Any] = Agent("analyst", instructions=ORDERS, model=model, tools=list(tools))
    done = await Runner.run(agent, question, context=session, run_config=RunConfig(tracing_disabled=True))
    return str(done.final_output)


async def main() -> None:
    """The question from the command line, through the door of this machine's caller."""
    session = Session(Door.here(scopes=["data-analysis"], folder=EXAMPLES))
    print(await answer(sys.argv[1], session))
    for handed in session.given:
        print(f"request {handed.answer.request_id}, record {handed.answer.record}", file=sys.stderr)


if __name__ == "__main__":
    asyncio.run(main())

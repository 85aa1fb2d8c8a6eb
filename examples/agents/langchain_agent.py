"""A LangChain agent whose model may have programs written and run, and nothing else.

    placet up --detach
    OPENAI_API_KEY=… python examples/agents/langchain_agent.py "Mean body mass of each penguin species?"

Needs langchain-core, and for a model langchain-openai (any chat model of LangChain that calls tools will do).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from placet.doors import Door
from placet.integrations.langchain import placet_tools

EXAMPLES = Path(__file__).resolve().parents[1]
ORDERS = SystemMessage(
    "Answer from the attached files, with the tools. If a program is DENIED, write another one without what "
    "the reasons name, or say that it is not allowed."
)
MAX_TURNS = 6


def answer(model: BaseChatModel, question: str) -> list[BaseMessage]:
    """Ask until the model answers without a tool; all messages, for those who want to see the way."""
    door = Door.here(scopes=["data-analysis"], folder=EXAMPLES)
    tools = {tool.name: tool for tool in placet_tools(door)}
    thinking = model.bind_tools(list(tools.values()))
    messages: list[BaseMessage] = [ORDERS, HumanMessage(question)]
    for _ in range(MAX_TURNS):
        reply = thinking.invoke(messages)
        messages.append(reply)
        if not reply.tool_calls:
            break
        messages += [tools[call["name"]].invoke(call) for call in reply.tool_calls]
    return messages


def main() -> None:
    """The question from the command line, a model from the environment."""
    from langchain_openai import ChatOpenAI

    model = ChatOpenAI(model=os.environ.get("OPENAI_MODEL", "gpt-4.1-mini"))
    print(answer(model, sys.argv[1])[-1].text)


if __name__ == "__main__":
    main()

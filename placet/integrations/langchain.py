"""Placet's tools for LangChain: `solve`, `run` and `review` as tools of a chat model or an agent.

    tools = placet_tools(Door.here(scopes=["data-analysis"], folder="data"))

Needs langchain-core. Knows its messages and the door; decides nothing. A denial is an ordinary message; only
what could not be answered is an error.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException

from placet.doors import Door, Handed, Offered
from placet.doors.answer import no_answer
from placet.doors.asked import TOOLS, description
from placet.doors.blocking import blocking
from placet.doors.handed import Part
from placet.rpc.errors import ServiceError

Answered = tuple[list[dict[str, Any]], Handed]
"""What a `ToolMessage` is made of: its content, for a model, and its artifact, for the program."""


def placet_tools(door: Door, *, offered: Sequence[Offered] = (), images: bool = True) -> list[BaseTool]:
    """The three tools, synchronous and asynchronous, all through one door.

    Args:
        door: as whom, for which scopes and with which folder.
        offered: `await door.offered()`: then a model is shown each scope's purpose as well.
        images: False for a model that takes no pictures in tool messages.
    """
    return [_tool(name, door, offered, images) for name in TOOLS]


def _tool(name: str, door: Door, offered: Sequence[Offered], images: bool) -> BaseTool:
    async def ask(**arguments: Any) -> Answered:
        try:
            handed = await door.ask(name, arguments)
        except ServiceError as error:
            raise ToolException(no_answer(error)) from error
        return _content(handed, images), handed

    def ask_blocking(**arguments: Any) -> Answered:
        return blocking(ask(**arguments))

    return StructuredTool.from_function(
        ask_blocking,
        coroutine=ask,
        name=name,
        description=description(name),
        args_schema=door.schema(name, offered),
        infer_schema=False,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


def _content(handed: Handed, images: bool) -> list[dict[str, Any]]:
    texts = ({"type": "text", "text": text} for text in handed.texts)
    return [*texts, *(map(_image, handed.images) if images else ())]


def _image(part: Part) -> dict[str, Any]:
    data = base64.b64encode(part.data).decode()
    return {"type": "image", "base64": data, "mime_type": part.media_type}

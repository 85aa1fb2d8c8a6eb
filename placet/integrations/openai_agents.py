"""Placet's tools for the OpenAI Agents SDK: `solve`, `run` and `review` as function tools.

    agent = Agent("analyst", tools=placet_tools(Door.here(scopes=["data-analysis"], folder="data")))

Needs openai-agents. Knows its tools and the door; decides nothing. What could not be answered is told to the
model as a sentence, a denial as an answer.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from agents import FunctionTool, ToolOutputImage, ToolOutputText
from agents.tool_context import ToolContext

from placet.doors import Door, Handed, Offered
from placet.doors.answer import no_answer
from placet.doors.asked import TOOLS, description, schema
from placet.doors.handed import Part
from placet.inputs import refused
from placet.rpc.errors import ServiceError

DoorOf = Callable[[Any], Door]
"""Gives the door of a run, from the context that the run was started with."""
OnHanded = Callable[[Any, Handed], None]
"""Is told each answer with the run's context: the whole result, which no model sees."""
Told = list[ToolOutputText | ToolOutputImage]


def _unheard(_: Any, __: Handed) -> None:
    """The listener of a program that wants only the model's words."""


def placet_tools(
    door: Door | DoorOf, *, offered: Sequence[Offered] = (), on_handed: OnHanded = _unheard
) -> list[FunctionTool]:
    """The three tools, strict in their arguments.

    Args:
        door: as whom, for which scopes and with which folder; or what tells it from the context of a run,
            when one agent serves many callers.
        offered: `await door.offered()`: then a model is shown each scope's purpose as well.
        on_handed: is told each answer in full.
    """
    door_of = (lambda _: door) if isinstance(door, Door) else door
    return [
        FunctionTool(
            name=name,
            description=description(name),
            params_json_schema=_schema(name, door, offered),
            on_invoke_tool=_invoked(name, door_of, on_handed),
        )
        for name in TOOLS
    ]


def _schema(name: str, door: Door | DoorOf, offered: Sequence[Offered]) -> dict[str, Any]:
    """With one door, its scopes and files; an agent for many callers is shown what was `offered`."""
    if isinstance(door, Door):
        made = door.schema(name, offered)
    else:
        made = schema(name, [(scope.name, scope.words) for scope in offered])
    return {key: _without_defaults(value) for key, value in made.items()}


def _without_defaults(part: Any) -> Any:
    """In strict mode every argument is named, so none has a default."""
    if isinstance(part, dict):
        return {key: _without_defaults(value) for key, value in part.items() if key != "default"}
    return [_without_defaults(each) for each in part] if isinstance(part, list) else part


def _invoked(
    name: str, door_of: DoorOf, on_handed: OnHanded
) -> Callable[[ToolContext[Any], str], Awaitable[Told]]:
    async def invoke(context: ToolContext[Any], arguments: str) -> Told:
        door = door_of(context.context)
        if not isinstance(door, Door):
            raise TypeError(f"the context of this run has no door, but {type(door).__name__}")
        try:
            handed = await door.ask(name, _read(arguments))
        except ServiceError as error:
            return [ToolOutputText(text=no_answer(error))]
        on_handed(context.context, handed)
        return _told(handed)

    return invoke


def _read(arguments: str) -> dict[str, Any]:
    try:
        read = json.loads(arguments or "{}")
    except (ValueError, RecursionError) as error:
        raise refused("ARGUMENTS_INVALID", f"the arguments are no JSON: {error}") from error
    if not isinstance(read, dict):
        raise refused("ARGUMENTS_INVALID", "the arguments are no JSON object")
    return read


def _told(handed: Handed) -> Told:
    texts = [ToolOutputText(text=text) for text in handed.texts]
    return [*texts, *map(_image, handed.images)]


def _image(part: Part) -> ToolOutputImage:
    data = base64.b64encode(part.data).decode()
    return ToolOutputImage(image_url=f"data:{part.media_type};base64,{data}")

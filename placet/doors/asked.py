"""What an agent asks for: the arguments of the three tools, as closed schemas with words for a model.

Knows shapes. Must not know files, services, or any agent's library.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from placet.inputs import refused
from placet.rpc.errors import ServiceError

MAX_FILES: Final = 16
MAX_TEXT_CHARS: Final = 16 * 1024 * 1024
MAX_PROBLEMS: Final = 10


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class File(_Closed):
    """A file for the program, known to it by its bare name."""

    name: Annotated[str, Field(min_length=1, max_length=128, description="Its bare name, such as sales.csv.")]
    text: Annotated[
        str | None,
        Field(max_length=MAX_TEXT_CHARS, description="Its content. Without content: a file of the folder."),
    ] = None
    base64: Annotated[
        str | None, Field(max_length=MAX_TEXT_CHARS, description="Its content, when it is not text.")
    ] = None

    def content(self) -> bytes | None:
        """The bytes that came along; None when it is to be found in the folder.

        Raises ServiceError FILE_INVALID: it has both, or what it has is no base64.
        """
        if self.text is not None and self.base64 is not None:
            raise refused("FILE_INVALID", f"{self.name!r} has text and base64; give one of them")
        if self.base64 is None:
            return None if self.text is None else self.text.encode()
        try:
            return base64.b64decode(self.base64, validate=True)
        except (binascii.Error, ValueError) as error:
            raise refused("FILE_INVALID", f"the base64 of {self.name!r} cannot be read: {error}") from error


_Files = Annotated[
    tuple[File, ...],
    Field(strict=False, max_length=MAX_FILES, description="Files that the program may read."),
]
_Scope = Annotated[str, Field(min_length=1, max_length=63, description="What the program may do.")]
_Program = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64 * 1024,
        description="Python source. It reads the files by their bare names and prints its answer.",
    ),
]


class Solve(_Closed):
    """Have a program written for a task in plain words, reviewed for safety, and run in a sandbox.

    Returns what it printed and the files it wrote. A denial is an answer: read the reasons.
    """

    task: Annotated[str, Field(min_length=1, max_length=8192, description="What is wanted, in plain words.")]
    scope: _Scope
    files: _Files = ()


class Review(_Closed):
    """Have your Python program reviewed for safety, without running it.

    Returns ALLOWED, DENIED or NEEDS_REVIEW, with the rules that object and the lines they object to.
    """

    program: _Program
    scope: _Scope
    files: _Files = ()
    task: Annotated[str, Field(max_length=8192, description="What the program is for.")] = ""


class Run(Review):
    """Have your Python program reviewed for safety and, if it is allowed, run in a sandbox.

    Returns what it printed and the files it wrote. A denial is an answer: read the reasons, write another.
    """


Asked = Solve | Run | Review
TOOLS: Final[Mapping[str, type[Solve] | type[Run] | type[Review]]] = {
    "solve": Solve,
    "run": Run,
    "review": Review,
}
"""The tools by name; what a model is told of each is its docstring."""


def read_asked(tool: str, arguments: Mapping[str, Any]) -> Asked:
    """What a model sent, checked.

    Raises ServiceError: TOOL_UNKNOWN, ARGUMENTS_INVALID with every problem and none of the values.
    """
    if tool not in TOOLS:
        raise refused("TOOL_UNKNOWN", f"there is no tool {tool[:64]!r}; there are {', '.join(TOOLS)}")
    try:
        return TOOLS[tool].model_validate(dict(arguments))
    except ValidationError as error:
        raise _invalid(tool, error) from error


def _invalid(tool: str, error: ValidationError) -> ServiceError:
    problems = [
        f"{'.'.join(map(str, problem['loc'])) or 'arguments'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    ]
    return refused("ARGUMENTS_INVALID", f"{tool}: {'; '.join(problems[:MAX_PROBLEMS])}")


def description(tool: str) -> str:
    """What a model is told that the tool does."""
    return " ".join((TOOLS[tool].__doc__ or "").split())


def schema(tool: str, scopes: Iterable[tuple[str, str]] = (), folder: Sequence[str] = ()) -> dict[str, Any]:
    """The tool's arguments as JSON Schema; `scopes` (name, words about it) become its only choices.

    `folder` names files that can be asked for without content. References are resolved: not every model's
    server follows them.
    """
    made = TOOLS[tool].model_json_schema()
    file = made.pop("$defs")["File"]
    made.pop("description", None)
    properties = made["properties"]
    properties["files"]["items"] = file
    if offered := list(scopes):
        properties["scope"]["enum"] = [name for name, _ in offered]
        told = [f"{name}: {words}" for name, words in offered if words]
        properties["scope"]["description"] = " ".join(["What the program may do.", *told])
    if folder:
        properties["files"]["description"] += f" In the folder: {', '.join(folder)}."
    return made

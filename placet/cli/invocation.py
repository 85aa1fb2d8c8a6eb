"""One call of the command: where its state is, whether it answers people or programs, and how it ends.

Knows options that every verb has and exit codes; knows no verb.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from placet.answers import Outcome, Verdict
from placet.audit.waiting import MAX_WAIT_S
from placet.local.layout import default_state


class Exit(IntEnum):
    """What the command's exit code says."""

    DONE = 0
    DENIED = 1
    NEEDS_REVIEW = 2
    PROGRAM_FAILED = 3
    NO_ANSWER = 4
    INTERRUPTED = 130


OUTCOME_EXIT = {
    Outcome.DONE: Exit.DONE,
    Outcome.DENIED: Exit.DENIED,
    Outcome.NEEDS_REVIEW: Exit.NEEDS_REVIEW,
    Outcome.PROGRAM_FAILED: Exit.PROGRAM_FAILED,
}
VERDICT_EXIT = {
    Verdict.ALLOWED: Exit.DONE,
    Verdict.DENIED: Exit.DENIED,
    Verdict.NEEDS_REVIEW: Exit.NEEDS_REVIEW,
}


@dataclass
class Invocation:
    """Filled in by the options, whether they stand before or after the verb; the last one wins."""

    state: Path | None = None
    """None: PLACET_STATE, or the default below the XDG state directory."""
    as_json: bool = False

    @property
    def state_directory(self) -> Path:
        """Where the stack's state is, whether or not it runs."""
        return self.state or default_state()

    @property
    def out(self) -> Console:
        """Answers for people. Made when asked for, so that it writes to the stdout of now."""
        return Console(highlight=False, soft_wrap=True, color_system=_colours())

    @property
    def err(self) -> Console:
        """Progress, hints and errors."""
        return Console(stderr=True, highlight=False, soft_wrap=True, color_system=_colours())

    def emit(self, value: object) -> None:
        """One line of machine output on stdout."""
        print(json.dumps(value, ensure_ascii=False), flush=True)


def _colours() -> Literal["auto"] | None:
    """Under NO_COLOR not one escape sequence is written: bold and underlined text are left out as well."""
    return None if os.environ.get("NO_COLOR") else "auto"


def _keep_state(ctx: typer.Context, value: Path | None) -> Path | None:
    if value is not None:
        ctx.ensure_object(Invocation).state = value.absolute()
    return value


def _keep_json(ctx: typer.Context, value: bool) -> bool:
    if value:
        ctx.ensure_object(Invocation).as_json = True
    return value


State = Annotated[
    Path | None,
    typer.Option(
        "--state",
        metavar="DIR",
        callback=_keep_state,
        help="The stack's state directory (or PLACET_STATE); several stacks can run side by side.",
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", callback=_keep_json, help="Machine output on stdout; the rest goes to stderr."),
]
Scope = Annotated[
    str,
    typer.Option("--scope", metavar="S", help="A scope's name, or the path of its file.", show_default=False),
]
Inputs = Annotated[
    list[Path] | None,
    typer.Option(
        "--input", "-i", metavar="FILE", help="A file for the program; repeat for more (64 MiB in all)."
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Where artifacts go. Default: ./placet-out/<request id>."),
]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=1, help="Give up after this long.")
]
Wait = Annotated[
    int,
    typer.Option(
        "--wait",
        metavar="SECONDS",
        min=0,
        max=MAX_WAIT_S,
        help="How long people may take when the program needs their review. 0: exit with 2 at once.",
    ),
]
ProgramFile = Annotated[Path, typer.Argument(metavar="FILE.py", help="The program.", show_default=False)]


def invocation(ctx: typer.Context) -> Invocation:
    """The one of this call."""
    return ctx.ensure_object(Invocation)

"""`placet actions check`: whether a plan, or a file of actions, fits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from placet.actions import (
    ActionInvalid,
    Plan,
    PlanInvalid,
    TextInvalid,
    check,
    compile_plan,
    make_catalogue,
    read_plan,
    read_text,
    text_of,
)
from placet.cli.catalogued import InScope, named_catalogue, summary
from placet.cli.headers import columns_of
from placet.cli.human import visible
from placet.cli.invocation import Exit, Inputs, Invocation, Json, State, invocation
from placet.inputs import refused

MAX_FILE_BYTES = 256 * 1024


def check_(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file of actions (.py), or a plan as JSON or text.")
    ],
    scope: InScope = None,
    inputs: Inputs = None,
    program: Annotated[
        bool, typer.Option("--program", help="Print the program that the plan becomes.")
    ] = False,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Whether a plan fits a scope's actions and the inputs' columns, or a file of actions has the right form.

    Nothing runs. Of inputs only the first line is read; columns of other files than CSV are not known.

    Exit codes: 0 it fits, 1 it does not, 4 could not answer.

    Examples:

        placet actions check churn.py

        placet actions check plan.json --scope reporting.yaml --input sales.csv

        placet actions check plan.txt --input sales.csv --program
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    content = _content(file)
    if file.suffix == ".py":
        return _check_file(here, file.name, content)
    catalogue = named_catalogue(here, scope)
    columns = columns_of(inputs or [])
    try:
        plan = _plan(content, list(columns))
        problems = [str(problem) for problem in check(plan, catalogue, columns)]
    except (PlanInvalid, TextInvalid) as error:
        return _told(here, str(error).split("\n"))
    if problems:
        return _told(here, problems)
    _fits(here, plan, text_of(plan, list(columns)), compile_plan(plan, catalogue) if program else None)
    return Exit.DONE


def _fits(here: Invocation, plan: Plan, text: str, program: bytes | None) -> None:
    digest = plan.sha256.hex()
    if here.as_json:
        compiled = {} if program is None else {"program": program.decode()}
        here.emit({"fits": True, "plan_sha256": digest, "text": text, "problems": [], **compiled})
    else:
        here.out.print(Text(visible(text if program is None else program.decode().rstrip("\n"))))
        here.err.print(Text(f"fits; plan sha256:{digest}", style="dim"))


def _check_file(here: Invocation, name: str, content: bytes) -> int:
    """As a team's own file, beside the built-in actions."""
    try:
        catalogue = make_catalogue(own={name: content})
    except ActionInvalid as error:
        return _told(here, error.problems)
    for own in catalogue.own:
        action = catalogue.actions[own]
        if here.as_json:
            here.emit(summary(action, catalogue))
        else:
            here.out.print(Text(visible(f"{action.name:22} {action.summary}")))
    here.err.print(Text("whether the rules allow what they do, `placet scope test` tells", style="dim"))
    return Exit.DONE


def _told(here: Invocation, problems: Sequence[str]) -> int:
    if here.as_json:
        here.emit({"fits": False, "problems": list(problems)})
    else:
        for problem in problems:
            here.out.print(Text(visible(problem)))
    return Exit.DENIED


def _plan(content: bytes, inputs: list[str]) -> Plan:
    if content.lstrip().startswith(b"{"):
        return read_plan(content)
    try:
        return read_text(content.decode(), inputs)
    except UnicodeDecodeError:
        raise TextInvalid("not UTF-8; save the file as UTF-8") from None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise refused("FILE_UNREADABLE", f"{path} cannot be read: {error.strerror}") from error
    if len(content) > MAX_FILE_BYTES:
        raise refused("FILE_TOO_LARGE", f"{path} has more than {MAX_FILE_BYTES} bytes; make it smaller")
    return content

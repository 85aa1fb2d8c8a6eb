"""`placet review`: the verdict on a program for people, as JSON, or as SARIF for code hosts. Nothing runs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from placet.cli import human, machine
from placet.cli.invocation import (
    VERDICT_EXIT,
    Inputs,
    Json,
    ProgramFile,
    Scope,
    State,
    Timeout,
    invocation,
)
from placet.cli.outdir import write_whole
from placet.cli.sarif import sarif_log, sarif_log_of_failure
from placet.cli.scopefile import loaded_name
from placet.client import DEFAULT_TIMEOUT_S, PlacetSync
from placet.inputs import read_inputs, read_program
from placet.rpc.errors import ServiceError

_STDOUT = Path("-")


def review(
    ctx: typer.Context,
    program: ProgramFile,
    scope: Scope,
    inputs: Inputs = None,
    task: Annotated[str, typer.Option("--task", help="What the program is for; the reviewer reads it.")] = "",
    save_approval: Annotated[
        Path | None,
        typer.Option("--save-approval", metavar="F", help="Write the approval here when it is ALLOWED."),
    ] = None,
    sarif: Annotated[
        Path | None,
        typer.Option("--sarif", metavar="FILE", help="Write the findings as SARIF 2.1.0; `-` is stdout."),
    ] = None,
    timeout: Timeout = DEFAULT_TIMEOUT_S,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Ask for the verdict on a program, with its reasons on the lines they cite. Nothing runs.

    Exit codes: 0 allowed, 1 denied, 2 needs review, 4 could not answer.

    Examples:

        placet review mean.py --scope data-analysis

        placet review mean.py --scope data-analysis --sarif mean.sarif

        placet review mean.py --scope data-analysis --input penguins.csv --save-approval mean.approval --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    if sarif == _STDOUT and here.as_json:
        raise typer.BadParameter("--json and --sarif - both want stdout; write the SARIF to a file")
    source, read = read_program(program), read_inputs(inputs or ())
    with (
        _sarif_of_failure(sarif, program, source),
        PlacetSync.connect(here.state) as placet,
        here.err.status("reviewing"),
    ):
        answer = placet.review(
            source,
            scope=loaded_name(placet, scope),
            inputs=read,
            task=task,
            verdict_only=save_approval is None,
            timeout_s=timeout,
        )
    if save_approval and answer.approval:
        write_whole(save_approval, answer.approval)
    if sarif:
        _write_sarif(sarif, sarif_log(program, source, answer))
    if here.as_json:
        here.emit(machine.review_json(answer))
    elif sarif != _STDOUT:
        human.show_review(here.out, answer, source)
        if save_approval and answer.approval:
            here.out.print(f"approval {save_approval} (works once, expires in minutes)", markup=False)
    return VERDICT_EXIT[answer.verdict]


@contextmanager
def _sarif_of_failure(sarif: Path | None, program: Path, source: bytes) -> Iterator[None]:
    """A code host must be able to tell "nothing found" from "nobody looked"."""
    try:
        yield
    except ServiceError as error:
        if sarif:
            _write_sarif(sarif, sarif_log_of_failure(program, source, error))
        raise


def _write_sarif(where: Path, log: object) -> None:
    text = json.dumps(log, ensure_ascii=False, indent=2) + "\n"
    if where == _STDOUT:
        sys.stdout.write(text)
    else:
        write_whole(where, text.encode())

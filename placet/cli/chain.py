"""The verbs that run something: solve, run, exec. Options in, one client call, answer and exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from placet.answers import Event, Result
from placet.cli import human, machine
from placet.cli.invocation import (
    OUTCOME_EXIT,
    Inputs,
    Invocation,
    Json,
    Out,
    ProgramFile,
    Scope,
    State,
    Timeout,
    Wait,
    invocation,
)
from placet.cli.outdir import check_usable, default_out, save
from placet.cli.scopefile import loaded_name
from placet.client import DEFAULT_TIMEOUT_S, PlacetSync, new_request_id
from placet.gathering import OnEvent
from placet.inputs import read_approval, read_program


def solve(
    ctx: typer.Context,
    task: Annotated[str, typer.Argument(metavar="TASK", help="What you want, in plain words.")],
    scope: Scope,
    inputs: Inputs = None,
    out: Out = None,
    timeout: Timeout = DEFAULT_TIMEOUT_S,
    wait: Wait = 0,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Have a program written for a task, reviewed, and run.

    Exit codes: 0 done, 1 denied, 2 needs review, 3 the program failed, 4 could not answer.

    Examples:

        placet solve "Mean flipper length per island?" --scope data-analysis --input penguins.csv

        placet solve "Plot sunspots per year" --scope data-analysis --input sunspots.csv --out figures --json

        placet solve "Fit a trend" --scope data-analysis --input sunspots.csv --wait 600
    """
    del state, as_json  # their callbacks kept them

    def call(placet: PlacetSync, request_id: str, listen: OnEvent) -> Result:
        return placet.solve(
            task,
            scope=loaded_name(placet, scope),
            inputs=inputs or (),
            request_id=request_id,
            timeout_s=timeout,
            review_wait_s=wait,
            on_event=listen,
        )

    return _to_the_end(invocation(ctx), out, call)


def run(
    ctx: typer.Context,
    program: ProgramFile,
    scope: Scope,
    inputs: Inputs = None,
    out: Out = None,
    task: Annotated[str, typer.Option("--task", help="What the program is for; the reviewer reads it.")] = "",
    timeout: Timeout = DEFAULT_TIMEOUT_S,
    wait: Wait = 0,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Have a program of your own reviewed and, if it is allowed, run.

    Exit codes: 0 done, 1 denied, 2 needs review, 3 the program failed, 4 could not answer.

    Examples:

        placet run mean.py --scope data-analysis --input penguins.csv

        placet run plot.py --scope data-analysis --input sunspots.csv --out figures --json
    """
    del state, as_json  # their callbacks kept them
    source = read_program(program)

    def call(placet: PlacetSync, request_id: str, listen: OnEvent) -> Result:
        return placet.run(
            source,
            scope=loaded_name(placet, scope),
            inputs=inputs or (),
            task=task,
            request_id=request_id,
            timeout_s=timeout,
            review_wait_s=wait,
            on_event=listen,
        )

    return _to_the_end(invocation(ctx), out, call, source)


def execute(
    ctx: typer.Context,
    program: ProgramFile,
    approval: Annotated[
        Path, typer.Option("--approval", metavar="F", help="From `review --save-approval` or `approve`.")
    ],
    inputs: Inputs = None,
    out: Out = None,
    timeout: Timeout = DEFAULT_TIMEOUT_S,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Run a program with an approval you have. An approval works once.

    Exit codes: 0 done, 3 the program failed, 4 could not answer (also: the approval was refused).

    Examples:

        placet review mean.py --scope data-analysis --input penguins.csv --save-approval mean.approval

        placet exec mean.py --approval mean.approval --input penguins.csv
    """
    del state, as_json  # their callbacks kept them
    source, envelope = read_program(program), read_approval(approval)

    def call(placet: PlacetSync, request_id: str, listen: OnEvent) -> Result:
        return placet.execute(
            source,
            envelope,
            inputs=inputs or (),
            request_id=request_id,
            timeout_s=timeout,
            on_event=listen,
        )

    return _to_the_end(invocation(ctx), out, call)


def _to_the_end(
    here: Invocation,
    out: Path | None,
    call: Callable[[PlacetSync, str, OnEvent], Result],
    source: bytes = b"",
) -> int:
    """Make one call of the chain, show its events as they come, save artifacts, say how it ended."""
    request_id = new_request_id()
    directory = out or default_out(request_id)
    check_usable(directory)
    with PlacetSync.connect(here.state) as placet, _listener(here, source) as listen:
        result = call(placet, request_id, listen)
    paths = save(result.artifacts, directory)
    if here.as_json:
        for artifact in result.artifacts:
            here.emit(machine.artifact_json(artifact.name, artifact.size, paths[artifact.name]))
        here.emit(machine.finished_json(result, paths))
    else:
        human.show_result(here.out, result, paths)
    return OUTCOME_EXIT[result.outcome]


class _JsonListener:
    """Prints events as JSON lines."""

    def __init__(self, here: Invocation) -> None:
        self._here, self._lines = here, machine.EventLines()

    def __enter__(self) -> _JsonListener:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end: every line is whole."""

    def __call__(self, event: Event) -> None:
        self._here.emit(self._lines.of(event))


def _listener(here: Invocation, source: bytes) -> _JsonListener | human.Listener:
    return _JsonListener(here) if here.as_json else human.Listener(here.out, here.err, source)

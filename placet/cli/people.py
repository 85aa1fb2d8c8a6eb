"""`placet approve`: a person takes responsibility for a program that no guard needs to have allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from placet.cli import human
from placet.cli.invocation import Exit, Inputs, Json, ProgramFile, State, invocation
from placet.cli.outdir import write_whole
from placet.cli.scopefile import loaded_name
from placet.client import PlacetSync, new_request_id
from placet.human_approval import DEFAULT_TTL_S, MAX_TTL_S, Reviewer
from placet.inputs import read_inputs, read_program


def approve(
    ctx: typer.Context,
    program: ProgramFile,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it may run; goes on record.")],
    scope: Annotated[
        str | None, typer.Option("--scope", metavar="S", help="A scope's name, or the path of its file.")
    ] = None,
    request: Annotated[
        str | None,
        typer.Option(
            "--request",
            metavar="ID",
            help="Answer the review that this request waits for, instead of --scope and --input.",
        ),
    ] = None,
    inputs: Inputs = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="F", help="Where the approval goes. Default: FILE.approval."),
    ] = None,
    reviewer: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="The reviewer; default is this machine's user.")
    ] = None,
    ttl: Annotated[
        int, typer.Option("--ttl", metavar="SECONDS", min=1, max=MAX_TTL_S, help="How long it stays good.")
    ] = DEFAULT_TTL_S,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Approve a program yourself (break-glass): recorded under your name, signed with your reviewer's key.

    The sandbox, the scope's limits and its isolation tier still hold. With --request the guard has sent the
    program to people: scope, inputs and permissions are those that it was reviewed for, and whoever waits for
    the answer goes on. Exit codes: 0 approved, 4 could not.

    Examples:

        placet approve fix.py --scope data-analysis --input sales.csv --reason "incident 4711, read it twice"

        placet exec fix.py --approval fix.py.approval --input sales.csv

        placet approve theirs.py --request 0197c3 --reason "reads and prints the table, nothing else"
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    if (scope is None) == (request is None) or (request and inputs):
        raise typer.BadParameter("give either --scope, with the --input files, or --request alone")
    source, read = read_program(program), read_inputs(inputs or ())
    who = Reviewer.local(here.state_directory, reviewer)
    request_id = request or new_request_id()
    with PlacetSync.connect(here.state) as placet:
        if scope is None:
            envelope = placet.answer(source, request_id=request_id, reason=reason, reviewer=who, ttl_s=ttl)
        else:
            envelope = placet.approve(
                source,
                scope=loaded_name(placet, scope),
                reason=reason,
                reviewer=who,
                inputs=read,
                ttl_s=ttl,
                request_id=request_id,
            )
    path = (out or program.with_name(f"{program.name}.approval")).absolute()
    write_whole(path, envelope)
    if here.as_json:
        here.emit(
            {"approval": str(path), "reviewer": who.name, "request_id": request_id, "expires_in_s": ttl}
        )
    else:
        here.out.print(Text(f"approved by {who.name} for {ttl} s, recorded as request {request_id}"))
        here.out.print(Text(human.visible(f"approval {path} (works once)")))
    return Exit.DONE

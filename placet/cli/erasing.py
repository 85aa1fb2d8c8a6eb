"""`placet audit erase`: content goes, its proof stays. Shows; the log does."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from placet.audit.columns import CLASSES
from placet.cli.human import visible
from placet.cli.invocation import Exit, Json, State, invocation
from placet.client import PlacetSync


def erase(
    ctx: typer.Context,
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="The request's id.")],
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="TEXT", help="Why; it is recorded for good.", show_default=False),
    ],
    classes: Annotated[
        list[str] | None,
        typer.Option("--class", metavar="CLASS", help=f"Only these: {', '.join(CLASSES)}. Repeat for more."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Erase a request's programs, prompts, replies and outputs from the log. It cannot be undone.

    The records stay, and so do their proofs; who erased what, and why, becomes a record of its own.

    Examples:

        placet audit erase 5f0c9d3b8a6e4c21b7d0f7a1c2e3d4f5 --reason "asked for by the person, ticket 4711"

        placet audit erase 5f0c9d3b8a6e4c21b7d0f7a1c2e3d4f5 --class prompt --reason "ticket 4711" --yes --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    if not yes:
        typer.confirm(f"Erase the bodies of request {visible(request)} for good?", abort=True, err=True)
    with PlacetSync.connect(here.state) as placet:
        erased = placet.erase(request, reason=reason, classes=classes or ())
    if here.as_json:
        here.emit({"request_id": request, "erased": [{"index": i, "role": role} for i, role in erased]})
        return Exit.DONE
    for index, role in erased:
        here.out.print(Text(visible(f"record {index}: {role} is erased")))
    return Exit.DONE

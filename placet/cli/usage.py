"""`placet audit usage`: what callers used of their quotas (docs/quotas.md)."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from placet.answers import CallerUsage
from placet.cli.filters import identity
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State, invocation
from placet.client import PlacetSync


def usage(
    ctx: typer.Context,
    caller: Annotated[
        str, typer.Option("--caller", metavar="NAME", help="Of this caller: its name, or an identity.")
    ] = "",
    state: State = None,
    as_json: Json = False,
) -> int:
    """What callers with a quota have used of it: one's own, with the role viewer everybody's.

    Examples:

        placet audit usage

        placet audit usage --caller reports --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with PlacetSync.connect(here.state) as placet:
        callers = placet.usage(identity(caller))
    for each in callers:
        _show(here, each)
    if not callers and not here.as_json:
        here.err.print("nobody with a quota has used any of it")
    return Exit.DONE


def _show(here: Invocation, caller: CallerUsage) -> None:
    if here.as_json:
        limits = {each.limit: {"used": each.used, "at_most": each.at_most} for each in caller.limits}
        here.emit({"caller": caller.caller, "limits": limits})
        return
    for each in caller.limits:
        counted = f"{each.used:>9} of {each.at_most}"
        style = "bold red" if each.used >= each.at_most else ""
        here.out.print(Text(visible(f"{caller.caller:30} {each.limit:18} {counted}"), style=style))

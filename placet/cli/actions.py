"""`placet actions`: what plans may use in a scope, and what one action does."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from placet.cli import fitting
from placet.cli.catalogued import InScope, named_catalogue, summary
from placet.cli.human import visible
from placet.cli.invocation import Exit, Json, State, invocation
from placet.inputs import refused

app = typer.Typer(
    help="Actions: what plans are made of, in place of code.", no_args_is_help=True, add_completion=False
)
app.command("check")(fitting.check_)


@app.command("list")
def list_(ctx: typer.Context, scope: InScope = None, state: State = None, as_json: Json = False) -> int:
    """The actions that plans may use, each with what it gives.

    Examples:

        placet actions list

        placet actions list --scope reporting.yaml --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    catalogue = named_catalogue(here, scope)
    for action in catalogue.actions.values():
        if here.as_json:
            here.emit(summary(action, catalogue))
        else:
            own = " (own)" if action.name in catalogue.own else ""
            here.out.print(Text(visible(f"{action.name:22} {action.summary}{own}")))
    here.err.print(
        Text(f"{len(catalogue.actions)} actions, catalogue sha256:{catalogue.sha256.hex()}", style="dim")
    )
    return Exit.DONE


@app.command()
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="An action's name.")],
    scope: InScope = None,
    state: State = None,
    as_json: Json = False,
) -> int:
    """An action as it stands in programs: its parameters with their bounds, what it needs, its code.

    Examples:

        placet actions show aggregate

        placet actions show churn_rate --scope reporting.yaml
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    catalogue = named_catalogue(here, scope)
    action = catalogue.actions.get(name)
    if action is None:
        raise refused("ACTION_UNKNOWN", f"there is no action {name!r}; `placet actions list` tells which are")
    if here.as_json:
        here.emit({**summary(action, catalogue), "source": action.definition.source})
    else:
        here.out.print(Text(visible(action.definition.source)))
        here.err.print(Text(action.definition.place, style="dim"))
    return Exit.DONE

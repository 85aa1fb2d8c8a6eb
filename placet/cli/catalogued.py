"""The actions of a scope, as the command line names scopes and tells actions."""

from __future__ import annotations

from typing import Annotated

import typer

from placet.actions import Action, ActionInvalid, Catalogue, Parameter, catalogue_for, make_catalogue
from placet.cli.invocation import Invocation
from placet.cli.scopefile import is_path, named_scope
from placet.client import PlacetSync
from placet.inputs import refused

InScope = Annotated[
    str | None,
    typer.Option("--scope", metavar="S", help="A scope's name or file. Default: all built-in actions."),
]


def named_catalogue(here: Invocation, scope: str | None) -> Catalogue:
    """All built-in actions, or those of a scope. Raises ServiceError where the scope cannot be used."""
    if scope is None:
        return make_catalogue()
    try:
        if is_path(scope):
            found = named_scope(None, scope)
        else:
            with PlacetSync.connect(here.state) as placet:
                found = named_scope(placet, scope)
        return catalogue_for(found.scope, found.files)
    except ActionInvalid as error:
        raise refused("SCOPE_INVALID", "; ".join(error.problems)) from error


def summary(action: Action, catalogue: Catalogue) -> dict[str, object]:
    """For programs: what it gives and takes, with bounds and units."""
    return {
        "name": action.name,
        "own": action.name in catalogue.own,
        "gives": action.result,
        "summary": action.summary,
        "requires": action.requires,
        "ensures": action.ensures,
        "parameters": [_parameter(each) for each in action.parameters],
    }


def _parameter(parameter: Parameter) -> dict[str, object]:
    bounds = {name: value for name, value in vars(parameter.type).items() if value not in ((), "")}
    kind = type(parameter.type).__name__
    return {"name": parameter.name, "type": kind, **bounds, "required": parameter.required}

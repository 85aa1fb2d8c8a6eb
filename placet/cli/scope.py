"""`placet scope`: what scopes there are, what one says, whether its examples hold, what a change grants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from placet.cli import explaining, pinning, trying
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State, invocation
from placet.cli.scopefile import is_path, named_scope
from placet.client import PlacetSync
from placet.scope import Comparison, Relation, Scope, compare, explain_rule, mode_of

app = typer.Typer(
    help="Scopes: what a team's programs are for and may do.", no_args_is_help=True, add_completion=False
)

Named = Annotated[str, typer.Argument(metavar="SCOPE", help="A scope's name, or the path of its file.")]


@app.command("list")
def list_(ctx: typer.Context, state: State = None, as_json: Json = False) -> int:
    """The scopes that you may name.

    Examples:

        placet scope list

        placet scope list --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with PlacetSync.connect(here.state) as placet:
        found = placet.scopes()
    for ref in found:
        if here.as_json:
            here.emit(asdict(ref))
        else:
            here.out.print(Text(f"{ref.name:30} version {ref.version:<4} sha256:{ref.sha256}"))
    return Exit.DONE


@app.command()
def show(ctx: typer.Context, scope: Named, state: State = None, as_json: Json = False) -> int:
    """A scope's file.

    Examples:

        placet scope show data-analysis

        placet scope show my-scope.yaml --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with _stack_for(here, scope) as placet:
        found = named_scope(placet, scope).scope
    if here.as_json:
        here.emit(
            {
                "name": found.name,
                "version": found.version,
                "sha256": found.sha256.hex(),
                "scope": found.model_dump(mode="json"),
            }
        )
    else:
        here.out.print(Text(visible(found.document.decode()).rstrip("\n")))
        here.err.print(Text(f"sha256:{found.sha256.hex()}", style="dim"))
    return Exit.DONE


app.command("test")(trying.check_examples)
app.command("pin")(pinning.pin)


@app.command("diff")
def diff_(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="A", help="The scope as it is: a name or a file.")],
    new: Annotated[str, typer.Argument(metavar="B", help="The scope as it would be: a name or a file.")],
    state: State = None,
    as_json: Json = False,
) -> int:
    """Does scope B grant more than A? Answered by set logic, for every program. Files need no running stack.

    Exit codes: 0 B grants no more, 1 it grants more or a person must read the change, 4 could not answer.

    Examples:

        placet scope diff data-analysis my-scope.yaml

        placet scope diff v2.yaml v3.yaml --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with _stack_for(here, old, new) as placet:
        before, after = named_scope(placet, old), named_scope(placet, new)
    found = compare(before.scope, after.scope)
    if here.as_json:
        sides = {"a": _reference(before.scope), "b": _reference(after.scope)}
        here.emit(
            {**sides, "relation": found.relation, "grants_no_more": found.grants_no_more, **asdict(found)}
        )
    else:
        _show_comparison(here, found, before.origin, after.origin)
    return Exit.DONE if found.grants_no_more else Exit.DENIED


@app.command("explain")
def explain_(
    ctx: typer.Context,
    scope: Named,
    rule: Annotated[
        str | None, typer.Argument(metavar="[RULE]", help="Only how findings of this rule count.")
    ] = None,
    state: State = None,
    as_json: Json = False,
) -> int:
    """A scope in plain words: what programs may do, who decides, what stays denied. A file needs no stack.

    Examples:

        placet scope explain examples/scopes/plotting.yaml

        placet scope explain data-analysis capability.file.dynamic

        placet scope explain my-scope.yaml --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with _stack_for(here, scope) as placet:
        found = named_scope(placet, scope).scope
    if rule is not None:
        _show_rule(here, found, rule)
    elif here.as_json:
        here.emit(explaining.as_json(found))
    else:
        explaining.show(here.out, found)
    return Exit.DONE


def _show_rule(here: Invocation, scope: Scope, rule: str) -> None:
    if here.as_json:
        here.emit(
            {"rule": rule, "mode": mode_of(scope.rules, rule), "explanation": explain_rule(scope, rule)}
        )
    else:
        here.out.print(Text(visible(explain_rule(scope, rule))))
        here.err.print(
            Text("docs/rules.md says what the rule finds and whether it can be softened", style="dim")
        )


def _reference(scope: Scope) -> dict[str, object]:
    return {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()}


_ANSWERS = {
    Relation.EQUAL: "{b} grants the same as {a}",
    Relation.NARROWER: "{b} grants less than {a}",
    Relation.WIDER: "{b} grants more than {a}",
    Relation.INCOMPARABLE: "{b} cannot be ranked against {a}: a person must read the change",
}


def _show_comparison(here: Invocation, found: Comparison, old: str, new: str) -> None:
    for title, style, lines in (
        ("grants more", "red", found.widening),
        ("to read", "yellow", found.to_read),
        ("grants less", "green", found.narrowing),
    ):
        for line in lines:
            here.out.print(Text(f"{title}: {visible(line)}", style=style))
    here.out.print(Text(visible(_ANSWERS[found.relation].format(a=old, b=new)), style="bold"))


@contextmanager
def _stack_for(here: Invocation, *named: str) -> Iterator[PlacetSync | None]:
    """A client only when something is named that no file holds."""
    if all(is_path(one) for one in named):
        yield None
        return
    with PlacetSync.connect(here.state) as placet:
        yield placet

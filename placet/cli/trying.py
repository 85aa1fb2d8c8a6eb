"""`placet scope test`: whether the guard takes a scope, and whether its own examples hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import typer
from rich.text import Text

from placet.actions.catalogue import Catalogue, catalogue_for
from placet.actions.reading import ActionInvalid
from placet.answers import Review, Verdict
from placet.cli.examples import Example, examples_of
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State, Timeout, invocation
from placet.cli.scopefile import NamedScope, named_scope
from placet.client import PlacetSync
from placet.inputs import refused


def check_examples(
    ctx: typer.Context,
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help="A scope's name, or the path of its file.")],
    layers: Annotated[
        Literal["rules", "all"], typer.Option("--layers", help="Rules alone, or rules and reviewer.")
    ] = "rules",
    timeout: Timeout = 120.0,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Whether a scope's own examples get the verdicts that it says they get. The file need not be loaded.

    Its style, its contract and its own actions are checked first. An example may be a plan in text form.

    Exit codes: 0 they all do, 1 one does not, 4 could not answer, or the scope cannot be used.

    Examples:

        placet scope test data-analysis

        placet scope test my-scope.yaml --layers all
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with PlacetSync.connect(here.state) as placet:
        found = named_scope(placet, scope)
        catalogue = _catalogue(found)
        examples = list(examples_of(found.scope, catalogue))
        asking = _Asking(placet, found, rules_only=layers == "rules", timeout_s=timeout)
        # The guard alone knows whether own actions pass the rules; it says so before any example.
        asking.review(Example("", "denied"))
        failed = sum(not _try(here, asking, example) for example in examples)
    if not here.as_json:
        _conclude(here, examples, failed, catalogue)
    return Exit.DENIED if failed else Exit.DONE


class _Asking:
    """Puts examples to a guard, under a scope that need not be loaded."""

    def __init__(self, placet: PlacetSync, found: NamedScope, *, rules_only: bool, timeout_s: float) -> None:
        self._placet, self._found = placet, found
        self._rules_only, self._timeout_s = rules_only, timeout_s

    def review(self, example: Example) -> Review:
        """Its verdict. Raises ServiceError SCOPE_INVALID with all that keeps the scope from being used."""
        return self._placet.assess(
            example.program,
            scope_document=self._found.scope.document,
            scope_files=self._found.files,
            plan=example.plan,
            inputs=example.inputs,
            rules_only=self._rules_only,
            timeout_s=self._timeout_s,
        )


def _catalogue(found: NamedScope) -> Catalogue | None:
    try:
        return None if found.scope.mode == "program" else catalogue_for(found.scope, found.files)
    except ActionInvalid as error:
        raise refused("SCOPE_INVALID", f"{found.origin}: {'; '.join(error.problems)}") from error


def _try(here: Invocation, asking: _Asking, example: Example) -> bool:
    """Whether an example holds. A plan that fits no action of the scope cannot become a program: denied."""
    if example.problems:
        held = example.expected == "denied"
        _show(here, example, "DENIED", held, [f"plan: {problem}" for problem in example.problems])
        return held
    review = asking.review(example)
    held = review.verdict is (Verdict.ALLOWED if example.expected == "allowed" else Verdict.DENIED)
    told = [f"line {found.line}: {found.rule_id}: {found.message}" for found in review.findings]
    rules = sorted({finding.rule_id for finding in review.findings})
    _show(here, example, review.verdict.value, held, told, rules)
    return held


def _show(
    here: Invocation,
    example: Example,
    verdict: str,
    held: bool,
    told: Sequence[str],
    rules: Sequence[str] = (),
) -> None:
    if here.as_json:
        kind = "plan" if example.plan else "program"
        here.emit(
            {"example": example.name, "kind": kind, "verdict": verdict, "ok": held, "findings": list(rules)}
        )
        return
    line = f"{'ok  ' if held else 'FAIL'} {example.name}: {verdict}"
    here.out.print(Text(line, style="" if held else "red"))
    for sentence in () if held else told:
        here.out.print(Text(visible(f"       {sentence}")))


def _conclude(
    here: Invocation, examples: Sequence[Example], failed: int, catalogue: Catalogue | None
) -> None:
    if not examples:
        here.err.print("The scope has no examples, so nothing was tested; write some under `examples`.")
    used = frozenset[str]().union(*(example.uses for example in examples))
    if unused := [name for name in (catalogue.own if catalogue else ()) if name not in used]:
        here.err.print(Text(visible(f"No example uses {', '.join(unused)}; add a plan that does.")))
    here.out.print(f"{failed} of {len(examples)} examples do not hold")

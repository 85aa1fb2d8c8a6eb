"""A scope in words, on a terminal and as JSON. Knows rich; what a scope means is placet/scope's business."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from placet.cli.human import visible
from placet.scope import Scope, explain


def as_json(scope: Scope) -> dict[str, object]:
    """Machine output of `placet scope explain`."""
    return {**_identity(scope), "purpose": scope.purpose, **asdict(explain(scope))}


def show(out: Console, scope: Scope) -> None:
    """The explanation for people: who and what for first, then tables and sentences."""
    told = explain(scope)
    out.print(Text(visible(f"{scope.name} version {scope.version}, owned by {scope.metadata.owner}"), "bold"))
    out.print(Text(visible(scope.purpose.strip())))
    _table(out, "Programs may import", _by_meaning(told.imports))
    _table(out, "Programs may", told.may)
    _table(out, "Limits of a run", told.limits)
    _sentences(out, "How programs come about", told.plans)
    _sentences(out, "What programs find of the inputs", told.found)
    _sentences(out, "What leaves a run", told.leaves)
    _sentences(out, "Who decides", told.decides)
    _table(out, "Rules that are softened", told.softened)
    _sentences(out, "Always denied, whatever a scope says", told.always_denied)
    _sentences(out, "What the sandbox enforces, whatever the guard says", told.sandbox)
    _sentences(out, "Worth knowing", told.notes)
    out.print(Text(f"\nsha256:{scope.sha256.hex()}", style="dim"))


def _identity(scope: Scope) -> dict[str, object]:
    return {
        "name": scope.name,
        "version": scope.version,
        "owner": scope.metadata.owner,
        "sha256": scope.sha256.hex(),
    }


def _by_meaning(imports: Mapping[str, str]) -> dict[str, str]:
    """Modules that open the same are told in one row."""
    rows: dict[str, list[str]] = {}
    for name, meaning in imports.items():
        rows.setdefault(meaning, []).append(name)
    return {", ".join(names): meaning for meaning, names in rows.items()}


def _table(out: Console, title: str, rows: Mapping[str, str]) -> None:
    if not rows:
        return
    _title(out, title)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(max_width=out.width // 2)
    for name, meaning in rows.items():
        grid.add_row(Text(f"  {visible(name)}", style="cyan"), Text(visible(meaning)))
    out.print(grid)


def _sentences(out: Console, title: str, sentences: Iterable[str]) -> None:
    if lines := list(sentences):
        _title(out, title)
    for line in lines:
        out.print(Text(f"  - {visible(line)}"))


def _title(out: Console, title: str) -> None:
    out.print(Text(f"\n{title}", style="bold"))

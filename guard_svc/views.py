"""The two ways in which a reviewer is shown a program: its code alone, and with its comments.

Knows syntax and line numbers. Must not know prompts or models. The code comes without its comments so that
what they say cannot colour how it is read; they come after it, so that a server which has read the code reads
only what is new.
"""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class View(StrEnum):
    """What is shown. Both hold the same code; only WITH_NOTES holds what the interpreter ignores."""

    CODE = "code alone"
    WITH_NOTES = "code, then comments and docstrings"


@dataclass(frozen=True)
class Sources:
    """A program as written, and rebuilt from its syntax tree without comments and docstrings."""

    written: str
    canonical: str


@dataclass(frozen=True)
class Shown:
    """A program to show: numbered lines, `notes` empty when there are none. Both are untrusted text."""

    code: str
    notes: str = ""


def views_of(sources: Sources) -> dict[View, Shown]:
    """What to show, in this order. The second is left out when it would say nothing new."""
    code = numbered_code(sources)
    notes = notes_of(sources.written)
    views = {View.CODE: Shown(code)}
    if notes:
        views[View.WITH_NOTES] = Shown(code, notes)
    return views


def numbered_code(sources: Sources) -> str:
    """The canonical code, each line with the number of the line as written whose statement it belongs to."""
    places = _statement_lines(sources)
    number, lines = 1, []
    for own, line in enumerate(sources.canonical.splitlines(), start=1):
        number = places.get(own, number) if places else own
        lines.append(f"{number}| {line}")
    return "\n".join(lines)


def notes_of(written: str) -> str:
    """Every comment and bare string of a program, with its line number; all of the text when in doubt."""
    try:
        found = [*_comments(written), *_bare_strings(written)]
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError, MemoryError):
        return written
    return "\n".join(f"{line}| {text}" for line, text in sorted(found))


def _comments(written: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(written).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _bare_strings(written: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(written)):
        if isinstance(node, ast.stmt) and (text := _bare(node)) is not None:
            yield node.lineno, text


def _bare(statement: ast.stmt) -> str | None:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _statement_lines(sources: Sources) -> dict[int, int]:
    """Canonical line to written line, for lines that begin a statement; empty when they cannot be matched."""
    try:
        canonical = _statements(ast.parse(sources.canonical))
        written = _statements(ast.parse(sources.written))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    if [type(node) for node in canonical] != [type(node) for node in written]:
        return {}
    pairs = zip(canonical, written, strict=True)
    return {ours.lineno: theirs.lineno for ours, theirs in pairs}


def _statements(tree: ast.Module) -> list[ast.stmt]:
    """Statements that do something, in reading order; without `pass`, which may stand for a docstring."""
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.stmt))
    kept = [node for node in nodes if _bare(node) is None and not isinstance(node, ast.Pass)]
    return sorted(kept, key=lambda node: (node.lineno, node.col_offset))

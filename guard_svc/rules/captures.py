"""What the names in a `match` pattern are bound to. Knows patterns; must not know what expressions mean."""

import ast
from collections.abc import Iterator
from typing import Final

_SOME: Final = ast.Constant(value=...)


def captures(pattern: ast.pattern, subject: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Each name that `pattern` captures, with an expression for what it is bound to."""
    match pattern:
        case ast.MatchAs(pattern=inner, name=name):
            if name is not None:
                yield name, subject
            if inner is not None:
                yield from captures(inner, subject)
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name, subject
    for inner, part in _parts(pattern, subject):
        yield from captures(inner, part)


def _parts(pattern: ast.pattern, subject: ast.expr) -> Iterator[tuple[ast.pattern, ast.expr]]:
    """Inner patterns, each with an expression for the part of `subject` that it is matched against."""
    match pattern:
        case ast.MatchOr():
            yield from ((inner, subject) for inner in pattern.patterns)
        case ast.MatchSequence():
            for inner in pattern.patterns:
                starred = isinstance(inner, ast.MatchStar)
                yield inner, subject if starred else _at(pattern, ast.Subscript(subject, _SOME, ast.Load()))
        case ast.MatchMapping():
            for key, inner in zip(pattern.keys, pattern.patterns, strict=True):
                yield inner, _at(pattern, ast.Subscript(subject, key, ast.Load()))
        case ast.MatchClass():
            for inner in pattern.patterns:
                yield inner, subject
            for name, inner in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
                yield inner, _at(pattern, ast.Attribute(subject, name, ast.Load()))


def _at(pattern: ast.pattern, made: ast.expr) -> ast.expr:
    return ast.copy_location(made, pattern)

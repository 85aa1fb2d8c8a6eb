"""Annotations that are texts: some libraries evaluate them.

Knows where annotations stand. Must not know what a call does.
"""

import ast
from collections.abc import Iterator
from typing import Final

from guard_svc.rules.subject import Subject

_ACTIVE: Final = (ast.Call, ast.Lambda, ast.NamedExpr, ast.ListComp, ast.GeneratorExp, ast.Await)
_MAX_TEXT: Final = 2000


def check(subject: Subject) -> None:
    """Every annotation of a parameter, a result or a variable; a type names things and calls nothing."""
    for node in subject.nodes:
        for annotation in _annotations(node):
            for part in ast.walk(annotation):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and _acts(part.value):
                    message = "An annotation is a text that calls something when a library evaluates it."
                    subject.report("threat.dynamic.code", annotation, message)


def _annotations(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
            yield annotation
        case ast.FunctionDef(returns=ast.expr() as annotation):
            yield annotation
        case ast.AsyncFunctionDef(returns=ast.expr() as annotation):
            yield annotation


def _acts(text: str) -> bool:
    if "(" not in text or len(text) > _MAX_TEXT:
        return False
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return False
    return any(isinstance(node, _ACTIVE) for node in ast.walk(tree))

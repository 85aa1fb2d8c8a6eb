"""Modules reached through other modules, used as values, or changed for everybody.

Knows modules and their doors. Must not know attributes of the interpreter, calls with effects, or paths.
"""

import ast
import re
import sys
from typing import Final

from guard_svc.rules.imports import lies_in_allowed
from guard_svc.rules.subject import Subject
from guard_svc.rules.words import NAMESAKES, POWERFUL

_STDLIB: Final = frozenset(sys.stdlib_module_names)
_DUNDER: Final = re.compile(r"__[a-z][a-z_]*__")
_OPTIONS: Final = re.compile(r"pandas\.options\.|matplotlib\.(?:pyplot\.)?rcParams|decimal\.|warnings\.")
_RENAMED: Final = frozenset({"bltns"})  # how `enum` calls the built-ins
_MAX_DEPTH: Final = 3
_SETTERS: Final = frozenset({"builtins.setattr", "builtins.delattr"})
_PASSING: Final = (ast.Attribute, ast.Assign, ast.NamedExpr, ast.AnnAssign, ast.Expr)


def check(subject: Subject) -> None:
    """Doors, modules as values, and library names that are replaced."""
    for node in subject.nodes:
        match node:
            case ast.Attribute() | ast.Name():
                for path in subject.names.paths(node):
                    check_member(subject, node, path)
                _check_value(subject, node)
                if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                    _check_replaced(subject, node, node.value, node.attr)
            case ast.ImportFrom(module=str(module)):
                for alias in node.names:
                    check_member(subject, node, f"{module}.{alias.name}")
            case ast.Call(args=[base, name, *_]) if subject.names.paths(node.func) & _SETTERS:
                for text in subject.names.texts(name) or ("…",):
                    _check_replaced(subject, node, base, text)


def check_member(subject: Subject, node: ast.AST, path: str) -> None:
    """Whether a full name leads from one module into another, or into something private."""
    if "(" in path or "[" in path:
        return
    root = path.partition(".")[0]
    base, _, member = path.rpartition(".")
    if not base or root == "builtins" or not lies_in_allowed(subject, root):
        return
    catalogue = subject.catalogue
    if catalogue.is_denied(path):
        subject.report("threat.introspection.module", node, f"{path} is not part of the public interface.")
    elif member.startswith("_") and not _DUNDER.fullmatch(member) and _is_module(subject, base):
        subject.report("threat.introspection.module", node, f"{path} is private.")
    elif _is_door(subject, path, base, member):
        subject.report("threat.introspection.module", node, f"{path} is a module behind another one.")
    elif root in catalogue.closed and path.count(".") == 1 and catalogue.effect(path) is None:
        subject.report("capability.module.closed", node, f"{path} is not one of the names that may be used.")


def is_module_value(subject: Subject, node: ast.expr) -> bool:
    """Whether `node` may be a module."""
    return any(_is_imported(subject, path) for path in subject.names.paths(node))


def is_unknown_library(subject: Subject, name: str) -> bool:
    """Whether a function belongs to an allowed library that the catalogue does not describe."""
    root = name.partition(".")[0]
    listed = any(module.partition(".")[0] == root for module in subject.scope.allow.imports)
    return listed and "(" not in name and root not in subject.catalogue.public and root not in _STDLIB


def _is_door(subject: Subject, path: str, base: str, member: str) -> bool:
    root, _, rest = path.partition(".")
    if member in _RENAMED:
        return True
    if member not in _STDLIB or path in NAMESAKES:
        return False
    if not _is_module(subject, base):
        # An internal module that no table names, or a class: none of them has an `os` to give.
        return member in POWERFUL and subject.catalogue.effect(path) is None
    if root not in subject.catalogue.public and root not in _STDLIB:
        # A library that the catalogue does not know: lxml.html is its own; x.os is not.
        return member in POWERFUL
    return rest not in subject.catalogue.public.get(root, ()) and subject.catalogue.effect(path) is None


def _is_module(subject: Subject, path: str) -> bool:
    root, dot, rest = path.partition(".")
    if not dot:
        return True
    public = subject.catalogue.public.get(root, frozenset())
    if rest in public or path in subject.catalogue.pure:
        return True
    return "*" in public and rest == rest.lower() and rest.count(".") <= _MAX_DEPTH


def _check_value(subject: Subject, node: ast.Attribute | ast.Name) -> None:
    """A module that is passed, stored or returned is out of sight."""
    if not isinstance(node.ctx, ast.Load) or isinstance(subject.parents.get(id(node)), _PASSING):
        return
    # Where a name may be other things as well, the place that put the module there has its own finding.
    paths = subject.names.paths(node)
    for path in paths if all(_is_imported(subject, path) for path in paths) else ():
        subject.report("threat.introspection.value", node, f"The module {path} is used as a value.")


def _is_imported(subject: Subject, path: str) -> bool:
    root, dot, rest = path.partition(".")
    if not dot:
        return root in subject.catalogue.public or root in _STDLIB
    return rest in subject.catalogue.public.get(root, ())


def _check_replaced(subject: Subject, node: ast.AST, base: ast.expr, name: str) -> None:
    """`pd.Series.mean = …` changes the answer of everything that runs afterwards."""
    for path in subject.names.paths(base):
        root = path.partition(".")[0]
        if "(" in path or "[" in path or _OPTIONS.match(f"{path}.{name}"):
            continue
        if root in subject.catalogue.public or root in _STDLIB or root == "builtins":
            message = f"{path}.{name} of a library is replaced, which changes what others get from it."
            subject.report("threat.tampering.library", node, message)

"""Imports against the scope's list. Knows modules; must not know what is done with them."""

import ast
import sys

from guard_svc.findings import Severity
from guard_svc.rules.names import MODULE_NAMES, USUAL_ALIASES
from guard_svc.rules.subject import Subject
from guard_svc.rules.words import DESKTOP_NAMES


def check(subject: Subject) -> None:
    """Every import statement, wherever it stands."""
    for node in subject.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                _check_module(subject, node, alias.name)
        elif isinstance(node, ast.ImportFrom):
            _check_from(subject, node)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            _check_unimported(subject, node, node.value.id)


def _check_unimported(subject: Subject, node: ast.Attribute, name: str) -> None:
    """`os.system` without `import os` fails alone, but means what it says."""
    if name in MODULE_NAMES and not subject.names.is_bound(name) and not is_allowed(subject, name):
        message = f"The program uses the module {name}, which the scope {subject.scope.name} does not allow."
        subject.report("scope.import.not_allowed", node, message)
    if name in DESKTOP_NAMES and not subject.names.is_bound(name):
        message = f"{name} means native code, or the user's screen and clipboard."
        subject.report("capability.native.call", node, message)
        return
    called = isinstance(parent := subject.parents.get(id(node)), ast.Call) and parent.func is node
    if called and name not in MODULE_NAMES and not subject.names.is_bound(name):
        weight = Severity.LOW if name in USUAL_ALIASES else None
        subject.report(
            "scope.import.undefined", node, f"{name} is not defined; it may mean a module.", weight
        )


def _check_from(subject: Subject, node: ast.ImportFrom) -> None:
    if node.level:
        subject.report("scope.import.not_allowed", node, "A relative import reaches outside the program.")
        return
    module = node.module or ""
    opened = all(f"{module}.{alias.name}" in subject.catalogue.opened for alias in node.names)
    _check_module(subject, node, module, opened=opened)
    if any(alias.name == "*" for alias in node.names) and not is_pure(subject, module):
        subject.report("scope.import.star", node, f"Everything in {module} is imported; name what is used.")


def _check_module(subject: Subject, node: ast.stmt, module: str, *, opened: bool = False) -> None:
    subject.need(f"import:{module.split('.')[0]}")
    if not is_allowed(subject, module):
        secret = module.startswith(("__main__", "builtins"))
        message = f"The scope {subject.scope.name} does not allow importing {module}."
        subject.report("scope.import.not_allowed", node, message, Severity.CRITICAL if secret else None)
    elif not opened and not _is_public(subject, module):
        subject.report(
            "scope.import.not_public", node, f"{module} is not part of the library's public interface."
        )


def _is_public(subject: Subject, module: str) -> bool:
    """Whether the import covers `module`: it is listed, or public in a library of which that is known."""
    catalogue = subject.catalogue
    if module in subject.scope.allow.imports or catalogue.is_public(module):
        return True
    root, _, rest = module.partition(".")
    known = root in catalogue.public or root in sys.stdlib_module_names
    return not known and not any(part.startswith("_") for part in rest.split("."))


def lies_in_allowed(subject: Subject, root: str) -> bool:
    """Whether the scope lists the library `root`, or a module in it: then its doors matter."""
    listed = any(name.partition(".")[0] == root for name in subject.scope.allow.imports)
    return listed or is_allowed(subject, root)


def is_pure(subject: Subject, module: str) -> bool:
    """Whether `module` is a pure module of the standard library."""
    return module in subject.catalogue.pure


def is_allowed(subject: Subject, module: str) -> bool:
    """Whether the scope allows importing `module`, by name, as a companion, or as pure."""
    allow = subject.scope.allow
    if allow.pure_stdlib and is_pure(subject, module):
        return True
    root = module.split(".")[0]
    if any(module == name or module.startswith(name + ".") for name in allow.imports):
        return True
    return any(root in subject.catalogue.companions.get(name, ()) for name in allow.imports)

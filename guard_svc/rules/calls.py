"""What the program calls and touches: each name with an effect on record goes to the module that judges it.

Knows which module judges which kind of effect. Must not know arguments, scopes, or how a name was resolved.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Final

from guard_svc.rules import evaluation, files, modules, network, options, processes, touches
from guard_svc.rules.catalogue import Effect
from guard_svc.rules.methods import method_effect
from guard_svc.rules.subject import Subject

_Judge = Callable[[Subject, ast.Call, str, Effect], None]
_JUDGES: Final[Mapping[str, _Judge]] = {
    "read": files.check_file,
    "write": files.check_file,
    "change": files.check_file,
    "open": files.check_open,
    "style": files.check_style,
    "dump": files.check_dump,
    "network": network.check_call,
    "database": network.check_database,
    "process": processes.check_call,
    "expression": evaluation.check_expression,
    "source": evaluation.check_source,
    "named": evaluation.check_named,
    "plugin": options.check_plugin,
}
_STATEMENTS: Final = frozenset({".execute", ".executescript", ".executemany"})
_GETTERS: Final = frozenset({"builtins.getattr", "operator.attrgetter"})


def check(subject: Subject) -> None:
    """Every name that the catalogue knows, and every call."""
    for node in subject.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            _check_name(subject, node)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                _check_imported(subject, node, f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Call):
            _check_call(subject, node)
    files.check_spoken_places(subject)
    processes.check_remote(subject)
    touches.check_foreign_pickles(subject)


def _check_imported(subject: Subject, node: ast.ImportFrom, name: str) -> None:
    effect = subject.catalogue.effect(name)
    # Environment variables are judged where they are read: there the variable's name is known.
    if effect is None or effect.kind != "environment":
        touches.check_touch(subject, node, name, effect)


def _check_name(subject: Subject, node: ast.Name | ast.Attribute) -> None:
    for name in subject.names.paths(node):
        effect = subject.catalogue.effect(name)
        if effect is None:
            continue
        touches.check_touch(subject, node, name, effect)
        parent = subject.parents.get(id(node))
        if not (isinstance(parent, ast.Call) and parent.func is node):
            touches.check_handed_on(subject, node, name, effect)


def _check_call(subject: Subject, call: ast.Call) -> None:
    known = False
    for name in sorted(subject.names.paths(call.func)):
        effect = subject.catalogue.effect(name)
        if effect is None:
            effect = method_effect(name)
        if effect is not None and effect.kind != "none":
            known = True
            _apply(subject, call, name, effect)
        elif network.addresses(iter((name,))):
            network.check_method(subject, call, name)
        elif modules.is_unknown_library(subject, name):
            files.check_foreign(subject, call, name)
    if not known:
        for method in _methods(subject, call.func):
            _check_method(subject, call, "." + method)


def _methods(subject: Subject, function: ast.expr) -> tuple[str, ...]:
    """The names of the method that a call reaches: `x.query`, or `getattr(x, "query")`."""
    match function:
        case ast.Attribute(attr=name):
            return (name,)
        case ast.Call(func=getter, args=[_, name]) if subject.names.paths(getter) & _GETTERS:
            return subject.names.texts(name)
    return ()


def _check_method(subject: Subject, call: ast.Call, method: str) -> None:
    effect = subject.catalogue.effect(method)
    if method in _STATEMENTS:
        evaluation.check_statement(subject, call)
    if effect is None:
        network.check_method(subject, call, method)
        return
    _apply(subject, call, method, effect)
    touches.check_touch(subject, call, method, effect)


def _apply(subject: Subject, call: ast.Call, name: str, effect: Effect) -> None:
    judge = _JUDGES.get(effect.kind)
    if judge is not None:
        judge(subject, call, name, effect)
    if effect.kind == "network" and effect.also is not None:
        files.check_saved(subject, call, name, effect.also)
    if effect.unpickles_with is not None:
        evaluation.check_unpickling(subject, call, name, effect.unpickles_with)

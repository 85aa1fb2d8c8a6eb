"""Attributes that lead from an object to the interpreter, however their names are spelled.

Knows attribute names. Must not know calls with effects, paths or scopes.
"""

import ast
import re
from typing import Final

from guard_svc.findings import Severity
from guard_svc.rules.modules import check_member, is_module_value
from guard_svc.rules.subject import Subject
from guard_svc.rules.words import HARMLESS_DUNDERS, INTERNALS, POWERFUL

_DUNDER: Final = re.compile(r"__[a-z][a-z_]*__")
_FIELD: Final = re.compile(r"\{[^{}]*[.\[]_*(?:__\w+__|gi_frame|f_globals)[^{}]*\}")
_FILLERS: Final = frozenset({"format", "format_map", "vformat", "get_field"})
_MAX_TEXT: Final = 2000
_NAMED: Final = frozenset({"builtins.getattr", "builtins.setattr", "builtins.delattr", "builtins.hasattr"})
_GETTERS: Final = frozenset({"operator.attrgetter", "operator.methodcaller"})
_HANDED_ON: Final = frozenset({"builtins.getattr", "builtins.vars", "builtins.setattr", "builtins.delattr"})
_ADDRESSES: Final = frozenset({"__array_interface__", "__array_struct__", "__cuda_array_interface__"})
_OF_FILES: Final = frozenset({"__file__", "__path__", "__spec__", "__loader__", "__cached__", "__package__"})
_RUNNERS: Final = frozenset({"environ", "modules", "run", "Popen"})
_PRINTERS: Final = frozenset(
    f"builtins.{name}" for name in ("copyright", "credits", "license", "exit", "quit", "help")
)
_ARGUMENTS_OF_TYPE: Final = 3


def check(subject: Subject) -> None:
    """Attributes, match patterns, texts that name internals, computed names, definitions of addresses."""
    for node in subject.nodes:
        match node:
            case ast.Attribute():
                check_attribute(subject, node, node.attr, node.value)
                if node.attr in _FILLERS:
                    _check_template(subject, node.value)
            case ast.Name():
                _check_name(subject, node)
            case ast.MatchClass():
                for attribute in node.kwd_attrs:
                    check_attribute(subject, node, attribute, None)
            case ast.Constant(value=str(text)):
                _check_text(subject, node, text)
            case ast.Call():
                _check_computed(subject, node)
                if isinstance(node.func, ast.Attribute) and node.func.attr in _FILLERS and node.args:
                    _check_template(subject, node.args[0])
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name in _ADDRESSES:
                _report_address(subject, node, name)


def check_attribute(subject: Subject, node: ast.AST, name: str, base: ast.expr | None) -> None:
    """One attribute by its name; `base` is None where the object cannot be seen."""
    if name == "__class__":
        _check_class(subject, node, base)
    elif name == "__dict__":
        _check_dict(subject, node, base)
    elif name in _ADDRESSES:
        _report_address(subject, node, name)
    elif name in _OF_FILES and base is not None and is_module_value(subject, base):
        message = f"{name} of a module leads to the files of the library."
        subject.report("threat.introspection.attribute", node, message)
    elif name in INTERNALS or (_DUNDER.fullmatch(name) and name not in HARMLESS_DUNDERS):
        subject.report("threat.introspection.attribute", node, f"{name} leads to the interpreter.")
    elif name.startswith("_") and name.strip("_") in POWERFUL:
        subject.report("threat.introspection.module", node, f"{name} is a module behind an object.")
    elif name in POWERFUL and base is not None and not subject.names.paths(base):
        _check_lookalike(subject, node, name)


def _report_address(subject: Subject, node: ast.AST, name: str) -> None:
    message = f"{name} lets numpy read memory at an address that the program chooses."
    subject.report("threat.introspection.attribute", node, message)


def _check_class(subject: Subject, node: ast.AST, base: ast.expr | None) -> None:
    parent = subject.parents.get(id(node))
    if isinstance(parent, ast.Attribute) and parent.attr in ("__name__", "__qualname__"):
        return
    compared = isinstance(parent, ast.Compare) or (isinstance(parent, ast.Call) and parent.func is node)
    weight = Severity.LOW if compared and isinstance(base, ast.Name) else Severity.HIGH
    subject.report("threat.introspection.attribute", node, "__class__ leads to the interpreter.", weight)


def _check_dict(subject: Subject, node: ast.AST, base: ast.expr | None) -> None:
    own = isinstance(base, ast.Name) and base.id in ("self", "other") and not subject.names.paths(base)
    weight = Severity.LOW if own else Severity.HIGH
    message = "__dict__ leads past attribute checks."
    subject.report("threat.introspection.attribute", node, message, weight)


def _check_lookalike(subject: Subject, node: ast.AST, name: str) -> None:
    """`df.system.mean()` is a column; `x.os.system('id')` is not."""
    parent = subject.parents.get(id(node))
    grandparent = subject.parents.get(id(parent)) if parent is not None else None
    if isinstance(parent, ast.Attribute) and parent.attr in POWERFUL | _RUNNERS:
        message = f"{name}.{parent.attr} is reached through an object."
        subject.report("threat.introspection.module", node, message)
    elif name in ("system", "popen") and isinstance(parent, ast.Call) and parent.func is node:
        subject.report("threat.introspection.module", node, f"{name}() of an object starts a process.")
    elif isinstance(grandparent, ast.Call) and name in ("builtins", "importlib", "subprocess"):
        subject.report("threat.introspection.module", node, f"{name} is reached through an object.")


def _check_name(subject: Subject, node: ast.Name) -> None:
    paths = subject.names.paths(node)
    if node.id in _ADDRESSES:
        _report_address(subject, node, node.id)
    if node.id in ("__builtins__", "__loader__", "__spec__") or (
        "builtins.globals" in paths and isinstance(node.ctx, ast.Load)
    ):
        subject.report("threat.introspection.attribute", node, f"{node.id} leads to the interpreter.")
    elif paths & {"builtins.locals", "builtins.dir"}:
        subject.report("threat.introspection.dynamic", node, f"{node.id}() lists names.", Severity.LOW)
    elif paths & _HANDED_ON:
        parent = subject.parents.get(id(node))
        if not (isinstance(parent, ast.Call) and parent.func is node):
            subject.report("threat.introspection.dynamic", node, f"{node.id} is handed on.", Severity.HIGH)


def _check_text(subject: Subject, node: ast.Constant, text: str) -> None:
    if len(text) > _MAX_TEXT or "__" not in text:
        return
    if _FIELD.search(text):
        subject.report("threat.introspection.format", node, "A format string reaches interpreter attributes.")
    name = text.strip()
    if not _DUNDER.fullmatch(name) or name in HARMLESS_DUNDERS:
        return
    # A key into something's names is as bad as the attribute; the text alone is a warning.
    parent = subject.parents.get(id(node))
    weight = Severity.HIGH if isinstance(parent, ast.Subscript) and parent.slice is node else Severity.MEDIUM
    subject.report("threat.introspection.attribute", node, f"The text {name} names an internal.", weight)


def _check_template(subject: Subject, template: ast.expr) -> None:
    """A format string that exists only once its pieces are put together."""
    if any(_FIELD.search(text) for text in subject.names.texts(template)):
        message = "A format string that reaches interpreter attributes is put together."
        subject.report("threat.introspection.format", template, message)


def _check_computed(subject: Subject, call: ast.Call) -> None:
    paths = subject.names.paths(call.func)
    if paths & _NAMED and len(call.args) > 1:
        _check_computed_name(subject, call, call.args[1], call.args[0])
    elif paths & _GETTERS and call.args:
        _check_computed_name(subject, call, call.args[0], None)
    elif "builtins.vars" in paths and call.args:
        weight = Severity.HIGH if is_module_value(subject, call.args[0]) else Severity.MEDIUM
        subject.report("threat.introspection.dynamic", call, "vars() opens an object's names.", weight)
    elif "builtins.help" in paths and call.args:
        subject.report("threat.dynamic.code", call, "help() imports what its argument names.")
    elif "builtins.type" in paths and call.args and subject.names.paths(call.args[0]) & _PRINTERS:
        subject.report("threat.introspection.attribute", call, "The class of a printer reads any file.")
    elif "builtins.type" in paths and len(call.args) == _ARGUMENTS_OF_TYPE:
        subject.report("threat.introspection.dynamic", call, "type() makes a class at run time.")


def _check_computed_name(subject: Subject, call: ast.Call, name: ast.expr, base: ast.expr | None) -> None:
    texts = subject.names.texts(name)
    for text in texts:
        for part in text.split("."):
            check_attribute(subject, call, part, base)
        for path in subject.names.paths(base) if base is not None else ():
            check_member(subject, call, f"{path}.{text}")
    if texts and subject.names.is_known(name):
        return
    paths = subject.names.paths(call.func)
    message, weight = "An attribute name is computed at run time.", Severity.MEDIUM
    if base is not None and is_module_value(subject, base):
        message, weight = "A member of a module is chosen at run time.", Severity.HIGH
    elif base is not None and subject.names.paths(base) & {"builtins.object", "builtins.type"}:
        message, weight = "A member of the root of all classes is chosen at run time.", Severity.HIGH
    elif "builtins.hasattr" in paths or (paths and paths <= {"builtins.setattr"} and _is_own(subject, base)):
        weight = Severity.LOW
    subject.report("threat.introspection.dynamic", call, message, weight)


def _is_own(subject: Subject, base: ast.expr | None) -> bool:
    """Whether `base` is an object of the program's own class: a method sets its own attributes."""
    return isinstance(base, ast.Name) and base.id == "self" and not subject.names.paths(base)

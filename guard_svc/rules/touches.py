"""Effects that count as soon as a name is used, called or not: `map(eval, texts)` is eval.

Knows kinds of effect and which of them a scope grants by naming a module. Must not know arguments of calls,
apart from the name of an environment variable.

Two kinds can be granted: threads, and facts about or signals within the machine. The owner of a scope who
lists `threading` or `signal` means it. Running text as code, native code and looking into the interpreter
cannot be granted so.
"""

import ast
import re
from collections.abc import Mapping
from typing import Final

from guard_svc.findings import Severity
from guard_svc.rules.arguments import shown
from guard_svc.rules.catalogue import Effect
from guard_svc.rules.network import constant_name
from guard_svc.rules.subject import Subject

_TOUCHING: Final[Mapping[str, tuple[str, str]]] = {
    "dynamic": ("threat.dynamic.code", "turns text into code"),
    "unpickle": ("threat.dynamic.unpickle", "unpickles, which runs code that the data chooses"),
    "thread": ("capability.thread.start", "starts threads or processes"),
    "environment": ("capability.secrets.environment", "reads the environment"),
    "native": ("capability.native.call", "reaches native code"),
    "download": ("capability.network.download", "downloads data"),
    "system": ("capability.system.query", "asks or changes the machine"),
    "introspect": ("threat.introspection.attribute", "looks into the interpreter"),
}
_GRANTABLE: Final = frozenset({"thread", "system"})
_GRANTED: Final = frozenset(
    {
        "threading",
        "concurrent",
        "multiprocessing",
        "asyncio",
        "signal",
        "platform",
        "psutil",
        "getpass",
        "resource",
    }
)
_HANDED: Final[Mapping[str, str]] = {
    "network": "capability.network.connect",
    "process": "capability.process.start",
    "change": "capability.file.change",
}
_PRECIOUS_VARIABLES: Final = re.compile(
    r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|COOKIE|SESSION|^(?:HOME|USER|LOGNAME|USERPROFILE|USERNAME|PATH"
    r"|APPDATA|LOCALAPPDATA|TEMP|SSH_\w+|AWS_\w+|LD_\w+|PYTHON\w+|\w*_PROXY)$",
    re.IGNORECASE,
)


def check_touch(subject: Subject, node: ast.AST, name: str, effect: Effect | None) -> None:
    """A name with an effect, wherever it stands."""
    if effect is None or effect.kind not in _TOUCHING:
        return
    rule, does = _TOUCHING[effect.kind]
    subject.need(f"{effect.kind}:{name}")
    weight = None
    if effect.kind == "unpickle" and _names_module(subject, name):
        weight = Severity.LOW
    elif effect.kind == "environment":
        weight, does = _variable(subject, node, does)
    elif effect.kind in _GRANTABLE and name.partition(".")[0] in _GRANTED and _names_module(subject, name):
        weight = Severity.LOW
    subject.report(rule, node, f"{name} {does}.", weight)


def check_handed_on(subject: Subject, node: ast.expr, name: str, effect: Effect) -> None:
    """A function with effects that is passed on instead of called: its arguments are not known."""
    parent = subject.parents.get(id(node))
    if isinstance(parent, ast.Attribute | ast.Assign | ast.withitem | ast.ExceptHandler):
        return
    if effect.kind not in _HANDED or constant_name(name) or _is_annotation(subject, node):
        return
    subject.report(_HANDED[effect.kind], node, f"{name} is handed on, so its arguments are not known.")


def _is_annotation(subject: Subject, node: ast.expr) -> bool:
    parent = subject.parents.get(id(node))
    return isinstance(parent, ast.arg | ast.FunctionDef) or (
        isinstance(parent, ast.AnnAssign) and parent.annotation is node
    )


def _names_module(subject: Subject, name: str) -> bool:
    """Whether the scope lists the very module that `name` is in, and that is no library for data."""
    root = name.partition(".")[0]
    listed = {module.partition(".")[0] for module in subject.scope.allow.imports}
    return root in listed and root not in subject.catalogue.doors


def check_foreign_pickles(subject: Subject) -> None:
    """Where a scope lists a pickle module: reading what the program did not write itself is for a person."""
    if any(need.startswith("unpickle:") for need in subject.capabilities) and not _pickles(subject):
        for found in subject.findings:
            if found.rule_id == "threat.dynamic.unpickle":
                subject.report(found.rule_id, found.line, found.message, max(found.severity, Severity.MEDIUM))


def _pickles(subject: Subject) -> bool:
    calls = (node.func for node in subject.nodes if isinstance(node, ast.Call))
    return any(name.endswith((".dump", ".dumps")) for call in calls for name in subject.names.paths(call))


def _variable(subject: Subject, node: ast.AST, does: str) -> tuple[Severity | None, str]:
    """One variable, by a name that speaks of no secret: a run's environment is its own, and holds none."""
    name = _variable_name(subject, node)
    if name is None:
        return None, does
    texts = subject.names.texts(name)
    asked = f"reads the environment variable {shown(texts[0])}" if texts else does
    plain = bool(texts) and subject.names.is_known(name) and not any(map(_PRECIOUS_VARIABLES.search, texts))
    opened = "os" in subject.scope.allow.imports and "workdir" in subject.scope.allow.read
    return (Severity.LOW if plain and opened else None), asked


def _variable_name(subject: Subject, node: ast.AST) -> ast.expr | None:
    parent = subject.parents.get(id(node))
    match parent:
        case ast.Call(func=function, args=[name, *_]) if function is node:
            return name
        case ast.Subscript(value=value, slice=name) if value is node and isinstance(parent.ctx, ast.Load):
            return name
        case ast.Attribute(attr="get"):
            call = subject.parents.get(id(parent))
            if isinstance(call, ast.Call) and call.func is parent and call.args:
                return call.args[0]
    return None

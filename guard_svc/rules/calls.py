"""What the program calls: files, network, processes, code from text, and the rest of the catalogue.

Knows effects and arguments. Must not know imports or how a name was resolved.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from guard_svc.findings import Severity
from guard_svc.rules import expressions
from guard_svc.rules.catalogue import Argument, Effect
from guard_svc.rules.fold import UNKNOWN
from guard_svc.rules.places import Place, host_allowed, place_of
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
"""Effects that count as soon as the name is used, called or not: `map(eval, texts)` is eval."""


def check(subject: Subject) -> None:
    """Every name that the catalogue knows, and every call."""
    for node in subject.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            _check_touch(subject, node)
        elif isinstance(node, ast.ImportFrom):
            _check_imported(subject, node)
        elif isinstance(node, ast.Call):
            _check_call(subject, node)


def _check_imported(subject: Subject, node: ast.ImportFrom) -> None:
    for alias in node.names:
        _touch(subject, node, f"{node.module}.{alias.name}")


def _check_touch(subject: Subject, node: ast.Name | ast.Attribute) -> None:
    for path in subject.names.paths(node):
        _touch(subject, node, path)
        effect = subject.catalogue.effect(path)
        called = isinstance(parent := subject.parents.get(id(node)), ast.Call) and parent.func is node
        if effect is not None and effect.kind in ("open", "network", "process", "change") and not called:
            _uncalled(subject, node, path, effect)


def _uncalled(subject: Subject, node: ast.expr, path: str, effect: Effect) -> None:
    parent = subject.parents.get(id(node))
    if isinstance(parent, ast.Attribute | ast.Assign | ast.withitem) or effect.kind == "open":
        return
    rule = {"network": "capability.network.connect", "process": "capability.process.start"}.get(effect.kind)
    subject.report(
        rule or "capability.file.change", node, f"{path} is handed on, so its arguments are not known."
    )


def _touch(subject: Subject, node: ast.AST, path: str) -> None:
    effect = subject.catalogue.effect(path)
    if effect is None or effect.kind not in _TOUCHING:
        return
    rule, does = _TOUCHING[effect.kind]
    subject.need(f"{effect.kind}:{path}")
    subject.report(rule, node, f"{path} {does}.")


def _check_call(subject: Subject, call: ast.Call) -> None:
    known = False
    for path in sorted(subject.names.paths(call.func)):
        effect = subject.catalogue.effect(path)
        if effect is None and path.endswith(".open") and path.startswith("pathlib."):
            effect = Effect("open", Argument(0, "mode"), receiver=True)
        if effect is not None:
            known = True
            _apply(subject, call, path, effect)
    if not known and isinstance(call.func, ast.Attribute):
        effect = subject.catalogue.effect("." + call.func.attr)
        if effect is not None:
            _apply(subject, call, "." + call.func.attr, effect)


def _apply(subject: Subject, call: ast.Call, path: str, effect: Effect) -> None:
    handler = _HANDLERS.get(effect.kind)
    if handler is not None:
        handler(subject, call, path, effect)
    elif effect.kind in _TOUCHING and path.startswith("."):
        _touch(subject, call, path)
    if effect.unpickles_with is not None:
        _check_unpickling(subject, call, path, effect.unpickles_with)


def _check_unpickling(subject: Subject, call: ast.Call, path: str, keyword: str) -> None:
    given = next((item.value for item in call.keywords if item.arg == keyword), None)
    spread = any(item.arg is None for item in call.keywords)
    harmless = isinstance(given, ast.Constant) and not given.value
    if spread or len(call.args) > 2 or (given is not None and not harmless):
        subject.report(
            "threat.dynamic.unpickle", call, f"{path} may unpickle, which runs code from the file."
        )


def argument(call: ast.Call, where: Argument) -> ast.expr | None:
    """The expression that a call passes for `where`, or None."""
    for keyword in call.keywords:
        if keyword.arg is not None and keyword.arg == where.keyword:
            return keyword.value
    if where.position is not None and where.position < len(call.args):
        found = call.args[where.position]
        return found.value if isinstance(found, ast.Starred) else found
    return None


def _targets(call: ast.Call, effect: Effect) -> Iterator[ast.expr]:
    if effect.receiver and isinstance(call.func, ast.Attribute):
        yield call.func.value
    elif (found := argument(call, effect.path)) is not None:
        yield found


def _file(subject: Subject, call: ast.Call, path: str, effect: Effect) -> None:
    targets = list(_targets(call, effect))
    if not targets and not effect.optional and any(item.arg is None for item in call.keywords):
        subject.report("capability.file.dynamic", call, f"{path} gets its path from unpacked arguments.")
    for target in targets:
        _check_path(subject, call, target, effect.kind)
    if effect.also is not None and (other := argument(call, effect.also)) is not None:
        _check_path(subject, call, other, "change" if effect.kind == "change" else "write")


def _open(subject: Subject, call: ast.Call, _path: str, effect: Effect) -> None:
    mode = argument(call, Argument(0 if effect.receiver else 1, "mode"))
    modes = subject.names.texts(mode) if mode is not None else ("r",)
    writes = any(re.search("[wax+]", text) for text in modes) or not modes
    kind = "write" if writes else "read"
    for target in _targets(call, effect):
        _check_path(subject, call, target, kind)


_BUFFERS: Final = frozenset({"io.StringIO()", "io.BytesIO()"})


def _check_path(subject: Subject, call: ast.Call, target: ast.expr, kind: str) -> None:
    if subject.names.paths(target) & _BUFFERS or (isinstance(target, ast.Constant) and target.value is None):
        return
    subject.need("fs.read:inputs" if kind == "read" else "fs.write:outputs")
    for number in subject.names.values(target):
        if isinstance(number, int) and number > 2:
            subject.report("capability.file.outside", call, f"Opens the file descriptor {number}.")
    texts = subject.names.texts(target)
    for text in texts:
        _check_place(subject, call, text, kind)
    if not texts or not subject.names.is_known(target):
        _unknown_path(subject, call, kind)


def _unknown_path(subject: Subject, call: ast.Call, kind: str) -> None:
    if not _may(subject, call, kind):
        return
    message = "The path is not known before the program runs; the sandbox confines it."
    subject.report("capability.file.dynamic", call, message)


def _may(subject: Subject, call: ast.Call, kind: str) -> bool:
    allow = subject.scope.allow
    granted: tuple[str, ...] = allow.read if kind == "read" else allow.write
    if kind == "change":
        granted = tuple(grant for grant in allow.write if grant == "workdir")
    if not granted:
        verb = {"read": "read files", "write": "write files"}.get(kind, "change or delete files")
        subject.report(
            f"capability.file.{kind}", call, f"The scope {subject.scope.name} does not allow to {verb}."
        )
    return bool(granted)


def _check_place(subject: Subject, call: ast.Call, text: str, kind: str) -> None:
    place = place_of(text)
    shown = text.replace(UNKNOWN, "…")
    if place is Place.HARMLESS:
        return
    if place is Place.NETWORK:
        _check_url(subject, call, text)
    elif place is Place.OUTSIDE:
        subject.report(
            "capability.file.outside", call, f"The path {shown!r} lies outside the working directory."
        )
    elif not _may(subject, call, kind):
        return
    elif place is Place.HIDDEN:
        subject.report("capability.file.hidden", call, f"The path {shown!r} names a hidden file.")
    elif place is not Place.UNKNOWN and _is_unlisted(subject, text, kind):
        subject.report("capability.file.unlisted", call, f"{shown!r} is not among the inputs.")


def _is_unlisted(subject: Subject, text: str, kind: str) -> bool:
    return kind == "read" and text not in subject.inputs and "workdir" not in subject.scope.allow.read


def _check_url(subject: Subject, node: ast.AST, url: str) -> None:
    subject.need("network:" + (url.split("/")[2] if url.count("/") > 2 else "any").replace(UNKNOWN, "…"))
    if not host_allowed(subject.scope, url):
        shown = url.replace(UNKNOWN, "…")
        subject.report("capability.network.connect", node, f"The scope does not allow to reach {shown!r}.")


def _network(subject: Subject, call: ast.Call, path: str, effect: Effect) -> None:
    target = argument(call, effect.path)
    texts = subject.names.texts(target) if target is not None else ()
    if not subject.scope.allow.hosts or not texts:
        subject.need("network:any")
        subject.report(
            "capability.network.connect", call, f"{path} uses the network, and not at a host allowed."
        )
        return
    for text in texts:
        _check_url(subject, call, text)
    if effect.also is not None and (other := argument(call, effect.also)) is not None:
        _check_path(subject, call, other, "write")


def _process(subject: Subject, call: ast.Call, path: str, _effect: Effect) -> None:
    command = _command(subject, call)
    subject.need(f"process:{command or 'any'}")
    shell = any(item.arg in ("shell", "executable", "preexec_fn", "env", None) for item in call.keywords)
    listed = path.startswith("subprocess.") and command in subject.scope.allow.commands
    if shell or not listed:
        shown = command or "a command that is not known"
        subject.report(
            "capability.process.start", call, f"{path} starts {shown}, which the scope does not allow."
        )


def _command(subject: Subject, call: ast.Call) -> str | None:
    target = argument(call, Argument(0, "args"))
    bound = target
    if isinstance(bound, ast.List | ast.Tuple) and bound.elts:
        texts = subject.names.texts(bound.elts[0])
        return texts[0] if len(texts) == 1 and subject.names.is_known(bound.elts[0]) else None
    return None


def _expression(subject: Subject, call: ast.Call, path: str, effect: Effect) -> None:
    target = argument(call, effect.path)
    if target is None:
        return
    if isinstance(target, ast.List | ast.Tuple | ast.Dict) or subject.names.paths(target) & {
        "builtins.dict()"
    }:
        return
    texts = subject.names.texts(target)
    for text in texts:
        for reason in expressions.dangers(text, subject.catalogue):
            subject.report("threat.dynamic.expression", call, f"{path} evaluates text that {reason}.")
    if not texts:
        subject.report("threat.dynamic.expression_unknown", call, f"{path} evaluates text that is not known.")


def _source(subject: Subject, call: ast.Call, path: str, effect: Effect) -> None:
    target = argument(call, effect.path)
    if target is not None and not isinstance(target, ast.Lambda):
        subject.report(
            "threat.dynamic.code", call, f"{path} runs text as code; pass a function.", Severity.MEDIUM
        )
    if subject.names.texts(target) if target is not None else ():
        subject.report("threat.dynamic.code", call, f"{path} runs text as code.")


def _style(subject: Subject, call: ast.Call, _path: str, effect: Effect) -> None:
    for target in _targets(call, effect):
        for text in subject.names.texts(target):
            if place_of(text) in (Place.OUTSIDE, Place.NETWORK):
                _check_place(subject, call, text, "read")


def _dump(subject: Subject, call: ast.Call, _path: str, _effect: Effect) -> None:
    # json.dump(data, file) and array.dump("name") share a name; only a text as first argument is a path.
    if call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str):
        _check_path(subject, call, call.args[0], "write")


_Handler = Callable[[Subject, ast.Call, str, Effect], None]
_HANDLERS: Final[Mapping[str, _Handler]] = {
    "read": _file,
    "write": _file,
    "change": _file,
    "open": _open,
    "network": _network,
    "process": _process,
    "expression": _expression,
    "source": _source,
    "style": _style,
    "dump": _dump,
}

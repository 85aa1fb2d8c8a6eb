"""Settings of libraries that load a module or start a program: `matplotlib.use`, `rcParams["text.usetex"]`.

Knows where programs write settings. Must not know which settings there are; the catalogue says that.
"""

import ast
from collections.abc import Iterator
from typing import Final

from guard_svc.rules.arguments import targets
from guard_svc.rules.catalogue import Effect
from guard_svc.rules.subject import Subject

_GROUPED: Final = frozenset({"matplotlib.rc", "matplotlib.pyplot.rc"})
_PAIRED: Final = frozenset({"set_option", "option_context", "setdefault", "__setitem__"})
"""Functions whose arguments are a setting and its value, in turn."""
_BOTH_WORLDS: Final = "backend"
"""A setting whose name alone says little: joblib and others have a backend too."""


def check(subject: Subject) -> None:
    """Every setting that the program writes."""
    writers: list[ast.AST] = [*subject.nodes_of(ast.Assign), *subject.nodes_of(ast.Dict)]
    for node in (*writers, *subject.nodes_of(ast.Call)):
        for name, value in _written(subject, node):
            effect = subject.catalogue.settings.get(name)
            if effect is not None and not _is_harmless(subject, value, effect):
                _report(subject, node, name, effect)


def check_plugin(subject: Subject, call: ast.Call, name: str, effect: Effect) -> None:
    """A call that loads the module which an argument names."""
    for value in targets(call, effect):
        if not _is_harmless(subject, value, effect):
            _report(subject, call, name.lstrip("."), effect)


def _report(subject: Subject, node: ast.AST, name: str, effect: Effect) -> None:
    allowed = ", ".join(sorted(effect.values)) or "none"
    if effect.kind == "process":
        message = f"{name} makes the library start another program; harmless values: {allowed}."
        subject.report("capability.process.start", node, message)
    else:
        message = f"{name} loads the module that the value names; harmless values: {allowed}."
        subject.report("threat.dynamic.code", node, message)


def _is_harmless(subject: Subject, value: ast.expr, effect: Effect) -> bool:
    if isinstance(value, ast.Constant):
        return str(value.value).lower() in effect.values
    texts = subject.names.texts(value)
    return (
        bool(texts) and subject.names.is_known(value) and all(text.lower() in effect.values for text in texts)
    )


def _written(subject: Subject, node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=written, value=value):
            for target in written:
                yield from ((name, value) for name in _named(subject, target))
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                yield from ((text, value) for text in _dotted(subject, key))
        case ast.Call():
            yield from _passed(subject, node)


def _named(subject: Subject, target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Subscript):
        holder = subject.names.paths(target.value)
        settings = any(path.endswith("rcParams") for path in holder)
        yield from (text for text in subject.names.texts(target.slice) if settings or text != _BOTH_WORLDS)
    elif isinstance(target, ast.Attribute):
        for path in subject.names.paths(target):
            yield path.partition("pandas.options.")[2]


def _passed(subject: Subject, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    last = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    for key, value in zip(call.args, call.args[1:], strict=False) if last in _PAIRED else ():
        yield from ((text, value) for text in _dotted(subject, key))
    if call.args and subject.names.paths(call.func) & _GROUPED:
        for group in subject.names.texts(call.args[0]):
            yield from ((f"{group}.{item.arg}", item.value) for item in call.keywords)
    if last == "savefig" and call.args:
        yield from ((".savefig(format)", suffix) for suffix in _suffixes(subject, call.args[0]))
    for item in call.keywords:
        # An object, such as a PillowWriter, is judged where it is made.
        if f".{last}({item.arg})" in subject.catalogue.settings and subject.names.texts(item.value):
            yield f".{last}({item.arg})", item.value


def _suffixes(subject: Subject, path: ast.expr) -> Iterator[ast.expr]:
    """The formats that a figure's file names ask for, where they are known."""
    for text in subject.names.texts(path):
        suffix = text.rpartition(".")[2]
        if "." in text and suffix.isalpha():
            yield ast.Constant(suffix)


def _dotted(subject: Subject, key: ast.expr | None) -> Iterator[str]:
    """A text that can only be a setting: most keys of dictionaries are none."""
    if isinstance(key, ast.Constant):
        if isinstance(key.value, str) and "." in key.value:
            yield key.value
    elif key is not None:
        yield from (text for text in subject.names.texts(key) if "." in text)

"""Texts that libraries run: query strings, formulas, timed statements, and files that unpickle on demand.

Knows which argument holds the text. Must not know the syntax of expressions, which `expressions` does.
"""

import ast
import re
from typing import Final

from guard_svc.findings import Severity
from guard_svc.rules import expressions
from guard_svc.rules.arguments import argument, is_unpacked, shown, targets
from guard_svc.rules.catalogue import Effect
from guard_svc.rules.places import Place, place_of
from guard_svc.rules.subject import Subject

_OTHER_FILE: Final = re.compile(r"\b(?:ATTACH(?:\s+DATABASE)?|VACUUM\s+INTO)\s+'([^']*)'", re.IGNORECASE)
_LOADS_CODE: Final = re.compile(r"\bload_extension\s*\(", re.IGNORECASE)
_DATA: Final = frozenset({"builtins.dict()", "builtins.list()"})
_POSITIONS_BEFORE_A_FLAG: Final = 2


def check_expression(subject: Subject, call: ast.Call, name: str, effect: Effect) -> None:
    """The texts that pandas or patsy evaluates."""
    for target in targets(call, effect):
        _check_text(subject, call, name, target)


def _check_text(subject: Subject, call: ast.Call, name: str, target: ast.expr) -> None:
    if isinstance(target, ast.List | ast.Tuple | ast.Dict):
        return
    if subject.names.paths(target) & _DATA:
        return
    texts = subject.names.texts(target)
    for text in texts:
        for reason in expressions.dangers(text, subject.catalogue):
            message = f"{name.lstrip('.')} evaluates {shown(text)}, which {reason}."
            subject.report("threat.dynamic.expression", call, message)
    if not texts:
        message = f"{name.lstrip('.')} evaluates a text that is not known before the program runs."
        subject.report("threat.dynamic.expression_unknown", call, message)


def check_statement(subject: Subject, call: ast.Call) -> None:
    """An SQL statement that opens another database file, or lets SQLite load native code."""
    for text in subject.names.texts(call.args[0]) if call.args else ():
        for match in _OTHER_FILE.finditer(text):
            place = place_of(match[1])
            if place in (Place.OUTSIDE, Place.PRECIOUS, Place.NETWORK):
                message = f"The statement opens {shown(match[1])}, which lies outside the working directory."
                subject.report("capability.file.outside", call, message)
        if _LOADS_CODE.search(text):
            subject.report("capability.native.call", call, "The statement loads native code into SQLite.")


def check_named(subject: Subject, call: ast.Call, name: str, effect: Effect) -> None:
    """`df.agg("to_csv", …)`: pandas calls the method whose name the text is."""
    target = argument(call, effect.path)
    for text in subject.names.texts(target) if target is not None else ():
        found = subject.catalogue.effect("." + text) or subject.catalogue.effect("numpy." + text)
        if found is not None and found.kind != "none":
            message = f"{name.lstrip('.')} calls the method {text}, which has effects; call it by its name."
            subject.report("threat.introspection.dynamic", call, message, Severity.HIGH)


def check_source(subject: Subject, call: ast.Call, name: str, effect: Effect) -> None:
    """A statement given as text, such as to `timeit`; a function is fine."""
    target = argument(call, effect.path)
    if target is None or isinstance(target, ast.Lambda):
        return
    known = bool(subject.names.texts(target))
    weight = Severity.HIGH if known else Severity.MEDIUM
    subject.report("threat.dynamic.code", call, f"{name} runs text as code; pass a function.", weight)


def check_unpickling(subject: Subject, call: ast.Call, name: str, keyword: str) -> None:
    """A reader that unpickles when a flag says so."""
    given = next((item.value for item in call.keywords if item.arg == keyword), None)
    harmless = isinstance(given, ast.Constant) and not given.value
    positional = len(call.args) > _POSITIONS_BEFORE_A_FLAG
    if is_unpacked(call) or positional or (given is not None and not harmless):
        message = f"{name} with {keyword} may unpickle, which runs code that the file chooses."
        subject.report("threat.dynamic.unpickle", call, message)

"""What the program reaches through attributes: interpreter internals, and modules behind modules.

Knows attribute names and module doors. Must not know calls or paths.
"""

import ast
import re
import sys
from typing import Final

from guard_svc.findings import Severity
from guard_svc.rules.imports import is_allowed
from guard_svc.rules.subject import Subject

_HARMLESS_DUNDERS: Final = frozenset(
    [
        "__name__",
        "__doc__",
        "__version__",
        "__init__",
        "__new__",
        "__post_init__",
        "__len__",
        "__str__",
        "__repr__",
        "__eq__",
        "__ne__",
        "__lt__",
        "__le__",
        "__gt__",
        "__ge__",
        "__hash__",
        "__iter__",
        "__next__",
        "__contains__",
        "__getitem__",
        "__setitem__",
        "__delitem__",
        "__add__",
        "__sub__",
        "__mul__",
        "__truediv__",
        "__floordiv__",
        "__mod__",
        "__pow__",
        "__neg__",
        "__abs__",
        "__bool__",
        "__int__",
        "__float__",
        "__enter__",
        "__exit__",
        "__call__",
        "__annotations__",
        "__qualname__",
        "__members__",
        "__all__",
        "__and__",
        "__or__",
        "__xor__",
        "__radd__",
        "__rmul__",
        "__iadd__",
        "__missing__",
        "__format__",
        "__copy__",
        "__deepcopy__",
        "__set_name__",
        "__array__",
        "__dataclass_fields__",
        "__main__",
        "__file__",
        "__author__",
        "__index__",
        "__round__",
        "__reversed__",
        "__matmul__",
        "__invert__",
        "__pos__",
        "__lshift__",
        "__rshift__",
        "__divmod__",
        "__complex__",
        "__future__",
        "__slots__",
        "__match_args__",
        "__isub__",
        "__imul__",
        "__rsub__",
        "__rtruediv__",
        "__getattr__",
        "__setattr__",
    ]
)
_INTERNALS: Final = frozenset(
    [
        "gi_frame",
        "gi_code",
        "gi_yieldfrom",
        "cr_frame",
        "cr_code",
        "cr_await",
        "ag_frame",
        "ag_code",
        "f_back",
        "f_globals",
        "f_locals",
        "f_builtins",
        "f_code",
        "tb_frame",
        "tb_next",
        "func_globals",
        "func_code",
        "co_code",
        "co_consts",
        "mro",
        "__traceback__",
        "with_traceback",
    ]
)
_POWERFUL: Final = frozenset(
    [
        "os",
        "sys",
        "subprocess",
        "socket",
        "builtins",
        "importlib",
        "ctypes",
        "shutil",
        "pickle",
        "marshal",
        "inspect",
        "types",
        "gc",
        "threading",
        "signal",
        "multiprocessing",
        "platform",
        "tempfile",
        "pathlib",
        "posix",
        "nt",
        "io",
        "codecs",
        "code",
        "runpy",
        "pty",
        "fcntl",
        "resource",
        "ssl",
        "http",
        "urllib",
        "ctypeslib",
        "f2py",
        "system",
        "popen",
    ]
)
_STDLIB: Final = frozenset(sys.stdlib_module_names)
_DUNDER: Final = re.compile(r"__[a-z][a-z_]*__")
# Members of public modules that are called like a module of the standard library, and are none.
_NAMESAKES: Final = frozenset(
    [
        "datetime.datetime",
        "datetime.time",
        "random.random",
        "random.secrets",
        "calendar.calendar",
        "copy.copy",
        "bisect.bisect",
        "time.time",
        "pprint.pprint",
        "array.array",
        "numpy.array",
        "numpy.copy",
        "numpy.select",
        "numpy.trace",
        "numpy.random.random",
        "numpy.linalg.trace",
        "numpy.ma.array",
        "numpy.ma.copy",
        "numpy.ma.trace",
        "pandas.array",
        "scipy.io",
        "scipy.signal",
        "scipy.optimize.bisect",
        "numpy.typing",
        "numpy.random",
        "os.path",
        "os.stat",
        "os.name",
        "glob.glob",
        "tokenize.tokenize",
        "struct.struct",
        "queue.queue",
        "scipy.stats.random",
        "matplotlib.pyplot.table",
        "matplotlib.pyplot.text",
        "uuid.uuid",
        "string.string",
        "collections.abc",
        "html.parser",
        "io.io",
        "types.types",
        "operator.copy",
        "datetime.calendar",
        "inspect.trace",
        "json.decoder",
        "json.encoder",
        "statsmodels.api.formula",
        "sys.platform",
        "sys.builtins",
        "matplotlib.colors",
        "matplotlib.path",
    ]
)


def check(subject: Subject) -> None:
    """Attributes, match patterns, strings that name internals, computed names, modules used as values."""
    for node in subject.nodes:
        match node:
            case ast.Attribute():
                _check_attribute(subject, node, node.attr, node.value)
                _check_door(subject, node)
                _check_value(subject, node)
            case ast.Name():
                _check_name(subject, node)
                _check_door(subject, node)
                _check_value(subject, node)
            case ast.MatchClass():
                for attribute in node.kwd_attrs:
                    _check_attribute(subject, node, attribute, None)
            case ast.Constant(value=str(text)):
                _check_string(subject, node, text)
            case ast.Call():
                _check_computed(subject, node)
            case ast.ImportFrom(module=str(module)):
                for alias in node.names:
                    _check_path(subject, node, f"{module}.{alias.name}")


def _check_attribute(subject: Subject, node: ast.AST, name: str, base: ast.expr | None) -> None:
    if name == "__class__":
        parent = subject.parents.get(id(node))
        if isinstance(parent, ast.Attribute) and parent.attr in ("__name__", "__qualname__"):
            return
        compared = isinstance(parent, ast.Compare) or (isinstance(parent, ast.Call) and parent.func is node)
        weight = Severity.LOW if compared and isinstance(base, ast.Name) else Severity.HIGH
        subject.report("threat.introspection.attribute", node, "__class__ leads to the interpreter.", weight)
    elif name == "__dict__":
        own = isinstance(base, ast.Name) and base.id in ("self", "other") and not subject.names.paths(base)
        weight = Severity.LOW if own else Severity.HIGH
        subject.report(
            "threat.introspection.attribute", node, "__dict__ leads past attribute checks.", weight
        )
    elif name in _INTERNALS or (_DUNDER.fullmatch(name) and name not in _HARMLESS_DUNDERS):
        subject.report("threat.introspection.attribute", node, f"{name} leads to the interpreter.")
    elif name.startswith("_") and name.strip("_") in _POWERFUL:
        subject.report("threat.introspection.module", node, f"{name} is a module behind an object.")
    elif name in _POWERFUL and base is not None and not subject.names.paths(base):
        _check_lookalike(subject, node, name)


def _check_lookalike(subject: Subject, node: ast.AST, name: str) -> None:
    parent = subject.parents.get(id(node))
    grandparent = subject.parents.get(id(parent)) if parent is not None else None
    # df.system.mean() is a column; x.os.system('id') is not.
    if isinstance(parent, ast.Attribute) and parent.attr in _POWERFUL | {
        "environ",
        "modules",
        "run",
        "Popen",
    }:
        subject.report(
            "threat.introspection.module", node, f"{name}.{parent.attr} is reached through an object."
        )
    elif name in ("system", "popen") and isinstance(parent, ast.Call) and parent.func is node:
        subject.report("threat.introspection.module", node, f"{name}() of an object starts a process.")
    elif isinstance(grandparent, ast.Call) and name in ("builtins", "importlib", "subprocess"):
        subject.report("threat.introspection.module", node, f"{name} is reached through an object.")


def _check_door(subject: Subject, node: ast.Attribute | ast.Name) -> None:
    for path in subject.names.paths(node):
        _check_path(subject, node, path)


def _check_path(subject: Subject, node: ast.AST, path: str) -> None:
    """Whether a full name leads from one module into another, or into something private."""
    if "(" in path or "[" in path:
        return
    root, _, _ = path.partition(".")
    base, _, member = path.rpartition(".")
    if not base or root == "builtins" or not is_allowed(subject, root):
        return
    catalogue = subject.catalogue
    if catalogue.is_denied(path):
        subject.report("threat.introspection.module", node, f"{path} is not part of the public interface.")
    elif member.startswith("_") and not _DUNDER.fullmatch(member) and _is_module(subject, base):
        subject.report("threat.introspection.module", node, f"{path} is private.")
    elif (
        member in _STDLIB and path not in _NAMESAKES and _is_module(subject, base) and _is_door(subject, path)
    ):
        subject.report("threat.introspection.module", node, f"{path} is a module behind another one.")
    elif root in catalogue.closed and path.count(".") == 1 and catalogue.effect(path) is None:
        subject.report("capability.module.closed", node, f"{path} is not one of the names that may be used.")


def _is_door(subject: Subject, path: str) -> bool:
    root, _, rest = path.partition(".")
    return rest not in subject.catalogue.public.get(root, ()) and subject.catalogue.effect(path) is None


def _is_module(subject: Subject, path: str) -> bool:
    root, dot, rest = path.partition(".")
    if not dot:
        return True
    public = subject.catalogue.public.get(root, frozenset())
    if rest in public or path in subject.catalogue.pure:
        return True
    return "*" in public and rest == rest.lower() and rest.count(".") <= 3


def _check_name(subject: Subject, node: ast.Name) -> None:
    paths = subject.names.paths(node)
    if node.id in ("__builtins__", "__loader__", "__spec__") or (
        paths & {"builtins.globals"} and isinstance(node.ctx, ast.Load)
    ):
        subject.report("threat.introspection.attribute", node, f"{node.id} leads to the interpreter.")
    elif paths & {"builtins.locals", "builtins.dir"}:
        subject.report("threat.introspection.dynamic", node, f"{node.id}() lists names.", Severity.LOW)
    elif paths & {"builtins.getattr", "builtins.vars", "builtins.setattr", "builtins.delattr"}:
        parent = subject.parents.get(id(node))
        if not (isinstance(parent, ast.Call) and parent.func is node):
            subject.report("threat.introspection.dynamic", node, f"{node.id} is handed on.", Severity.HIGH)


def _check_value(subject: Subject, node: ast.Attribute | ast.Name) -> None:
    """A module that is passed, stored or returned is out of sight."""
    if not isinstance(node.ctx, ast.Load):
        return
    parent = subject.parents.get(id(node))
    if isinstance(parent, ast.Attribute | ast.Assign | ast.NamedExpr | ast.AnnAssign | ast.Expr):
        return
    for path in subject.names.paths(node):
        if _imported_module(subject, path):
            subject.report("threat.introspection.value", node, f"The module {path} is used as a value.")


def _imported_module(subject: Subject, path: str) -> bool:
    root, dot, rest = path.partition(".")
    if not dot:
        return root in subject.catalogue.public or root in _STDLIB
    return rest in subject.catalogue.public.get(root, ())


def _check_string(subject: Subject, node: ast.Constant, text: str) -> None:
    if len(text) > 2000 or "__" not in text:
        return
    if re.search(r"\{[^{}]*[.\[]_*(?:__\w+__|gi_frame|f_globals)[^{}]*\}", text):
        subject.report("threat.introspection.format", node, "A format string reaches interpreter attributes.")
    name = text.strip()
    if _DUNDER.fullmatch(name) and name not in _HARMLESS_DUNDERS:
        subject.report(
            "threat.introspection.attribute", node, f"The text {name} names an internal.", Severity.MEDIUM
        )


_NAMED: Final = frozenset({"builtins.getattr", "builtins.setattr", "builtins.delattr", "builtins.hasattr"})
_GETTERS: Final = frozenset({"operator.attrgetter", "operator.methodcaller"})


def _check_computed(subject: Subject, call: ast.Call) -> None:
    paths = subject.names.paths(call.func)
    if paths & _NAMED and len(call.args) >= 2:
        _check_computed_name(subject, call, call.args[1], call.args[0])
    elif paths & _GETTERS and call.args:
        _check_computed_name(subject, call, call.args[0], None)
    elif "builtins.vars" in paths and call.args:
        modules = any(_imported_module(subject, path) for path in subject.names.paths(call.args[0]))
        weight = Severity.HIGH if modules else Severity.MEDIUM
        subject.report("threat.introspection.dynamic", call, "vars() opens an object's names.", weight)
    elif "builtins.type" in paths and len(call.args) == 3:
        subject.report("threat.introspection.dynamic", call, "type() makes a class at run time.")


def _check_computed_name(subject: Subject, call: ast.Call, name: ast.expr, base: ast.expr | None) -> None:
    texts = subject.names.texts(name)
    for text in texts:
        for part in text.split("."):
            _check_attribute(subject, call, part, base)
        for path in subject.names.paths(base) if base is not None else ():
            _check_path(subject, call, f"{path}.{text}")
    if texts and subject.names.is_known(name):
        return
    modules = base is not None and any(_imported_module(subject, path) for path in subject.names.paths(base))
    asks = "builtins.hasattr" in subject.names.paths(call.func)
    weight = Severity.HIGH if modules else Severity.LOW if asks else Severity.MEDIUM
    subject.report("threat.introspection.dynamic", call, "An attribute name is computed at run time.", weight)

"""A file of actions, read as text: what it defines, or every reason why it is none.

Knows docs/actions-format.md §1. Never imports or runs what it reads. Must not know catalogues or plans.
"""

import ast
import builtins
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from placet.actions.action import Action, Definition
from placet.actions.function import Problem, helper_problems, is_helper, is_literal, read_action
from placet.actions.outside import PRELUDE_NAMES, names_from_outside

MAX_BYTES: Final = 64 * 1024
RESERVED: Final = PRELUDE_NAMES | {"finish", "cannot", "annotations", "action", "_shown"}
_FORMS: Final = "placet.actions.forms"
_CONSTANT_NAME: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,39}")
_TAKEN_NAME: Final = re.compile(r"step_\d+|__.*__")
"""Steps of every program, and what Python itself looks up, such as `__builtins__`."""
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


class ActionInvalid(ValueError):  # noqa: N818  (named for what it says)
    """A file is no file of actions. `problems` are sentences, each beginning with `FILE:LINE`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class ActionFile:
    """What one file defines. `definitions` holds the actions' functions too."""

    name: str
    actions: Mapping[str, Action] = field(default_factory=dict)
    definitions: Mapping[str, Definition] = field(default_factory=dict)


def read_actions(name: str, content: bytes) -> ActionFile:
    """The actions in a file that may come from anybody; `name` is for messages.

    Raises ActionInvalid with every problem found.
    """
    reader = _Reader(name, _text(name, content))
    reader.read()
    if reader.problems:
        raise ActionInvalid([f"{name}:{line}: {problem}" for line, problem in sorted(reader.problems)])
    return ActionFile(name, reader.actions, reader.definitions)


def _text(name: str, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise ActionInvalid(
            [f"{name}:1: {len(content)} bytes; at most {MAX_BYTES} are allowed; split the file"]
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ActionInvalid([f"{name}:{line}: not UTF-8; save the file as UTF-8"]) from None
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        problem = f"holds the control character U+{ord(found[0]):04X}; use line feeds and spaces"
        raise ActionInvalid([f"{name}:{line}: {problem}"])
    return text


class _Reader:
    """Walks one file's top level and keeps what it finds."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.lines = text.split("\n")
        self.problems: list[Problem] = []
        self.actions: dict[str, Action] = {}
        self.definitions: dict[str, Definition] = {}

    def read(self) -> None:
        try:
            module = ast.parse(self.text)
            self._outside = names_from_outside(self.text)
        except SyntaxError as error:
            self.problems.append((error.lineno or 1, f"not Python: {error.msg}"))
            return
        except (ValueError, RecursionError, MemoryError):
            self.problems.append((1, "nested too deeply to be read; use plainer expressions"))
            return
        end = 0
        for number, statement in enumerate(module.body):
            if _first_line(statement) <= end:
                self._refuse(statement, "begin each statement on a line of its own")
            end = statement.end_lineno or statement.lineno
            if not (number == 0 and _is_docstring(statement)):
                self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._imports(node)
        elif isinstance(node, ast.Assign):
            self._constant(node)
        elif isinstance(node, ast.FunctionDef):
            self._function(node)
        else:
            self._refuse(
                node, "only imports, constants (NAME = literal), _helpers and actions stand at the top level"
            )

    def _imports(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom) and (node.module == _FORMS or node.module == "__future__"):
            if node.level or any(each.asname for each in node.names):
                self._refuse(node, "import these names as they are")
            return
        if isinstance(node, ast.ImportFrom) and (node.level or any(each.name == "*" for each in node.names)):
            self._refuse(node, "import by full module names, and each name by itself")
            return
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            self._define(
                node, bound, Definition(bound, _import_line(node, alias), (), self._place(node), "import")
            )

    def _constant(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if (
            len(node.targets) > 1
            or not isinstance(target, ast.Name)
            or not _CONSTANT_NAME.fullmatch(target.id)
        ):
            self._refuse(node, "a constant is called NAME, in capitals")
        elif not is_literal(node.value):
            self._refuse(node, f"{target.id}: a constant is a literal; compute in a helper")
        else:
            self._define(node, target.id, self._definition(node, target.id, "constant"))

    def _function(self, node: ast.FunctionDef) -> None:
        if is_helper(node):
            self.problems += helper_problems(node)
            self._define(node, node.name, self._definition(node, node.name, "helper"))
            return
        definition = self._definition(node, node.name, "action")
        action, problems = read_action(node, definition)
        self.problems += problems
        self._define(node, node.name, definition)
        if action is not None:
            self.actions[action.name] = action

    def _definition(self, node: ast.FunctionDef | ast.Assign, name: str, kind: str) -> Definition:
        source = "\n".join(self.lines[node.lineno - 1 : node.end_lineno])
        uses = self._outside.get(node.lineno, ()) if isinstance(node, ast.FunctionDef) else ()
        return Definition(name, source, uses, self._place(node), kind)  # type: ignore[arg-type]

    def _define(self, node: ast.stmt, name: str, definition: Definition) -> None:
        if name in RESERVED or name in dir(builtins) or _TAKEN_NAME.fullmatch(name):
            self._refuse(node, f"{name} means something else in every program; choose another name")
        elif name in self.definitions and definition.source != self.definitions[name].source:
            self._refuse(node, f"{name} is defined twice ({self.definitions[name].place}); rename one")
        else:
            self.definitions[name] = definition

    def _place(self, node: ast.stmt) -> str:
        return f"{self.name}:{node.lineno}"

    def _refuse(self, node: ast.stmt, problem: str) -> None:
        self.problems.append((node.lineno, problem))


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return min((node.lineno, *(each.lineno for each in decorators)))


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _import_line(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    name = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
    return f"from {node.module} import {name}" if isinstance(node, ast.ImportFrom) else f"import {name}"

"""One function of a file of actions: its form checked, its parts named.

Knows docs/actions-format.md §1.5 to 1.10. Must not know files beyond the text it is given, nor catalogues.
"""

import ast
import inspect
import keyword
import re
from collections.abc import Iterator
from typing import Final

from placet.actions.action import Action, Definition, Given, Parameter
from placet.actions.annotations import NoType, parameter_type, result_kind
from placet.actions.giving import NotGiven, columns_given
from placet.actions.types import (
    ColumnName,
    ColumnNames,
    ConditionList,
    InputName,
    ParameterType,
    StepRef,
    ValueList,
)
from placet.actions.values import problem_of

Problem = tuple[int, str]
"""A line, and a sentence that says what to do."""

MAX_PARAMETERS: Final = 12
_ACTION_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HELPER_NAME: Final = re.compile(r"_[a-z][a-z0-9_]{0,39}")
_PARAMETER_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NO_PARAMETER: Final = frozenset({"action", "same", "unknown"})
_WITHOUT_DEFAULT: Final = (StepRef, InputName, ColumnName, ColumnNames, ConditionList, ValueList)


def is_helper(node: ast.FunctionDef) -> bool:
    """By its name alone; whether it is a proper one, `helper_problems` says."""
    return node.name.startswith("_")


def helper_problems(node: ast.FunctionDef) -> Iterator[Problem]:
    """What is wrong with a helper function."""
    if not _HELPER_NAME.fullmatch(node.name):
        yield node.lineno, f"{node.name[:60]}: a helper is called _name, in lower case, at most 41 characters"
    if node.decorator_list:
        yield node.lineno, f"{node.name}: a helper has no decorator; remove it"
    yield from _body_problems(node)
    for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
        if not is_literal(default):
            yield default.lineno, f"{node.name}: a default must be a literal"


def read_action(node: ast.FunctionDef, definition: Definition) -> tuple[Action | None, list[Problem]]:
    """The action, or why it is none: every reason."""
    problems = [*_body_problems(node), *_name_problems(node)]
    parameters, found = _parameters(node)
    problems += found
    gives, found = _decorator(node)
    problems += found
    result = None
    try:
        result = result_kind(node.returns)
    except NoType as error:
        problems.append((node.lineno, f"{node.name}: {error}"))
    columns = None
    if not problems:
        try:
            columns = _columns(result == "Table", gives, parameters)
        except NotGiven as error:
            problems.append((node.lineno, f"{node.name}: {error}"))
    words = inspect.cleandoc(ast.get_docstring(node, clean=False) or "")
    problems += ((node.lineno, f"{node.name}: {problem}") for problem in _words_problems(words))
    if problems or result is None:
        return None, problems
    summary, _, rest = words.partition("\n")
    requires, ensures = _section(rest, "Requires"), _section(rest, "Ensures")
    return Action(node.name, parameters, result, columns, summary, requires, ensures, definition), []


def is_literal(node: ast.expr) -> bool:
    """Whether the expression is nothing but a literal."""
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _body_problems(node: ast.FunctionDef) -> Iterator[Problem]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Global):
            yield inner.lineno, f"{node.name}: says global; give values by parameters and results"
        if isinstance(inner, ast.Yield | ast.YieldFrom | ast.Await):
            yield inner.lineno, f"{node.name}: yields or awaits; return one result"


def _name_problems(node: ast.FunctionDef) -> Iterator[Problem]:
    if not _ACTION_NAME.fullmatch(node.name) or keyword.iskeyword(node.name):
        yield node.lineno, f"{node.name[:60]}: an action's name is lower case, at most 40 characters"


def _parameters(node: ast.FunctionDef) -> tuple[tuple[Parameter, ...], list[Problem]]:
    arguments = node.args
    if arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg:
        return (), [(node.lineno, f"{node.name}: parameters must be plain, without * and /")]
    if len(arguments.args) > MAX_PARAMETERS:
        return (), [(node.lineno, f"{node.name}: has more than {MAX_PARAMETERS} parameters")]
    defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + list(arguments.defaults)
    found, problems, table = [], [], ""
    for argument, default in zip(arguments.args, defaults, strict=True):
        try:
            each = _parameter(argument, default, table)
        except NoType as error:
            problems.append((argument.lineno, f"{node.name}: {argument.arg[:40]} {error}"))
            continue
        found.append(each)
        table = each.name if each.type == StepRef("Table") else table
    tables = {each.name for each in found if each.type == StepRef("Table")}
    problems += (
        (
            node.lineno,
            f"{node.name}: {each.name} names columns of {name}, which is neither a table nor a type",
        )
        for each in found
        for name in each.tables
        if name not in tables
    )
    return tuple(found), problems


def _parameter(argument: ast.arg, default: ast.expr | None, table: str) -> Parameter:
    name = argument.arg
    if not _PARAMETER_NAME.fullmatch(name) or keyword.iskeyword(name) or name in _NO_PARAMETER:
        raise NoType("is no name of a parameter; use lower-case letters, digits and _")
    kind = parameter_type(argument.annotation)
    tables: tuple[str, ...] = ()
    if isinstance(kind, ColumnName | ColumnNames | ConditionList):
        said = () if isinstance(kind, ConditionList) else kind.of
        tables = said or ((table,) if table else ())
        if not tables:
            raise NoType("names columns, but no Table stands before it")
    value = None if default is None else _default(default, kind)
    return Parameter(name, kind, default is None, value, tables)


def _default(node: ast.expr, kind: ParameterType) -> object:
    if not is_literal(node):
        raise NoType("has a default that is no literal")
    value = ast.literal_eval(node)
    if value is None:
        return None
    problem = (
        "None is the only default there" if isinstance(kind, _WITHOUT_DEFAULT) else problem_of(kind, value)
    )
    if problem:
        raise NoType(f"has a default that does not fit: {problem}")
    return value


def _decorator(node: ast.FunctionDef) -> tuple[object, list[Problem]]:
    wrong = [(node.lineno, f"{node.name}: put exactly one decorator on it, @action or @action(gives=…); "
              "the name of a helper begins with _")]  # fmt: skip
    if len(node.decorator_list) != 1:
        return None, wrong
    decorator = node.decorator_list[0]
    if isinstance(decorator, ast.Name) and decorator.id == "action":
        return None, []
    if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name)):
        return None, wrong
    named = [each.arg for each in decorator.keywords]
    if decorator.func.id != "action" or decorator.args or named != ["gives"]:
        return None, wrong
    if not is_literal(decorator.keywords[0].value):
        return None, [(node.lineno, f"{node.name}: gives must be a literal")]
    return ast.literal_eval(decorator.keywords[0].value), []


def _columns(is_table: bool, gives: object, parameters: tuple[Parameter, ...]) -> tuple[Given, ...] | None:
    if not is_table and gives is not None:
        raise NotGiven("gives is for actions that give a Table")
    if not is_table:
        return ()
    if gives is None:
        raise NotGiven('say the table\'s columns, as in @action(gives="same")')
    return columns_given(gives, {each.name: each.type for each in parameters})


def _words_problems(words: str) -> Iterator[str]:
    summary = words.partition("\n")[0].strip()
    if not summary or len(summary) > 120:
        yield "begin its docstring with one line, at most 120 characters, that says what it gives"


def _section(words: str, title: str) -> str:
    found = re.search(rf"^{title}:(.*?)(?:\n\s*\n|^\w+:|\Z)", words, re.DOTALL | re.MULTILINE)
    return " ".join(found[1].split()) if found else ""

"""Does a value fit a parameter's type, as far as the type alone can say?

Knows docs/actions-format.md §2. Must not know steps, inputs or which columns there are.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final

from placet.actions.types import (
    BOOLEAN_OPS,
    COMPARISONS,
    DATE,
    LIST_OPS,
    MAX_COLUMN_NAME,
    MAX_CONDITIONS,
    MAX_NEW_NAME,
    MAX_NUMBER,
    MAX_TEXT,
    MAX_VALUES,
    NEW_NAME,
    PRESENCE_OPS,
    TEXT_OPS,
    BooleanValue,
    Choice,
    ColumnName,
    ColumnNames,
    ColumnType,
    ConditionList,
    InputName,
    NewName,
    NumberValue,
    ParameterType,
    StepRef,
    TextValue,
    ValueList,
)

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_OPS: Final = tuple(dict.fromkeys((*COMPARISONS, *TEXT_OPS, *BOOLEAN_OPS, *LIST_OPS, *PRESENCE_OPS)))


def problem_of(kind: ParameterType, value: object) -> str:
    """Why `value`, which may come from anybody, does not fit; empty when it does."""
    return _CHECKS[type(kind)](kind, value)


def _step(_kind: StepRef, value: object) -> str:
    return "" if _is_whole(value) else "must be the number of an earlier step"


def _input(_kind: InputName, value: object) -> str:
    return "" if isinstance(value, str) else "must be the name of an input"


def _column(_kind: ColumnName, value: object) -> str:
    if not isinstance(value, str):
        return "must be the name of a column"
    if not 1 <= len(value) <= MAX_COLUMN_NAME or re.search("[\ud800-\udfff]", value):
        return f"no column that has no name, or one of more than {MAX_COLUMN_NAME} characters, can be named"
    return ""


def _columns(kind: ColumnNames, value: object) -> str:
    if not isinstance(value, list):
        return "must be a list of columns"
    if not kind.least <= len(value) <= kind.most:
        return f"must name {kind.least} to {kind.most} columns, not {len(value)}"
    for each in value:
        if problem := _column(ColumnName(), each):
            return problem
    return "" if len(set(value)) == len(value) else "names a column twice"


def _new_name(_kind: NewName, value: object) -> str:
    if isinstance(value, str) and len(value) <= MAX_NEW_NAME and re.fullmatch(NEW_NAME, value):
        return ""
    return (
        f"must be a new column's name: a letter, then letters, digits, _ and single spaces, ≤ {MAX_NEW_NAME}"
    )


def _text(_kind: TextValue, value: object) -> str:
    if not isinstance(value, str):
        return "must be text"
    if len(value) > MAX_TEXT or _CONTROL.search(value):
        return f"must be at most {MAX_TEXT} characters, none of them a control character"
    return ""


def _number(kind: NumberValue, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number"
    if kind.whole and not isinstance(value, int):
        return "must be a whole number"
    if not abs(value) <= MAX_NUMBER:  # NaN neither
        return "must be of magnitude at most 10^15"
    if not kind.least <= value <= kind.most:
        unit = f" {kind.unit}" if kind.unit else ""
        return f"must be {kind.least} to {kind.most}{unit}"
    return ""


def _boolean(_kind: BooleanValue, value: object) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _choice(kind: Choice, value: object) -> str:
    return "" if isinstance(value, str) and value in kind.options else f"must be {one_of(kind.options)}"


def _values(_kind: ValueList, value: object) -> str:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_VALUES:
        return f"must be a list of 1 to {MAX_VALUES} values"
    return next(filter(None, map(_scalar, value)), "")


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return ""
    return _number(NumberValue(), value) if isinstance(value, int | float) else _text(TextValue(), value)


def _conditions(_kind: ConditionList, value: object) -> str:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_CONDITIONS:
        return f"must be a list of 1 to {MAX_CONDITIONS} conditions"
    return next(filter(None, map(_condition, value)), "")


def _condition(value: object) -> str:
    if not isinstance(value, dict) or not {"column", "op"} <= set(value) <= {"column", "op", "value"}:
        return 'a condition is {"column": …, "op": …, "value": …}'
    if problem := _column(ColumnName(), value["column"]):
        return problem
    op = value["op"]
    if op not in _OPS:
        return f"op must be {one_of(_OPS)}"
    if (op in PRESENCE_OPS) == ("value" in value):
        return f"{op} takes {'no' if op in PRESENCE_OPS else 'a'} value"
    if op in PRESENCE_OPS:
        return ""
    return _values(ValueList(), value["value"]) if op in LIST_OPS else _scalar(value["value"])


def condition_problem(kind: ColumnType, op: str, value: object) -> str:
    """Why a condition that is one does not fit a column of this type; empty when it does."""
    if op in PRESENCE_OPS or kind == "any":
        return ""
    if op in LIST_OPS and isinstance(value, list):
        if kind not in ("number", "text"):
            return f"{op} is for numbers and text, and the column holds {kind}"
        return (
            ""
            if all(_is_of(kind, each) for each in value)
            else f"the column holds {kind}; so must the values"
        )
    allowed = {"text": TEXT_OPS, "boolean": BOOLEAN_OPS}.get(kind, COMPARISONS)
    if op not in allowed:
        return f"a column of type {kind} is compared by {one_of(allowed)}"
    return "" if _is_of(kind, value) else f"the value must be {_MEANT[kind]}"


_MEANT: Final = {
    "number": "a number",
    "date": "a date as 2024-12-31, or 2024-12-31 18:30",
    "text": "text",
    "boolean": "true or false",
}


def _is_of(kind: ColumnType, value: object) -> bool:
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    return isinstance(value, str) and (kind == "text" or re.fullmatch(DATE, value) is not None)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def one_of(words: Sequence[str]) -> str:
    """For people: `a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


_CHECKS: Final[dict[type, Callable[..., str]]] = {
    StepRef: _step,
    InputName: _input,
    ColumnName: _column,
    ColumnNames: _columns,
    NewName: _new_name,
    TextValue: _text,
    NumberValue: _number,
    BooleanValue: _boolean,
    Choice: _choice,
    ConditionList: _conditions,
    ValueList: _values,
}

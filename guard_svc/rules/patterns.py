"""Regular expressions that need exponential time on a text that does not match.

Knows the syntax of patterns. Must not know programs beyond the calls that take one.

A repeat inside a repeat is harmless when something between two rounds tells them apart: `(\\d+,)+`. It is not
when a text can be cut into rounds in many ways: `(a+)+`, `(\\w+\\s*)*`, `(x|xx)*`.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]  # the parser of `re` itself
from typing import Any, Final

from guard_svc.rules.subject import Subject
from guard_svc.rules.words import PATTERN_FUNCTIONS, PATTERN_METHODS

_MANY: Final = 16
_ALPHABET: Final = frozenset(map(chr, (*range(32, 127), 9, 10, 233)))
_MAX_PATTERN: Final = 2000


def check(subject: Subject) -> None:
    """Every constant pattern given to `re`, or to a text method of pandas."""
    for node in subject.nodes:
        if isinstance(node, ast.Call):
            for pattern in _patterns(subject, node):
                if is_explosive(pattern):
                    message = (
                        f"The pattern {pattern[:80]!r} needs exponential time on a text that does not match."
                    )
                    subject.report("threat.resource.pattern", node, message)


def _patterns(subject: Subject, call: ast.Call) -> Iterator[str]:
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    given = call.args[0] if call.args else words.get("pattern") or words.get("pat") or words.get("to_replace")
    if given is None:
        return
    function = call.func
    of_texts = (
        isinstance(function, ast.Attribute)
        and function.attr in PATTERN_METHODS
        and ("regex" in words or (isinstance(function.value, ast.Attribute) and function.value.attr == "str"))
    )
    if of_texts or subject.names.paths(function) & PATTERN_FUNCTIONS:
        yield from subject.names.texts(given)


@lru_cache(maxsize=512)
def is_explosive(pattern: str) -> bool:
    """Whether some repeat in `pattern` can divide one text in exponentially many ways."""
    if len(pattern) > _MAX_PATTERN or not re.search(r"[*+}]", pattern):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _explodes(_parser.parse(pattern))
    except (re.error, RecursionError, OverflowError):
        return False


def _explodes(items: Any) -> bool:
    for operation, argument in items:
        if _is_repeat(operation) and argument[1] > _MANY and _is_ambiguous(list(argument[2])):
            return True
        if any(_explodes(inner) for inner in _inner(operation, argument)):
            return True
    return False


def _is_repeat(operation: Any) -> bool:
    return operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT)


def _inner(operation: Any, argument: Any) -> Iterator[Any]:
    if _is_repeat(operation):
        yield argument[2]
    elif operation is _constants.SUBPATTERN:
        yield argument[3]
    elif operation is _constants.BRANCH:
        yield from argument[1]
    elif operation in (_constants.ASSERT, _constants.ASSERT_NOT):
        yield argument[1]


def _is_ambiguous(items: list[Any]) -> bool:
    """Whether rounds over `items` can end in many places of the same text."""
    items = _unwrapped(items)
    if len(items) == 1 and items[0][0] is _constants.BRANCH:
        return _branches_overlap(items[0][1][1])
    for index, (operation, argument) in enumerate(items):
        # `x|xx|xxx` arrives as x followed by nothing, x or xx: an end that may belong to the round.
        open_end = operation is _constants.BRANCH and any(not len(branch) for branch in argument[1])
        if not open_end and not (_is_repeat(operation) and argument[1] > _MANY):
            continue
        rest = [item for place, item in enumerate(items) if place != index and _needed(item)]
        characters = _characters([(operation, argument)])
        if all(_characters([item]) & characters for item in rest):
            return True
    return False


def _unwrapped(items: list[Any]) -> list[Any]:
    while len(items) == 1 and items[0][0] is _constants.SUBPATTERN:
        items = list(items[0][1][3])
    flat: list[Any] = []
    for operation, argument in items:
        flat += (
            _unwrapped(list(argument[3])) if operation is _constants.SUBPATTERN else [(operation, argument)]
        )
    return flat


def _needed(item: Any) -> bool:
    operation, argument = item
    if operation is _constants.AT:
        return False
    return not (_is_repeat(operation) and argument[0] == 0)


def _branches_overlap(branches: Any) -> bool:
    texts = [_literal(branch) for branch in branches]
    for index, text in enumerate(texts):
        others = [other for place, other in enumerate(texts) if place != index and other]
        if text and any(text == other * (len(text) // len(other)) for other in others):
            return True
    singles = [_characters(branch) for branch in branches if len(branch) == 1 and not _literal(branch)]
    literals = frozenset(text for text in texts if text and len(text) == 1)
    seen: set[str] = set(literals)
    for characters in singles:
        if seen & characters:
            return True
        seen |= characters
    return any(_is_ambiguous(list(branch)) for branch in branches)


def _literal(branch: Any) -> str | None:
    if all(operation is _constants.LITERAL for operation, _ in branch):
        return "".join(chr(argument) for _, argument in branch)
    return None


def _characters(items: Any) -> frozenset[str]:
    """Which characters of a small alphabet the items may consume."""
    found: frozenset[str] = frozenset()
    for operation, argument in items:
        found |= _consumed(operation, argument)
    return found


def _consumed(operation: Any, argument: Any) -> frozenset[str]:
    if operation is _constants.LITERAL:
        return frozenset({chr(argument)})
    if operation is _constants.NOT_LITERAL:
        return _ALPHABET - {chr(argument)}
    if operation is _constants.ANY:
        return _ALPHABET
    if operation is _constants.IN:
        return _members(argument)
    return frozenset().union(*(_characters(inner) for inner in _inner(operation, argument)))


def _members(entries: Any) -> frozenset[str]:
    negated = entries[0][0] is _constants.NEGATE
    found: set[str] = set()
    for operation, argument in entries:
        if operation is _constants.LITERAL:
            found.add(chr(argument))
        elif operation is _constants.RANGE:
            found |= {char for char in _ALPHABET if argument[0] <= ord(char) <= argument[1]}
        elif operation is _constants.CATEGORY:
            found |= {char for char in _ALPHABET if _in_category(argument, char)}
    return _ALPHABET - found if negated else frozenset(found)


def _in_category(category: Any, char: str) -> bool:
    name = str(category).rpartition("_")[2]
    inside = {"DIGIT": char.isdigit(), "SPACE": char.isspace(), "WORD": char.isalnum() or char == "_"}[name]
    return inside != ("_NOT_" in str(category))

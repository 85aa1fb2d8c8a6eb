"""A plan: steps that use earlier steps' results; read strictly, spelt in one way, named by its digest.

Knows docs/actions-format.md §3 as JSON. Must not know which actions there are: `checking` does.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from placet.actions.canonical import canonical
from placet.actions.types import MAX_NUMBER, Value

MAX_STEPS: Final = 24
MAX_BYTES: Final = 64 * 1024
_MAX_DEPTH: Final = 4


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a plan. `path` is `step 3.by`, counted from 1; `message` says what to do."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class PlanInvalid(ValueError):  # noqa: N818  (named for what it says)
    """It is no plan. `problems` holds every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Step:
    """One action with values for its parameters; what it leaves out has its default."""

    action: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def as_json(self) -> dict[str, Value]:
        """As it stands in a plan."""
        return {"action": self.action, **self.values}


@dataclass(frozen=True)
class Plan:
    """1 to 24 steps, well formed; whether they fit a catalogue and inputs, `checking.check` says."""

    steps: tuple[Step, ...]

    @cached_property
    def document(self) -> bytes:
        """The plan's JCS bytes."""
        return canonical({"version": 1, "steps": [step.as_json() for step in self.steps]})

    @property
    def sha256(self) -> bytes:
        """32-byte digest of `document`: the plan's name."""
        return hashlib.sha256(self.document).digest()


def read_plan(document: bytes) -> Plan:
    """The plan in bytes that may come from anybody, in any spelling. Raises PlanInvalid."""
    if len(document) > MAX_BYTES:
        raise _invalid(f"{len(document)} bytes; at most {MAX_BYTES} are allowed")
    try:
        value = json.loads(document.decode(), object_pairs_hook=_without_repeats, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"not JSON: {error}") from None
    known = isinstance(value, dict) and set(value) == {"version", "steps"}
    if not known or type(value["version"]) is not int or value["version"] != 1:
        raise _invalid('must be {"version": 1, "steps": […]} and nothing else')
    if not isinstance(value["steps"], list) or not 1 <= len(value["steps"]) <= MAX_STEPS:
        raise _invalid(f"steps must be a list of 1 to {MAX_STEPS} steps")
    return plan_of(value["steps"])


def plan_of(steps: Iterable[object]) -> Plan:
    """The plan of these steps as JSON says them. Raises PlanInvalid with every problem."""
    found: list[Step] = []
    problems: list[Problem] = []
    for number, value in enumerate(steps, 1):
        try:
            found.append(step_of(value, number))
        except PlanInvalid as error:
            problems += error.problems
    if not problems and not 1 <= len(found) <= MAX_STEPS:
        raise _invalid(f"steps must be a list of 1 to {MAX_STEPS} steps")
    if problems:
        raise PlanInvalid(problems)
    plan = Plan(tuple(found))
    if len(plan.document) > MAX_BYTES:
        raise _invalid(f"{len(plan.document)} bytes; at most {MAX_BYTES} are allowed")
    return plan


def step_of(value: object, number: int) -> Step:
    """One step as JSON says it; `null` is left out. `number` is for messages. Raises PlanInvalid."""
    path = f"step {number}"
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("action"), str)
        or not value["action"].isascii()
    ):
        raise PlanInvalid([Problem(path, 'a step is {"action": NAME, parameter: value, …}')])
    values, problems = {}, []
    for name, each in value.items():
        if name != "action" and each is not None:
            try:
                values[_ascii(name)] = _normal(each, 0)
            except ValueError as error:
                problems.append(Problem(f"{path}.{name[:60]}", str(error)))
    if problems:
        raise PlanInvalid(problems)
    return Step(value["action"], values)


def _ascii(name: str) -> str:
    if not name.isascii():
        raise ValueError("no parameter is called so")
    return name


def _normal(value: object, depth: int) -> Value:
    """The same value with whole numbers written so, and nothing in it that JCS could not write."""
    if isinstance(value, str):
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("holds half a character; write UTF-8")
        return value
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(value)
    if depth < _MAX_DEPTH and isinstance(value, list):
        return [_normal(each, depth + 1) for each in value]
    if (
        depth < _MAX_DEPTH
        and isinstance(value, dict)
        and all(isinstance(k, str) and k.isascii() for k in value)
    ):
        return {key: _normal(each, depth + 1) for key, each in value.items()}
    raise ValueError("is neither text, number, truth value nor a list of them")


def _number(value: int | float) -> int | float:
    if not abs(value) <= MAX_NUMBER:
        raise ValueError("a number is of magnitude at most 10^15")
    return int(value) if value == int(value) else value


def _invalid(message: str) -> PlanInvalid:
    return PlanInvalid([Problem("plan", message)])


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object repeats a key")
    return found


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is not a number")

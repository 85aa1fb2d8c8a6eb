"""A plan as a person writes it: `MEAN price BY region WHERE year >= 2020 TOP 5 BAR`, or one step a line.

Knows docs/actions-format.md §6. Must not know which actions there are, nor whether a plan fits.
"""

from collections.abc import Collection
from typing import Final

from placet.actions.plan import Plan, PlanInvalid, Step, plan_of
from placet.actions.query import read_query, written_query
from placet.actions.tokens import TextInvalid, Tokens, written

__all__ = ["TextInvalid", "read_text", "text_of"]

MAX_CHARS: Final = 64 * 1024


def read_text(text: str, inputs: Collection[str] = ()) -> Plan:
    """The plan that `text`, which may come from anybody, wholly is. `inputs` are the names of the files.

    Raises TextInvalid when it is none: then it may still be a task in words.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines or len(text) > MAX_CHARS:
        raise TextInvalid("there is no text, or too much of it")
    try:
        return plan_of(_steps(lines, inputs))
    except PlanInvalid as error:
        raise TextInvalid(str(error)) from None
    except RecursionError:
        raise TextInvalid("lists stand in lists, too deeply") from None


def _steps(lines: list[str], inputs: Collection[str]) -> list[dict[str, object]]:
    query = read_query(lines[0], inputs)
    if query is not None and len(lines) > 1:
        raise TextInvalid("a query stands on one line")
    return query.steps() if query else [_step(Tokens(line)) for line in lines]


def text_of(plan: Plan, inputs: Collection[str] = ()) -> str:
    """The plan in text form: a short query where one means the same, else one step a line."""
    short = written_query(plan, inputs)
    if short is not None and _means(short, inputs, plan):
        return short
    return "\n".join(map(_line, plan.steps))


def _means(text: str, inputs: Collection[str], plan: Plan) -> bool:
    try:
        return read_text(text, inputs).document == plan.document
    except TextInvalid:
        return False


def _step(tokens: Tokens) -> dict[str, object]:
    step: dict[str, object] = {"action": tokens.identifier()}
    while not tokens.at_end:
        name = tokens.identifier()
        tokens.expect("=")
        if name in step:
            raise TextInvalid(f"{name} is given twice")
        step[name] = tokens.value()
    return step


def _line(step: Step) -> str:
    return " ".join([step.action, *(f"{name}={written(value)}" for name, value in step.values.items())])

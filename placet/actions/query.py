"""A short query: one measure of one table, by groups, under conditions, cut to the top, and drawn.

Knows the built-in actions that it stands for (docs/actions-format.md §6.1). Must not know files of actions.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from placet.actions.plan import Plan, Step
from placet.actions.tokens import CHARTS, MEASURES, TextInvalid, Tokens, written_condition, written_name
from placet.actions.types import MAX_NEW_NAME

_VERBS: Final = {word: verb for verb, word in MEASURES.items()}
_MEASURING: Final = {
    "aggregate": "",
    "value": "",
    "count": "count",
    "row_count": "count",
    "count_distinct": "distinct",
    "distinct_count": "distinct",
}
"""The actions that a query can stand for, and what they compute where they do not say it."""


@dataclass(frozen=True)
class Query:
    """What the text says, still without steps."""

    file: str
    how: str
    column: str = ""
    name: str = ""
    by: tuple[str, ...] = ()
    where: tuple[dict[str, object], ...] = ()
    order: str = ""
    count: object = 0
    chart: str = ""

    def steps(self) -> list[dict[str, object]]:
        """The plan's steps, as JSON."""
        steps: list[dict[str, object]] = [{"action": "read", "file": self.file}]
        if self.where:
            steps.append({"action": "filter_rows", "table": 1, "where": list(self.where)})
        steps.append(self._measure(len(steps)))
        if self.order:
            top = {"action": "top", "table": len(steps), "column": self.name, "count": self.count}
            steps.append(top if self.order == "largest" else {**top, "order": self.order})
        if self.chart and self.chart != "TABLE":
            steps.append(self._drawn(len(steps)))
        return steps

    def _measure(self, table: int) -> dict[str, object]:
        if not self.by and self.how == "count" and not self.column:
            return {"action": "row_count", "table": table}
        if self.how == "distinct":
            groups = {"by": list(self.by), "name": self.name} if self.by else {}
            action = "count_distinct" if self.by else "distinct_count"
            return {"action": action, "table": table, "column": self.column, **groups}
        if not self.by:
            return {"action": "value", "table": table, "column": self.column, "how": self.how}
        if self.how == "count" and not self.column:
            return {"action": "count", "table": table, "by": list(self.by), "name": self.name}
        return {
            "action": "aggregate",
            "table": table,
            "by": list(self.by),
            "column": self.column,
            "how": self.how,
            "name": self.name,
        }

    def _drawn(self, table: int) -> dict[str, object]:
        if self.chart == "PIE":
            return {"action": "pie", "table": table, "names": self.by[0], "sizes": self.name}
        group = {"group": self.by[1]} if len(self.by) == 2 else {}
        action = "line" if self.chart == "LINE" else "grouped_bar" if group else "bar"
        return {"action": action, "table": table, "x": self.by[0], "y": self.name, **group}


def read_query(line: str, inputs: Collection[str]) -> Query | None:
    """The query that the whole line is; None when it begins as none. Raises TextInvalid for half a one."""
    tokens = Tokens(line)
    file = tokens.name() if tokens.skip("FROM") else ""
    verb = tokens.keyword(MEASURES)
    if verb is None:
        if file:
            raise TextInvalid(f"after FROM stands one of {', '.join(MEASURES)}")
        return None
    column = "" if verb == "COUNT" and tokens.kind not in ("word", "string") else _column(tokens, verb)
    name = tokens.name() if tokens.skip("AS") else ""
    by = tuple(_separated(tokens, ",")) if tokens.skip("BY") else ()
    where = tuple(_conditions(tokens)) if tokens.skip("WHERE") else ()
    order = "largest" if tokens.skip("TOP") else "smallest" if tokens.skip("BOTTOM") else ""
    count = tokens.whole() if order else 0
    chart = tokens.keyword(CHARTS) or ""
    if not tokens.at_end:
        raise TextInvalid(f"{tokens.text[:20]!r} has no place there")
    if not by and (order or chart or name):
        raise TextInvalid("AS, TOP, BOTTOM and charts need BY: there is one value only")
    if len(by) > (1 if chart == "PIE" else 2 if chart in ("BAR", "LINE") else 16):
        raise TextInvalid(f"{chart} cannot show so many columns of groups")
    how = MEASURES[verb]
    return Query(_file(file, inputs), how, column, name or _name(how, column), by, where, order, count, chart)


def written_query(plan: Plan, inputs: Collection[str]) -> str | None:
    """A query that may mean `plan`; whoever asks reads it back. None where there is none."""
    steps = list(plan.steps)
    first = steps.pop(0)
    if first.action != "read" or not steps:
        return None
    where = steps.pop(0) if steps[0].action == "filter_rows" else None
    if not steps or steps[0].action not in _MEASURING:
        return None
    parts = [*_written_from(first, inputs), *_written_measure(steps.pop(0))]
    if where is not None:
        parts += ["WHERE", " AND ".join(map(written_condition, _dicts(where.values.get("where"))))]
    if steps and steps[0].action == "top":
        top = steps.pop(0).values
        parts += ["TOP" if top.get("order", "largest") == "largest" else "BOTTOM", str(top.get("count"))]
    if steps:
        chart = {"bar": "BAR", "grouped_bar": "BAR", "line": "LINE", "pie": "PIE"}.get(steps.pop(0).action)
        parts += [chart or ""]
    return " ".join(parts) if not steps else None


def _written_from(step: Step, inputs: Collection[str]) -> list[str]:
    file = str(step.values.get("file"))
    return [] if list(inputs) == [file] else ["FROM", written_name(file)]


def _written_measure(step: Step) -> list[str]:
    how = _MEASURING[step.action] or str(step.values.get("how"))
    column, name, by = (step.values.get(key) for key in ("column", "name", "by"))
    parts = [_VERBS.get(how, ""), *([written_name(column)] if isinstance(column, str) else [])]
    if isinstance(name, str) and name != _name(how, column if isinstance(column, str) else ""):
        parts += ["AS", written_name(name)]
    return [*parts, "BY", ", ".join(map(written_name, by))] if isinstance(by, list) else parts


def _dicts(value: object) -> Iterable[dict[str, object]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _name(how: str, column: str) -> str:
    """What the measure's column is called unless AS says it: `mean price`."""
    plain = " ".join(re.findall("[A-Za-z0-9_]+", f"{how} {column}"))
    return plain[:MAX_NEW_NAME].rstrip()


def _column(tokens: Tokens, verb: str) -> str:
    if verb == "COUNT" and tokens.kind == "word" and tokens.text in ("AS", "BY", "WHERE"):
        return ""
    return tokens.name()


def _separated(tokens: Tokens, sign: str) -> list[str]:
    names = [tokens.name()]
    while tokens.skip(sign):
        names.append(tokens.name())
    return names


def _conditions(tokens: Tokens) -> list[dict[str, object]]:
    found = [tokens.condition()]
    while tokens.skip("AND"):
        found.append(tokens.condition())
    return found


def _file(file: str, inputs: Collection[str]) -> str:
    if file:
        return file
    if len(inputs) != 1:
        raise TextInvalid("say FROM which file: there is not exactly one")
    return next(iter(inputs))

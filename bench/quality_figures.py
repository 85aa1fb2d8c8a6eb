"""From what came of each question to shares with intervals, and to what the guard costs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from bench.quality_lines import GUARDED, UNANSWERED, UNGUARDED, Line, Way
from bench.report import Metric, plain
from placet.proportion import Share

LEVELS = ("easy", "medium", "hard")


def figures(lines: Sequence[Line]) -> dict[str, Metric]:
    """For each way its shares, in percent; questions without an answer count for nothing and are counted."""
    found: dict[str, Metric] = {}
    ways = sorted({line.way for line in lines}, key=lambda way: (way.mode, way.guard != GUARDED))
    for way in ways:
        found |= _of_way(_name(way), [line for line in lines if line.way == way])
    for mode in dict.fromkeys(way.mode for way in ways):
        found |= cost_of_the_guard(mode, lines)
    return found


def _of_way(name: str, lines: Sequence[Line]) -> dict[str, Metric]:
    answered = [line for line in lines if line.outcome != UNANSWERED]
    values = Share(sum(line.right for line in answered), sum(line.of for line in answered))
    found = _share(f"{name}_right", [line.right == line.of for line in answered])
    found |= {
        f"{name}_values_right": plain(100 * (values.value or 0.0), "%", values.n),
        f"{name}_in_form": _percent(answered, lambda line: line.in_form),
        f"{name}_stopped": _percent(answered, lambda line: line.stopped),
        f"{name}_ran": _percent(answered, lambda line: line.outcome == "DONE"),
        f"{name}_unanswered": plain(len(lines) - len(answered), "questions", len(lines)),
    }
    for level in LEVELS:
        of_level = [line for line in answered if line.level == level]
        found[f"{name}_right_{level}"] = _percent(of_level, lambda line: line.right == line.of)
    if asked := [line.seconds for line in answered if not line.same_as_guarded]:
        found[f"{name}_seconds_p50"] = plain(median(asked), "s", len(asked))
    return found


def _share(name: str, hits: Sequence[bool]) -> dict[str, Metric]:
    """A share and between which values it lies at 95 %."""
    share = Share(sum(hits), len(hits))
    low, high = share.wilson95
    return {
        name: plain(100 * (share.value or 0.0), "%", share.n),
        f"{name}_low95": plain(100 * low, "%", share.n),
        f"{name}_high95": plain(100 * high, "%", share.n),
    }


def _percent(lines: Sequence[Line], hit: Callable[[Line], bool]) -> Metric:
    share = Share(sum(map(hit, lines)), len(lines))
    return plain(100 * (share.value or 0.0), "%", share.n)


def cost_of_the_guard(mode: str, lines: Sequence[Line]) -> dict[str, Metric]:
    """Points of right answers lost by the guard, over the questions that were asked both ways."""
    ways = {guard: _right(lines, Way(mode, guard)) for guard in (GUARDED, UNGUARDED)}
    both = ways[GUARDED].keys() & ways[UNGUARDED].keys()
    if not both:
        return {}
    lost = sum(ways[UNGUARDED][each] and not ways[GUARDED][each] for each in both)
    won = sum(ways[GUARDED][each] and not ways[UNGUARDED][each] for each in both)
    return {
        f"{mode}_guard_costs": plain(100 * (lost - won) / len(both), "points", len(both)),
        f"{mode}_guard_lost": plain(lost, "questions", len(both)),
        f"{mode}_guard_won": plain(won, "questions", len(both)),
    }


def _right(lines: Sequence[Line], way: Way) -> Mapping[int, bool]:
    return {
        line.id: line.right == line.of for line in lines if line.way == way and line.outcome != UNANSWERED
    }


def _name(way: Way) -> str:
    return way.mode if way.guard == GUARDED else f"{way.mode}_unguarded"

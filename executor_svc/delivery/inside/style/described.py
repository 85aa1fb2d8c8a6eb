"""Reading what a program's process told of a figure: data only, closed, bounded. It is hostile.

What comes out has exactly the keys and the shapes that `FIGURE` says, so that whoever draws it need not look
again. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from executor_svc.delivery.inside.description import missing
from executor_svc.delivery.inside.style.closed import (
    Check,
    Count,
    NoDescription,
    between,
    color,
    exactly,
    maybe,
    number,
    one_of,
    record,
    series,
    some,
    switch,
    text,
    word,
)

MOST_LINES: Final = 256
LONGEST_LINE: Final = 12 << 20


_COLORS: Final = some(maybe(color), 20_000)
_DASH: Final = word("-", "--", "-.", ":", "none")
MARKERS: Final = ("", *"o.,v^<>12348spP*hH+xXDd|_")
_MARKER: Final = word(*MARKERS)
_SCALE: Final = word("sequential", "diverging")
SCALES: Final = ("linear", "log", "symlog", "logit")
"""Of an axis."""
_BOX: Final = exactly(between(-10, 10), 4)
_PLACE: Final = between(0, 63)
_WIDTH: Final = between(0, 4)
_Z: Final = between(-1e6, 1e6)
_GRID: Final = some(some(maybe(number), 1024), 1024)
_COLORED: Final[Mapping[str, Check]] = {
    "values": maybe(series),
    "scale": maybe(_SCALE),
    "colors": _COLORS,
    "edges": _COLORS,
}

MARK: Final = one_of(
    "k",
    line=record(
        x=series,
        y=series,
        color=maybe(color),
        width=_WIDTH,
        dash=_DASH,
        step=word("default", "steps", "steps-pre", "steps-mid", "steps-post"),
        marker=_MARKER,
        size=between(0, 14),
        z=_Z,
    ),
    bar=record(box=exactly(number, 4), color=maybe(color), edge=maybe(color), width=_WIDTH, dash=_DASH, z=_Z),
    shapes=record(
        items=some(some(some(exactly(number, 2), 50_000), 2000), 20_000),
        width=_WIDTH,
        dash=_DASH,
        z=_Z,
        **_COLORED,
    ),
    points=record(
        x=series,
        y=series,
        sizes=some(between(0, 1500), 50_000),
        markers=some(_MARKER, 50_000),
        z=_Z,
        **_COLORED,
    ),
    mesh=record(x=series, y=series, values=_GRID, scale=_SCALE, lines=switch, z=_Z),
    image=record(extent=exactly(number, 4), values=_GRID, scale=_SCALE, smooth=switch, z=_Z),
)
"""What stands in axes, in their data coordinates; widths and sizes in points."""

AXIS: Final = record(
    label=text,
    scale=word(*SCALES),
    limits=exactly(number, 2),
    kind=word("number", "date", "given"),
    fixed=switch,
    ticks=some(number, 400),
    labels=some(text, 400),
    shown=switch,
    side=word("bottom", "top", "left", "right", "default"),
    angle=between(-90, 90),
)

TEXT: Final = record(
    text=text,
    at=exactly(number, 2),
    to=maybe(exactly(number, 2)),
    ha=word("left", "center", "right"),
    va=word("top", "center", "bottom", "baseline", "center_baseline"),
    angle=between(-360, 360),
    size=between(0.6, 1.6),
    bold=switch,
)

LEGEND: Final = record(
    title=text,
    entries=some(
        record(label=text, color=maybe(color), edge=maybe(color), dash=_DASH, marker=_MARKER, area=switch), 60
    ),
    columns=between(1, 8),
    corner=between(0, 10),
    outside=switch,
)

PLACE: Final = one_of(
    "how",
    box=record(box=_BOX),
    inside=record(of=_PLACE, box=_BOX),
    over=record(of=_PLACE, shared=word("x", "y")),
    grid=record(
        size=exactly(between(1, 40), 2),
        rows=exactly(between(0, 40), 2),
        columns=exactly(between(0, 40), 2),
        heights=some(between(0.01, 100), 40),
        widths=some(between(0.01, 100), 40),
        box=_BOX,
    ),
)

_PLAIN: Final = record(
    place=PLACE,
    title=text,
    on=switch,
    framed=switch,
    equal=switch,
    x=AXIS,
    y=AXIS,
    marks=some(MARK, 5000),
    texts=some(TEXT, 1500),
    tables=some(record(rows=some(some(text, 40), 100), box=exactly(number, 4)), 4),
    legend=maybe(LEGEND),
)

FIGURE: Final = record(
    inches=exactly(between(0.1, 100), 2),
    title=text,
    x=text,
    y=text,
    captions=some(text, 50),
    legends=some(LEGEND, 4),
    axes=some(
        one_of(
            "kind",
            plain=_PLAIN,
            polar=_PLAIN,
            colorbar=record(
                place=PLACE,
                of=some(_PLACE, 64),
                vertical=switch,
                label=text,
                ticks=some(number, 400),
                values=some(number, 400),
                labels=some(text, 400),
                scale=_SCALE,
            ),
        ),
        64,
    ),
    left_out=some(word(*missing.PARTS), len(missing.PARTS)),
)
"""Version 1."""


@dataclass(frozen=True)
class Told:
    """One line: where a figure was saved, and what it shows or why that is not known."""

    name: str | None
    sha256: str | None
    figure: Mapping[str, Any] | None
    failed: str


def read(content: bytes) -> Sequence[Told]:
    """All figures that were told, in order; lines that are none are left out, since they name no figure."""
    lines = content.split(b"\n")[: MOST_LINES + 1]
    return [told for told in map(_line, lines[:MOST_LINES]) if told is not None]


def _line(line: bytes) -> Told | None:
    try:
        value = json.loads(line, parse_constant=_refuse) if len(line) <= LONGEST_LINE else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.pop("version", None) != 1:
        return None
    name, sha256 = value.pop("name", None), value.pop("sha256", None)
    if not all(one is None or isinstance(one, str) for one in (name, sha256)):
        return None
    if "failed" in value:
        return Told(
            name, sha256, None, value["failed"] if value["failed"] in missing.WHOLE else missing.UNKNOWN
        )
    try:
        return Told(name, sha256, FIGURE(value, Count()), "")
    except (NoDescription, RecursionError) as error:
        return Told(name, sha256, None, f"its description is none ({error})"[:200])


def _refuse(constant: str) -> float:
    raise ValueError(constant)

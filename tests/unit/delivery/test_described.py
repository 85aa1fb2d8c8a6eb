"""docs/style-format.md §5: what a program's process told of a figure is read as hostile."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor_svc.delivery.inside.description import missing
from executor_svc.delivery.inside.style import described
from executor_svc.delivery.inside.style.closed import plain
from executor_svc.delivery.inside.style.described import read

AXIS: dict[str, Any] = {
    "label": "x",
    "scale": "linear",
    "limits": [0, 1],
    "kind": "number",
    "fixed": False,
    "ticks": [0, 0.5],
    "labels": [],
    "shown": True,
    "side": "bottom",
    "angle": 0,
}
LINE: dict[str, Any] = {
    "k": "line",
    "x": [1, None],
    "y": [2, 3],
    "color": "#1f77b4ff",
    "width": 1.5,
    "dash": "-",
    "step": "default",
    "marker": "",
    "size": 6,
    "z": 2,
}
AXES: dict[str, Any] = {
    "kind": "plain",
    "place": {"how": "box", "box": [0, 0, 1, 1]},
    "title": "t",
    "on": True,
    "framed": True,
    "equal": False,
    "x": AXIS,
    "y": AXIS,
    "marks": [LINE],
    "texts": [],
    "tables": [],
    "legend": None,
}
FIGURE: dict[str, Any] = {
    "version": 1,
    "name": "a.png",
    "sha256": None,
    "inches": [6, 4],
    "title": "",
    "x": "",
    "y": "",
    "captions": [],
    "legends": [],
    "axes": [AXES],
    "left_out": [],
}


def line(figure: Any) -> bytes:
    return json.dumps(figure).encode() + b"\n"


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The figure with something else at a path."""
    copy: Any = json.loads(json.dumps(FIGURE))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return dict(copy)


def test_a_description_is_read_as_it_is() -> None:
    (told,) = read(line(FIGURE))
    assert told.figure is not None
    assert told.figure["axes"][0]["marks"][0]["y"] == [2.0, 3.0]
    assert (told.name, told.failed) == ("a.png", "")


MARKS = ("axes", 0, "marks")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("facecolor",), "magenta"),
        (("axes", 0, "background"), "#000000"),
        (("title",), 3),
        (("title",), "x" * 301),
        (("axes",), [AXES] * 65),
        (("axes", 0, "kind"), "3d"),
        (("axes", 0, "place"), {"how": "box", "box": [0, 0, 1]}),
        (("axes", 0, "place"), {"how": ["box"], "box": [0, 0, 1, 1]}),
        (("axes", 0, "x", "scale"), "function"),
        (("axes", 0, "x", "limits"), [0, True]),
        (("axes", 0, "x", "limits"), [0, 10**400]),
        ((*MARKS, 0, "color"), "magenta"),
        ((*MARKS, 0, "color"), "#00000"),
        ((*MARKS, 0, "marker"), "$x$"),
        ((*MARKS, 0, "x"), [1] * 400_001),
        ((*MARKS, 0, "k"), "picture"),
        (MARKS, [LINE] * 5001),
    ],
)
def test_5_1_what_the_schema_does_not_name_is_no_description(path: tuple[Any, ...], value: Any) -> None:
    (told,) = read(line(changed(path, value)))
    assert told.figure is None
    assert told.failed.startswith("its description is none")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_5_1_neither_nan_nor_infinities_are_numbers(number: str) -> None:
    document = line(FIGURE).replace(b'"width": 1.5', f'"width": {number}'.encode())
    assert all(told.figure is None for told in read(document))


@pytest.mark.parametrize(
    "hostile",
    [
        b"[" * 2_000_000,
        b'{"a":' * 100_000,
        b"\xff\xfe",
        b"{}",
        b"null",
        b'{"version": 2, "name": "a.png"}',
        b'{"version": 1, "name": ["a.png"], "sha256": null}',
        b'{"version": 1, "name": "a.png", "sha256": null, "title": "' + b"a" * (12 << 20) + b'"}',
    ],
)
def test_5_1_a_line_that_is_none_of_ours_names_no_figure(hostile: bytes) -> None:
    assert [told.figure is None for told in read(hostile + b"\n" + line(FIGURE))][-1:] == [False]


def test_widths_and_sizes_are_moved_into_their_bounds() -> None:
    (told,) = read(line(changed((*MARKS, 0, "width"), 900)))
    assert told.figure is not None
    assert told.figure["axes"][0]["marks"][0]["width"] == 4


def test_no_more_figures_are_read_than_a_program_may_leave() -> None:
    assert len(read(line(FIGURE) * 400)) == described.MOST_LINES


@pytest.mark.parametrize(
    "char", ["\u2588", "\u25a0", "\u2b1b", "\u220e", "\U0001f7e5", "\ue000", "\u2502", "\x07"]
)
def test_3_8_characters_that_draw_are_left_out(char: str) -> None:
    assert plain(f"a{char}b") == "a b"


def test_3_10_what_is_missing_is_told_in_our_words_only() -> None:
    """Else a program's process could tell a caller anything, past the contract."""
    (part,) = read(line(changed(("left_out",), ["salary of 4711: 90000"])))
    assert (part.figure, "4711" in part.failed) == (None, False)
    failed = {"version": 1, "name": "a.png", "sha256": None}
    (whole,) = read(line({**failed, "failed": "salary of 4711: 90000"}))
    assert whole.failed == missing.UNKNOWN
    for word in missing.WHOLE:
        assert read(line({**failed, "failed": word}))[0].failed == word


@pytest.mark.parametrize(
    "text", ["Größe in m²", "价格", "μ ≤ 3 °C", "a → b", "1 €", "line\nline", "–", "№ 5"]
)
def test_3_8_words_in_any_script_stay(text: str) -> None:
    assert plain(text) == text


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [found for key, inner in items for found in _paths(inner, (*path, key))]


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(_paths(FIGURE)), value=_JSON)
def test_5_1_whatever_stands_anywhere_it_is_read_or_refused(path: tuple[Any, ...], value: Any) -> None:
    """MUST: unknown or missing keys, other types, NaN and infinities make it no description."""
    for told in read(line(changed(path, value))):
        assert (told.figure is None) == bool(told.failed) or told.failed == ""
        assert told.figure is None or set(told.figure) == set(FIGURE) - {"version", "name", "sha256"}

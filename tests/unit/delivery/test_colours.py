"""docs/style-format.md 3.6: a program's colours become the house's."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from executor_svc.delivery.inside.style.colours import Colours

HOUSE = {
    "axes": "#ffffff",
    "text": "#203040",
    "palette": ["#2f5d8a", "#d9822b", "#3f8f6b"],
    "sequential": ["#ffffff", "#0000ff"],
    "diverging": ["#ff0000", "#ffffff", "#0000ff"],
}
TABLEAU = [
    "#1f77b4ff",
    "#ff7f0eff",
    "#2ca02cff",
    "#d62728ff",
    "#9467bdff",
    "#8c564bff",
    "#e377c2ff",
    "#17becfff",
]


def hexed(rgba: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgba[:3])


def test_colours_become_the_palettes_in_the_order_in_which_they_appear() -> None:
    colours = Colours(HOUSE)
    asked = ["#ff0000ff", "#00ff00ff", "#ff0000ff", "#0000ffff"]
    assert [hexed(colours.stroke(color)) for color in asked] == ["#2f5d8a", "#d9822b", "#2f5d8a", "#3f8f6b"]


def test_different_colours_stay_different_also_beyond_the_palette() -> None:
    colours = Colours(HOUSE)
    colours.expect(TABLEAU)
    assert len({hexed(colours.area(color)) for color in TABLEAU}) == len(TABLEAU)


def test_what_a_library_desaturated_is_the_same_colour() -> None:
    colours = Colours(HOUSE)
    assert colours.area("#3274a1ff") == colours.area("#1f77b4ff")


def test_more_colours_than_can_be_told_apart_become_shades() -> None:
    colours = Colours(HOUSE)
    ramp = [f"#00{level:02x}{255 - level:02x}ff" for level in range(0, 256, 8)]
    colours.expect(ramp)
    assert all(hexed(colours.area(color)).endswith("ff") for color in ramp)


def test_grey_lines_have_the_texts_colour_and_white_areas_the_axes() -> None:
    colours = Colours(HOUSE)
    assert {hexed(colours.stroke(grey)) for grey in ("#000000ff", "#444444ff", "#c0c0c0ff")} == {"#203040"}
    assert hexed(colours.area("#ffffffff")) == "#ffffff"
    assert hexed(colours.area("#000000ff")) == "#2f5d8a"


def test_transparency_stays() -> None:
    assert math.isclose(Colours(HOUSE).area("#ff000080")[3], 128 / 255)


@given(st.lists(st.from_regex(r"\A#[0-9a-f]{8}\Z"), min_size=1, max_size=60))
def test_3_6_every_colour_must_be_the_styles(asked: list[str]) -> None:
    """MUST: no colour that is not the palette's, a shade of it towards the axes, a scale's, or the text's."""
    colours = Colours(HOUSE)
    colours.expect(asked)
    for color in asked:
        for given_ in (colours.area(color), colours.stroke(color), colours.edge(color)):
            assert _is_houses(hexed(given_))


def _is_houses(color: str) -> bool:
    plain = {HOUSE["axes"], HOUSE["text"], *HOUSE["palette"]}
    paler = {_paler(base, share) for base in HOUSE["palette"] for share in (0.35, 0.7)}
    on_scale = color.endswith("ff") and color[1:3] == color[3:5]
    return color in plain | paler or on_scale


def _paler(color: str, share: float) -> str:
    parts = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return hexed(tuple((part + (255 - part) * share) / 255 for part in parts))

"""docs/style-format.md §1 and §2: what a style may say, and how what is wrong with it is told."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from executor_svc.delivery.wanted import Wanted
from placet.scope import ScopeInvalid, load_scope
from placet.scope import style as style_module
from placet.scope.style import Style, read_style

HEAD = b"apiVersion: placet/v1\nkind: Style\nmetadata: {name: house, version: 1}\n"
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 200, 80) + bytes(20)
FONT = b"\x00\x01\x00\x00" + bytes(20)


def problems(body: bytes, **companions: bytes) -> tuple[str, ...]:
    """All that is wrong with a style of this body; `__` in a companion's name stands for a dot."""
    with pytest.raises(ScopeInvalid) as refused:
        style(body, **companions)
    return refused.value.problems


def style(body: bytes, **companions: bytes) -> Style:
    files = {name.replace("__", "."): content for name, content in companions.items()}
    return read_style("house.yaml", {"house.yaml": HEAD + body, **files})


@pytest.mark.parametrize(
    "body", [b"a: &x 1\nb: *x\n", b"a: !!str 1\n", b"grid: x\ngrid: y\n", b"\xff", b"- 1\n", b"a: [\n"]
)
def test_1_1_a_style_is_a_plain_mapping(body: bytes) -> None:
    (problem,) = problems(body)
    assert problem.startswith("house.yaml: ")


@pytest.mark.parametrize(
    ("body", "line", "key"),
    [
        (b"colour: red\n", 4, "colour"),
        (b"figure:\n  dpi: 144\n  wide: 3\n", 6, "figure.wide"),
        (b"figure: {dpi: 1000}\n", 4, "figure.dpi"),
        (b'figure: {width_in: "7"}\n', 4, "figure.width_in"),
        (b"colors:\n  background: white\n", 5, "colors.background"),
        (b'colors:\n  palette:\n    - "#000000"\n    - "#12345"\n', 7, "colors.palette.1"),
        (b"font: {family: Comic Sans MS}\n", 4, "font.family"),
        (b"dates: '%A'\n", 4, "dates"),
        (b"dates: '%s'\n", 4, "dates"),
        (b"numbers: {decimal: ',', thousands: ','}\n", 4, "numbers"),
        (b"figure: {height_in: 9, tallest_in: 3}\n", 4, "figure"),
        (b"figure: {margin_in: 2, height_in: 3}\n", 4, "figure"),
        (b"watermark: {text: DRAFT, strength: 0.9}\n", 4, "watermark.strength"),
        (b"logo: {file: ../logo.png}\n", 4, "logo.file"),
        (b"grid: diagonal\n", 4, "grid"),
    ],
)
def test_1_2_what_the_page_does_not_name_is_refused_with_file_line_and_key(
    body: bytes, line: int, key: str
) -> None:
    assert any(problem.startswith(f"house.yaml:{line}: {key}: ") for problem in problems(body)), problems(
        body
    )


def test_a_thousand_mistakes_are_placed_by_one_look_at_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller may send a style with its scope: what is wrong with it must not cost a guard its time."""
    looks: list[bytes] = []
    monkeypatch.setattr(style_module, "numbered_mapping", _counted(style_module.numbered_mapping, looks))
    told = problems(b"".join(b"k%d: 1\n" % number for number in range(1000)))
    assert (len(told), len(looks)) == (1000, 1)
    assert told[-1].startswith("house.yaml:1003: k999: ")


def _counted(read: Callable[[bytes], Any], looks: list[bytes]) -> Callable[[bytes], Any]:
    def counted(document: bytes) -> Any:
        looks.append(document)
        return read(document)

    return counted


def test_1_3_all_problems_are_told_at_once() -> None:
    body = b"figure: {dpi: 0}\ngrid: z\nsheet: house.mplstyle\nlogo: {file: logo.png}\n"
    told = "\n".join(problems(body, house__mplstyle=b"backend: agg\nlines.linewidth: thick\n"))
    for place in (
        "house.yaml:4",
        "house.yaml:5",
        "house.mplstyle:1: backend",
        "house.mplstyle:2: lines.linewidth",
    ):
        assert place in told, told


@pytest.mark.parametrize(
    ("body", "file", "content", "word"),
    [
        (b"logo: {file: logo.png}\n", "logo__png", None, "placet scope pin"),
        (b"sheet: house.mplstyle\n", "house__mplstyle", None, "placet scope pin"),
        (b"font: {files: [house.ttf]}\n", "house__ttf", None, "placet scope pin"),
        (b"logo: {file: logo.png}\n", "logo__png", b"GIF89a", "no PNG"),
        (
            b"logo: {file: logo.png}\n",
            "logo__png",
            PNG[:16] + struct.pack(">II", 9000, 2) + bytes(9),
            "pixels",
        ),
        (b"font: {files: [house.ttf]}\n", "house__ttf", b"wOFF", "no TrueType"),
    ],
)
def test_1_4_companions_of_a_style_are_there_and_of_their_kind(
    body: bytes, file: str, content: bytes | None, word: str
) -> None:
    (problem,) = problems(body, **({} if content is None else {file: content}))
    assert problem.startswith("house.yaml:4: ")
    assert word in problem


def test_what_goes_into_the_cell_holds_all_files_but_the_sheet_itself() -> None:
    body = b"logo: {file: logo.png}\nfont: {files: [house.ttf]}\nsheet: house.mplstyle\n"
    made = style(body, logo__png=PNG, house__ttf=FONT, house__mplstyle=b"lines.linewidth: 3\n")
    said = json.loads(made.for_cell())
    assert {name: base64.b64decode(content) for name, content in said["files"].items()} == {
        "logo.png": PNG,
        "house.ttf": FONT,
    }
    assert said["sheet"] == {"lines.linewidth": "3"}


def test_without_a_file_there_is_a_built_in_style() -> None:
    assert json.loads(read_style(None, {}).for_cell())["metadata"]["name"] == "built-in"


@pytest.mark.parametrize(
    "line",
    [
        *(
            b"backend: agg",
            b"savefig.directory: /tmp",
            b"text.usetex: True",
            b"text.latex.preamble: \\input{x}",
        ),
        *(b"datapath: /", b"animation.ffmpeg_path: /bin/sh", b"font.size: 1e9", b"axes.facecolor: url(x)"),
        *(
            b"lines.linewidth",
            b": 3",
            b"axes.prop_cycle: __import__('os')",
            b"axes.formatter.use_locale: True",
        ),
        *(
            b"lines.linewidth: 2; backend: agg",
            b"axes.prop_cycle: cycler('color', ['r']) + cycler('ls', ['-'])",
        ),
    ],
)
def test_2_1_a_sheet_has_only_keys_about_looks_with_values_of_their_form(line: bytes) -> None:
    (problem,) = problems(b"sheet: house.mplstyle\n", house__mplstyle=b"# ours\n\n" + line + b"\n")
    assert problem.startswith("house.mplstyle:3: ")


def test_2_1_a_key_of_a_sheet_stands_once() -> None:
    (problem,) = problems(b"sheet: s\n", s=b"lines.linewidth: 2\nlines.linewidth: 3\n")
    assert problem.startswith("s:2: lines.linewidth: stands twice")


def test_2_2_a_sheet_gives_rules_that_the_style_does_not_say() -> None:
    sheet = b"""
figure.facecolor: white  # a comment
axes.facecolor: "#E5E5E5"
axes.prop_cycle: cycler('color', ['E24A33', '348ABD', '988ED5'])
font.size: 9.0
savefig.dpi: 100
"""
    made = style(b'colors: {axes: "#010203"}\nsheet: s\n', s=sheet)
    assert made.colors.background == "#ffffff"
    assert made.colors.axes == "#010203"
    assert made.colors.palette == ("#e24a33", "#348abd", "#988ed5")
    assert (made.font.size_pt, made.figure.dpi) == (9.0, 100)


def test_2_2_what_a_sheet_implies_is_checked_as_a_rule() -> None:
    assert any("figure.dpi" in problem for problem in problems(b"sheet: s\n", s=b"savefig.dpi: 9000\n"))


EXAMPLE = Path(__file__).parents[3] / "examples" / "scopes" / "styles"
PAGE = Path(__file__).parents[3] / "docs" / "style-format.md"


def test_the_pages_example_is_the_one_beside_the_scopes_and_is_a_style() -> None:
    companions = {path.name: path.read_bytes() for path in EXAMPLE.iterdir()}
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert block.encode() == companions["house.yaml"]
    made = read_style("house.yaml", companions)
    assert (made.named, made.dates) == (("logo.png", "house.mplstyle"), "%d.%m.%Y")


def test_1_5_an_executor_does_not_use_a_scope_whose_style_is_none() -> None:
    document = HEAD + b"colour: red\n"
    digest = hashlib.sha256(document).hexdigest()
    scope = load_scope(
        b"apiVersion: placet/v1\nkind: Scope\nmetadata: {name: s, version: 1, owner: o}\npurpose: p\n"
        b"style: house.yaml\nfiles: {house.yaml: '%b'}\n" % digest.encode()
    )
    with pytest.raises(ScopeInvalid, match=r"house\.yaml:4: colour: unknown key"):
        Wanted.by(scope, {"house.yaml": document})

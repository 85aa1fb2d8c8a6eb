"""docs/style-format.md §3 and §4, sentence by sentence: what the house makes of figures and tables.

All orders are carried out in one process under the sandbox's interpreter; real runs are
tests/security/test_style_overridden.py's.
"""

from __future__ import annotations

import csv
import io
import json
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from executor_svc.delivery.inside.description import missing
from executor_svc.delivery.inside.style.closed import MOST_NUMBERS
from placet.scope.style import read_style
from tests.fakes.orders import PYTHON, REPOSITORY, AnyOrder, Handed, carried_out
from tests.unit.delivery.test_described import AXES, AXIS, FIGURE, LINE, line

HEAD = b"apiVersion: placet/v1\nkind: Style\nmetadata: {name: house, version: 1}\n"
SMALL = b"figure: {width_in: 4, height_in: 3, dpi: 50, margin_in: 0.2}\n"
COLORS = b'colors: {background: "#fff8e7", axes: "#e7f3ff", palette: ["#2f5d8a", "#3f8f6b"]}\n'
FONTS = PYTHON.parents[1] / "lib"


def _png(width: int, height: int, rgb: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + rgb * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def house(body: bytes = b"", **companions: bytes) -> dict[str, bytes]:
    """A cell's files with a style of this body; `__` in a companion's name stands for a dot."""
    files = {name.replace("__", "."): content for name, content in companions.items()}
    return {"house style": read_style("house.yaml", {"house.yaml": HEAD + body, **files}).for_cell()}


GERMAN = b"numbers: {decimals: 1, decimal: ',', thousands: '.'}\ndates: '%d.%m.%Y'\ntimes: '%d.%m.%Y %H:%M'\n"
TABLE = b"""region,price,sold,day,at,id,note,empty
north,1234.56,1200000,2024-01-31,2024-01-31T08:05:00,12345678901234567890,"a, b",
south,0.00001,3,2024-02-29,2024-02-29T00:00:00,1,0071,
west,,4,,,2,3.5,
"""
PICTURE = _png(4, 4, b"\xff\x00\xff")


def figure(name: str = "a.png", **more: Any) -> bytes:
    return line({**FIGURE, "name": name, **more})


def axes(**more: Any) -> dict[str, Any]:
    return {**AXES, **more}


def drawn(told: bytes, artifacts: dict[str, bytes], body: bytes = SMALL + COLORS, **more: Any) -> AnyOrder:
    return AnyOrder(artifacts=artifacts, figures=told, style="house.yaml", **{"files": house(body), **more})


WIDE = {**LINE, "x": [0, 1], "y": [0, 1], "color": "#ff00ffff", "width": 4}
OTHER = {**WIDE, "y": [1, 0], "color": "#00ff00ff"}
IMAGE = {"k": "image", "extent": [0, 1, 0, 1], "values": [[0, 1], [1, None]], "scale": "sequential"}
CONTRACT = {"result": None, "max_kib": 500, "max_rows": 100, "min_group": None, "secrets": "withhold"}
CHECKED = drawn(
    b"".join(
        figure(
            name, title="Gr\u00f6\u00dfe $x^2$", axes=[axes(marks=[WIDE, {**IMAGE, "smooth": False, "z": 1}])]
        )
        for name in ("a.png", "b.svg", "c.pdf")
    ),
    dict.fromkeys(("a.png", "b.svg", "c.pdf"), PICTURE),
    images="figures_only",
    files=house(SMALL + b"logo: {file: logo.png}\n", logo__png=_png(20, 10, b"\xc0\x10\x10")),
    contract={**CONTRACT, "deny_columns": ["email"]},
    inputs={"i.csv": b"email,a\nx@example.org,1\n"},
)
ORDERS = {
    "checked": CHECKED,
    "csv": AnyOrder(artifacts={"t.csv": TABLE}, files=house(GERMAN), style="house.yaml"),
    "csv in English": AnyOrder(artifacts={"t.csv": TABLE}, files=house(), style="house.yaml"),
    "csv grouped": AnyOrder(
        artifacts={"t.csv": TABLE}, files=house(b"numbers: {thousands_in_csv: true}\n"), style="house.yaml"
    ),
    "other writers": AnyOrder(
        artifacts={
            "latin.csv": "café;price\nNord;1.256\n".encode("latin-1"),
            "mark.csv": b"\xef\xbb\xbfa,b\r\n1.256,x\r\n",
            "ragged.csv": b"a,b\n1.256\n",
        },
        files=house(),
        style="house.yaml",
    ),
    "no table": AnyOrder(artifacts={"t.csv": b'a,b\n"1,2\n'}, files=house(), style="house.yaml"),
    "names": drawn(
        b"".join(figure(name) for name in ("a.png", "b.svg", "c.pdf", "d.jpg", "plots/e.png", "gone.png")),
        dict.fromkeys(("a.png", "b.svg", "c.pdf", "d.jpg", "plots/e.png"), PICTURE),
    ),
    "last counts": drawn(figure(title="no") + figure(title="yes"), {"a.png": PICTURE}),
    "three dimensions": drawn(
        line({"version": 1, "name": "a.png", "sha256": None, "failed": "three-dimensional axes"}),
        {"a.png": PICTURE},
    ),
    "three dimensions, figures only": drawn(
        line({"version": 1, "name": "a.png", "sha256": None, "failed": "three-dimensional axes"}),
        {"a.png": PICTURE},
        images="figures_only",
    ),
    "left out": drawn(figure(left_out=[missing.PICTURE]), {"a.png": PICTURE}),
    "does not fit": drawn(figure(axes=[axes(marks=[{**WIDE, "y": [1]}])]), {"a.png": PICTURE}),
    "figures only": drawn(
        figure(),
        {"a.png": PICTURE, "b.png": PICTURE, "t.csv": TABLE, "x.json": b'{"a": 1}', "x.svg": b"<svg/>"},
        images="figures_only",
    ),
    "any": drawn(figure(), {"a.png": PICTURE, "b.png": PICTURE}),
    "built in": AnyOrder(
        artifacts={"a.png": PICTURE, "t.csv": TABLE},
        figures=figure(),
        images="figures_only",
        files={"house style": read_style(None, {}).for_cell()},
    ),
    "two colours": drawn(figure(axes=[axes(marks=[WIDE, OTHER, WIDE])]), {"a.png": PICTURE}),
    "logo": drawn(
        figure(),
        {"a.png": PICTURE},
        files=house(
            SMALL + COLORS + b"logo: {file: logo.png, corner: bottom right, height_in: 0.4}\n",
            logo__png=_png(20, 10, b"\xc0\x10\x10"),
        ),
    ),
    "watermark": drawn(
        figure(axes=[]), {"a.png": PICTURE}, SMALL + COLORS + b"watermark: {text: DRAFT, strength: 0.3}\n"
    ),
    "sheet": drawn(
        figure(axes=[axes(marks=[WIDE])]),
        {"a.png": PICTURE},
        files=house(SMALL + COLORS + b"sheet: s\n", s=b"xtick.major.size: 9\naxes.linewidth: 5\n"),
    ),
    "font": drawn(
        figure(title="Hamburg", name="a.svg"),
        {"a.svg": b"<svg/>"},
        files=house(
            SMALL + b"font: {files: [own.ttf]}\n", own__ttf=next(FONTS.rglob("ttf/cmtt10.ttf")).read_bytes()
        ),
    ),
    "dates": drawn(
        b"".join(
            figure(name, axes=[axes(x={**AXIS, "kind": "date", "limits": [19737, 19737 + days]})])
            for name, days in (("a.svg", 90), ("b.svg", 1))
        ),
        {"a.svg": b"<svg/>", "b.svg": b"<svg/>"},
        SMALL + GERMAN,
    ),
    "labels": drawn(
        figure(
            "a.svg",
            axes=[
                axes(
                    x={
                        **AXIS,
                        "kind": "given",
                        "ticks": [0, 1],
                        "labels": ["1.000,50", "two"],
                        "fixed": True,
                    },
                    y={**AXIS, "limits": [0, 40000]},
                )
            ],
        ),
        {"a.svg": b"<svg/>"},
        SMALL + GERMAN,
    ),
    "many numbers": drawn(
        figure(axes=[axes(marks=[{**WIDE, "x": [1] * (MOST_NUMBERS // 2), "y": [1] * (MOST_NUMBERS // 2)}])]),
        {"a.png": PICTURE},
        images="figures_only",
    ),
}


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Handed]:
    found = carried_out(ORDERS, tmp_path_factory.mktemp("orders"))
    assert {name: one.died for name, one in found.items() if one.died} == {}
    return found


_PIXELS = """
import json, sys
import numpy as np
from PIL import Image
for path in sys.argv[1:]:
    pixels = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)
    colors, counts = np.unique(pixels, axis=0, return_counts=True)
    found = {"%02x%02x%02x" % tuple(color): int(count) for color, count in zip(colors, counts)}
    print(json.dumps([Image.open(path).size, found]))
"""


@pytest.fixture(scope="module")
def seen(handed: dict[str, Handed], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of each a.png its size, and how many pixels have which colour."""
    directory = tmp_path_factory.mktemp("pixels")
    names = [name for name, one in handed.items() if "a.png" in one.files]
    paths = [directory / f"{number}.png" for number in range(len(names))]
    for path, name in zip(paths, names, strict=True):
        path.write_bytes(handed[name].files["a.png"])
    done = subprocess.run(
        [PYTHON, "-c", _PIXELS, *map(str, paths)], capture_output=True, text=True, check=True
    )
    return dict(zip(names, map(json.loads, done.stdout.splitlines()), strict=True))


def test_3_2_size_and_backgrounds_are_the_styles(seen: dict[str, Any]) -> None:
    size, colors = seen["two colours"]
    assert size == [200, 150]
    assert colors["fff8e7"] + colors["e7f3ff"] > 0.8 * 200 * 150


def test_3_6_a_programs_colours_become_the_palettes_in_their_order(seen: dict[str, Any]) -> None:
    _, colors = seen["two colours"]
    assert colors["2f5d8a"] > 20
    assert colors["3f8f6b"] > 20
    assert not {"ff00ff", "00ff00"} & set(colors)


def test_3_7_numbers_at_ticks_are_the_houses_and_named_ticks_keep_their_words(
    handed: dict[str, Handed],
) -> None:
    texts = svg_texts(handed["labels"].files["a.svg"])
    assert {"10.000", "40.000", "1.000,50", "two"} <= texts


def test_3_7_dates_at_ticks_are_the_houses_and_below_four_days_with_times(handed: dict[str, Handed]) -> None:
    files = handed["dates"].files
    assert {"01.02.2024", "01.03.2024"} <= svg_texts(files["a.svg"])
    assert "15.01.2024 12:00" in svg_texts(files["b.svg"])


def svg_texts(content: bytes) -> set[str]:
    """What an SVG of paths says: matplotlib leaves the words as comments."""
    return {part.partition("-->")[0].strip() for part in content.decode().split("<!--")[1:]}


def test_3_9_figures_leave_under_the_programs_names_in_three_forms(handed: dict[str, Handed]) -> None:
    files = handed["names"].files
    assert set(files) == {"a.png", "b.svg", "c.pdf", "d.png", "plots/e.png"}
    assert PICTURE not in files.values()
    assert files["b.svg"].lstrip().startswith(b"<?xml")
    assert files["c.pdf"].startswith(b"%PDF")


def test_5_2_the_last_line_for_a_file_counts(handed: dict[str, Handed]) -> None:
    assert handed["last counts"].files["a.png"] != PICTURE
    assert not handed["last counts"].notices


def test_5_3_a_line_for_a_file_that_is_not_there_has_no_effect(handed: dict[str, Handed]) -> None:
    assert "gone.png" not in handed["names"].files


def test_3_10_what_cannot_be_drawn_is_told(handed: dict[str, Handed]) -> None:
    assert handed["three dimensions"].files["a.png"] == PICTURE
    assert handed["three dimensions"].notices == ["a.png is not in house style: three-dimensional axes"]
    assert handed["three dimensions, figures only"].files == {}
    assert "instead of values" in handed["left out"].notices[0]
    assert "a mark that makes no sense" in handed["does not fit"].notices[0]


def test_3_11_with_figures_only_no_other_image_leaves(handed: dict[str, Handed]) -> None:
    assert set(handed["figures only"].files) == {"a.png", "t.csv", "x.json"}
    assert [notice.partition(" ")[0] for notice in handed["figures only"].notices] == ["b.png", "x.svg"]
    assert handed["any"].files["b.png"] == PICTURE


def test_3_11_without_a_style_the_built_in_one_draws_and_tables_stay(handed: dict[str, Handed]) -> None:
    assert handed["built in"].files["a.png"] != PICTURE
    assert handed["built in"].files["t.csv"] == TABLE


def test_the_contract_takes_our_own_figures_in_each_form(handed: dict[str, Handed]) -> None:
    assert handed["checked"].violations == []
    assert set(handed["checked"].files) == {"a.png", "b.svg", "c.pdf"}


def test_a_description_of_too_many_numbers_is_none(handed: dict[str, Handed]) -> None:
    assert handed["many numbers"].files == {}
    assert "too many numbers" in handed["many numbers"].notices[0]


def test_the_logo_is_in_the_margin_and_the_watermark_over_all(seen: dict[str, Any]) -> None:
    assert seen["logo"][1]["c01010"] > 300
    assert "c01010" not in seen["any"][1]
    assert seen["watermark"][1]["fff8e7"] < 0.98 * 200 * 150


def test_2_a_sheet_changes_what_has_no_key(seen: dict[str, Any]) -> None:
    dark = {name: seen[name][1].get("1f2933", 0) for name in ("sheet", "two colours")}
    assert dark["sheet"] > 2 * dark["two colours"]


def test_a_font_of_the_teams_own_is_used(handed: dict[str, Handed]) -> None:
    assert b"Cmtt10" in handed["font"].files["a.svg"]


def rows(handed: Handed, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(handed.files["t.csv"].decode()), delimiter=delimiter))


def test_4_1_numbers_and_dates_of_a_csv_are_written_as_the_house_writes_them(
    handed: dict[str, Handed],
) -> None:
    table = rows(handed["csv"], ";")
    assert table[0] == ["region", "price", "sold", "day", "at", "id", "note", "empty"]
    assert table[1][:5] == ["north", "1234,6", "1200000", "31.01.2024", "31.01.2024 08:05"]
    assert table[3] == ["west", "", "4", "", "", "2", "3.5", ""]


def test_4_2_texts_and_long_identifiers_stay(handed: dict[str, Handed]) -> None:
    assert [row[5:7] for row in rows(handed["csv"], ";")[1:]] == [
        ["12345678901234567890", "a, b"],
        ["1", "0071"],
        ["2", "3.5"],
    ]


def test_4_3_a_number_that_would_become_nothing_keeps_two_digits(handed: dict[str, Handed]) -> None:
    assert rows(handed["csv"], ";")[2][1] == "1,0e-05"


def test_thousands_are_set_apart_in_csv_only_where_the_style_says_so(handed: dict[str, Handed]) -> None:
    assert rows(handed["csv in English"], ",")[1][1:3] == ["1234.56", "1200000"]
    assert rows(handed["csv grouped"], ",")[1][1:3] == ["1234.56", "1,200,000"]


def test_4_4_a_table_that_cannot_be_read_leaves_as_it_is_and_that_is_told(handed: dict[str, Handed]) -> None:
    assert handed["no table"].files["t.csv"] == b'a,b\n"1,2\n'
    assert "is not in house format" in handed["no table"].notices[0]


def test_4_2_encoding_and_mark_of_a_csv_stay_and_what_the_contract_could_not_read_is_not_read(
    handed: dict[str, Handed],
) -> None:
    found = handed["other writers"]
    assert found.files["latin.csv"] == "café;price\nNord;1.26\n".encode("latin-1")
    assert found.files["mark.csv"] == b"\xef\xbb\xbfa,b\n1.26,x\n"
    assert found.files["ragged.csv"] == b"a,b\n1.256\n"
    assert [notice.partition(" is ")[0] for notice in found.notices] == ["ragged.csv"]


_WORKBOOK = """
import datetime, json, sys
from pathlib import Path
sys.path += sys.argv[1:3]
import openpyxl
from executor_svc.delivery.inside import formats
from executor_svc.delivery.inside.style import house
book, path = openpyxl.Workbook(), Path(sys.argv[3])
day = datetime.date(2024, 1, 31)
for row in (["n", "x", "day", "text"], [1, 12345.678, day, "3.5"], [2, 0.5, None, "="]):
    book.active.append(row)
book.save(path / "t.xlsx")
made = formats._xlsx(house.House.read(path / "style"), path / "t.xlsx")
(path / "t.xlsx").write_bytes(made)
cells = [cell for row in openpyxl.load_workbook(path / "t.xlsx").active.iter_rows(min_row=2) for cell in row]
print(json.dumps([[str(cell.value), cell.number_format] for cell in cells]))
"""


def test_4_1_in_a_workbook_values_stay_and_formats_are_set(tmp_path: Path) -> None:
    (tmp_path / "style").write_bytes(house(GERMAN)["house style"])
    late = str(PYTHON.parents[1] / "late")
    command = [str(PYTHON), "-c", _WORKBOOK, late, str(REPOSITORY), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [
        *(["1", "0"], ["12345.678", "#,##0.0"], ["2024-01-31 00:00:00", "dd.mm.yyyy"], ["3.5", "General"]),
        *(["2", "0"], ["0.5", "#,##0.0"], ["None", "General"], ["=", "General"]),
    ]


def test_the_page_names_every_key_of_a_style() -> None:
    page = (Path(__file__).parents[3] / "docs" / "style-format.md").read_text()
    said = json.loads(read_style(None, {}).for_cell())
    keys = [f"{outer}.{inner}" for outer, part in said.items() if isinstance(part, dict) for inner in part]
    named = page.replace("`height_in`", "`figure.height_in`")
    assert [key for key in keys if key.rpartition(".")[2] not in named] == []
    assert [key for key in said if f"`{key}" not in page and key not in ("files",)] == []

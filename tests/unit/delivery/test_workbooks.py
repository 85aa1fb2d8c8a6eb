"""Workbooks and pictures of text as a stage finds them: under numbers for names, and with parts anywhere."""

from __future__ import annotations

import io
import zipfile

import pytest

from executor_svc.delivery.wanted import HOUSE_STYLE
from placet.scope.style import read_style
from tests.fakes import tables
from tests.fakes.orders import AnyOrder, Handed, carried_out
from tests.unit.delivery.test_contract import GITHUB, NOTHING, PDF, SVG, edited, hiding

STYLE = {HOUSE_STYLE: read_style(None, {}).for_cell()}
TEXT = edited(
    tables.made(book={"kind": "xlsx", "sheets": {"s": [["x", "y"], [1.23456, "PLACE"]]}})["book"],
    "xl/worksheets/sheet1.xml",
    (b"PLACE", b"=1+1"),
)
DRAWING = b'<Override PartName="/xl/a.xml" ContentType="application/vnd.oasis-drawing+xml"/></Types>'
DRAWN = edited(TEXT, "[Content_Types].xml", (b"</Types>", DRAWING))
PAGE = hiding(TEXT, "between parts", PDF)
ORDERS = {
    "house": AnyOrder(artifacts={"t.xlsx": TEXT}, style="house.yaml", files=STYLE, contract=NOTHING),
    "drawn": AnyOrder(
        artifacts={"plain.xlsx": TEXT, "drawn.xlsx": DRAWN, "pdf.xlsx": PAGE},
        images="figures_only",
        files=STYLE,
    ),
    "svg": AnyOrder(
        artifacts={"a.svg": SVG.replace(b"hello", f"{GITHUB[:9]}<tspan>{GITHUB[9:]}</tspan>".encode())},
        contract=NOTHING,
    ),
    "note": AnyOrder(
        artifacts={
            "a.xlsx": edited(
                TEXT,
                "docProps/core.xml",
                (b"openpyxl", f"<r>{GITHUB[:9]}</r><r>{GITHUB[9:]}</r>".encode()),
            )
        },
        contract=NOTHING,
    ),
}


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Handed]:
    return carried_out(ORDERS, tmp_path_factory.mktemp("workbooks"))


def test_a_workbook_is_in_house_format_and_its_texts_are_no_formulas(handed: dict[str, Handed]) -> None:
    done = handed["house"]

    assert (done.rules, list(done.notices), done.died) == ([], [], "")
    with zipfile.ZipFile(io.BytesIO(done.files["t.xlsx"])) as book:
        assert b'numFmtId="2"' in book.read("xl/styles.xml")
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
        assert b"=1+1" in book.read("xl/worksheets/sheet1.xml")


def test_a_workbook_whose_picture_lies_elsewhere_is_withheld(handed: dict[str, Handed]) -> None:
    assert list(handed["drawn"].files) == ["plain.xlsx"]
    assert handed["drawn"].notices[0].startswith("drawn.xlsx was withheld")


def test_a_workbook_that_is_a_page_as_well_is_withheld(handed: dict[str, Handed]) -> None:
    """3.11 With `outputs.images: figures_only` no other image MUST leave."""
    assert handed["drawn"].notices[1].startswith("pdf.xlsx was withheld")


@pytest.mark.parametrize("name", ["svg", "note"])
def test_6_1_a_token_that_tags_cut_in_two_is_a_token(handed: dict[str, Handed], name: str) -> None:
    assert handed[name].rules == ["secrets.github_token"]

"""docs/findings.md shows what the guard says today. PLACET_WRITE_DOCS=1 writes the outputs anew."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from placetpb.guard.v1 import guard_pb2
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from guard_svc import advice
from guard_svc.servicer import GuardServicer
from placet import wire
from placet.answers import Review
from placet.cli.human import show_review
from placet.cli.machine import review_json
from placet.cli.sarif import sarif_log
from placet.rpc.identity import caller_uri, parse_uri
from tests.fakes.guard_world import book, world
from tests.fakes.scopes import DATA_ANALYSIS

REPO = Path(__file__).resolve().parents[2]
PAGE = REPO / "docs/findings.md"
PICTURE = REPO / "docs/review.svg"
PROGRAM = Path("examples/programs/inventory.py")
KEEP_RESULTS = 1


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the search for advice ends before it has found any."""
    monkeypatch.setattr(advice, "BUDGET_S", 60.0)


class _Context:
    """As much of a gRPC context as the servicer asks."""

    def time_remaining(self) -> float:
        return 30.0


async def reviewed(program: bytes) -> Review:
    scopes = book(DATA_ANALYSIS)
    servicer = GuardServicer(world().guard, scopes, whose=lambda _: parse_uri(caller_uri("local")))
    request = guard_pb2.ReviewRequest(scope=DATA_ANALYSIS.name, program=program, verdict_only=True)
    reply = await servicer.Review(request, _Context())  # type: ignore[arg-type]
    answer = wire.review(reply.review, reply.approval, wire.record_ref(reply.verdict_record))
    return replace(answer, elapsed_ms=6)


def outputs() -> dict[str, str]:
    """What stands below each marker."""
    source = (REPO / PROGRAM).read_bytes()
    review = asyncio.run(reviewed(source))
    file = io.StringIO()
    show_review(Console(file=file, highlight=False, soft_wrap=True, width=100), review, source)
    command = f"placet review {PROGRAM} --scope data-analysis"
    return {
        "review": f"```\n$ {command}\n{file.getvalue()}```",
        "json": f"```json\n{_json(_shortened(review_json(review), 'findings'))}\n```",
        "sarif": f"```json\n{_json(_short_sarif(source, review))}\n```",
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _shortened(value: dict[str, Any], key: str) -> dict[str, Any]:
    return value | {key: [*value[key][:KEEP_RESULTS], f"… {len(value[key]) - KEEP_RESULTS} more"]}


def _short_sarif(source: bytes, review: Review) -> dict[str, Any]:
    log = sarif_log(PROGRAM, source, review)
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    return log | {
        "runs": [
            {**_shortened(run, "results"), "tool": {"driver": _shortened(driver, "rules")}},
        ]
    }


def filled(page: str) -> str:
    """The page with today's outputs below the markers."""
    for name, text in outputs().items():
        block = re.compile(rf"(<!-- made: {name} -->\n)\n*(?:```.*?\n```\n+)?", re.DOTALL)
        page = block.sub(lambda found, text=text: f"{found[1]}\n{text}\n\n", page)
    return page.rstrip("\n") + "\n"


def test_the_page_shows_what_the_guard_says_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPO)
    page = PAGE.read_text("utf-8")
    fresh = filled(page)
    if os.environ.get("PLACET_WRITE_DOCS"):
        PAGE.write_text(fresh, "utf-8")
    assert PAGE.read_text("utf-8") == fresh, "PLACET_WRITE_DOCS=1 pytest tests/docs writes the page"


def picture() -> str:
    """The same review as a terminal shows it, drawn without fonts from elsewhere."""
    source = (REPO / PROGRAM).read_bytes()
    console = Console(
        file=io.StringIO(),
        record=True,
        width=118,
        highlight=False,
        force_terminal=True,
        color_system="truecolor",
    )
    console.print(f"$ placet review {PROGRAM} --scope data-analysis", markup=False)
    show_review(console, asyncio.run(reviewed(source)), source)
    plain = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title="placet review", code_format=plain, unique_id="review")


def test_the_picture_shows_what_a_terminal_shows_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPO)
    for name in ("NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    fresh = picture()
    if os.environ.get("PLACET_WRITE_DOCS"):
        PICTURE.write_text(fresh, "utf-8")
    assert PICTURE.read_text("utf-8") == fresh, "PLACET_WRITE_DOCS=1 pytest tests/docs writes the picture"
    assert "http" not in fresh.replace("http://www.w3.org/2000/svg", "").replace(
        "https://www.textualize.io", ""
    )


def test_each_field_of_a_finding_is_explained() -> None:
    page = PAGE.read_text("utf-8")
    review = asyncio.run(reviewed((REPO / PROGRAM).read_bytes()))
    (first, *_) = review_json(review)["findings"]
    assert [name for name in first if f"`{name}`" not in page] == []
    assert [name for name in review_json(review)["advice"] if f"`{name}`" not in page] == []

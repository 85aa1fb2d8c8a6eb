"""The overview and the list of requests as pages: what is on record before they are seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import httpx
import pytest

from audit_svc.console import stream
from audit_svc.console.earlier import Overview
from audit_svc.console.labels import Labels
from audit_svc.console.live import Live, Part
from audit_svc.console.names import Names
from audit_svc.console.pages import overview, requests
from audit_svc.console.queue import Queue
from audit_svc.console.sample import Sample
from audit_svc.console.views import Views
from audit_svc.draft import Draft
from audit_svc.readings import Readings
from placet.audit.reader import Entry
from placet.audit.record import Record
from placet.rpc.errors import ServiceError
from placet.rpc.identity import reviewer_uri, service_uri
from tests.fakes.audit_world import World, Writer, verdict
from tests.fakes.console_pages import WorldLog, pages

HOSTILE = "<script>alert(1)</script>"


@asynccontextmanager
async def console(world: World) -> AsyncIterator[tuple[httpx.AsyncClient, Writer]]:
    """A browser, and the log's services."""
    async with world.writing() as writer:
        with world.reader() as reader:
            log = WorldLog(reader, writer.sequencer)
            parts: list[Part] = [Overview(), Names(), Queue(), Labels(Sample())]
            live = Live(log, parts)
            more = [live, *parts, Views(), Readings(log.append)]
            routes = [*overview.ROUTES, *requests.ROUTES]
            async with live.following(), pages(reader, writer.sequencer, routes, more=more) as browser:
                yield browser, writer


async def deny(writer: Writer, request_id: str = "req-1", **change: object) -> None:
    body = verdict(verdict="DENIED", **change)
    await writer.sequencer.append(Draft("verdict_reached", request_id, service_uri("guard"), body))


def readings(world: World) -> list[dict[str, object]]:
    records = [(entry, Record.decode(entry.leaf)) for entry in world.entries()]
    return [dict(record.body) for entry, record in records if is_reading(entry)]


def is_reading(entry: Entry) -> bool:
    return entry.kind == "records_read"


async def test_a_search_is_on_record_with_its_filters_as_they_were_given(tmp_path: Path) -> None:
    async with console(World(tmp_path)) as (browser, writer):
        await deny(writer)
        for _ in range(2):
            found = await browser.get("/requests?verdict=DENIED&since=24h&x=y")
        assert "req-1" in found.text
    assert readings(World(tmp_path)) == [
        {
            "reader": reviewer_uri("ana"),
            "indexes": [],
            "query": {"verdict": "DENIED", "since": "24h"},
        }
    ]


async def test_a_request_id_among_the_words_leads_to_that_request(tmp_path: Path) -> None:
    async with console(World(tmp_path)) as (browser, writer):
        await deny(writer, "a/b?c")
        answer = await browser.get("/requests?text=a/b%3Fc")
        assert (answer.status_code, answer.headers["location"]) == (303, "/requests/a%2Fb%3Fc")
        assert (await browser.get("/requests?text=a/b")).status_code == 200
    assert [reading["query"] for reading in readings(World(tmp_path))] == [{"text": "a/b?c"}, {"text": "a/b"}]


async def test_what_cannot_be_put_on_record_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise ServiceError(grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE", "told to")

    async with console(World(tmp_path)) as (browser, writer):
        await deny(writer)
        monkeypatch.setattr(Readings, "query", refuse)
        for path in ("/requests", "/live/requests"):
            assert (await browser.get(path)).status_code == 503


async def test_a_filter_that_is_not_understood_finds_nothing_and_is_told(tmp_path: Path) -> None:
    async with console(World(tmp_path)) as (browser, writer):
        await deny(writer)
        found = await browser.get("/requests?since=soon")
        assert "Not understood" in found.text
        assert "req-1" not in found.text
        assert (await browser.get("/live/requests?since=soon")).status_code == 400
    assert readings(World(tmp_path)) == []


async def test_names_from_the_log_are_text_on_both_pages(tmp_path: Path) -> None:
    scope = {"name": HOSTILE, "version": 1, "sha256": "5" * 64}
    found = [{"rule_id": HOSTILE, "severity": HOSTILE, "line": 1, "message": HOSTILE}]
    async with console(World(tmp_path)) as (browser, writer):
        await deny(writer, HOSTILE.replace(" ", ""), scope=scope, findings=found, caller=HOSTILE)
        await browser.post("/views", data={"name": HOSTILE, "query": "verdict=DENIED"})
        for path in ("/", "/requests", f"/requests?text={HOSTILE}"):
            text = (await browser.get(path)).text
            assert HOSTILE not in text
        assert "&lt;script&gt;" in (await browser.get("/requests")).text


async def test_views_are_kept_for_whoever_keeps_them(tmp_path: Path) -> None:
    async with console(World(tmp_path)) as (browser, _):
        kept = await browser.post("/views", data={"name": "mine", "query": "verdict=DENIED&foo=bar"})
        assert (kept.status_code, kept.headers["location"]) == (303, "/requests?verdict=DENIED")
        assert ">mine</a>" in (await browser.get("/requests")).text
        assert ">mine</a>" not in (await browser.get("/requests", headers={"who": "ben=viewer"})).text
        await browser.post("/views/remove", data={"name": "mine"})
        assert ">mine</a>" not in (await browser.get("/requests")).text


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "query": ""},
        {"name": "x" * 61, "query": ""},
        {"name": "x", "query": "since=soon"},
        {"name": "x", "query": "&".join(["a=1"] * 50)},
    ],
)
async def test_a_view_without_a_name_or_a_meaning_is_not_kept(tmp_path: Path, form: dict[str, str]) -> None:
    async with console(World(tmp_path)) as (browser, _):
        assert (await browser.post("/views", data=form)).status_code == 400


async def test_the_overview_shows_each_range_and_an_unknown_one_as_the_first(tmp_path: Path) -> None:
    async with console(World(tmp_path)) as (browser, writer):
        await deny(writer)
        for name in ("24h", "7d", "30d", "90d", "nonsense"):
            answer = await browser.get(f"/?range={name}")
            assert answer.status_code == 200
            assert "style=" not in answer.text


@pytest.fixture
def short_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams that end at once, since a browser of this kind waits for their end."""
    for name, seconds in (("STREAM_S", 0.3), ("PING_S", 0.1), ("GATHER_S", 0.0)):
        monkeypatch.setattr(stream, name, seconds)
    monkeypatch.setattr(overview, "GATHER_S", 0.0)


@pytest.mark.usefixtures("short_streams")
async def test_a_stream_tells_of_what_matches_from_where_the_page_was(tmp_path: Path) -> None:
    async with console(World(tmp_path)) as (browser, writer):
        await deny(writer, "seen")
        size = writer.sequencer.head.size
        await deny(writer, "new")
        told = (await browser.get(f"/live/requests?verdict=DENIED&after={size}")).text
        assert '"request_id": "new"' in told
        assert '"request_id": "seen"' not in told
        assert "event: row" not in (await browser.get(f"/live/requests?verdict=ALLOWED&after={size}")).text
        assert '"verdicts": "2"' in (await browser.get(f"/live/overview?after={size}")).text


@pytest.mark.usefixtures("short_streams")
async def test_of_too_much_the_page_is_told_to_load_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MAX_TOLD", 2)
    async with console(World(tmp_path)) as (browser, writer):
        for number in range(3):
            await deny(writer, f"r{number}")
        told = (await browser.get("/live/requests?after=0")).text
        assert "event: many" in told
        assert "event: row" not in told

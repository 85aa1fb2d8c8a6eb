"""The log is followed once, completely, in order, and whatever a record holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from starlette.requests import Request

from audit_svc.access import Role
from audit_svc.console import live as module
from audit_svc.console import stream as streaming
from audit_svc.console.live import Growth, Live
from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.console.stream import Event, encode, stream
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record
from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import AUDIT, GUARD, World, verdict
from tests.fakes.console_log import console_log


class Seen:
    """A part that remembers, and refuses what it is told to."""

    def __init__(self, fail_at: int = -1) -> None:
        self.indexes: list[int] = []
        self.kinds: list[str] = []
        self._fail_at = fail_at

    async def start(self, log: Log) -> None:
        """Nothing to learn."""

    def follow(self, entry: Entry, record: Record) -> None:
        """Remember."""
        if entry.index == self._fail_at:
            raise ValueError("told to")
        self.indexes.append(entry.index)
        self.kinds.append(record.kind)


async def test_every_record_after_the_start_comes_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_AT_ONCE", 2)
    async with console_log(World(tmp_path)) as (log, writer):
        before = await writer.append(AUDIT, "heartbeat", {"size": 1})
        seen = Seen()
        live = Live(log, [seen])
        async with live.following():
            for _ in range(5):
                last = await writer.append(GUARD, "verdict_reached", verdict())
            growth = await live.since(before.index + 1)
            while growth.size <= last.index:
                growth = await live.since(growth.size)
    assert seen.indexes == list(range(before.index + 1, last.index + 1))
    assert set(seen.kinds) == {"verdict_reached"}


async def test_a_part_that_fails_at_a_record_keeps_no_other_from_it(tmp_path: Path) -> None:
    async with console_log(World(tmp_path)) as (log, writer):
        size = (await writer.append(AUDIT, "heartbeat", {"size": 1})).index + 1
        failing, other = Seen(fail_at=size), Seen()
        live = Live(log, [failing, other])
        async with live.following():
            await writer.append(AUDIT, "heartbeat", {"size": size})
            await live.since(size)
            await writer.append(AUDIT, "heartbeat", {"size": size + 1})
            await live.since(size + 1)
    assert other.indexes == [size, size + 1]
    assert failing.indexes == [size + 1]


async def test_whoever_was_away_too_long_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    async with console_log(World(tmp_path)) as (log, writer):
        live = Live(log)
        async with live.following():
            begin = live.size
            for _ in range(4):
                last = await writer.append(GUARD, "verdict_reached", verdict())
            while live.size <= last.index:
                await live.since(live.size)
            assert not (await live.since(begin)).complete
            recent = await live.since(last.index - 1)
            assert recent.complete
            assert [each.index for each in recent.news] == [last.index - 1, last.index]
            assert recent.requests == ("req-1",)


async def test_whoever_waits_is_woken_when_the_console_stops(tmp_path: Path) -> None:
    async with console_log(World(tmp_path)) as (log, _):
        live = Live(log)
        async with live.following():
            waiting = asyncio.create_task(live.since(live.size + 10))
            await asyncio.sleep(0)
            live.close()
            assert (await waiting).news == []


def test_what_an_event_says_cannot_end_it() -> None:
    told = encode(Event("row", {"text": "a\n\ndata: {}\r\nid: 9\u2028\u0085\0"}), 7)
    assert told.startswith("id: 7\nevent: row\ndata: {")
    assert told.endswith("}\n\n")
    assert len(told.splitlines()) == 4
    assert json.loads(told.splitlines()[2].removeprefix("data: "))["text"].startswith("a\n\ndata")


def request(query: str = "", **headers: str) -> Request:
    listed = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    state = {"person": Person("ana", Role.VIEWER)}
    return Request({"type": "http", "query_string": query.encode(), "headers": listed, "state": state})


def fetch() -> Request:
    return request(sec_fetch_dest="empty")


async def first_event(asked: Request, live: Live) -> str:
    async def make(growth: Growth) -> list[Event]:
        return [Event("grown", {"indexes": [each.index for each in growth.news]})]

    async for chunk in stream(asked, live, make).body_iterator:  # type: ignore[attr-defined]
        if "event:" in chunk:
            return str(chunk)
    return ""


async def test_a_page_that_comes_back_is_told_what_it_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "GATHER_S", 0)
    async with console_log(World(tmp_path)) as (log, writer):
        live = Live(log)
        async with live.following():
            begin = live.size
            for _ in range(3):
                last = await writer.append(GUARD, "verdict_reached", verdict())
            while live.size <= last.index:
                await live.since(live.size)
            missed = await first_event(request(f"after={begin}", last_event_id=str(begin + 1)), live)
            assert f'"indexes": [{begin + 1}, {begin + 2}]' in missed
            assert f'"indexes": [{begin}, ' in await first_event(request(f"after={begin}"), live)


async def test_a_stream_ends_so_that_the_session_is_checked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "STREAM_S", 0.05)
    monkeypatch.setattr(streaming, "PING_S", 0.02)
    async with console_log(World(tmp_path)) as (log, _):
        live = Live(log)
        async with live.following():
            assert await first_event(request("after=99999999999999999999"), live) == ""


async def test_one_person_cannot_take_all_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "MAX_OF_ONE_PERSON", 2)

    async def nothing(_: Growth) -> list[Event]:
        return []

    async with console_log(World(tmp_path)) as (log, _):
        live = Live(log)
        opened = [stream(fetch(), live, nothing).body_iterator for _ in range(2)]  # type: ignore[attr-defined]
        for each in opened:
            await anext(each)
        assert stream(fetch(), live, nothing).status_code == 429
        await opened[0].aclose()
        assert stream(fetch(), live, nothing).status_code == 200


async def test_a_log_that_cannot_be_read_for_a_moment_is_followed_from_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    async with console_log(World(tmp_path)) as (log, writer):
        seen = Seen()
        live = Live(log, [seen])
        ask, refusals = log.ask, 3

        async def ask_sometimes(read: Callable[[LogReader], object]) -> object:
            nonlocal refusals
            if refusals:
                refusals -= 1
                raise ServiceError(grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE", "told to")
            return await ask(read)

        async with live.following():
            begin = live.size
            monkeypatch.setattr(log, "ask", ask_sometimes)
            last = await writer.append(GUARD, "verdict_reached", verdict())
            while live.size <= last.index:
                await live.since(live.size)
    assert refusals == 0
    assert seen.indexes == list(range(begin, last.index + 1))

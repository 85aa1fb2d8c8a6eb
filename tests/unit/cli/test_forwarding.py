"""Records reach a SIEM at least once and in order, whatever breaks on the way (audit-format §11.4)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet.answers import LogRecord
from placet.cli.forwarding import BATCH, Cursor, CursorFile, Forwarder, Source
from placet.cli.webhook import NotEver, NotNow, Webhook
from placet.rpc.errors import ServiceError


def records(size: int) -> list[LogRecord]:
    return [LogRecord(i, b"%d" % i, f"hash{i}") for i in range(size)]


def log(size: int) -> Source:
    async def source(first: int) -> AsyncIterator[LogRecord]:
        for record in records(size)[first:]:
            yield record

    return source


class Killed(Exception):  # noqa: N818
    """The forwarder's process dies here."""


@dataclass
class Siem:
    """Takes lines; `plan` says what happens to each delivery, and after it everything is well."""

    plan: list[str] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)

    async def send(self, lines: Sequence[bytes]) -> None:
        step = self.plan.pop(0) if self.plan else "ok"
        if step == "refused":
            raise NotEver("no such index")
        if step == "killed before":
            raise Killed
        if step != "lost":
            self.seen += [int(line) for line in lines]
        if step in ("lost", "answer lost"):
            raise NotNow("no answer")
        if step == "killed after":
            raise Killed


@dataclass
class Place:
    """Where the cursor is kept."""

    cursor: Cursor | None = None

    def keep(self, cursor: Cursor) -> None:
        self.cursor = cursor


async def no_pause(_: float) -> None:
    pass


def forwarder(source: Source, siem: Siem, keep: Callable[[Cursor], None], said: list[str]) -> Forwarder:
    return Forwarder(source, siem, lambda record: record.leaf + b"\n", keep, said.append, no_pause)


async def forward(
    source: Source, siem: Siem, place: Place, *, first: int = 0, follow: bool = False
) -> list[str]:
    said: list[str] = []
    await forwarder(source, siem, place.keep, said).run(place.cursor, first=first, follow=follow)
    return said


async def test_everything_arrives_once_when_nothing_breaks() -> None:
    siem, place = Siem(), Place()
    await forward(log(BATCH * 2 + 7), siem, place)

    assert siem.seen == list(range(BATCH * 2 + 7))
    assert place.cursor == Cursor(BATCH * 2 + 7, f"hash{BATCH * 2 + 6}")


async def test_a_second_time_sends_only_what_is_new() -> None:
    siem, place = Siem(), Place()
    await forward(log(10), siem, place)
    await forward(log(10), siem, place)
    await forward(log(13), siem, place)

    assert siem.seen == list(range(13))


@given(
    size=st.integers(0, 350),
    plan=st.lists(
        st.sampled_from(["ok", "lost", "answer lost", "killed before", "killed after"]), max_size=12
    ),
)
async def test_no_record_is_lost_and_the_order_holds_whatever_breaks(size: int, plan: list[str]) -> None:
    """MUST 11.4: at least once, in order; a crash anywhere repeats records and loses none."""
    siem, place = Siem(list(plan)), Place()
    while True:
        try:
            await forward(log(size), siem, place)
            break
        except Killed:
            continue

    firsts = list(dict.fromkeys(siem.seen))
    assert firsts == list(range(size))


async def test_what_a_collector_will_never_take_stops_and_is_named() -> None:
    siem, place = Siem(["ok", "refused"]), Place()
    with pytest.raises(ServiceError, match=f"records {BATCH} to {2 * BATCH - 1} were not taken") as refused:
        await forward(log(BATCH * 3), siem, place)

    assert refused.value.reason == "EVENTS_REFUSED"
    assert place.cursor == Cursor(BATCH, f"hash{BATCH - 1}")


async def test_a_pause_says_why_and_which_records_wait() -> None:
    said = await forward(log(3), Siem(["lost"]), Place())

    assert said == ["no answer; records 0 to 2 wait"]


@pytest.mark.parametrize("size", [0, 4, 5])
async def test_a_log_that_is_not_the_one_before_is_not_gone_on_with(size: int) -> None:
    """Rolled back to fewer records, or another record where the last one was."""
    siem, place = Siem(), Place(Cursor(5, "of another log"))
    with pytest.raises(ServiceError) as refused:
        await forward(log(size), siem, place)

    assert refused.value.reason == "LOG_CHANGED"
    assert siem.seen == []


async def test_a_service_that_restarts_is_waited_for_and_gone_on_with() -> None:
    lives = iter([3, 8])

    async def source(first: int) -> AsyncIterator[LogRecord]:
        size = next(lives, None)
        if size is None:
            raise ServiceError(grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING", "enough")
        for record in records(size)[first:]:
            yield record
        raise ServiceError(grpc.StatusCode.UNAVAILABLE, "SERVER_STOPPING", "stopping")

    siem = Siem()
    with pytest.raises(ServiceError, match="enough"):
        await forward(source, siem, Place(), follow=True)

    assert siem.seen == list(range(8))


def test_a_cursor_survives_and_nonsense_is_refused(tmp_path: Path) -> None:
    kept = CursorFile(tmp_path / "cursor")
    assert kept.read() is None
    kept.write(Cursor(5, "ab"))
    assert kept.read() == Cursor(5, "ab")

    (tmp_path / "cursor").write_text("{")
    with pytest.raises(ServiceError, match="is no cursor"):
        kept.read()
    with pytest.raises(ServiceError, match="cannot be written"):
        CursorFile(tmp_path / "missing" / "cursor").write(Cursor(5, "ab"))


@dataclass
class Collector:
    """An HTTP server that answers with the given codes, one after the other, and then 200."""

    codes: list[int]
    port: int = 0
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def collecting(*codes: int) -> Iterator[Collector]:
    collector = Collector(list(codes))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            collector.requests.append((headers, body))
            self.send_response(collector.codes.pop(0) if collector.codes else 200)
            self.send_header("location", "http://127.0.0.1/elsewhere")
            self.send_header("content-length", "4")
            self.end_headers()
            self.wfile.write(b"said")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.port = server.server_address[1]
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_lines_are_posted_with_the_token() -> None:
    with collecting(200) as collector:
        async with Webhook(f"http://127.0.0.1:{collector.port}/in", token="secret") as webhook:
            await webhook.send([b'{"a":1}\n', b'{"a":2}\n'])

    ((headers, body),) = collector.requests
    assert [json.loads(line) for line in body.splitlines()] == [{"a": 1}, {"a": 2}]
    assert headers["authorization"] == "Bearer secret"
    assert headers["content-type"] == "application/x-ndjson"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [(429, NotNow), (500, NotNow), (503, NotNow), (400, NotEver), (401, NotEver), (302, NotEver)],
)
async def test_only_what_may_pass_is_tried_again(code: int, outcome: type[Exception]) -> None:
    """A redirection is not followed: the token would go with it."""
    with collecting(code) as collector:
        async with Webhook(f"http://127.0.0.1:{collector.port}/in") as webhook:
            with pytest.raises(outcome, match=str(code)):
                await webhook.send([b"x\n"])

    assert len(collector.requests) == 1


async def test_nobody_listening_is_not_now() -> None:
    async with Webhook("http://127.0.0.1:9/in") as webhook:
        with pytest.raises(NotNow):
            await webhook.send([b"x\n"])


@pytest.mark.parametrize(
    "url", ["http://siem.example/in", "ftp://siem.example", "siem.example", "https://me:secret@siem.example/"]
)
def test_records_leave_this_machine_over_tls_only(url: str) -> None:
    with pytest.raises(ValueError):
        Webhook(url)

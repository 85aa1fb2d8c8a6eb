"""`placet audit` for security staff: filters, timelines, erasure, and records handed to a SIEM."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from placet.cli.filters import identity, moment
from placet.cli.main import run
from tests.contract.test_cli import Done, Placet
from tests.fakes.any_records import BODIES, CALLER, FINDING
from tests.fakes.chain import Chain, chain_in_thread
from tests.unit.cli.test_forwarding import collecting

STORY = ("task_received", "program_generated", "verdict_reached")
REQUEST = "5f0c9d3b8a6e4c21"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with chain_in_thread(tmp_path_factory.mktemp("state")) as fakes:
        yield fakes


@pytest.fixture
async def fakes(served: Chain) -> Chain:
    served.audit.__init__()  # type: ignore[misc]  # as new
    for kind in STORY:
        bodies = {"program": b"import os\n", "prompt": b"p"} if kind == "program_generated" else {}
        await served.audit.log.append(kind, BODIES[kind], request_id=REQUEST, bodies=bodies)
    await served.audit.log.append("heartbeat", {"size": 3}, request_id="")
    return served


@pytest.fixture
def placet(fakes: Chain, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any) -> Placet:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        code = run(["--state", str(fakes.state), "audit", *map(str, arguments)])
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return call


@pytest.mark.parametrize(
    ("options", "indexes"),
    [
        (["--caller", "reports"], [0, 2]),
        (["--caller", CALLER], [0, 2]),
        (["--scope", "data-analysis"], [0, 2]),
        (["--verdict", "denied"], [2]),
        (["--rule", FINDING["rule_id"]], [2]),
        (["--text", "Imports OS"], [2]),
        (["--request", REQUEST], [0, 1, 2]),
        (["--kind", "heartbeat"], [3]),
        (["--since", "2026-11-24", "--until", "2026-11-25"], [0, 1, 2, 3]),
        (["--until", "2026-11-24"], []),
        (["--caller", "reports", "--verdict", "ALLOWED"], []),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_filters_narrow_the_list(placet: Placet, options: list[str], indexes: list[int]) -> None:
    done = placet("list", *options, "--json")

    assert done.code == 0, done.err
    assert [line["index"] for line in done.lines] == indexes


def test_the_list_says_what_happened_in_words(placet: Placet) -> None:
    done = placet("list")

    assert "task received from caller/reports" in done.out
    assert f"DENIED on program 555555555555 by rules+reviewer, risk 97 %  [{REQUEST}]" in done.out


def test_a_request_is_told_from_its_first_record_to_its_end(placet: Placet) -> None:
    done = placet("show", REQUEST)

    assert done.code == 0, done.err
    first, second, *rest = done.out.splitlines()
    assert first == f"request {REQUEST}: by caller/reports, in scope data-analysis, verdict DENIED"
    assert second == "begun 2026-11-24T10:00:00.000000Z, 3 records"
    assert rest[0].split() == ["0", "+0.000", "guard", "task", "received", "from", "caller/reports"]
    assert any("HIGH capability.process.os line 1: imports os" in line for line in rest)
    assert any("program 10 bytes" in line and "erased" not in line for line in rest)


def test_a_request_as_json_has_its_moments(placet: Placet) -> None:
    (told,) = placet("show", REQUEST, "--json").lines

    assert [moment["index"] for moment in told["moments"]] == [0, 1, 2]
    assert told["moments"][1]["kept"] == ["program", "prompt"]


def test_a_request_that_the_log_does_not_have_is_said(placet: Placet) -> None:
    done = placet("show", "nothing")

    assert "no record of request nothing" in done.err


def test_what_a_record_holds_cannot_steer_the_terminal(placet: Placet, fakes: Chain) -> None:
    """Findings quote programs, and programs are hostile."""
    hostile = {**BODIES["task_refused"], "message": "\x1b[2J\u202egone"}
    asyncio.run(fakes.audit.log.append("task_refused", hostile, request_id="hostile"))
    for done in (placet("list"), placet("show", "hostile")):
        assert "\x1b" not in done.out
        assert "\u202e" not in done.out
        assert "gone" in done.out


def test_an_erasure_says_what_went_and_shows_afterwards(placet: Placet) -> None:
    done = placet("erase", REQUEST, "--reason", "ticket 4711", "--class", "prompt", "--yes", "--json")
    shown = placet("show", REQUEST)

    assert done.lines == [{"request_id": REQUEST, "erased": [{"index": 1, "role": "prompt"}]}]
    assert "prompt 1 bytes (erased by record 4)" in shown.out
    assert "1 bodies erased for caller/local: ticket 4711" in shown.out


def test_an_erasure_asks_first_and_needs_a_reason(placet: Placet, fakes: Chain, monkeypatch: Any) -> None:
    """Nobody is there to answer: nothing is erased."""
    assert placet("erase", REQUEST, "--reason", "x").code == 4
    assert placet("erase", REQUEST, "--yes").code == 4
    assert fakes.audit.erased == {}


def test_an_export_can_be_ocsf(placet: Placet, fakes: Chain, tmp_path: Path) -> None:
    done = placet("export", "--format", "ocsf", "--out", tmp_path / "events.jsonl")
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]

    assert done.code == 0, done.err
    assert [event["class_uid"] for event in events] == [6003, 6003, 2004, 6002]
    assert fakes.audit.exports == ["ocsf"]


def test_a_collector_gets_every_event_once_over_two_calls(
    placet: Placet, fakes: Chain, tmp_path: Path
) -> None:
    """The cursor remembers; the second call sends only what came since."""
    cursor, token = tmp_path / "siem.cursor", tmp_path / "token"
    token.write_text("secret\n")
    with collecting(503) as collector:
        to = ("--to", f"http://127.0.0.1:{collector.port}/in", "--cursor", cursor, "--token-file", token)
        first = placet("tail", *to)
        asyncio.run(fakes.audit.log.append("heartbeat", {"size": 4}, request_id=""))
        second = placet("tail", *to)

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert "503" in first.err
    sent = [
        [json.loads(line)["metadata"]["sequence"] for line in body.splitlines()]
        for _, body in collector.requests
    ]
    assert sent[0] == sent[1]  # after the 503
    assert [index for batch in sent[1:] for index in batch] == [0, 1, 2, 3, 4]
    assert collector.requests[0][0]["authorization"] == "Bearer secret"
    assert json.loads(cursor.read_text())["next"] == 5


def test_a_cursor_alone_prints_each_event_once(placet: Placet, tmp_path: Path) -> None:
    first = placet("tail", "--cursor", tmp_path / "c")
    second = placet("tail", "--cursor", tmp_path / "c")

    assert [line["metadata"]["sequence"] for line in first.lines] == [0, 1, 2, 3]
    assert second.out == ""


def test_a_collector_that_refuses_ends_it_with_the_cursor_where_it_was(
    placet: Placet, tmp_path: Path
) -> None:
    with collecting(400) as collector:
        done = placet(
            "tail", "--to", f"http://127.0.0.1:{collector.port}/", "--cursor", tmp_path / "c", "--json"
        )

    assert done.code == 4
    assert done.lines[-1]["reason"] == "EVENTS_REFUSED"
    assert not (tmp_path / "c").exists()


def test_records_go_nowhere_without_tls(placet: Placet) -> None:
    done = placet("tail", "--to", "http://siem.example/in")

    assert done.code == 4
    assert "https://" in done.err


def test_the_tail_prints_the_newest_in_order(placet: Placet) -> None:
    done = placet("tail", "-n", "2", "--json")

    assert [line["index"] for line in done.lines] == [2, 3]


def test_names_become_identities() -> None:
    assert identity("reports") == "spiffe://placet.local/caller/reports"
    assert identity("reviewer/kim") == "spiffe://placet.local/reviewer/kim"
    assert identity(CALLER) == CALLER
    assert identity("") == ""


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", ""),
        ("2026-11-29", "2026-11-29T00:00:00.000000Z"),
        ("2026-11-29T12:30", "2026-11-29T12:30:00.000000Z"),
        ("2026-11-29T12:30:00+02:00", "2026-11-29T10:30:00.000000Z"),
        ("3h", "2026-11-29T09:00:00.000000Z"),
        ("7d", "2026-11-22T12:00:00.000000Z"),
    ],
)
def test_times_are_read_as_people_write_them(text: str, meant: str) -> None:
    assert moment(text, now=datetime(2026, 11, 29, 12, tzinfo=UTC)) == meant


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(typer.BadParameter):
        moment("yesterday")

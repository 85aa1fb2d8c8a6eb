"""The witness over HTTP, in process and as `placet witness`: docs/audit-format.md §12."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from placet.audit.cosignature import WitnessVerifier
from placet.audit.note import Note
from placet.audit.witness import MAX_REQUEST_BYTES, Refusal, Submission, WitnessRefused
from placet.witness.app import application
from placet.witness.book import BookUnusable, WitnessBook
from placet.witness.witness import Witness
from tests.fakes.witnesses import Story, running

STORY = Story()
LOGS = {STORY.signer.name: [STORY.signer.verifier]}
ORIGIN_HASH = sha256(STORY.signer.name.encode()).hexdigest()


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[WitnessBook]:
    book = WitnessBook(tmp_path / "witness", "security.example/witness")
    yield book
    book.close()


@pytest.fixture
async def http(book: WitnessBook, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=application(Witness(book, LOGS, clock=clock), "about\n"))
    async with httpx.AsyncClient(transport=transport, base_url="http://witness") as client:
        yield client


async def send(http: httpx.AsyncClient, submission: Submission) -> httpx.Response:
    return await http.post("/add-checkpoint", content=submission.to_text())


def verified(book: WitnessBook, note: str, lines: str) -> int:
    """When it was cosigned."""
    found = book.signer.verifier.cosignature(Note.parse(note + lines))
    assert found is not None
    return found.time_s


async def test_a_growing_log_gets_cosignatures_that_verify(
    http: httpx.AsyncClient, book: WitnessBook
) -> None:
    for old, new in ((0, 3), (3, 3), (3, 700)):
        submission = STORY.submission(old, new)
        answer = await send(http, submission)
        assert answer.status_code == 200
        assert verified(book, submission.note, answer.text) == 1_800_000_000


async def test_a_conflict_tells_the_size_in_its_own_content_type(http: httpx.AsyncClient) -> None:
    await send(http, STORY.submission(0, 3))
    answer = await send(http, STORY.submission(0, 9))

    assert answer.status_code == 409
    assert answer.headers["content-type"] == "text/x.tlog.size"
    assert answer.text == "3\n"


async def test_a_log_never_seen_has_size_0(http: httpx.AsyncClient) -> None:
    answer = await send(http, STORY.submission(4, 9))
    assert (answer.status_code, answer.text) == (409, "0\n")


async def test_the_newest_cosigned_checkpoint_can_be_fetched(
    http: httpx.AsyncClient, book: WitnessBook
) -> None:
    """§12.7: with the log's signature and its own."""
    assert (await http.get(f"/{ORIGIN_HASH}/checkpoint")).status_code == 404
    await send(http, STORY.submission(0, 3))
    await send(http, STORY.submission(3, 8))
    note = (await http.get(f"/{ORIGIN_HASH}/checkpoint")).text

    assert STORY.signer.verifier.open(note).size == 8
    assert book.signer.verifier.cosignature(Note.parse(note)) is not None
    assert (await http.get(f"/{'0' * 64}/checkpoint")).status_code == 404


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"x" * (MAX_REQUEST_BYTES + 1)])
async def test_what_is_no_request_is_400(http: httpx.AsyncClient, body: bytes) -> None:
    assert (await http.post("/add-checkpoint", content=body)).status_code == 400


async def test_a_body_without_end_is_not_read_to_its_end(http: httpx.AsyncClient) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 100:
            read += 1
            yield b"x" * 64 * 1024

    assert (await http.post("/add-checkpoint", content=endless())).status_code == 400
    assert read <= MAX_REQUEST_BYTES // (64 * 1024) + 1


async def test_only_post_submits(http: httpx.AsyncClient) -> None:
    assert (await http.get("/add-checkpoint")).status_code == 405


async def test_of_two_requests_at_once_only_one_moves_the_log(http: httpx.AsyncClient) -> None:
    """§12.4: look up and remember in one step, or a later answer would roll the memory back."""
    await send(http, STORY.submission(0, 1))
    answers = await asyncio.gather(*(send(http, STORY.submission(1, size)) for size in range(2, 30)))

    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] + [409] * 27
    winner = next(a for a in answers if a.status_code == 200)
    remembered = (await http.get(f"/{ORIGIN_HASH}/checkpoint")).text
    assert winner.text in remembered
    size = STORY.signer.verifier.open(remembered).size
    assert {a.text for a in answers if a.status_code == 409} == {f"{size}\n"}


async def test_a_clock_set_back_cosigns_nothing(http: httpx.AsyncClient, clock: Clock) -> None:
    await send(http, STORY.submission(0, 3))
    clock.now -= 1
    assert (await send(http, STORY.submission(3, 5))).status_code == 503
    clock.now += 1
    assert (await send(http, STORY.submission(3, 5))).status_code == 200


async def test_a_witness_that_cannot_write_answers_503_and_remembers_nothing(
    http: httpx.AsyncClient, book: WitnessBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """§12.4: durably, before it answers."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("placet.witness.book.replace_file", full)
        answer = await send(http, STORY.submission(0, 3))
        assert answer.status_code == 503
        assert "\u2014" not in answer.text
    assert book.newest(STORY.signer.name) is None
    assert (await send(http, STORY.submission(0, 3))).status_code == 200


@pytest.mark.parametrize("step", ["content", "name", "directory"])
def test_whatever_step_of_remembering_fails_nothing_is_answered_and_nothing_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """§12.4. After a restart it holds the old checkpoint or the new one."""
    book = WitnessBook(tmp_path / "w")
    Witness(book, LOGS).cosign(STORY.submission(0, 3).to_text())
    real, calls = os.fsync, iter(["content", "directory"])

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        if step == "name":
            patch.setattr(Path, "replace", fail)
        else:
            patch.setattr(os, "fsync", lambda handle: fail() if next(calls) == step else real(handle))
        with pytest.raises(WitnessRefused) as caught:
            Witness(book, LOGS).cosign(STORY.submission(3, 5).to_text())
    book.close()
    again = WitnessBook(tmp_path / "w")
    page = again.newest(STORY.signer.name)
    again.close()

    assert caught.value.why is Refusal.NOT_NOW
    assert page is not None
    assert page.checkpoint.size == (5 if step == "directory" else 3)


def test_memory_survives_and_is_for_one_witness_at_a_time(tmp_path: Path) -> None:
    first = WitnessBook(tmp_path / "w", "a.example/w")
    Witness(first, LOGS).cosign(STORY.submission(0, 3).to_text())
    with pytest.raises(BookUnusable, match="another witness"):
        WitnessBook(tmp_path / "w")
    first.close()
    second = WitnessBook(tmp_path / "w")
    page = second.newest(STORY.signer.name)
    second.close()

    assert page is not None
    assert page.checkpoint.size == 3
    assert second.signer.verifier == first.signer.verifier


@pytest.mark.parametrize("damage", ["gone", "empty", "no json", "swapped", "cut"])
def test_a_witness_whose_memory_is_lost_or_changed_does_not_start(tmp_path: Path, damage: str) -> None:
    """§12.6: MUST refuse to start without its memory when it has a key already."""
    directory = tmp_path / "w"
    book = WitnessBook(directory)
    Witness(book, LOGS).cosign(STORY.submission(0, 3).to_text())
    book.close()
    memory = directory / "book.json"
    other = {"v": 1, "logs": {STORY.signer.name: STORY.checkpoint(2)}}
    {
        "gone": memory.unlink,
        "empty": lambda: memory.write_text(""),
        "no json": lambda: memory.write_text("{"),
        "swapped": lambda: memory.write_text(json.dumps(other)),
        "cut": lambda: memory.write_text(memory.read_text().replace("\\n3\\n", "\\n2\\n")),
    }[damage]()

    with pytest.raises(BookUnusable):
        WitnessBook(directory)


def test_the_directory_of_one_witness_is_not_another(tmp_path: Path) -> None:
    WitnessBook(tmp_path / "w", "a.example/w").close()
    with pytest.raises(BookUnusable, match=r"a\.example/w"):
        WitnessBook(tmp_path / "w", "b.example/w")


def test_private_files_are_for_their_owner_only(tmp_path: Path) -> None:
    WitnessBook(tmp_path / "w").close()
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "w").iterdir()} == {0}


def test_the_command_makes_its_key_and_keeps_its_memory_through_kill_9(tmp_path: Path) -> None:
    vkey_file = tmp_path / "audit.vkey"
    vkey_file.write_text(STORY.signer.verifier.vkey + "\n")
    with running(tmp_path / "w", str(vkey_file)) as (process, ready), httpx.Client(trust_env=False) as http:
        answer = http.post(ready["url"] + "/add-checkpoint", content=STORY.submission(0, 3).to_text())
        process.kill()
    key = WitnessVerifier.from_vkey(ready["vkey"])
    assert key.cosignature(Note.parse(STORY.checkpoint(3) + answer.text)) is not None

    with (
        running(tmp_path / "w", STORY.signer.verifier.vkey) as (process, again),
        httpx.Client(trust_env=False) as http,
    ):
        fork = http.post(again["url"] + "/add-checkpoint", content=STORY.other(1).submission(0, 3).to_text())
        process.send_signal(signal.SIGINT)
        code = process.wait(20)
    assert again["vkey"] == ready["vkey"]
    assert (fork.status_code, fork.text) == (409, "3\n")
    assert code == 0

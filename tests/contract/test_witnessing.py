"""The log and its witnesses: docs/audit-format.md §12.8 to §12.10."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from audit_svc import witnessing
from audit_svc.anchor import LogInconsistent
from audit_svc.published import Published
from audit_svc.witness_client import WitnessClient, WitnessSilent, http_client
from audit_svc.witnessing import Witnessing
from placet.audit.checkpoint import LogSigner
from placet.audit.cosignature import WitnessSigner, WitnessVerifier
from placet.audit.note import Note
from placet.audit.reader import LogReader
from placet.audit.trust import TrustedWitness, TrustPolicy, parse_policy
from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import AUDIT, World, Writer
from tests.fakes.witnesses import answering, witness_at

PATIENCE_S = 30.0


def policy_of(quorum: str, *witnesses: tuple[WitnessVerifier, str], extra: str = "") -> TrustPolicy:
    lines = [f"witness w{i} {key.vkey} {url}" for i, (key, url) in enumerate(witnesses)]
    return parse_policy("\n".join([*lines, extra, f"quorum {quorum}"]).encode())


@asynccontextmanager
async def witnessed(world: World, writer: Writer, policy: TrustPolicy) -> AsyncIterator[Witnessing]:
    with world.reader() as reader:
        asking = Witnessing(writer.sequencer, Published(reader), policy, interval_s=0.01)
        try:
            await asking.confirm()
            task = asyncio.create_task(asking.run())
            yield asking
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        finally:
            await asking.close()


async def grow(writer: Writer, count: int) -> None:
    await asyncio.gather(*(writer.append(AUDIT, "heartbeat", {"size": 0}) for _ in range(count)))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


def trusted_size(world: World, policy: TrustPolicy, note: str) -> int:
    """0 when the policy does not trust the note."""
    try:
        return policy.open(note, [world.signer.verifier]).checkpoint.size
    except ValueError:
        return 0


async def published(world: World, policy: TrustPolicy, asking: Witnessing, size: int) -> None:
    """Return once the log publishes a trusted checkpoint of this size."""
    await until(lambda: trusted_size(world, policy, asking.checkpoint) == size)


def kept(world: World, size: int) -> Mapping[str, str]:
    """Key name → signature line, as the database has them for the checkpoint of this size."""
    store = world.store()
    try:
        return store.cosignatures(size)
    finally:
        store.close()


def backup(world: World) -> Callable[[], None]:
    """Copy the database and the checkpoint file; what this returns puts both back."""
    restore, note = world.backup(), world.checkpoint.read_text()

    def both() -> None:
        restore()
        world.checkpoint.write_text(note)

    return both


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "log").mkdir()
    return World(tmp_path / "log")


async def test_a_growing_log_publishes_cosigned_checkpoints_and_keeps_the_lines(
    log_world: World, tmp_path: Path
) -> None:
    world = log_world
    async with witness_at(tmp_path / "w", world.signer.verifier) as (book, url), world.writing() as writer:
        policy = policy_of("w0", (book.signer.verifier, url))
        async with witnessed(world, writer, policy) as asking:
            for target in (3, 300, 301):
                await grow(writer, target - writer.sequencer.head.size)
                await published(world, policy, asking, target)
                await until(lambda target=target: bool(kept(world, target)))

    assert kept(world, 301)[book.signer.name] in asking.checkpoint
    assert asking.checkpoint == writer.sequencer.witnessed
    page = book.newest(world.signer.name)
    assert page is not None
    assert page.checkpoint.size == 301


async def test_after_a_restart_the_log_learns_the_witnesss_size_and_proves_from_there(
    log_world: World, tmp_path: Path
) -> None:
    """§12.9: on 409 with a size it MUST send a proof from that size."""
    world = log_world
    async with witness_at(tmp_path / "w", world.signer.verifier) as (book, url):
        policy = policy_of("w0", (book.signer.verifier, url))
        for target in (5, 700):
            async with world.writing() as writer, witnessed(world, writer, policy) as asking:
                await grow(writer, target - writer.sequencer.head.size)
                await published(world, policy, asking, target)


async def test_two_of_three_suffice_while_one_is_down(world: World, tmp_path: Path) -> None:
    dead = (WitnessSigner.generate("dead.example").verifier, "http://127.0.0.1:9")
    key = world.signer.verifier
    async with (
        witness_at(tmp_path / "a", key, name="a.example") as (a, a_url),
        witness_at(tmp_path / "b", key, name="b.example") as (b, b_url),
        world.writing() as writer,
    ):
        policy = policy_of(
            "two", (a.signer.verifier, a_url), dead, (b.signer.verifier, b_url), extra="group two 2 w0 w1 w2"
        )
        async with witnessed(world, writer, policy) as asking:
            await grow(writer, 4)
            await published(world, policy, asking, 4)
            assert sorted(policy.open(asking.checkpoint, [key]).cosignatures) == ["w0", "w2"]


async def test_without_the_quorum_the_last_cosigned_checkpoint_stays_published(
    world: World, tmp_path: Path
) -> None:
    async with witness_at(tmp_path / "w", world.signer.verifier) as (book, url), world.writing() as writer:
        policy = policy_of("w0", (book.signer.verifier, url))
        async with witnessed(world, writer, policy) as asking:
            await grow(writer, 4)
            await published(world, policy, asking, 4)
            cosigned = asking.checkpoint
            asking._clients["w0"]._url = "http://127.0.0.1:9"
            await grow(writer, 4)
            await asyncio.sleep(0.2)
            assert asking.checkpoint == cosigned
            assert writer.sequencer.head.size == 8


async def test_a_witness_that_comes_back_is_asked_again_although_nothing_was_appended(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnessing, "RETRY_S", 0.05)
    async with witness_at(tmp_path / "w", world.signer.verifier) as (book, url), world.writing() as writer:
        policy = policy_of("w0", (book.signer.verifier, url))
        async with witnessed(world, writer, policy) as asking:
            asking._clients["w0"]._url = "http://127.0.0.1:9"
            await grow(writer, 4)
            await asyncio.sleep(0.1)
            assert not trusted_size(world, policy, asking.checkpoint)
            asking._clients["w0"]._url = url
            await published(world, policy, asking, 4)


async def test_a_witness_that_never_answers_delays_no_append(world: World) -> None:
    """§12.8: neither an append nor its answer waits for one."""

    async def hang(_: Request) -> Response:
        await asyncio.sleep(30)
        return Response()

    key = WitnessSigner.generate("slow.example").verifier
    async with answering(hang) as url, world.writing() as writer:
        asking = Witnessing(
            writer.sequencer,
            Published(LogReader(world.database)),
            policy_of("w0", (key, url)),
            interval_s=0.01,
        )
        task = asyncio.create_task(asking.run())
        started = time.monotonic()
        for _ in range(20):
            await grow(writer, 1)
        took = time.monotonic() - started
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asking.close()

    assert took < 4


LIAR = WitnessSigner.generate("liar.example")


def says(
    body: str, status: int = 200, content_type: str = "text/plain"
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return PlainTextResponse(body, status, headers={"content-type": content_type})

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        says(""),
        says("thanks"),
        says("\u2014 liar.example AAAAAAAA\n"),
        says(LIAR.cosign("placet.local/log\n1\nAAAA\n", 5)),
        says("x" * 1_000_000),
        says("no", 403),
        says("no", 422),
        says("no", 409),
        says("no", 500),
        says("no", 302),
        says("0\n", 409, "text/x.tlog.size"),
        says("5", 409, "text/x.tlog.size"),
        says("05\n", 409, "text/x.tlog.size"),
        says("1000000000\n", 409, "text/x.tlog.size"),
    ],
)
async def test_a_witness_that_answers_anything_else_neither_counts_nor_stops_the_log(
    world: World, answer: Callable[[Request], Awaitable[Response]]
) -> None:
    async with answering(answer) as url, world.writing() as writer:
        policy = policy_of("w0", (LIAR.verifier, url))
        async with witnessed(world, writer, policy) as asking:
            await grow(writer, 3)
            await asyncio.sleep(0.1)
            await grow(writer, 3)

            assert asking.checkpoint == writer.sequencer.head.checkpoint
            assert writer.sequencer.healthy
    assert kept(world, 3) == kept(world, 6) == {}


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 64 * 1024

    async def answer(_: Request) -> Response:
        return StreamingResponse(endless())

    async with answering(answer) as url, http_client() as http:
        client = WitnessClient(TrustedWitness(LIAR.verifier, url), http)
        with pytest.raises(WitnessSilent, match="too large"):
            await client.newest("placet.local/log")


async def test_an_answer_by_another_key_is_no_cosignature(world: World) -> None:
    async with world.writing() as writer:
        await grow(writer, 3)
        head = writer.sequencer.head
    line = WitnessSigner.generate("liar.example").cosign(Note.parse(head.checkpoint).text, 5)

    async def no_proof(*_: object) -> list[bytes]:
        return []

    async with answering(says(line)) as url, http_client() as http:
        client = WitnessClient(TrustedWitness(LIAR.verifier, url), http)
        with pytest.raises(WitnessSilent, match="no cosignature by the key"):
            await client.cosign(head, no_proof)


async def test_a_strangers_checkpoint_proves_nothing_against_the_log(world: World) -> None:
    """Only this log's own key can contradict it."""
    stranger = LogSigner.generate(world.signer.name)

    async def answer(request: Request) -> Response:
        if request.method == "GET":
            return PlainTextResponse(stranger.sign(1_000_000, bytes(32)))
        return PlainTextResponse("1000000\n", 409, headers={"content-type": "text/x.tlog.size"})

    async with (
        answering(answer) as url,
        world.writing() as writer,
        witnessed(world, writer, policy_of("w0", (LIAR.verifier, url))),
    ):
        await grow(writer, 3)
        await asyncio.sleep(0.1)
        await grow(writer, 3)


async def test_a_log_restored_with_its_checkpoint_file_does_not_start(
    log_world: World, tmp_path: Path
) -> None:
    """§12.10. Nothing on the log's own machine could tell: both files are of the same backup."""
    world = log_world
    async with witness_at(tmp_path / "w", world.signer.verifier) as (book, url):
        policy = policy_of("w0", (book.signer.verifier, url))
        async with world.writing() as writer:
            await grow(writer, 3)
        restore = backup(world)
        async with world.writing() as writer, witnessed(world, writer, policy) as asking:
            await grow(writer, 5)
            await published(world, policy, asking, 8)
        restore()

        async with world.writing() as writer:
            with pytest.raises(LogInconsistent, match=r"w0 holds a checkpoint over 8 records"):
                async with witnessed(world, writer, policy):
                    pytest.fail("it started")


async def test_a_witness_that_proves_a_fork_stops_a_running_log(log_world: World, tmp_path: Path) -> None:
    """§12.10: the witness was away at the start, and the restored log has grown past it meanwhile."""
    world = log_world
    async with witness_at(tmp_path / "w", world.signer.verifier) as (book, url):
        policy = policy_of("w0", (book.signer.verifier, url))
        async with world.writing() as writer:
            await grow(writer, 3)
        restore = backup(world)
        async with world.writing() as writer, witnessed(world, writer, policy) as asking:
            await grow(writer, 5)
            await published(world, policy, asking, 8)
        restore()

        async with world.writing() as writer:
            await grow(writer, 20)
            with world.reader() as reader:
                asking = Witnessing(writer.sequencer, Published(reader), policy, interval_s=0.01)
                task = asyncio.create_task(asking.run())
                await until(lambda: not writer.sequencer.healthy)
                with pytest.raises(ServiceError) as caught:
                    await grow(writer, 1)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await asking.close()
            assert caught.value.reason == "AUDIT_UNAVAILABLE"
            assert writer.sequencer.head.size == 23
            assert not writer.sequencer.healthy
    assert list((tmp_path / "w" / "contradictions").glob("*.json"))


async def test_a_cosignature_is_over_the_checkpoint_that_was_answered_with(
    world: World, tmp_path: Path
) -> None:
    async with witness_at(tmp_path / "w", world.signer.verifier) as (book, url), world.writing() as writer:
        policy = policy_of("w0", (book.signer.verifier, url))
        async with witnessed(world, writer, policy) as asking:
            done = await writer.append(AUDIT, "heartbeat", {"size": 0})
            await published(world, policy, asking, 1)
            assert Note.parse(asking.checkpoint).text == Note.parse(done.checkpoint).text

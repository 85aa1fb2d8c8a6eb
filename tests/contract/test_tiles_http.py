"""The log over HTTP: docs/audit-format.md §13, read as a stranger's client would read it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from audit_svc.published import Published
from audit_svc.tiles_http import application
from placet.audit.merkle import leaf_hash
from placet.audit.reader import LogReader
from placet.audit.tiles import names_for, unbundle
from placet.http_server import serving
from tests.fakes.audit_world import AUDIT, World, Writer
from tests.property.test_merkle import plain_root

SIZE = 600


class Served:
    """A log of SIZE records behind two applications: one that publishes records, one that does not."""

    def __init__(self, world: World, writer: Writer, reader: LogReader) -> None:
        self.world, self.writer = world, writer
        sequencer, published = writer.sequencer, Published(reader)
        self._apps = {
            entries: application(sequencer, published, lambda: sequencer.head.checkpoint, entries=entries)
            for entries in (True, False)
        }

    def client(self, *, entries: bool = True) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self._apps[entries])
        return httpx.AsyncClient(transport=transport, base_url="http://log")

    async def get(self, path: str, **headers: str) -> httpx.Response:
        async with self.client() as http:
            return await http.get(path, headers=headers)


async def grow(writer: Writer, count: int) -> None:
    await asyncio.gather(*(writer.append(AUDIT, "heartbeat", {"size": 0}) for _ in range(count)))


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    world = World(tmp_path)
    async with world.writing() as writer:
        await grow(writer, SIZE)
        with LogReader(world.database) as reader:
            yield Served(world, writer, reader)


def split(content: bytes) -> list[bytes]:
    return [content[at : at + 32] for at in range(0, len(content), 32)]


async def test_the_tiles_of_level_0_give_the_root_of_the_checkpoint(served: Served) -> None:
    answer = await served.get("/checkpoint")
    checkpoint = served.world.signer.verifier.open(answer.text)
    paths = ["/tile/0/000", "/tile/0/001", "/tile/0/002.p/88"]
    hashes = [digest for path in paths for digest in split((await served.get(path)).content)]

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert checkpoint.size == len(hashes) == SIZE
    assert plain_root(hashes) == checkpoint.root
    above = split((await served.get("/tile/1/000.p/2")).content)
    assert above == [plain_root(hashes[:256]), plain_root(hashes[256:512])]


async def test_the_records_hash_to_the_leaves_in_the_tiles(served: Served) -> None:
    for path in ("000", "001", "002.p/88"):
        bundle = (await served.get(f"/tile/entries/{path}")).content
        leaves = unbundle(bundle)
        assert [leaf_hash(leaf) for leaf in leaves] == split((await served.get(f"/tile/0/{path}")).content)


async def test_a_bundle_is_lengths_of_two_bytes_and_records(served: Served) -> None:
    content = (await served.get("/tile/entries/000.p/1")).content
    length = int.from_bytes(content[:2], "big")

    assert len(content) == 2 + length
    first = next(iter(served.world.entries()))
    assert content[2:] == first.leaf
    assert hashlib.sha256(b"\x00" + content[2:]).digest() == first.leaf_hash


async def test_full_tiles_are_8192_bytes_and_never_change(served: Served) -> None:
    answer = await served.get("/tile/0/001")

    assert len(answer.content) == 8192
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "immutable" in answer.headers["cache-control"]
    assert "max-age=1" in (await served.get("/checkpoint")).headers["cache-control"].split(", ")


async def test_partial_tiles_of_earlier_checkpoints_stay(served: Served) -> None:
    """tlog-tiles: partial tiles of every tree size for which a checkpoint was produced."""
    before = {path: (await served.get(f"/{path}")).content for path in (n.path for n in names_for(SIZE))}
    await grow(served.writer, 300)
    for path, content in before.items():
        answer = await served.get(f"/{path}")
        assert (answer.status_code, answer.content) == (200, content)


@pytest.mark.parametrize("width", range(1, 89))
async def test_every_width_that_the_log_had_is_served(served: Served, width: int) -> None:
    whole = (await served.get("/tile/0/002.p/88")).content
    assert (await served.get(f"/tile/0/002.p/{width}")).content == whole[: width * 32]


@pytest.mark.parametrize(
    "path",
    [
        "/tile/0/002",  # not full yet
        "/tile/0/002.p/89",
        "/tile/0/003.p/1",
        "/tile/1/000",
        "/tile/1/000.p/3",
        "/tile/2/000.p/1",
        "/tile/entries/002",
        "/tile/entries/002.p/89",
        "/tile/0/x000/001",
        "/tile/0/0001",
        "/tile/0/1",
        "/tile/0/001.p/256",
        "/tile/0/001.p/0",
        "/tile/0/001.p/01",
        "/tile/00/001",
        "/tile/64/000",
        "/tile/-1/000",
        "/tile/0/",
        "/tile/0/001/",
        "/tile/0//001",
        "/tile/0/x001/x234/067",
        "/tile/data/000",
        "/tile",
        "/",
        "/tile/0/٠٠١",
    ],
)
async def test_what_the_log_does_not_have_or_spells_otherwise_is_404(served: Served, path: str) -> None:
    """§13.1, §13.2."""
    assert (await served.get(path)).status_code == 404


async def test_records_are_not_published_unless_asked_for(served: Served) -> None:
    """§13.3."""
    async with served.client(entries=False) as http:
        assert (await http.get("/tile/entries/000")).status_code == 403
        assert (await http.get("/tile/0/000")).status_code == 200


async def test_bundles_are_packed_for_who_takes_gzip_and_hashes_never_are(served: Served) -> None:
    async with served.client() as http:
        packed = await http.get("/tile/entries/000", headers={"accept-encoding": "gzip"})
        plain = await http.get("/tile/entries/000", headers={"accept-encoding": "identity"})
        hashes = await http.get("/tile/0/000", headers={"accept-encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in hashes.headers
    assert packed.content == plain.content  # the client has unpacked it
    assert int(packed.headers["content-length"]) < len(plain.content) / 2


async def test_only_reading_is_possible(served: Served) -> None:
    async with served.client() as http:
        for method in ("POST", "PUT", "DELETE"):
            assert (await http.request(method, "/checkpoint")).status_code == 405


async def test_head_tells_as_much_as_get(served: Served) -> None:
    async with served.client() as http:
        assert (await http.head("/tile/0/000")).headers["content-length"] == "8192"


async def test_a_database_that_is_gone_is_503(served: Served) -> None:
    served.world.tamper("DELETE FROM tile")
    assert (await served.get("/tile/0/000")).status_code == 503


@pytest.mark.parametrize(
    "tampering",
    ["DELETE FROM log_entry WHERE idx = 5", "UPDATE log_entry SET leaf = x'7b7d' WHERE idx = 5"],
)
async def test_records_that_were_changed_are_not_published(served: Served, tampering: str) -> None:
    """A cache would keep them for ever."""
    served.world.tamper(tampering)
    assert (await served.get("/tile/entries/000")).status_code == 503
    assert (await served.get("/tile/entries/001")).status_code == 200


async def test_it_is_served_on_a_socket_until_told_to_stop(served: Served) -> None:
    async with serving(served._apps[False], "127.0.0.1:0") as url, httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(f"{url}/checkpoint")).text == served.writer.sequencer.head.checkpoint
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{url}/checkpoint")


async def test_no_answer_waits_for_an_acknowledgement(served: Served) -> None:
    """40 ms each, where small packets are held back."""
    async with serving(served._apps[False], "127.0.0.1:0") as url, httpx.AsyncClient(trust_env=False) as http:
        took = []
        for _ in range(20):
            started = time.monotonic()
            await http.get(f"{url}/tile/0/000")
            took.append(time.monotonic() - started)
    assert min(took[1:]) < 0.03


@pytest.mark.parametrize("listen", ["7381", ":7381", "127.0.0.1:", "127.0.0.1:http"])
async def test_an_address_without_host_or_port_is_refused(served: Served, listen: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        async with serving(served._apps[False], listen):
            pytest.fail("it was served")

"""docs/metrics.md: the three paths over HTTP, beside a real gRPC server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from cryptography import x509
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc as rpc
from structlog.testing import capture_logs

from placet.pki import make_ca
from placet.rpc import metrics
from placet.rpc.channel import connect
from placet.rpc.exposition import application
from placet.rpc.identity import caller_uri
from placet.rpc.server import serve
from placet.rpc.tls import TlsFiles
from tests.fakes.metering import Samples, read
from tests.fakes.rpc import Authority

SERVICE = "placetpb.audit.v1.AuditService"
TEAM = caller_uri("team")


@dataclass
class Slow(rpc.AuditServiceServicer):
    """Answers an append when it is told to."""

    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def Append(self, request: pb.AppendRequest, context: Any) -> pb.AppendResponse:  # noqa: N802
        self.arrived.set()
        await self.let_go.wait()
        return pb.AppendResponse(checkpoint="done")


@dataclass
class House:
    """A server, its stub, and what it shows."""

    servicer: Slow
    stub: rpc.AuditServiceStub
    http: httpx.AsyncClient
    stop: asyncio.Event

    async def samples(self) -> Samples:
        """What it shows, by name and labels."""
        return read((await self.http.get("/metrics")).text)


def of(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


@asynccontextmanager
async def house(
    authority: Authority, directory: Path, families: metrics.Families = ()
) -> AsyncIterator[House]:
    """`serve` itself, in this process."""
    servicer, stop = Slow(), asyncio.Event()

    def register(server: grpc.aio.Server) -> list[str]:
        rpc.add_AuditServiceServicer_to_server(servicer, server)
        return [SERVICE]

    with capture_logs() as told:
        serving = asyncio.create_task(
            serve(
                name="audit",
                listen=f"unix:{directory}/s",
                tls=authority.service("audit"),
                allow={f"/{SERVICE}/Append": frozenset({"caller/team"})},
                register=register,
                ready_file=directory / "ready",
                metrics=metrics.Shown("127.0.0.1:0", families),
                stop=stop,
            )
        )
        while not (directory / "ready").exists():
            assert not serving.done(), serving
            await asyncio.sleep(0.01)
        (url,) = (line["url"] for line in told if line["event"] == "metrics_served")
        async with (
            connect(f"unix:{directory}/s", authority.peer(TEAM), server="audit") as channel,
            httpx.AsyncClient(base_url=url, trust_env=False) as http,
        ):
            yield House(servicer, rpc.AuditServiceStub(channel), http, stop)
            servicer.let_go.set()
            stop.set()
            await serving


def asked(tls: TlsFiles, *, ready: bool = True, families: metrics.Families = ()) -> httpx.AsyncClient:
    """The paths alone, without a server around them."""

    async def answer() -> bool:
        return ready

    app = application(metrics.registry(families), tls=tls, ready=answer)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture
def tls(authority: Authority) -> TlsFiles:
    return authority.service("audit")


async def test_three_paths_are_all_there_is(tls: TlsFiles) -> None:
    """§3: "any other path is 404, any method but GET and HEAD 405"."""
    async with asked(tls) as http:
        found = {path: (await http.get(path)).status_code for path in ("/metrics", "/livez", "/readyz")}
        others = {
            path: (await http.get(path)).status_code for path in ("/", "/metrics/", "/health", "/debug")
        }
        methods = {
            (await http.request(method, "/metrics")).status_code for method in ("POST", "PUT", "DELETE")
        }

    assert set(found.values()) == {200}
    assert set(others.values()) == {404}
    assert methods == {405}


async def test_a_service_that_is_not_ready_says_so_and_lives(tls: TlsFiles) -> None:
    async with asked(tls, ready=False) as http:
        assert (await http.get("/readyz")).status_code == 503
        assert (await http.get("/livez")).status_code == 200
        assert read((await http.get("/metrics")).text)[of("placet_ready")] == 0


async def test_what_a_service_does_not_keep_is_not_shown(tls: TlsFiles) -> None:
    """§6: "a zero says that nothing happened, never that nobody counts"."""
    async with asked(tls, families=metrics.GUARD) as http:
        shown = {name for name, _ in read((await http.get("/metrics")).text)}

    assert "placet_guard_reviewer_reachable" in shown
    assert not any(name.startswith(("placet_log_", "placet_executor_", "placet_sandbox_")) for name in shown)


async def test_certificates_show_when_the_first_of_them_expires(tls: TlsFiles, tmp_path: Path) -> None:
    """With two authorities in the bundle it is the one that ends first."""
    make_ca(tmp_path / "another")
    other = (tmp_path / "another" / "ca.pem").read_bytes()
    both = tmp_path / "both.crt"
    both.write_bytes(other + tls.ca.read_bytes())
    ends = [
        each.not_valid_after_utc.timestamp() for each in x509.load_pem_x509_certificates(both.read_bytes())
    ]
    (own,) = x509.load_pem_x509_certificates(tls.cert.read_bytes())
    async with asked(TlsFiles(both, tls.cert, tls.key)) as http:
        found = read((await http.get("/metrics")).text)

    name = "placet_certificate_expiry_timestamp_seconds"
    assert found[of(name, certificate="authority")] == min(ends)
    assert found[of(name, certificate="own")] == own.not_valid_after_utc.timestamp()
    assert found[of(name, certificate="own")] > datetime.now(UTC).timestamp()


@pytest.mark.parametrize("content", [b"", b"no certificate", None])
async def test_an_unreadable_certificate_shows_as_expired(
    tls: TlsFiles, tmp_path: Path, content: bytes | None
) -> None:
    """§8."""
    broken = tmp_path / "broken.crt"
    if content is not None:
        broken.write_bytes(content)
    async with asked(TlsFiles(tls.ca, broken, tls.key)) as http:
        found = read((await http.get("/metrics")).text)

    assert found[of("placet_certificate_expiry_timestamp_seconds", certificate="own")] == 0


async def test_a_certificate_of_another_key_shows_as_expired(tls: TlsFiles, tmp_path: Path) -> None:
    """§8: it is not used, and nothing renews the one before, which is."""
    other = tmp_path / "other.key"
    other.write_bytes((tls.ca.parent / "ca.key").read_bytes())
    async with asked(TlsFiles(tls.ca, tls.cert, other)) as http:
        found = read((await http.get("/metrics")).text)

    assert found[of("placet_certificate_expiry_timestamp_seconds", certificate="own")] == 0


async def test_calls_are_counted_by_method_and_code(authority: Authority, tmp_path: Path) -> None:
    """A refused peer's call as well; a method that nobody has leaves no label."""
    async with house(authority, tmp_path) as here:
        before = await here.samples()
        calling = asyncio.ensure_future(here.stub.Append(pb.AppendRequest()))
        await here.servicer.arrived.wait()
        open_ = (await here.samples())[of("placet_rpcs_open", method="AuditService/Append")]
        here.servicer.let_go.set()
        await calling
        async with connect(
            f"unix:{tmp_path}/s", authority.peer(caller_uri("other")), server="audit"
        ) as channel:
            with pytest.raises(grpc.aio.AioRpcError):
                await rpc.AuditServiceStub(channel).Append(pb.AppendRequest())
            with pytest.raises(grpc.aio.AioRpcError):
                await channel.unary_unary("/placetpb.audit.v1.AuditService/Hunter2")(b"")
        after, text = await here.samples(), (await here.http.get("/metrics")).text

    def grown(code: str) -> float:
        name = of("placet_rpcs_total", method="AuditService/Append", code=code)
        return after[name] - before.get(name, 0)

    assert open_ == 1
    assert (grown("OK"), grown("PERMISSION_DENIED")) == (1, 1)
    assert after[of("placet_rpcs_open", method="AuditService/Append")] == 0
    assert "Hunter2" not in text


async def test_a_server_that_drains_is_not_ready_and_still_shows(
    authority: Authority, tmp_path: Path
) -> None:
    """§4: "A service that drains is not ready"; the call in flight ends, and is counted."""
    async with house(authority, tmp_path) as here:
        assert (await here.http.get("/readyz")).status_code == 200
        calling = asyncio.ensure_future(here.stub.Append(pb.AppendRequest()))
        await here.servicer.arrived.wait()
        here.stop.set()
        while (tmp_path / "ready").exists():
            await asyncio.sleep(0.01)
        for _ in range(100):
            if (status := (await here.http.get("/readyz")).status_code) != 200:
                break
            await asyncio.sleep(0.01)
        shown = await here.samples()
        here.servicer.let_go.set()
        answer = await calling

    assert status == 503
    assert shown[of("placet_ready")] == 0
    assert shown[of("placet_rpcs_open", method="AuditService/Append")] == 1
    assert answer.checkpoint == "done"


async def test_a_service_whose_address_is_taken_does_not_start(authority: Authority, tmp_path: Path) -> None:
    """§7."""

    def register(server: grpc.aio.Server) -> list[str]:
        rpc.add_AuditServiceServicer_to_server(Slow(), server)
        return [SERVICE]

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        await serve(
            name="audit",
            listen=f"unix:{tmp_path}/s",
            tls=authority.service("audit"),
            allow={},
            register=register,
            ready_file=tmp_path / "ready",
            metrics=metrics.Shown(f"127.0.0.1:{taken.getsockname()[1]}"),
        )
    assert not (tmp_path / "ready").exists()

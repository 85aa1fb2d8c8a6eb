"""How clients find, trust and leave several replicas (docs/connections.md), with real servers on loopback."""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import grpc
import pytest
from cryptography import x509
from grpc_health.v1 import health_pb2, health_pb2_grpc
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc as rpc
from placetpb.guard.v1 import guard_pb2
from placetpb.guard.v1 import guard_pb2_grpc as guard_rpc

from placet.pki import make_ca
from placet.rpc import renewing, tls
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri
from placet.rpc.server import BuiltServer, Turnover, build_server, serve
from placet.rpc.tls import TlsFiles
from tests.fakes.mount import Mount
from tests.fakes.names import NameServer, free_port
from tests.fakes.rpc import Authority, say_health

SERVICE = "placetpb.audit.v1.AuditService"
ALLOW = {f"/{SERVICE}/Append": frozenset({"caller/*"})}
TEAM = caller_uri("team")
HOSTS = ("127.0.0.2", "127.0.0.3")
PATIENCE_S = 15.0


class Named(rpc.AuditServiceServicer):
    """Answers with its own name and its caller's certificate; "slow" answers once it is let go."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entered, self.let_go = asyncio.Event(), asyncio.Event()

    async def Append(  # noqa: N802  # gRPC's name
        self, request: pb.AppendRequest, context: grpc.aio.ServicerContext
    ) -> pb.AppendResponse:
        if request.kind == "slow":
            self.entered.set()
            await self.let_go.wait()
        (certificate,) = context.auth_context()["x509_pem_cert"]
        return pb.AppendResponse(checkpoint=self.name, leaf_hash=certificate)


@dataclass
class Replica:
    """One server in this process."""

    servicer: Named
    built: BuiltServer

    async def serves(self, yes: bool) -> None:
        await say_health(self.built, yes)


@dataclass
class Replicas:
    """Servers that come and go within a test."""

    files: TlsFiles
    running: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.running.aclose()

    async def add(self, name: str, listen: str = "127.0.0.1:0", **options: float) -> Replica:
        servicer = Named(name)

        def register(server: grpc.aio.Server) -> Sequence[str]:
            rpc.add_AuditServiceServicer_to_server(servicer, server)
            return [SERVICE]

        built = build_server(listen=listen, tls=self.files, allow=ALLOW, register=register, **options)  # type: ignore[arg-type]
        await say_health(built, True)
        await built.server.start()
        self.running.push_async_callback(built.stop, 0.2)
        return Replica(servicer, built)


def several(*replicas: Replica) -> str:
    return "ipv4:" + ",".join(replica.built.address for replica in replicas)


async def append(channel: grpc.aio.Channel, kind: str = "", *, wait_for_ready: bool = False) -> str:
    """Who answered."""
    stub = rpc.AuditServiceStub(channel)
    reply = await stub.Append(pb.AppendRequest(kind=kind), timeout=PATIENCE_S, wait_for_ready=wait_for_ready)
    return str(reply.checkpoint)


async def until(channel: grpc.aio.Channel, answering: set[str]) -> None:
    """Call, and call again, until just these answer; no call may fail on the way."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while {await append(channel) for _ in range(4)} != answering:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


class TestPlaces:
    """§1"""

    async def test_calls_go_in_turn_to_those_that_serve(self, authority: Authority) -> None:
        """§1.2: so a client of the log needs not ask who leads it."""
        async with Replicas(authority.service("audit")) as replicas:
            a, b, c = [await replicas.add(name) for name in "abc"]
            await c.serves(False)
            async with connect(several(a, b, c), authority.peer(TEAM), server="audit") as channel:
                await until(channel, {"a", "b"})
                answers = [await append(channel) for _ in range(10)]

        assert answers.count("a") == answers.count("b") == 5

    async def test_a_call_that_waits_goes_to_the_next_leader(self, authority: Authority) -> None:
        """§1.2, §2.3: nobody serves for a moment; the call is answered as soon as somebody does."""
        async with Replicas(authority.service("audit")) as replicas:
            a, b = [await replicas.add(name) for name in "ab"]
            await b.serves(False)
            async with connect(several(a, b), authority.peer(TEAM), server="audit") as channel:
                await until(channel, {"a"})
                await a.built.stop(0)
                waiting = asyncio.create_task(append(channel, wait_for_ready=True))
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await append(channel)
                await b.serves(True)
                answered = await waiting

        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        assert answered == "b"

    async def test_one_place_is_called_whatever_it_says_of_itself(self, authority: Authority) -> None:
        """§1.1"""
        async with Replicas(authority.service("audit")) as replicas:
            a = await replicas.add("a")
            await a.serves(False)
            async with connect(a.built.address, authority.peer(TEAM), server="audit") as channel:
                assert await append(channel) == "a"

    async def test_a_new_replica_is_found_and_a_long_call_is_not_cut(self, authority: Authority) -> None:
        """§1.3"""
        port = free_port(*HOSTS)
        async with NameServer.running() as names, Replicas(authority.service("audit")) as replicas:
            a = await replicas.add("a", f"{HOSTS[0]}:{port}", max_connection_age_s=0.5)
            names.says["audit.test"] = [HOSTS[0]]
            address = names.address("audit.test", port)
            async with connect(address, authority.peer(TEAM), server="audit") as channel:
                long = asyncio.create_task(append(channel, "slow"))
                await a.servicer.entered.wait()
                await replicas.add("b", f"{HOSTS[1]}:{port}")
                names.says["audit.test"] = list(HOSTS)
                await until(channel, {"a", "b"})
                names.says["audit.test"] = [HOSTS[1]]
                await until(channel, {"b"})
                a.servicer.let_go.set()
                assert await long == "a"

    async def test_a_name_that_did_not_exist_is_asked_for_again_soon(
        self, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """§1.4: here ten times as often; by itself gRPC waits for 1 s, 1.6 s, 2.6 s, ... 120 s."""
        monkeypatch.setattr(renewing, "LOST_S", 0.1)
        refused = 0
        async with NameServer.running() as names, Replicas(authority.service("audit")) as replicas:
            a = await replicas.add("a")
            address = names.address("audit.test", int(a.built.address.rpartition(":")[2]))
            async with connect(address, authority.peer(TEAM), server="audit") as channel:
                while names.asked.count("audit.test") < 12:
                    with pytest.raises(grpc.aio.AioRpcError):
                        await append(channel)
                    refused += 1
                    await asyncio.sleep(0.05)
                    assert refused < 50
                names.says["audit.test"] = ["127.0.0.1"]
                await asyncio.sleep(0.1)
                assert await append(channel) == "a"

    async def test_of_several_too_each_must_prove_who_it_is(self, authority: Authority) -> None:
        """§1.5: the certificate of another service, at an address that the name server gave."""
        async with Replicas(authority.service("guard")) as replicas:
            a = await replicas.add("a")
            async with connect(several(a), authority.peer(TEAM), server="audit") as channel:
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await append(channel)

        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


class Scopes(guard_rpc.GuardServiceServicer):
    """Lists no scopes, or says in its own words that it cannot; or begins, and is never done."""

    def __init__(self) -> None:
        self.calls, self.refuses = 0, False
        self.begun, self.hangs = asyncio.Event(), False

    async def ListScopes(  # noqa: N802  # gRPC's name
        self, request: guard_pb2.ListScopesRequest, context: grpc.aio.ServicerContext
    ) -> guard_pb2.ListScopesResponse:
        self.calls += 1
        self.begun.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.refuses:
            raise ServiceError(grpc.StatusCode.UNAVAILABLE, "REVIEW_UNAVAILABLE", "No.", retry_after_s=1)
        return guard_pb2.ListScopesResponse()


class TestAgain:
    """§5"""

    @asynccontextmanager
    async def guard(
        self, authority: Authority
    ) -> AsyncIterator[tuple[Scopes, BuiltServer, grpc.aio.Channel]]:
        servicer, service = Scopes(), "placetpb.guard.v1.GuardService"

        def register(server: grpc.aio.Server) -> Sequence[str]:
            guard_rpc.add_GuardServiceServicer_to_server(servicer, server)
            return [service]

        built = build_server(
            listen="127.0.0.1:0",
            tls=authority.service("guard"),
            allow={f"/{service}/ListScopes": frozenset({"caller/*"})},
            register=register,
        )
        await built.server.start()
        try:
            async with connect(f"ipv4:{built.address}", authority.peer(TEAM), server="guard") as channel:
                yield servicer, built, channel
        finally:
            await built.stop(0)

    async def test_a_call_for_which_none_serves_yet_is_answered_by_the_next_that_does(
        self, authority: Authority
    ) -> None:
        """§5.2: also without waiting for readiness."""
        async with self.guard(authority) as (servicer, built, channel):
            unhealthy = await self.state(channel, grpc.ChannelConnectivity.TRANSIENT_FAILURE)
            listing = asyncio.ensure_future(listed(channel))
            await asyncio.sleep(0.1)
            before = listing.done(), servicer.calls
            await say_health(built, True)
            await listing

        assert unhealthy
        assert (before, servicer.calls) == ((False, 0), 1)

    async def test_what_a_service_answers_itself_is_not_asked_again(self, authority: Authority) -> None:
        """§5.1: or a model that is away would be asked five times as often."""
        async with self.guard(authority) as (servicer, built, channel):
            servicer.refuses = True
            await say_health(built, True)
            await self.state(channel, grpc.ChannelConnectivity.READY)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await listed(channel)

        error = ServiceError.from_rpc(refused.value)
        assert (error.reason, error.retry_after_s, servicer.calls) == ("REVIEW_UNAVAILABLE", 1, 1)

    async def test_what_a_lost_replica_had_begun_is_asked_of_the_next(self, authority: Authority) -> None:
        """§5.2: which may say that it was done already."""
        async with self.guard(authority) as (lost, first, _), self.guard(authority) as (after, second, _):
            lost.hangs = True
            await say_health(first, True)
            address = f"ipv4:{first.address},{second.address}"
            async with connect(address, authority.peer(TEAM), server="guard") as channel:
                listing = asyncio.create_task(listed(channel))
                await lost.begun.wait()
                await say_health(second, True)
                await first.stop(0)
                await listing

        assert (lost.calls, after.calls) == (1, 1)

    async def state(self, channel: grpc.aio.Channel, wanted: grpc.ChannelConnectivity) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            while (state := channel.get_state(try_to_connect=True)) is not wanted:
                await channel.wait_for_state_change(state)
        return True


async def listed(channel: grpc.aio.Channel) -> None:
    await guard_rpc.GuardServiceStub(channel).ListScopes(guard_pb2.ListScopesRequest(), timeout=PATIENCE_S)


@asynccontextmanager
async def calling(channel: grpc.aio.Channel) -> AsyncIterator[list[str]]:
    """Call all the time; leaving raises what a call failed with."""
    answers: list[str] = []

    async def call() -> None:
        while True:
            answers.append(await append(channel))
            await asyncio.sleep(0.01)

    task = asyncio.create_task(call())
    try:
        yield answers
    finally:
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError), ended


def shown_by(address: str) -> int:
    """Serial number of the certificate that a server shows to whoever connects now."""
    host, _, port = address.rpartition(":")
    pem = ssl.get_server_certificate((host, int(port)), timeout=PATIENCE_S)
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def serial(certificate: bytes) -> int:
    return x509.load_pem_x509_certificate(certificate).serial_number


async def until_true(condition: object) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while not await condition():  # type: ignore[operator]
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


class TestCertificates:
    """§3"""

    @pytest.fixture(autouse=True)
    def looks_often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tls, "LOOK_AGAIN_S", 0.02)

    @pytest.fixture
    def mounts(self, tmp_path: Path) -> tuple[Mount, Mount]:
        return Mount.of_service(tmp_path / "server", "audit"), Mount(tmp_path / "client", "team", TEAM)

    async def test_both_sides_use_new_certificates_and_no_call_fails(
        self, mounts: tuple[Mount, Mount], tmp_path: Path
    ) -> None:
        """§3.1, §3.3: also one that was under way all the time."""
        server, client = mounts
        make_ca(tmp_path)
        for mount in mounts:
            mount.put(tmp_path)
        async with Replicas(server.files) as replicas:
            a = await replicas.add("a")
            async with connect(a.built.address, client.files, server="audit") as channel:
                stub = rpc.AuditServiceStub(channel)
                long = asyncio.create_task(append(channel, "slow"))
                await a.servicer.entered.wait()
                async with calling(channel):
                    shows, proves = server.put(tmp_path), client.put(tmp_path)

                    async def renewed() -> bool:
                        reply = await stub.Append(pb.AppendRequest(), timeout=PATIENCE_S)
                        return serial(reply.leaf_hash) == serial(proves.cert.read_bytes())

                    async def shown() -> bool:
                        return await asyncio.to_thread(shown_by, a.built.address) == serial(
                            shows.cert.read_bytes()
                        )

                    await until_true(renewed)
                    await until_true(shown)
                a.servicer.let_go.set()
                assert await long == "a"

    @pytest.mark.parametrize("grace", [None, PATIENCE_S])
    async def test_closing_a_channel_ends_what_began_before_a_change(
        self, mounts: tuple[Mount, Mount], tmp_path: Path, grace: float | None
    ) -> None:
        """§3.3: as any call, at once or by its grace; or it would keep its old connection for a day."""
        server, client = mounts
        make_ca(tmp_path)
        for mount in mounts:
            mount.put(tmp_path)
        async with Replicas(server.files) as replicas:
            a = await replicas.add("a")
            channel = connect(a.built.address, client.files, server="audit")
            stub = rpc.AuditServiceStub(channel)
            long = stub.Append(pb.AppendRequest(kind="slow"))
            await a.servicer.entered.wait()
            proves = client.put(tmp_path)
            while serial((await stub.Append(pb.AppendRequest())).leaf_hash) != serial(
                proves.cert.read_bytes()
            ):
                await asyncio.sleep(0.02)
            closing = asyncio.create_task(channel.close(grace))
            await asyncio.sleep(0.05)
            still_there = not long.done(), not closing.done()
            a.servicer.let_go.set()
            await closing
            code = await long.code()

        assert still_there == ((True, True) if grace else (False, False))
        assert code is (grpc.StatusCode.OK if grace else grpc.StatusCode.CANCELLED)

    async def test_an_authority_is_replaced_in_three_steps_and_then_refused(
        self, mounts: tuple[Mount, Mount], tmp_path: Path
    ) -> None:
        """§3.4: one side after the other, in the order that hurts most, and no call fails."""
        server, client = mounts
        old, new = tmp_path / "old", tmp_path / "new"
        make_ca(old), make_ca(new)
        last = client.put(old)
        server.put(old)
        async with Replicas(server.files) as replicas:
            a = await replicas.add("a", max_connection_age_s=0.2)
            async with (
                connect(a.built.address, client.files, server="audit") as channel,
                calling(channel) as n,
            ):
                for step in ((old, new), (new, old), (new,)):
                    for mount in (client, server):
                        mount.put(*step)
                        seen = len(n)
                        await until_true(lambda seen=seen: _more(n, seen + 40))
            forgotten = TlsFiles(client.files.ca, last.cert, last.key)
            async with connect(a.built.address, forgotten, server="audit") as channel:
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await append(channel)

        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE

    async def test_files_that_do_not_belong_together_change_nothing(
        self, mounts: tuple[Mount, Mount], tmp_path: Path
    ) -> None:
        """§3.2"""
        server, client = mounts
        make_ca(tmp_path)
        good = server.put(tmp_path), client.put(tmp_path)
        async with Replicas(server.files) as replicas:
            a = await replicas.add("a", max_connection_age_s=0.2)
            async with (
                connect(a.built.address, client.files, server="audit") as channel,
                calling(channel) as n,
            ):
                for files in good:
                    files.key.write_bytes((tmp_path / "ca.key").read_bytes())
                await until_true(lambda: _more(n, 60))


async def _more(answers: list[str], than: int) -> bool:
    return len(answers) > than


class TestEnd:
    """§4"""

    async def test_it_says_that_it_ends_and_takes_calls_until_its_clients_know(
        self, authority: Authority, tmp_path: Path
    ) -> None:
        """§4.1, §4.2: the call under way is answered as well."""
        servicer, stop, ready = Named("a"), asyncio.Event(), tmp_path / "ready"
        told: list[str] = []

        def register(server: grpc.aio.Server) -> Sequence[str]:
            rpc.add_AuditServiceServicer_to_server(servicer, server)
            return [SERVICE]

        serving = asyncio.create_task(
            serve(
                name="audit",
                listen="127.0.0.1:0",
                tls=authority.service("audit"),
                allow=ALLOW,
                register=register,
                ready_file=ready,
                turnover=Turnover(notice_s=1.0, drain_s=PATIENCE_S),
                on_signal=lambda: told.append("signal"),
                on_stop=lambda: told.append("stops"),
                stop=stop,
            )
        )
        await until_true(lambda: asyncio.to_thread(ready.exists))
        async with connect(ready.read_text(), authority.peer(TEAM), server="audit") as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=SERVICE))
            first = await watch.read()
            long = asyncio.create_task(append(channel, "slow"))
            await servicer.entered.wait()
            stop.set()
            second = await watch.read()
            late = await append(channel)
            as_told = (list(told), ready.exists())
            signal.raise_signal(signal.SIGTERM)  # the first one, and it already stops: it is heard
            await until_true(lambda: _more(told, 1))
            servicer.let_go.set()
            assert await long == "a"
            await serving
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await append(channel)

        statuses = health_pb2.HealthCheckResponse
        assert (first.status, second.status) == (statuses.SERVING, statuses.NOT_SERVING)
        assert (late, as_told, told) == ("a", ([], False), ["signal", "stops"])
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE

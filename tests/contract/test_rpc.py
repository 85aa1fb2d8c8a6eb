"""What every service promises on the wire, over a real unix socket with mutual TLS."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc as rpc

from placet.pki import issue
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_of, caller_uri, service_uri
from tests.fakes.rpc import Authority, Serving, serving

SERVICE = "placetpb.audit.v1.AuditService"
APPEND, TAIL, GET, LIST = (f"/{SERVICE}/{m}" for m in ("Append", "TailRecords", "GetRecord", "ListRecords"))
ALLOW = {
    APPEND: frozenset({"svc/guard", "caller/*"}),
    TAIL: frozenset({"caller/*"}),
    LIST: frozenset({"caller/*"}),
}
TEAM = caller_uri("team")


class Echo(rpc.AuditServiceServicer):
    """Behaves as the record kind says."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.ended: list[str] = []

    async def Append(  # noqa: N802  # gRPC's name
        self, request: pb.AppendRequest, context: grpc.aio.ServicerContext
    ) -> pb.AppendResponse:
        self.entered.set()
        match request.kind:
            case "refuse":
                raise ServiceError(
                    grpc.StatusCode.ALREADY_EXISTS,
                    "APPROVAL_SPENT",
                    "Ask for a new approval.",
                    retry_after_s=1.5,
                    metadata={"approval_id": "abc"},
                )
            case "crash":
                raise RuntimeError("password=hunter2")
            case "slow":
                try:
                    await asyncio.sleep(float(request.request_id))
                finally:
                    self.ended.append("slow")
        return pb.AppendResponse(checkpoint=caller_of(context).path)

    async def TailRecords(  # noqa: N802  # gRPC's name
        self, request: pb.TailRecordsRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[pb.TailRecordsResponse]:
        try:
            for index in range(request.from_index):
                yield pb.TailRecordsResponse(record=pb.Record(index=index))
            if request.follow:
                self.entered.set()
                await asyncio.sleep(60)
            raise ServiceError(grpc.StatusCode.DATA_LOSS, "LOG_INCONSISTENT", "Stop and look.")
        finally:
            self.ended.append("tail")


@asynccontextmanager
async def echo(authority: Authority, **options: object) -> AsyncIterator[tuple[Echo, Serving]]:
    servicer = Echo()

    def register(server: grpc.aio.Server) -> Sequence[str]:
        rpc.add_AuditServiceServicer_to_server(servicer, server)
        return [SERVICE]

    async with serving(authority, "audit", register=register, allow=ALLOW, **options) as server:  # type: ignore[arg-type]
        yield servicer, server


async def refusal(call: object) -> ServiceError:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call  # type: ignore[misc]
    return ServiceError.from_rpc(raised.value)


class TestIdentity:
    """No certificate, no name, no entry: each is a no."""

    async def test_the_handler_learns_who_calls(self, authority: Authority) -> None:
        """The identity is the certificate's, not what a request claims."""
        async with echo(authority) as (_, server), server.as_peer(TEAM) as channel:
            reply = await rpc.AuditServiceStub(channel).Append(pb.AppendRequest(), timeout=5)

        assert reply.checkpoint == "caller/team"

    async def test_a_peer_without_certificate_is_refused_in_the_handshake(self, authority: Authority) -> None:
        """No byte of a request reaches us."""
        async with echo(authority) as (servicer, server):
            trust = grpc.ssl_channel_credentials((authority.directory / "ca.pem").read_bytes())
            options = [("grpc.ssl_target_name_override", "audit.placet.local")]
            async with grpc.aio.secure_channel(server.address, trust, options=options) as channel:
                error = await refusal(rpc.AuditServiceStub(channel).Append(pb.AppendRequest(), timeout=5))

        assert error.code is grpc.StatusCode.UNAVAILABLE
        assert not servicer.entered.is_set()

    async def test_plain_text_is_refused(self, authority: Authority) -> None:
        """There is no insecure port."""
        async with (
            echo(authority) as (servicer, server),
            grpc.aio.insecure_channel(server.address) as channel,
        ):
            error = await refusal(rpc.AuditServiceStub(channel).Append(pb.AppendRequest(), timeout=5))

        assert error.code is grpc.StatusCode.UNAVAILABLE
        assert not servicer.entered.is_set()

    async def test_a_certificate_of_another_authority_is_refused(
        self, authority: Authority, tmp_path: object
    ) -> None:
        """The same name, signed by somebody else."""
        stranger = Authority.make(tmp_path / "other")  # type: ignore[operator]
        async with echo(authority) as (servicer, server):
            files = stranger.peer(TEAM)
            mixed = type(files)(authority.directory / "ca.pem", files.cert, files.key)
            async with connect(server.address, mixed, server="audit") as channel:
                error = await refusal(rpc.AuditServiceStub(channel).Append(pb.AppendRequest(), timeout=5))

        assert error.code is grpc.StatusCode.UNAVAILABLE
        assert not servicer.entered.is_set()

    @pytest.mark.parametrize(
        "uri",
        [
            "spiffe://elsewhere.example/caller/team",
            "spiffe://placet.local/caller/",
            "spiffe://placet.local/caller/a/b",
            "spiffe://placet.local/root/team",
            "https://placet.local/caller/team",
        ],
    )
    async def test_a_name_that_is_not_ours_is_unknown(self, authority: Authority, uri: str) -> None:
        """CALLER_UNKNOWN, although our authority signed it."""
        async with echo(authority) as (servicer, server), server.as_peer(uri) as channel:
            error = await refusal(rpc.AuditServiceStub(channel).Append(pb.AppendRequest(), timeout=5))

        assert (error.code, error.reason) == (grpc.StatusCode.UNAUTHENTICATED, "CALLER_UNKNOWN")
        assert not servicer.entered.is_set()

    async def test_a_dns_name_that_looks_like_a_uri_is_no_identity(self, authority: Authority) -> None:
        """Only SANs of type URI count."""
        files = issue(authority.directory, "lookalike", "urn:nobody", "spiffe://placet.local/svc/guard")
        async with echo(authority) as (_, server), connect(server.address, files, server="audit") as channel:
            error = await refusal(rpc.AuditServiceStub(channel).Append(pb.AppendRequest(), timeout=5))

        assert error.reason == "CALLER_UNKNOWN"

    async def test_a_caller_that_the_list_does_not_name_is_refused(self, authority: Authority) -> None:
        """Authenticated is not authorised."""
        async with echo(authority) as (servicer, server), server.as_peer(service_uri("executor")) as channel:
            error = await refusal(rpc.AuditServiceStub(channel).Append(pb.AppendRequest(), timeout=5))

        assert (error.code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, "CALLER_NOT_ALLOWED")
        assert not servicer.entered.is_set()

    async def test_a_method_without_entry_is_for_nobody(self, authority: Authority) -> None:
        """Silence is a no."""
        async with echo(authority) as (_, server), server.as_peer(TEAM) as channel:
            error = await refusal(rpc.AuditServiceStub(channel).GetRecord(pb.GetRecordRequest(), timeout=5))

        assert error.reason == "CALLER_NOT_ALLOWED"

    async def test_a_server_that_is_another_service_is_refused_by_the_client(
        self, authority: Authority
    ) -> None:
        """The address is a place; the certificate is the name."""
        async with (
            echo(authority) as (servicer, server),
            connect(server.address, authority.peer(TEAM), server="guard") as channel,
        ):
            error = await refusal(rpc.AuditServiceStub(channel).Append(pb.AppendRequest(), timeout=5))

        assert error.code is grpc.StatusCode.UNAVAILABLE
        assert not servicer.entered.is_set()

    async def test_an_allow_list_entry_for_an_unknown_method_stops_the_start(
        self, authority: Authority
    ) -> None:
        """A typing error would lock everybody out in silence."""

        def register(server: grpc.aio.Server) -> Sequence[str]:
            rpc.add_AuditServiceServicer_to_server(Echo(), server)
            return [SERVICE]

        with pytest.raises(ValueError, match="Apend"):
            async with serving(
                authority, "audit", register=register, allow={f"/{SERVICE}/Apend": frozenset({"caller/*"})}
            ):
                pass


class TestErrors:
    """An error is a reason that survives the wire; a crash is a reason that tells nothing."""

    async def test_a_service_error_arrives_whole(self, authority: Authority) -> None:
        """Code, reason, message, retry delay and details."""
        async with echo(authority) as (_, server), server.as_peer(TEAM) as channel:
            error = await refusal(
                rpc.AuditServiceStub(channel).Append(pb.AppendRequest(kind="refuse"), timeout=5)
            )

        assert error.code is grpc.StatusCode.ALREADY_EXISTS
        assert error.reason == "APPROVAL_SPENT"
        assert error.message == "Ask for a new approval."
        assert error.retry_after_s == 1.5
        assert error.metadata == {"approval_id": "abc"}

    async def test_a_crash_hides_its_detail(self, authority: Authority) -> None:
        """INTERNAL, and not a word of the exception."""
        async with echo(authority) as (_, server), server.as_peer(TEAM) as channel:
            error = await refusal(
                rpc.AuditServiceStub(channel).Append(pb.AppendRequest(kind="crash"), timeout=5)
            )

        assert (error.code, error.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
        assert "hunter2" not in error.message

    async def test_a_stream_ends_with_its_error_after_what_was_sent(self, authority: Authority) -> None:
        """Responses before the error are delivered."""
        seen = []
        async with echo(authority) as (_, server), server.as_peer(TEAM) as channel:
            call = rpc.AuditServiceStub(channel).TailRecords(pb.TailRecordsRequest(from_index=3), timeout=5)
            seen.extend([(await call.read()).record.index for _ in range(3)])
            error = await refusal(call.read())

        assert seen == [0, 1, 2]
        assert error.reason == "LOG_INCONSISTENT"

    async def test_a_listed_method_that_is_not_implemented_says_so(self, authority: Authority) -> None:
        """UNIMPLEMENTED of the generated base class is an error like any other, not a hang."""
        async with echo(authority) as (_, server), server.as_peer(TEAM) as channel:
            error = await refusal(
                rpc.AuditServiceStub(channel).ListRecords(pb.ListRecordsRequest(), timeout=5)
            )

        assert error.code in {grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL}

    async def test_without_error_info_the_reason_is_the_code(self, authority: Authority) -> None:
        """A server that is gone."""
        async with connect("unix:/nonexistent/s", authority.peer(TEAM), server="audit") as channel:
            error = await refusal(rpc.AuditServiceStub(channel).Append(pb.AppendRequest(), timeout=5))

        assert error.reason == "UNAVAILABLE"


class TestTime:
    """Deadlines travel; where there is none, there is ours."""

    async def test_a_call_without_deadline_ends_at_the_servers_limit(self, authority: Authority) -> None:
        """DEADLINE_EXCEEDED with a reason, and the handler was cancelled."""
        async with echo(authority, max_rpc_s=0.3) as (servicer, server), server.as_peer(TEAM) as channel:
            error = await refusal(
                rpc.AuditServiceStub(channel).Append(pb.AppendRequest(kind="slow", request_id="30"))
            )

        assert (error.code, error.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
        assert servicer.ended == ["slow"]

    async def test_the_clients_deadline_cancels_the_handler(self, authority: Authority) -> None:
        """Nobody works for a client that has left."""
        async with echo(authority) as (servicer, server), server.as_peer(TEAM) as channel:
            await refusal(
                rpc.AuditServiceStub(channel).Append(
                    pb.AppendRequest(kind="slow", request_id="30"), timeout=0.3
                )
            )
            await eventually(lambda: servicer.ended == ["slow"])

    async def test_a_cancelled_stream_cleans_up(self, authority: Authority) -> None:
        """The handler's finally runs when its client leaves."""
        async with echo(authority) as (servicer, server), server.as_peer(TEAM) as channel:
            call = rpc.AuditServiceStub(channel).TailRecords(pb.TailRecordsRequest(from_index=1, follow=True))
            await call.read()
            call.cancel()
            await eventually(lambda: servicer.ended == ["tail"])


class TestHealth:
    """Health and reflection are open to every peer of ours, and to nobody else."""

    async def test_any_peer_may_ask(self, authority: Authority) -> None:
        """Per service, and "" for the whole."""
        async with echo(authority) as (_, server), server.as_peer(service_uri("executor")) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            replies = [
                await stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
                for name in ("", SERVICE)
            ]

        assert {reply.status for reply in replies} == {health_pb2.HealthCheckResponse.SERVING}

    async def test_a_stranger_may_not(self, authority: Authority) -> None:
        """A certificate without a name of ours is nobody, here too."""
        async with echo(authority) as (_, server), server.as_peer("urn:nobody") as channel:
            error = await refusal(
                health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
            )

        assert error.reason == "CALLER_UNKNOWN"

    @pytest.mark.parametrize("turns", [0, 1, 2, 3, 5])
    async def test_a_watch_sees_the_drain_and_does_not_hold_it_up(
        self, authority: Authority, turns: int
    ) -> None:
        """SERVING, then NOT_SERVING or the end; no grace period is taken, wherever the news has got to."""
        async with echo(authority) as (_, server), server.as_peer(TEAM) as channel:
            watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            first = await watch.read()
            started = asyncio.get_running_loop().time()
            if turns:
                await server.built.health.say_farewell()
            for _ in range(turns):
                await asyncio.sleep(0)
            await server.built.stop(20)
            took = asyncio.get_running_loop().time() - started
            with contextlib.suppress(grpc.aio.AioRpcError):
                while await watch.read() is not grpc.aio.EOF:
                    pass
            code = await watch.code()

        assert first.status == health_pb2.HealthCheckResponse.SERVING
        assert code is grpc.StatusCode.UNAVAILABLE
        assert took < 5

    async def test_reflection_names_the_service(self, authority: Authority) -> None:
        """grpcurl works for whoever has a certificate."""
        async with echo(authority) as (_, server), server.as_peer(TEAM) as channel:
            call = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(timeout=5)
            await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
            reply = await call.read()
            call.cancel()

        assert SERVICE in {service.name for service in reply.list_services_response.service}


class TestDrain:
    """A stop loses nothing that was begun."""

    async def test_a_call_in_flight_is_finished(self, authority: Authority) -> None:
        """It gets its answer; a new one does not start."""
        async with echo(authority) as (servicer, server), server.as_peer(TEAM) as channel:
            stub = rpc.AuditServiceStub(channel)
            running = asyncio.ensure_future(
                _answer(stub.Append(pb.AppendRequest(kind="slow", request_id="0.5"), timeout=10))
            )
            await servicer.entered.wait()
            stopping = asyncio.create_task(server.built.stop(10))
            reply = await running
            await stopping
            error = await refusal(stub.Append(pb.AppendRequest(), timeout=2))

        assert reply.checkpoint == "caller/team"
        assert error.code is grpc.StatusCode.UNAVAILABLE

    async def test_an_endless_stream_does_not_hold_up_the_stop(self, authority: Authority) -> None:
        """A tail that would go on for ever is cut at once."""
        async with echo(authority, endless=[TAIL]) as (servicer, server), server.as_peer(TEAM) as channel:
            call = rpc.AuditServiceStub(channel).TailRecords(pb.TailRecordsRequest(from_index=1, follow=True))
            await call.read()
            await servicer.entered.wait()
            started = asyncio.get_running_loop().time()
            await server.built.stop(20)

            assert asyncio.get_running_loop().time() - started < 5
            assert servicer.ended == ["tail"]


async def _answer(call: object) -> pb.AppendResponse:
    return await call  # type: ignore[misc, no-any-return]


async def eventually(condition: object, timeout: float = 5) -> None:
    deadline = asyncio.get_running_loop().time() + timeout
    while not condition():  # type: ignore[operator]
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


async def test_no_task_waits_for_each_method(authority: Authority) -> None:
    """gRPC would look through all of them at every call (docs/adr/0024)."""
    async with echo(authority) as (_, server), server.as_peer(TEAM) as channel:
        await rpc.AuditServiceStub(channel).Append(pb.AppendRequest(), timeout=5)
        waiting = [task for task in asyncio.all_tasks() if "_request_registered_call" in repr(task)]

    assert not waiting

"""`serve` as a process: ready file, canonical log lines, SIGTERM, and a call that outlives it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc as rpc

from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri
from tests.fakes.rpc import Authority

PROGRAM = """
import asyncio, sys
from pathlib import Path
from placetpb.audit.v1 import audit_pb2 as pb, audit_pb2_grpc as rpc
from placet.rpc.server import serve
from placet.rpc.telemetry import annotate, configure_logging
from placet.rpc.tls import TlsFiles

directory = Path(sys.argv[1])
stopping = asyncio.Event()

class Slow(rpc.AuditServiceServicer):
    async def Append(self, request, context):
        annotate(request_id=request.request_id)
        if request.kind == "crash":
            raise RuntimeError("password=hunter2")
        if request.kind == "waits":
            await stopping.wait()
        await asyncio.sleep(0.5 if request.kind == "slow" else 0)
        return pb.AppendResponse(checkpoint="done")

async def healthy():
    if (directory / "raise").exists():
        raise OSError("disk")
    return not (directory / "sick").exists()

def register(server):
    rpc.add_AuditServiceServicer_to_server(Slow(), server)
    return ["placetpb.audit.v1.AuditService"]

configure_logging("audit")
asyncio.run(serve(
    name="audit", listen=sys.argv[2], tls=TlsFiles(*map(Path, sys.argv[3:6])), register=register,
    allow={"/placetpb.audit.v1.AuditService/Append": frozenset({"caller/*"})},
    ready_file=directory / "ready", health_check=healthy, on_stop=stopping.set,
))
"""


@asynccontextmanager
async def process(
    authority: Authority, directory: Path, listen: str = "127.0.0.1:0"
) -> AsyncIterator[tuple[asyncio.subprocess.Process, grpc.aio.Channel]]:
    files = authority.service("audit")
    arguments = [str(directory), listen, *map(str, (files.ca, files.cert, files.key))]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *arguments, stderr=asyncio.subprocess.PIPE
    )
    try:
        await until(lambda: (directory / "ready").exists())
        address = (directory / "ready").read_text()
        async with connect(address, authority.peer(caller_uri("team")), server="audit") as channel:
            yield child, channel
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def until(condition: object, timeout: float = 15) -> None:
    deadline = asyncio.get_running_loop().time() + timeout
    while not condition():  # type: ignore[operator]
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)


async def log_of(child: asyncio.subprocess.Process) -> list[dict[str, object]]:
    assert child.stderr
    return [json.loads(line) for line in (await child.stderr.read()).splitlines()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_after_what_was_begun(
    authority: Authority, tmp_path: Path, number: signal.Signals
) -> None:
    """The call in flight is answered, also one that waits for the end; exit code 0, no ready file."""
    async with process(authority, tmp_path) as (child, channel):
        call = rpc.AuditServiceStub(channel).Append(pb.AppendRequest(kind="slow"), timeout=10)
        waits = rpc.AuditServiceStub(channel).Append(pb.AppendRequest(kind="waits"), timeout=10)
        waiting = asyncio.gather(call.code(), waits.code())
        await asyncio.sleep(0.2)
        child.send_signal(number)
        reply = await call
        assert (await waits).checkpoint == "done"
        await waiting
        code = await asyncio.wait_for(child.wait(), 10)

    assert reply.checkpoint == "done"
    assert code == 0
    assert not (tmp_path / "ready").exists()


async def test_each_call_is_one_line_and_a_crash_is_told_only_there(
    authority: Authority, tmp_path: Path
) -> None:
    """Method, caller, code, reason, duration, what the handler added; the traceback stays here."""
    async with process(authority, tmp_path) as (child, channel):
        stub = rpc.AuditServiceStub(channel)
        await stub.Append(pb.AppendRequest(request_id="r1"), timeout=5)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.Append(pb.AppendRequest(request_id="r2", kind="crash"), timeout=5)
        child.terminate()
        lines = [line for line in await log_of(child) if line["event"] == "rpc"]

    assert [(line["request_id"], line["code"]) for line in lines] == [("r1", "OK"), ("r2", "INTERNAL")]
    assert {line["caller"] for line in lines} == {"caller/team"}
    assert all(isinstance(line["elapsed_ms"], float) for line in lines)
    assert "hunter2" in json.dumps(lines[1])
    assert "hunter2" not in ServiceError.from_rpc(raised.value).message


@pytest.mark.parametrize("trouble", ["sick", "raise"])
async def test_health_follows_the_check(authority: Authority, tmp_path: Path, trouble: str) -> None:
    """NOT_SERVING while the check says no or fails, SERVING again afterwards."""
    async with process(authority, tmp_path) as (_, channel):
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        seen = [(await watch.read()).status]
        (tmp_path / trouble).touch()
        seen.append((await asyncio.wait_for(watch.read(), 10)).status)
        (tmp_path / trouble).unlink()
        seen.append((await asyncio.wait_for(watch.read(), 10)).status)
        watch.cancel()

    serving, not_serving = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    assert seen == [serving, not_serving, serving]


async def test_a_socket_is_for_its_owner_only(authority: Authority, tmp_path: Path) -> None:
    """Also when its directory is not."""
    socket = tmp_path / "s"
    async with process(authority, tmp_path, f"unix:{socket}") as (_, channel):
        await rpc.AuditServiceStub(channel).Append(pb.AppendRequest(), timeout=5)
        mode = stat.S_IMODE(socket.stat().st_mode)

    assert mode == 0o600


async def test_a_port_belongs_to_one_server(authority: Authority, tmp_path: Path) -> None:
    """A second one on the same address does not start; it would take half of the calls."""
    (tmp_path / "second").mkdir()
    async with process(authority, tmp_path):
        address = (tmp_path / "ready").read_text()
        files = authority.service("audit")
        arguments = [str(tmp_path / "second"), address, *map(str, (files.ca, files.cert, files.key))]
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, *arguments, stderr=asyncio.subprocess.DEVNULL, env=dict(os.environ)
        )

        assert await asyncio.wait_for(second.wait(), 15) != 0

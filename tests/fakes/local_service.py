"""A service of the one-machine stack that answers health and nothing else: `python local_service.py NAME`.

Reads the settings that the real one gets. PLACET_<NAME>_FAKE says how it behaves: "crash" ends it
at the start, "sick" makes it unhealthy, "deaf" makes it ignore SIGTERM.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import grpc
from placetpb.audit.v1 import audit_pb2_grpc
from placetpb.common.v1 import common_pb2
from placetpb.console.v1 import console_pb2, console_pb2_grpc
from placetpb.executor.v1 import executor_pb2, executor_pb2_grpc
from placetpb.generator.v1 import generator_pb2_grpc
from placetpb.guard.v1 import guard_pb2_grpc

from placet.rpc.server import serve
from placet.rpc.tls import TlsFiles


class Pool(executor_pb2_grpc.ExecutorServiceServicer):
    """An executor that only says what it is."""

    async def DescribePool(self, request: object, context: object) -> executor_pb2.DescribePoolResponse:  # noqa: N802
        return executor_pb2.DescribePoolResponse(tier=common_pb2.TIER_T1)


class Links(console_pb2_grpc.ConsoleServiceServicer):
    """A console that gives everybody the same link."""

    async def IssueLink(self, request: object, context: object) -> console_pb2.IssueLinkResponse:  # noqa: N802
        return console_pb2.IssueLinkResponse(url="http://127.0.0.1:1/enter/x", expires_in_s=300)


ALLOWED = {
    "executor": {"/placetpb.executor.v1.ExecutorService/DescribePool": frozenset({"caller/*"})},
    "console": {"/placetpb.console.v1.ConsoleService/IssueLink": frozenset({"reviewer/*"})},
}


def register(name: str, server: grpc.aio.Server) -> Sequence[str]:
    match name:
        case "audit":
            audit_pb2_grpc.add_AuditServiceServicer_to_server(audit_pb2_grpc.AuditServiceServicer(), server)
        case "console":
            console_pb2_grpc.add_ConsoleServiceServicer_to_server(Links(), server)
        case "executor":
            executor_pb2_grpc.add_ExecutorServiceServicer_to_server(Pool(), server)
        case "guard":
            guard_pb2_grpc.add_GuardServiceServicer_to_server(guard_pb2_grpc.GuardServiceServicer(), server)
        case "generator":
            servicer = generator_pb2_grpc.GeneratorServiceServicer()
            generator_pb2_grpc.add_GeneratorServiceServicer_to_server(servicer, server)
    return [f"placetpb.{name}.v1.{name.capitalize()}Service"]


async def main(name: str) -> None:
    setting = {key.removeprefix(f"PLACET_{name.upper()}_"): value for key, value in os.environ.items()}
    mode = setting.get("FAKE", "")
    ready = Path(setting["READY_FILE"])
    ready.with_suffix(".environ").write_text(json.dumps(dict(os.environ)))
    if mode == "crash":
        sys.exit(f"{name}: the database is older than the checkpoint")
    if mode == "deaf":
        ready.write_text("127.0.0.1:1")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            await asyncio.sleep(1)

    if name == "console":
        Path(setting["URL_FILE"]).write_text("http://127.0.0.1:1")

    async def healthy() -> bool:
        return mode != "sick"

    await serve(
        name=name,
        listen=setting["LISTEN"],
        tls=TlsFiles(*(Path(setting[f"TLS_{part}"]) for part in ("CA", "CERT", "KEY"))),
        allow=ALLOWED.get(name, {}),
        register=lambda server: register(name, server),
        ready_file=ready,
        health_check=healthy,
    )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

"""Somebody who is not the front asks a worker (argv[1]) for a lease; prints the status of the answer."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import grpc
from placetpb.worker.v1 import worker_pb2, worker_pb2_grpc

from placet.rpc.channel import connect
from placet.rpc.tls import TlsFiles

TLS = Path("/etc/placet/tls")


async def main() -> None:
    files = TlsFiles(TLS / "ca.crt", TLS / "tls.crt", TLS / "tls.key")
    async with connect(sys.argv[1], files, server="worker") as channel:
        try:
            async for _ in worker_pb2_grpc.WorkerServiceStub(channel).Lease(
                worker_pb2.LeaseRequest(tenant=bytes(32)), timeout=20
            ):
                print("leased")
                return
        except grpc.aio.AioRpcError as error:
            print(error.code().name)


if __name__ == "__main__":
    asyncio.run(main())

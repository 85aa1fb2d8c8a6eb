"""A replica's first start: it has no checkpoint file yet, and gets that of the replica that leads.

Trusts whoever proves to be the audit service and shows a checkpoint under the log's own key, and never the
database. Knows one file and one call. Must not know SQL.
"""

from __future__ import annotations

import grpc
import structlog
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc

from audit_svc.anchor import Anchor, opened
from placet.audit.checkpoint import LogVerifier
from placet.rpc.channel import connect
from placet.rpc.tls import TlsFiles

PATIENCE_S = 5.0

_log = structlog.get_logger()


async def join(anchor: Anchor, log: LogVerifier, peers: str, tls: TlsFiles) -> None:
    """Write the leader's checkpoint into the file, if there is none and a leader answers at `peers`.

    Where nobody leads nothing is written: an empty log is begun then, and another one is refused as it is
    without peers. Raises OSError, and LogInconsistent for a checkpoint that is not one of this log.
    """
    if not peers or anchor.read() is not None:
        return
    async with connect(peers, tls, server="audit") as channel:
        stub = audit_pb2_grpc.AuditServiceStub(channel)
        try:
            told = await stub.GetCheckpoint(pb.GetCheckpointRequest(), timeout=PATIENCE_S)
        except grpc.aio.AioRpcError as error:
            _log.info("nobody_leads", peers=peers, code=error.code().name)
            return
    size = opened(told.checkpoint, log).size
    anchor.write(told.checkpoint)
    _log.info("joined", records=size)

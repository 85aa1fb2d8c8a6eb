"""ConsoleService: a certificate in, a link out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import grpc
from placetpb.console.v1 import console_pb2 as pb
from placetpb.console.v1 import console_pb2_grpc

from audit_svc.console.entrance import Entrance
from audit_svc.console.links import LIFETIME_S
from audit_svc.console.site import Site
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_of

SERVICE: Final = "placetpb.console.v1.ConsoleService"
ALLOW: Final[Mapping[str, frozenset[str]]] = {f"/{SERVICE}/IssueLink": frozenset({"reviewer/*"})}

Context = grpc.aio.ServicerContext[Any, Any]


class ConsoleServicer(console_pb2_grpc.ConsoleServiceServicer):
    """Links for reviewers who have a role."""

    def __init__(self, entrance: Entrance, site: Site) -> None:
        self._entrance, self._site = entrance, site

    async def IssueLink(self, request: pb.IssueLinkRequest, context: Context) -> pb.IssueLinkResponse:
        """See console.proto."""
        caller = caller_of(context)
        if self._entrance.person(caller.name) is None:
            raise ServiceError(
                grpc.StatusCode.PERMISSION_DENIED,
                "ROLE_MISSING",
                f"{caller.path} has no role in the console; PLACET_CONSOLE_ROLES says who has which.",
            )
        secret = self._entrance.links.issue(caller.name)
        return pb.IssueLinkResponse(url=f"{self._site.origin}/enter/{secret}", expires_in_s=LIFETIME_S)

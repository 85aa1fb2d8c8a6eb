"""Attack: come in without a role, do more than one's role allows, read without a session."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
from placetpb.console.v1 import console_pb2 as pb
from placetpb.console.v1 import console_pb2_grpc

from audit_svc.console.servicer import ALLOW, SERVICE, ConsoleServicer
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, reviewer_uri, service_uri
from tests.fakes.console_site import ConsoleSite
from tests.fakes.rpc import Authority, serving


async def test_without_a_session_there_is_only_the_way_to_log_in() -> None:
    browser = ConsoleSite().browser()
    for path in ("/", "/manage", "/none", "/act", "/loginx", "/enter", "/staticx"):
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["location"][:12]) == (303, "/login?next="), path
    assert (await browser.post("/act")).status_code == 401
    answer = await browser.get("/", sec_fetch_dest="empty")
    assert answer.status_code == 401
    assert answer.json()["message"].startswith("Your session has ended")


async def test_a_role_is_needed_for_what_needs_it() -> None:
    site = ConsoleSite()
    ana, ben = await site.logged_in("ana"), await site.logged_in("ben")
    assert (await ana.get("/manage")).text == "managed by ana"
    answer = await ben.get("/manage")
    assert answer.status_code == 403
    assert "this needs the role admin; you have reviewer" in answer.text


async def test_whoever_has_no_role_is_not_let_in() -> None:
    site = ConsoleSite(roles="reviewer/ana=viewer")
    browser = site.browser()
    answer = await browser.post(f"/enter/{site.entrance.links.issue('eve')}")
    assert answer.status_code == 403
    assert browser.secret is None
    assert site.entered()[-1] | {"why": ""} == {
        "who": "spiffe://placet.local/reviewer/eve",
        "how": "link",
        "outcome": "refused",
        "why": "",
        "untold": 0,
    }


@pytest.mark.parametrize("name", ["", "../ana", "ana\n", "ana/x", "a" * 65, "анна", "\0", "<script>"])
async def test_a_name_that_is_none_is_nobody(name: str) -> None:
    site = ConsoleSite(roles="reviewer/*=admin")
    assert site.entrance.person(name) is None
    browser = site.browser()
    answer = await browser.post(f"/enter/{site.entrance.links.issue(name)}")
    assert answer.status_code == 403
    assert "<script>" not in answer.text
    assert site.entered()[-1]["who"] == "unknown"


async def test_roles_of_services_and_callers_are_not_people() -> None:
    site = ConsoleSite(roles="svc/ana=admin,caller/ben=admin")
    assert site.entrance.person("ana") is None
    assert site.entrance.person("ben") is None


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        (reviewer_uri("ana"), ""),
        (reviewer_uri("eve"), "ROLE_MISSING"),
        (caller_uri("ana"), "CALLER_NOT_ALLOWED"),
        (service_uri("guard"), "CALLER_NOT_ALLOWED"),
    ],
)
async def test_links_are_for_reviewers_certificates_alone(tmp_path: Path, uri: str, reason: str) -> None:
    site = ConsoleSite(roles="reviewer/ana=viewer")

    def register(server: grpc.aio.Server) -> list[str]:
        console_pb2_grpc.add_ConsoleServiceServicer_to_server(
            ConsoleServicer(site.entrance, site.site), server
        )
        return [SERVICE]

    authority = Authority.make(tmp_path)
    async with (
        serving(authority, "console", register=register, allow=ALLOW) as server,
        server.as_peer(uri) as channel,
    ):
        stub = console_pb2_grpc.ConsoleServiceStub(channel)
        if not reason:
            link = await stub.IssueLink(pb.IssueLinkRequest())
            assert "ana" in (await site.browser().get(link.url)).text
            return
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.IssueLink(pb.IssueLinkRequest())
        assert ServiceError.from_rpc(caught.value).reason == reason

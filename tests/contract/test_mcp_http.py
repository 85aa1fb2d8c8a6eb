"""The MCP door over HTTP: real sockets, the official client, raw requests that ought not to come in.

docs/doors.md §3.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from placet.cli.main import run
from placet.client import Placet
from placet.doors import Door, Folder
from placet.doors.bearers import Bearer, Bearers, digest_of, new_token
from placet.doors.http import MAX_REQUEST_BYTES, MAX_SESSIONS, Frontage, doors, opened, own_hosts
from placet.doors.mcp_server import ERROR
from placet.listening import listening
from placet.local import endpoint
from placet.local.layout import Layout
from placet.pki import issue, make_ca
from placet.rpc.identity import caller_uri, service_uri
from tests.fakes.chain import Chain, chain

RUN = {"program": "print(1)", "scope": "data-analysis"}
GREETING = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    },
}
ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


@dataclass(frozen=True)
class Site:
    """An open door, and who has which token."""

    url: str
    fakes: Chain
    reports: str
    """Of caller/reports, for data-*, with a folder."""
    other: str
    """Of caller/other, for other-* only."""
    again: str
    """A second one of caller/reports."""
    expired: str

    @asynccontextmanager
    async def host(self, token: str, mode: str = "auto") -> AsyncIterator[Client]:
        async with httpx2.AsyncClient(headers=bearing(token), timeout=30, verify=False) as http:
            transport = streamable_http_client(self.url, http_client=http)
            async with Client(transport, mode=mode) as client:
                yield client

    async def post(self, headers: dict[str, str], path: str = "", **content: object) -> httpx2.Response:
        body = content or {"json": GREETING}
        async with httpx2.AsyncClient(timeout=30, verify=False) as http:
            return await http.post(self.url + path, headers=ACCEPT | headers, **body)


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "sales.csv").write_bytes(b"a\n1\n")
    tokens = [new_token() for _ in range(4)]
    async with chain(tmp_path / "s") as fakes:
        pki = Layout(fakes.state).pki
        people = {name: issue(pki, f"caller-{name}", caller_uri(name), None) for name in ("reports", "other")}

        def bearer(token: str, caller: str, scopes: str, expires: datetime | None = None) -> Bearer:
            own = Folder(folder) if caller == "reports" else None
            return Bearer(caller, digest_of(token), people[caller], (scopes,), own, expires)

        gone = datetime.now(UTC) - timedelta(seconds=1)
        known = [
            bearer(tokens[0], "reports", "data-*"),
            bearer(tokens[1], "other", "other-*"),
            bearer(tokens[2], "reports", "data-*"),
            bearer(tokens[3], "reports", "data-*", gone),
        ]
        bearers = Bearers({each.token_sha256: each for each in known})
        bound = listening("127.0.0.1:0")
        door_of = doors(bearers, lambda: endpoint(fakes.state).addresses, Door(Placet.connect))
        ready, done = asyncio.get_running_loop().create_future(), asyncio.Event()

        async def serve() -> None:  # in a task of its own: a fixture ends in another one than it began in
            async with opened(bound, Frontage(own_hosts(bound, ())), bearers, door_of) as url:
                ready.set_result(url)
                await done.wait()

        serving = asyncio.create_task(serve())
        yield Site(await ready, fakes, *tokens)
        done.set()
        await serving


def reason_of(result: CallToolResult) -> str:
    return str((result.meta or {})[ERROR]["reason"])


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_token_acts_as_its_caller_and_for_its_scopes(site: Site, mode: str) -> None:
    """§3.2: under the certificate of its line; the guard hears that caller's name, and no other's."""
    async with site.host(site.reports, mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        result = await client.call_tool("run", {**RUN, "files": [{"name": "sales.csv"}]})

    assert tools["run"].input_schema["properties"]["scope"]["enum"] == ["data-analysis"]
    assert result.structured_content["outcome"] == "DONE"
    assert site.fakes.guard.callers == ["caller/reports"]
    assert site.fakes.executor.received == {"sales.csv": b"a\n1\n"}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_token_opens_no_other_ones_scope_or_folder(site: Site, mode: str) -> None:
    """At the same time, so that nobody is taken for whoever came just before."""
    async with site.host(site.reports, mode) as mine, site.host(site.other, mode) as theirs:
        refused, missing, _ = await asyncio.gather(
            theirs.call_tool("run", RUN),
            theirs.call_tool("run", {**RUN, "scope": "other-x", "files": [{"name": "sales.csv"}]}),
            mine.call_tool("run", RUN),
        )

    assert reason_of(refused) == "SCOPE_NOT_OFFERED"
    assert reason_of(missing) == "FILE_UNKNOWN"
    assert site.fakes.guard.callers == ["caller/reports"]


@pytest.mark.parametrize("path", ["", "/", "/../", "/sse", "/.well-known/oauth-protected-resource"])
async def test_without_a_token_there_is_no_service_at_any_path(site: Site, path: str) -> None:
    """§3.1: 401, and not a word about what there is."""
    answer = await site.post({}, path)

    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_token"


async def test_what_is_no_token_of_ours_is_none(site: Site) -> None:
    """§3.1: a digest is no token, nor is one that has expired, nor one in another header or scheme."""
    digest = digest_of(site.reports)
    for headers in (
        bearing(new_token()),
        bearing(digest),
        bearing(site.expired),
        bearing(site.reports + "A"),
        bearing(f"{site.reports}, {site.reports}"),
        {"authorization": "Bearer"},
        {"authorization": site.reports},
        {"authorization": f"Basic {site.reports}"},
        {"x-api-key": site.reports},
        {"cookie": f"token={site.reports}"},
    ):
        assert (await site.post(headers)).status_code == 401, headers
    assert (await site.post({}, f"?token={site.reports}")).status_code == 401
    assert (await site.post(bearing(site.reports))).status_code == 200


async def test_a_session_belongs_to_the_token_that_opened_it(site: Site) -> None:
    """§3.3: for every other token, also of the same caller, it does not exist."""
    session = (await site.post(bearing(site.reports))).headers["mcp-session-id"]
    listing = {"json": {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}}

    async def status(token: str) -> int:
        return (await site.post({**bearing(token), "mcp-session-id": session}, **listing)).status_code

    assert await status(site.again) == 404
    assert await status(site.other) == 404
    assert await status(site.reports) == 200


async def test_a_token_cannot_use_up_the_sessions_of_others(site: Site) -> None:
    """§3.3: nor those of another token of the same caller."""
    opened = [(await site.post(bearing(site.reports))).status_code for _ in range(MAX_SESSIONS + 1)]

    assert opened == [200] * MAX_SESSIONS + [503]
    assert (await site.post(bearing(site.other))).status_code == 200
    assert (await site.post(bearing(site.again))).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": "127.0.0.1.evil.example:1"}, 421),
        ({"host": "localhost:1"}, 421),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"content-type": "text/plain"}, 400),
    ],
)
async def test_hosts_and_origins_of_others_are_refused(
    site: Site, headers: dict[str, str], status: int
) -> None:
    """§3.5: with a good token too, in both eras of the protocol."""
    for era in ({}, {"mcp-protocol-version": "2026-07-28"}):
        assert (await site.post(bearing(site.reports) | headers | era)).status_code == status


async def test_elsewhere_the_door_speaks_tls_under_its_name(tmp_path: Path) -> None:
    """§3.4: tokens cross no network in plain text."""
    make_ca(tmp_path)
    files = issue(tmp_path, "door", service_uri("door"), "localhost")
    bound = listening("127.0.0.1:0")
    frontage = Frontage(own_hosts(bound, ["door.example"]), (), files.cert, files.key)
    nobody = Bearers({})
    trusting = ssl.create_default_context(cafile=str(files.ca))
    async with opened(bound, frontage, nobody, doors(nobody, dict, Door(Placet.connect))) as url:
        assert url.startswith("https://127.0.0.1:")
        async with httpx2.AsyncClient(verify=trusting) as http:
            answer = await http.post(url.replace("127.0.0.1", "localhost"), json=GREETING)

    assert answer.status_code == 401
    assert "door.example" in frontage.hosts


async def test_a_request_that_is_too_large_is_refused(site: Site) -> None:
    """§3.6."""
    answer = await site.post(bearing(site.reports), content=b" " * (MAX_REQUEST_BYTES + 1))

    assert answer.status_code == 413


async def test_a_host_that_hangs_up_cancels_the_run(site: Site) -> None:
    """§1.9, when nobody says so: the connection is closed."""
    site.fakes.executor.hang = True

    async def call() -> None:
        async with site.host(site.reports) as client:
            await client.call_tool("run", RUN)

    calling = asyncio.create_task(call())
    assert await asyncio.to_thread(site.fakes.executor.hanging.wait, 10)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling

    assert await asyncio.to_thread(site.fakes.executor.cancelled.wait, 10)


def placet(state: Path, *arguments: object) -> int:
    return run(["--state", str(state), *map(str, arguments)])


async def test_the_commands_make_a_caller_a_token_and_the_door(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The three lines of docs/doors.md §3, in a process, until Ctrl-C."""
    tokens = tmp_path / "tokens.yaml"
    async with chain(tmp_path / "s") as fakes:
        assert placet(fakes.state, "keys", "new-token", "reports", "--tokens", tokens, "--scope", "a") == 4
        assert placet(fakes.state, "keys", "new-caller", "reports") == 0
        capsys.readouterr()
        made = placet(
            fakes.state, "keys", "new-token", "reports", "--tokens", tokens, "--scope", "data-*", "--json"
        )
        token = json.loads(capsys.readouterr().out)["token"]
        assert made == 0
        assert token not in tokens.read_text()
        assert tokens.stat().st_mode & 0o077 == 0

        door = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "placet.cli", "--state", fakes.state, "--json"),
            *("mcp", "--http", "127.0.0.1:0", "--tokens", tokens),
            stdout=subprocess.PIPE,
        )
        assert door.stdout is not None
        url = json.loads(await door.stdout.readline())["url"]
        async with Site(url, fakes, token, "", "", "").host(token) as client:
            result = await client.call_tool("run", RUN)
        door.terminate()

        assert await door.wait() == 0
        assert result.structured_content["outcome"] == "DONE"
        assert fakes.guard.callers == ["caller/reports"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--http", "127.0.0.1:0"], "TOKENS_MISSING"),
        (["--tokens", "t.yaml"], "USAGE"),
        (["--http", "127.0.0.1:0", "--tokens", "t.yaml", "--files", "."], "USAGE"),
        (["--http", "127.0.0.1:0", "--tokens", "missing.yaml"], "cannot be read"),
        (["--http", "0.0.0.0:0", "--tokens", "t.yaml"], "plain text"),
        (["--http", "0.0.0.0:0", "--tokens", "t.yaml", "--host", "a.example"], "plain text"),
        (["--http", "127.0.0.1:0", "--tokens", "t.yaml", "--key", "k"], "belong together"),
        (["--files", "nowhere"], "FILES_UNREADABLE"),
        (["--as", "nobody"], "CALLER_UNKNOWN"),
        (["--as", "../local"], "CALLER_UNKNOWN"),
        (["--http", "127.0.0.1:0", "--tokens", "t.yaml", "--as", "local"], "USAGE"),
    ],
)
def test_a_door_that_could_not_be_safe_does_not_open(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    told: str,
) -> None:
    """§3.1 and §3.4: it does not start, and says what to do."""
    from placet.local.prepare import make_certificates, make_directories

    layout = Layout(tmp_path / "s")
    make_directories(layout)
    make_certificates(layout)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.yaml").write_text(
        f"- caller: local\n  token_sha256: '{digest_of(new_token())}'\n  scopes: ['*']\n"
    )
    (tmp_path / "t.yaml").chmod(0o600)

    assert placet(layout.state, "mcp", *options) == 4
    assert told in capsys.readouterr().err.replace("\n", " ")

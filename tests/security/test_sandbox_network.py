"""A program tries to reach the network, over every kind of socket there is."""

from __future__ import annotations

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_no_socket_of_any_family_or_type_can_be_made(sandbox: Sandbox) -> None:
    program = """
import socket
made = []
for family in range(0, 64):
    for kind in (1, 2, 3, 4, 5, 6, 10):
        try:
            socket.socket(family, kind)
            made.append((family, kind))
        except PermissionError:
            pass
print(made)
try:
    socket.socketpair()
    print("pair")
except PermissionError:
    pass
"""
    assert (await run(sandbox, program)).stdout == b"[]\n"


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; print(socket.getaddrinfo('example.org', 80))",
        "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:1'))",
        "import http.client; http.client.HTTPConnection('127.0.0.1').request('GET', '/')",
        "import asyncio; asyncio.run(asyncio.open_connection('127.0.0.1', 1))",
        "import pandas; print(pandas.read_csv('https://example.org/a.csv'))",
    ],
)
async def test_no_library_reaches_the_network(sandbox: Sandbox, attempt: str) -> None:
    ran = await run(sandbox, attempt)
    assert ran.result.exit_code == 1
    assert ran.stdout == b""
    assert b"refused" not in ran.stderr.lower().replace(b"connectionrefusederror: [errno 1]", b"")

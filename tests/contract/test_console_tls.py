"""The console over TLS of its own, where no proxy in front of it speaks that."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from placet.http_server import serving
from placet.listening import listening
from placet.pki import issue, make_ca
from placet.rpc.identity import service_uri
from tests.fakes.console_site import ConsoleSite


async def test_browsers_are_served_over_tls_and_get_a_cookie_for_nothing_else(tmp_path: Path) -> None:
    make_ca(tmp_path)
    files = issue(tmp_path, "web", service_uri("console"), "localhost")
    bound = listening("127.0.0.1:0")
    site = ConsoleSite(url=f"https://localhost:{bound.getsockname()[1]}")
    trusted = ssl.create_default_context(cafile=files.ca)
    secret = site.entrance.links.issue("ana")
    async with serving(site.app, bound, tls=(files.cert, files.key)):
        async with httpx.AsyncClient(base_url=site.url, verify=trusted) as http:
            answer = await http.post(f"/enter/{secret}", headers={"origin": site.url})
            assert answer.headers["set-cookie"].startswith("__Host-placet=")
            assert "; Secure" in answer.headers["set-cookie"]
            assert (await http.get("/")).status_code == 200
        async with httpx.AsyncClient() as clear:
            with pytest.raises(httpx.TransportError):
                await clear.get(site.url.replace("https", "http"))


async def test_a_certificate_of_another_key_is_said_before_anything_is_served(tmp_path: Path) -> None:
    make_ca(tmp_path)
    files = issue(tmp_path, "web", service_uri("console"), "localhost")
    other = issue(tmp_path, "other", service_uri("console"), "localhost")
    with pytest.raises(OSError, match=r"(?i)key"):
        async with serving(ConsoleSite().app, "127.0.0.1:0", tls=(files.cert, other.key)):
            raise AssertionError("it serves")

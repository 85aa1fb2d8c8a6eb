"""The console over TLS of its own, where no proxy in front of it speaks that."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509

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


async def test_a_certificate_that_changes_is_shown_to_the_next_browser(tmp_path: Path) -> None:
    """docs/connections.md §3: and half a change is not."""
    make_ca(tmp_path)
    files = issue(tmp_path, "web", service_uri("console"), "localhost")
    key, first = files.key.read_bytes(), serial(files.cert.read_bytes())
    async with serving(ConsoleSite().app, "127.0.0.1:0", tls=(files.cert, files.key)) as url:
        port = int(url.rpartition(":")[2])

        async def shown() -> int:
            pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port), timeout=5)
            return serial(pem.encode())

        before = await shown()
        files.cert.unlink()
        issue(tmp_path, "web", service_uri("console"), "localhost")
        second, new_key = serial(files.cert.read_bytes()), files.key.read_bytes()
        files.key.write_bytes(key)
        half = await shown()
        files.key.write_bytes(new_key)
        after = await shown()

    assert (before, half, after) == (first, first, second)
    assert first != second


def serial(pem: bytes) -> int:
    return x509.load_pem_x509_certificate(pem).serial_number

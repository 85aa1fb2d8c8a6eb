"""Where workers are (docs/workers.md §3.9)."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from executor_svc.fleet.discovery import Given, Listed, Named, source


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("10.0.0.1:7443, 10.0.0.2:7443", Given(frozenset({"10.0.0.1:7443", "10.0.0.2:7443"}))),
        ("dns:worker-headless.placet-sandbox:7443", Named("worker-headless.placet-sandbox", 7443)),
        ("dns:///worker-headless.placet-sandbox:7443", Named("worker-headless.placet-sandbox", 7443)),
        ("file:/run/placet/workers", Listed(Path("/run/placet/workers"))),
    ],
)
def test_a_setting_says_where_workers_are(setting: str, found: object) -> None:
    assert source(setting) == found


@pytest.mark.parametrize(
    "setting", ["worker", "worker:0", "worker:https", "a:1,,b:2", "a b:1", "dns:worker", ":1"]
)
def test_what_is_no_address_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        source(setting)


async def test_every_address_of_a_name_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the answer is the one of that moment, with IPv6 in brackets."""
    known: list[str] = []

    def resolve(host: str, port: int, *_: object, **__: object) -> list[object]:
        assert host == "workers"
        if not known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    named = source("dns:workers:7443")
    before = await named.look()
    known += ["10.0.0.1", "fd00::2"]
    both = await named.look()
    known.remove("10.0.0.1")
    after = await named.look()

    assert before == frozenset()
    assert both == {"10.0.0.1:7443", "[fd00::2]:7443"}
    assert after == {"[fd00::2]:7443"}


async def test_a_name_server_that_fails_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no answer of "none"."""

    def fail(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(OSError, match="try again"):
        await source("dns:workers:7443").look()


async def test_a_file_is_read_anew(tmp_path: Path) -> None:
    """One address a line; none while there is no file; what is no address is an error and no address."""
    path = tmp_path / "workers"
    listed = source(f"file:{path}")
    assert await listed.look() == frozenset()
    path.write_text("10.0.0.1:7443\n\n10.0.0.2:7443\n")
    assert await listed.look() == {"10.0.0.1:7443", "10.0.0.2:7443"}
    path.write_text("10.0.0.1\n")
    with pytest.raises(ValueError, match="HOST:PORT"):
        await listed.look()

"""Attack: another site, or another session, sends a form in a reviewer's browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from audit_svc.console import gate
from tests.fakes.console_site import ORIGIN, Browser, ConsoleSite


@pytest.fixture
async def ana() -> Browser:
    return await ConsoleSite().logged_in("ana")


async def test_a_form_with_the_sessions_token_acts(ana: Browser) -> None:
    answer = await ana.post("/act", {"csrf": await ana.csrf(), "what": "this"})
    assert answer.text == "done by ana: this"


async def test_a_script_of_the_page_gives_the_token_in_a_header(ana: Browser) -> None:
    answer = await ana.post("/act", {"what": "that"}, x_csrf_token=await ana.csrf())
    assert answer.text == "done by ana: that"


@pytest.mark.parametrize("token", ["", "x", "é", "\ud800"])
async def test_a_form_with_another_token_does_not_act(ana: Browser, token: str) -> None:
    answer = await ana.post("/act", {"csrf": token.encode(errors="replace").decode(), "what": "this"})
    assert answer.status_code == 403
    assert "done" not in answer.text


async def test_a_form_without_a_token_does_not_act(ana: Browser) -> None:
    assert (await ana.post("/act", {"what": "this"})).status_code == 403


async def test_the_token_of_another_session_is_none(ana: Browser) -> None:
    ben = await ConsoleSite().logged_in("ben")
    assert (await ana.post("/act", {"csrf": await ben.csrf()})).status_code == 403


async def test_a_body_that_is_no_form_does_not_act(ana: Browser) -> None:
    for kind, content in {
        "text/plain": b"csrf=x",
        "multipart/form-data": b"--x\r\n",
        "multipart/form-data; boundary=x": b"--x\r\nnonsense",
        "application/json": b'{"csrf": "x"}',
    }.items():
        headers = {"origin": "http://127.0.0.1:8080", "content-type": kind}
        answer = await ana.http.post("/act", content=content, headers=headers)
        assert answer.status_code == 403, kind


async def test_a_token_in_the_address_is_none(ana: Browser) -> None:
    assert (await ana.post(f"/act?csrf={await ana.csrf()}")).status_code == 403


async def test_logging_out_needs_the_token_too(ana: Browser) -> None:
    assert (await ana.post("/logout")).status_code == 403
    assert (await ana.get("/")).status_code == 200


async def test_a_link_cannot_do_what_a_form_does(ana: Browser) -> None:
    answer: httpx.Response = await ana.get(f"/act?csrf={await ana.csrf()}&what=this")
    assert answer.status_code == 405


async def test_a_form_that_does_not_arrive_is_not_waited_for(
    ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "FORM_TIMEOUT_S", 0.05)

    async def halting() -> AsyncIterator[bytes]:
        yield f"csrf={await ana.csrf()}".encode()
        await asyncio.Event().wait()

    headers = {"origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}
    answer = await ana.http.post("/act", content=halting(), headers=headers)
    assert answer.status_code == 408
    assert "done" not in answer.text


async def test_a_form_of_a_megabyte_too_many_is_refused(ana: Browser) -> None:
    answer = await ana.post("/act", {"csrf": await ana.csrf(), "what": "x" * 5_000_000})
    assert answer.status_code == 413

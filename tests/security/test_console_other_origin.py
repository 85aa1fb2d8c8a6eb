"""Attack: a request that another site sends, or that comes under another name (DNS rebinding)."""

from __future__ import annotations

import pytest

from tests.fakes.console_site import ORIGIN, Browser, ConsoleSite

FOLLOWED = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}


@pytest.fixture
async def ana() -> Browser:
    return await ConsoleSite().logged_in("ana")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "http://127.0.0.1:8081",
        "https://127.0.0.1:8080",
        "http://localhost:8080",
        f"{ORIGIN}.evil.example",
        f"{ORIGIN}/",
    ],
)
async def test_a_form_of_another_origin_is_refused_with_the_right_token(ana: Browser, origin: str) -> None:
    answer = await ana.post("/act", {"csrf": await ana.csrf()}, origin=origin)
    assert answer.status_code == 403


@pytest.mark.parametrize("site", [None, "cross-site", "same-site", "none"])
async def test_a_form_that_does_not_say_where_it_is_from_is_refused(ana: Browser, site: str | None) -> None:
    headers = {"sec-fetch-site": site} if site else {}
    answer = await ana.http.post("/act", data={"csrf": await ana.csrf()}, headers=headers)
    assert answer.status_code == 403


async def test_a_browser_that_says_only_that_it_is_the_same_origin_is_believed(ana: Browser) -> None:
    headers = {"sec-fetch-site": "same-origin"}
    answer = await ana.http.post("/act", data={"csrf": await ana.csrf()}, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "localhost:8080", "127.0.0.1", ""])
async def test_a_foreign_name_for_our_address_gets_nothing(ana: Browser, host: str) -> None:
    for path in ("/", "/login", "/static/console.css"):
        assert (await ana.get(path, host=host)).status_code == 421


async def test_logging_in_with_a_form_of_another_site_is_refused() -> None:
    site = ConsoleSite()
    secret = site.entrance.links.issue("ana")
    browser = site.browser()
    assert (await browser.post(f"/enter/{secret}", origin="https://evil.example")).status_code == 403
    assert browser.secret is None
    assert site.entrance.links.holder(secret) == "ana", "the link still works for whom it is for"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
async def test_other_methods_do_nothing(ana: Browser, method: str) -> None:
    assert (await ana.http.request(method, "/")).status_code == 405


async def test_nothing_allows_another_origin_to_read(ana: Browser) -> None:
    answer = await ana.get("/", origin="https://evil.example")
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_a_link_on_another_site_leads_to_the_page_by_way_of_our_own(ana: Browser) -> None:
    stranger = ConsoleSite().browser()
    answer = await stranger.http.get("/queue/7?x=%22%3E", headers=FOLLOWED)
    assert answer.status_code == 200
    assert f'content="0; url={ORIGIN}/queue/7?x=%22%3E"' in answer.text


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("how", ["no-cors", "cors", "navigate"])
async def test_a_page_of_another_origin_reads_nothing_in_somebodys_name(
    ana: Browser, site: str, how: str
) -> None:
    """Another port of this machine is the same site: the cookie comes along, and reading goes on record."""
    headers = {"sec-fetch-site": site, "sec-fetch-mode": how, "sec-fetch-dest": "image"}
    answer = await ana.http.get("/", headers=headers)
    assert "ana" not in answer.text
    assert answer.status_code == (200 if how == "navigate" else 303)
    assert ('http-equiv="refresh"' in answer.text) == (how == "navigate")


async def test_no_path_leads_to_another_site() -> None:
    stranger = ConsoleSite().browser()
    for path in ("//evil.example/x", "/\\evil.example"):
        answer = await stranger.http.get(f"{ORIGIN}{path}", headers=FOLLOWED)
        assert f"url={ORIGIN}/" in answer.text

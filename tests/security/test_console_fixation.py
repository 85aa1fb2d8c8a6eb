"""Attack: give somebody a session whose secret one knows, or keep one that should be over."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest

from tests.fakes.console_site import ConsoleSite


async def test_a_secret_that_a_browser_brings_along_is_never_taken() -> None:
    site = ConsoleSite()
    browser = site.browser()
    browser.http.cookies.set(site.site.cookie, "known-to-the-attacker", domain="127.0.0.1")
    answer = await browser.post(f"/enter/{site.entrance.links.issue('ana')}")
    assert answer.status_code == 303
    assert "known-to-the-attacker" not in answer.headers["set-cookie"]
    assert site.sessions.find("known-to-the-attacker", active=True) is None


async def test_logging_in_again_makes_a_new_session_and_ends_the_old_one() -> None:
    site = ConsoleSite()
    browser = await site.logged_in("ben")
    before, token = browser.secret, await browser.csrf()
    assert before
    await browser.use_link(site.entrance.links.issue("ana"))
    assert browser.secret not in (None, before)
    assert await browser.csrf() != token
    assert site.sessions.find(before, active=True) is None


async def test_after_logging_out_the_secret_is_worth_nothing() -> None:
    site = ConsoleSite()
    browser = await site.logged_in("ana")
    secret = browser.secret
    answer = await browser.post("/logout", {"csrf": await browser.csrf()})
    assert "You are logged out" in answer.text
    assert browser.secret is None
    browser.http.cookies.set(site.site.cookie, secret or "", domain="127.0.0.1")
    assert (await browser.get("/")).status_code == 303


@pytest.mark.parametrize(("url", "secure"), [("http://127.0.0.1:8080", False), ("https://console.x", True)])
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(url: str, secure: bool) -> None:
    site = ConsoleSite(url=url)
    answer = await site.browser().post(f"/enter/{site.entrance.links.issue('ana')}")
    cookie = SimpleCookie(answer.headers["set-cookie"])[site.site.cookie]
    assert cookie["httponly"]
    assert cookie["samesite"].lower() == "strict"
    assert bool(cookie["secure"]) == secure
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert (cookie["max-age"], cookie["expires"]) == ("", ""), "it goes with the browser"


async def test_an_idle_session_is_over_in_the_browser_too() -> None:
    site = ConsoleSite()
    browser = await site.logged_in("ana")
    site.seconds += 3599
    assert (await browser.get("/")).status_code == 200
    site.seconds += 3600
    answer = await browser.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2F")


async def test_a_page_that_updates_itself_keeps_nobody_logged_in() -> None:
    site = ConsoleSite()
    browser = await site.logged_in("ana")
    site.seconds += 3000
    assert (await browser.get("/", sec_fetch_mode="cors", sec_fetch_dest="empty")).status_code == 200
    site.seconds += 3000
    answer = await browser.get("/", sec_fetch_mode="cors", sec_fetch_dest="empty")
    assert (answer.status_code, answer.json()["reason"]) == (401, "401")

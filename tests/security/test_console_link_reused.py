"""Attack: use a login link twice, late, or for somebody else; have a link that a program opened first."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from audit_svc.console.links import LIFETIME_S, MAX_OF_ONE_PERSON
from placet.rpc.errors import ServiceError
from tests.fakes.console_site import ORIGIN, ConsoleSite


async def test_a_link_logs_in_once() -> None:
    site = ConsoleSite()
    secret = site.entrance.links.issue("ana")
    first, second = site.browser(), site.browser()
    assert (await first.post(f"/enter/{secret}")).status_code == 303
    assert (await second.post(f"/enter/{secret}")).status_code == 403
    assert first.secret
    assert second.secret is None
    assert [entry["outcome"] for entry in site.entered()] == ["entered", "refused"]


async def test_of_two_browsers_at_once_one_is_let_in() -> None:
    site = ConsoleSite()
    secret = site.entrance.links.issue("ana")
    answers = await asyncio.gather(*(site.browser().post(f"/enter/{secret}") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [303, 403, 403, 403, 403]


async def test_opening_a_link_uses_nothing_up() -> None:
    site = ConsoleSite()
    secret = site.entrance.links.issue("ana")
    for _ in range(3):  # a chat program that shows what is behind it, a virus scanner
        shown = await site.browser().get(f"/enter/{secret}")
        assert "Log in as ana" in shown.text
        assert "set-cookie" not in shown.headers
    assert (await site.browser().post(f"/enter/{secret}")).status_code == 303


async def test_a_link_is_too_old_after_its_time() -> None:
    site = ConsoleSite()
    secret = site.entrance.links.issue("ana")
    site.seconds += LIFETIME_S
    assert (await site.browser().get(f"/enter/{secret}")).status_code == 403
    assert (await site.browser().post(f"/enter/{secret}")).status_code == 403


async def test_only_the_newest_links_of_a_person_work() -> None:
    site = ConsoleSite()
    secrets = [site.entrance.links.issue("ana") for _ in range(MAX_OF_ONE_PERSON + 1)]
    assert site.entrance.links.holder(secrets[0]) is None
    assert {site.entrance.links.holder(secret) for secret in secrets[1:]} == {"ana"}


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("/queue/7?a=%22&b=é", "/queue/7?a=%22&b=%C3%A9"),
        ("https://evil.example", "/"),
        ("//evil.example", "//evil.example"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/x\r\nSet-Cookie: a=b", "/x%0D%0ASet-Cookie:%20a=b"),
    ],
)
async def test_the_page_that_was_asked_for_follows_the_login_and_no_other_site(
    asked: str, shown: str
) -> None:
    site = ConsoleSite()
    browser = site.browser()
    await browser.http.get("/login", params={"next": asked})
    first = await browser.post(f"/enter/{site.entrance.links.issue('ana')}")
    assert first.headers["location"] == ORIGIN + shown
    again = await browser.use_link(site.entrance.links.issue("ana"))
    assert again.headers["location"] == f"{ORIGIN}/", "it is remembered for one login"


async def test_who_is_not_on_record_is_not_in() -> None:
    site = ConsoleSite()
    site.log.kept.fail_on = "console_entered"
    browser = site.browser()
    answer = await browser.post(f"/enter/{site.entrance.links.issue('ana')}")
    assert answer.status_code == 503
    assert "AUDIT_UNAVAILABLE" in answer.text
    assert browser.secret is None


async def test_whoever_logs_out_is_out_even_without_the_log() -> None:
    site = ConsoleSite()
    browser = await site.logged_in("ana")
    secret, token = browser.secret or "", await browser.csrf()
    site.log.kept.fail_on = "console_entered"
    assert (await browser.post("/logout", {"csrf": token})).status_code == 503
    assert site.sessions.find(secret, active=True) is None


async def test_the_log_names_who_came_in_how_and_when_they_left() -> None:
    site = ConsoleSite()
    browser = await site.logged_in("ana")
    await browser.post("/logout", {"csrf": await browser.csrf()})
    uri = "spiffe://placet.local/reviewer/ana"
    assert site.entered() == [
        {"who": uri, "how": "link", "outcome": "entered", "role": "admin"},
        {"who": uri, "how": "session", "outcome": "left"},
    ]


async def test_nothing_that_is_kept_opens_a_door() -> None:
    """Neither a record nor the store holds a secret; whoever reads them cannot log in with what they find."""
    site = ConsoleSite()
    link = site.entrance.links.issue("ana")
    browser = site.browser()
    await browser.post(f"/enter/{link}")
    kept = repr((site.entered(), vars(site.sessions), vars(site.entrance.links)))
    assert link not in kept
    assert browser.secret
    assert browser.secret not in kept


async def test_the_consoles_own_log_says_who_asked_for_what_and_holds_no_secret() -> None:
    site = ConsoleSite()
    secret = site.entrance.links.issue("ana")
    browser = site.browser("192.0.2.1")
    with capture_logs() as lines:
        await browser.get("/static/console.css")
        await browser.post(f"/enter/{secret}")
        await browser.get("/manage")
    told = [(line["method"], line["path"], line["status"], line["person"], line["peer"]) for line in lines]
    assert told == [
        ("POST", "/enter/", 303, "", "192.0.2.1"),
        ("GET", "/manage", 200, "ana", "192.0.2.1"),
    ]
    assert secret not in repr(lines)
    assert browser.secret
    assert browser.secret not in repr(lines)


async def test_the_fake_log_fails_as_the_real_one_does() -> None:
    site = ConsoleSite()
    site.log.kept.fail_on = "*"
    with pytest.raises(ServiceError, match="AUDIT_UNAVAILABLE"):
        await site.entrance.enter("ana", "link", "peer")

"""Who is logged in, and an admin who ends that: over HTTP, with what the log has of it."""

from __future__ import annotations

from audit_svc.console.pages import sessions
from tests.fakes.console_site import Browser, ConsoleSite


def console() -> ConsoleSite:
    return ConsoleSite("reviewer/ada=admin,reviewer/*=reviewer", shown=sessions.ROUTES)


async def end(browser: Browser, name: str) -> int:
    answer = await browser.post("/sessions", {"name": name, "csrf": await browser.csrf()})
    return answer.status_code


async def is_in(browser: Browser) -> bool:
    return (await browser.get("/")).status_code == 200


async def test_an_admin_ends_all_of_somebodys_sessions() -> None:
    """Whatever browsers they are in; nobody else's, and it is on record in the admin's name."""
    site = console()
    admin, one, other, ben = [await site.logged_in(name) for name in ("ada", "ana", "ana", "ben")]

    assert await end(admin, "ana") == 303
    assert [await is_in(each) for each in (admin, one, other, ben)] == [True, False, False, True]
    assert site.entered()[-1] == {
        "who": "spiffe://placet.local/reviewer/ana",
        "how": "session",
        "outcome": "ended",
        "decided_by": "human:ada",
        "sessions": 2,
    }


async def test_an_admin_s_own_session_stays_and_their_others_end() -> None:
    site = console()
    here, elsewhere = [await site.logged_in("ada") for _ in range(2)]

    assert await end(here, "ada") == 303
    assert [await is_in(here), await is_in(elsewhere)] == [True, False]


async def test_who_has_no_session_ends_none_and_is_on_no_record() -> None:
    site = console()
    admin = await site.logged_in("ada")
    before = len(site.entered())

    for name in ("eve", "", "a/b"):
        assert await end(admin, name) == 303
    assert len(site.entered()) == before


async def test_nobody_but_an_admin_sees_or_ends_sessions() -> None:
    site = console()
    ana, ben = [await site.logged_in(name) for name in ("ana", "ben")]

    assert (await ana.get("/sessions")).status_code == 403
    assert await end(ana, "ben") == 403
    assert await is_in(ben)
    assert "/sessions" not in (await ana.get("/")).text


async def test_the_page_says_who_is_logged_in_and_for_how_long() -> None:
    site = console()
    await site.logged_in("ana")
    site.seconds += 90
    admin = await site.logged_in("ada")
    text = (await admin.get("/sessions")).text

    assert text.index("ada") < text.index("ana")
    assert "90 s ago" in text
    assert "this one" in text


async def test_sessions_are_over_even_if_the_log_does_not_answer() -> None:
    """Whoever must go is gone; the admin is told that it is not on record."""
    site = console()
    admin, ana = [await site.logged_in(name) for name in ("ada", "ana")]
    site.log.kept.fail_on = "console_entered"

    assert await end(admin, "ana") == 503
    assert not await is_in(ana)

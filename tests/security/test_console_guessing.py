"""Attack: guess links, flood the log with failures, ask for more than a person could read."""

from __future__ import annotations

import httpx
import pytest

from audit_svc.console.limits import Limiter, Lockout
from placet.http_server import serving
from placet.listening import listening, url_of
from tests.fakes.console_site import ConsoleSite


async def test_whoever_guesses_is_locked_out_and_on_record() -> None:
    site = ConsoleSite()
    browser = site.browser("192.0.2.1")
    statuses = [(await browser.post(f"/enter/guess{n}")).status_code for n in range(12)]
    assert statuses == [403] * 10 + [429] * 2
    outcomes = [entry["outcome"] for entry in site.entered()]
    assert outcomes == ["refused"] * 9 + ["locked_out"]


async def test_a_lock_out_holds_for_a_good_link_too_and_does_not_use_it_up() -> None:
    site = ConsoleSite()
    browser = site.browser("192.0.2.1")
    for n in range(10):
        await browser.get(f"/enter/guess{n}")
    secret = site.entrance.links.issue("ana")
    answer = await browser.post(f"/enter/{secret}")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 800
    assert (await site.browser("192.0.2.2").post(f"/enter/{secret}")).status_code == 303


async def test_a_lock_out_ends() -> None:
    site = ConsoleSite()
    browser = site.browser("192.0.2.1")
    for n in range(10):
        await browser.get(f"/enter/guess{n}")
    site.seconds += 901
    assert (await browser.post(f"/enter/{site.entrance.links.issue('ana')}")).status_code == 303


async def test_whoever_is_logged_in_stays_so_while_their_address_is_locked_out() -> None:
    site = ConsoleSite()
    ana = await site.logged_in("ana", "192.0.2.1")
    guesser = site.browser("192.0.2.1")
    for n in range(10):
        await guesser.get(f"/enter/guess{n}")
    assert (await ana.get("/")).status_code == 200


async def test_one_network_of_ipv6_is_one_guesser() -> None:
    site = ConsoleSite()
    statuses = [
        (await site.browser(f"2001:db8::{n:x}").get(f"/enter/guess{n}")).status_code for n in range(1, 12)
    ]
    assert statuses == [403] * 10 + [429]


@pytest.mark.parametrize(("proxy", "statuses"), [("", [403, 429]), ("127.0.0.1", [403, 403])])
async def test_whose_address_a_header_gives_is_believed_of_a_trusted_proxy_alone(
    proxy: str, statuses: list[int]
) -> None:
    """Else whoever guesses would be somebody else each time."""
    bound = listening("127.0.0.1:0")
    site = ConsoleSite(url=url_of(bound))
    site.entrance.lockout = Lockout(failures=1)
    async with serving(site.app, bound, trusted_proxies=proxy), httpx.AsyncClient(base_url=site.url) as http:
        answers = [
            await http.get(f"/enter/{n}", headers={"x-forwarded-for": f"203.0.113.{n}"}) for n in range(2)
        ]
    assert [answer.status_code for answer in answers] == statuses


async def test_failures_from_everywhere_do_not_fill_the_log_and_are_counted() -> None:
    site = ConsoleSite()
    for n in range(200):
        await site.browser(f"198.51.100.{n}").get("/enter/guess")
    assert len(site.entered()) == 60
    site.seconds += 10
    await site.browser("203.0.113.1").get("/enter/guess")
    assert site.entered()[-1]["untold"] == 140
    assert sum(1 + int(str(entry["untold"])) for entry in site.entered()) == 201


async def test_a_flood_of_failures_keeps_nobody_out() -> None:
    site = ConsoleSite()
    for n in range(200):
        await site.browser(f"198.51.100.{n}").get("/enter/guess")
    assert (await site.logged_in("ana")).secret


async def test_who_asks_too_much_waits_and_others_do_not() -> None:
    site = ConsoleSite(limiter=Limiter(0.5, 5))
    ana, ben = await site.logged_in("ana", "192.0.2.1"), await site.logged_in("ben", "192.0.2.2")
    statuses = [(await ana.get("/")).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    answer = await ana.get("/")
    assert int(answer.headers["retry-after"]) >= 1
    assert (await ben.get("/")).status_code == 200
    strangers = [(await site.browser("192.0.2.3").get("/login")).status_code for _ in range(6)]
    assert strangers == [200] * 5 + [429]

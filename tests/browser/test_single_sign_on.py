"""Single sign-on as people meet it: a browser, a console, and a provider that we did not write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.kit.provider import certificate, provider, sign_in, without_foreign_styles
from tests.browser.kit.visitor import Visit, axe, shot
from tests.browser.kit.watching import Watch
from tests.browser.kit.world import World

GROUPS = {"ana": ["staff", "security"], "ada": ["security", "leads"], "eve": ["staff"]}
SHORT_S = 4
"""How long somebody stays logged in at the console whose sessions end soon."""


@pytest.fixture(scope="module")
def issuer(world: World) -> Iterator[str]:
    (world.layout.state / "oidc-secret").write_text("known to the two of them\n")
    with provider(world, GROUPS) as address:
        yield address


def console(world: World, issuer: str, label: str, **changes: str) -> str:
    """The address of another console over the same log, which knows people by the provider's word."""
    url_file = world.layout.state / f"{label}.url"
    world.another(
        "console",
        label,
        SSL_CERT_FILE=str(certificate(world).ca),
        PLACET_CONSOLE_ROLES="",
        PLACET_CONSOLE_URL_FILE=str(url_file),
        PLACET_CONSOLE_WEB_LISTEN="127.0.0.1:0",
        PLACET_CONSOLE_OIDC_ISSUER=issuer,
        PLACET_CONSOLE_OIDC_CLIENT_ID="placet-console",
        PLACET_CONSOLE_OIDC_CLIENT_SECRET_FILE=str(world.layout.state / "oidc-secret"),
        PLACET_CONSOLE_OIDC_ROLES="security=reviewer,leads=admin",
        **changes,
    )
    return url_file.read_text().strip()


@pytest.fixture(scope="module")
def site(world: World, issuer: str) -> Iterator[str]:
    yield console(world, issuer, "signed-on")
    world.stop("signed-on")


@pytest.fixture
def at(visit: Visit, site: str) -> Visit:
    """`at()`: the page of a browser that nobody is logged in with, at the console with single sign-on."""

    def open_page(base_url: str = site) -> Page:
        page = visit(base_url=base_url, ignore_https_errors=True)
        without_foreign_styles(page)
        return page

    return open_page


def enter(page: Page, name: str, asked: str = "/") -> None:
    """From the page that was asked for to the provider and, as `name`, back."""
    page.goto(asked)
    page.get_by_role("link", name="Log in with single sign-on").click()
    sign_in(page, name)


def who(page: Page) -> str:
    """Who the page says is logged in, and in which role."""
    return page.locator(".who span").inner_text()


def test_a_group_at_the_provider_is_a_role_here_and_the_page_asked_for_follows(
    at: Visit, watch: Watch
) -> None:
    watch.expect("403")
    page = at()
    page.goto("/queue?order=age")
    axe(page)
    enter(page, "ana", "/queue?order=age")
    page.wait_for_url("**/queue?order=age")
    assert who(page) == "ana reviewer"
    page.goto("/sessions")
    expect(page.get_by_text("this needs the role admin; you have reviewer")).to_be_visible()


def test_whoever_logs_out_is_out_and_the_provider_is_asked_anew(at: Visit) -> None:
    page = at()
    enter(page, "ana")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("You are logged out.")).to_be_visible()

    page.goto("/requests")
    assert page.url.endswith("/login?next=%2Frequests")
    page.get_by_role("link", name="Log in with single sign-on").click()
    expect(page.get_by_placeholder("sub")).to_be_visible()
    sign_in(page, "ada")
    page.wait_for_url("**/requests")
    assert who(page) == "ada admin"


def test_whom_no_group_gives_a_role_stays_outside(at: Visit, site: str, watch: Watch) -> None:
    watch.expect("403")
    page = at()
    enter(page, "eve")
    expect(page.get_by_text("You are not logged in: 'eve' has no role here.")).to_be_visible()
    page.goto("/queue")
    assert page.url == f"{site}/login?next=%2Fqueue"


def test_whoever_says_no_at_the_provider_stays_outside(at: Visit, watch: Watch) -> None:
    watch.expect("403")
    page = at()
    page.goto("/login")
    page.get_by_role("link", name="Log in with single sign-on").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("You are not logged in: the provider's answer does not hold")).to_be_visible()


def test_an_admin_ends_somebodys_sessions_and_their_open_page_says_so(at: Visit, watch: Watch) -> None:
    """Their next click asks them to log in, and leads back to where they were going."""
    watch.expect("401")
    ana, ada = at(), at()
    enter(ana, "ana", "/queue")
    expect(ana.locator("[data-live=live]")).to_be_visible()
    enter(ada, "ada", "/sessions")
    expect(ada.get_by_role("heading", name="Sessions")).to_be_visible()
    axe(ada)
    shot(ada, "sessions", phone=True)
    ada.get_by_role("button", name="End ana's sessions").click()
    expect(ada.get_by_role("rowheader", name="ana")).to_have_count(0)

    expect(ana.locator("[data-live]")).to_have_text("not live: reload the page")
    ana.get_by_role("link", name="Requests", exact=True).click()
    ana.get_by_role("link", name="Log in with single sign-on").click()
    sign_in(ana, "ana")
    ana.wait_for_url("**/requests")


def test_a_session_ends_when_its_time_is_over(at: Visit, world: World, issuer: str, watch: Watch) -> None:
    """However busy it is: the open page says so, and the next one asks to log in."""
    watch.expect("401")
    short = console(world, issuer, "short", PLACET_CONSOLE_SESSION_S=str(SHORT_S))
    page = at(short)
    enter(page, "ana", "/queue")
    page.wait_for_url("**/queue*")
    expect(page.locator("[data-live]")).to_have_text("not live: reload the page")
    page.get_by_role("link", name="Labels", exact=True).click()
    assert page.url == f"{short}/login?next=%2Flabels"
    world.stop("short")

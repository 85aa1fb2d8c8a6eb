"""Coming in and going out in a real browser: by hand, without a mouse, without script, from another site."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.kit.visitor import LAPTOP, PHONE, Visit, axe, scrolls_sideways, shot
from tests.browser.kit.watching import Watch
from tests.browser.kit.world import World


def at_another_site(page: Page, world: World, watch: Watch) -> None:
    """A page of another site that this browser can reach: the same machine under another name."""
    port = urlsplit(world.url).port
    watch.expect("421")  # it is refused, and its error page is as good a place as any
    page.goto(f"http://localhost:{port}/")


def test_the_way_in_is_for_everybody(visit: Visit, world: World) -> None:
    """Contrast, names, order; light and dark; a laptop and a phone."""
    page = visit()
    for address, name in ((f"{world.url}/login", "login"), (world.link("ana"), "enter")):
        page.goto(address)
        axe(page)
        shot(page, name, dark=True, phone=True)
        page.set_viewport_size(PHONE)
        assert not scrolls_sideways(page)
        page.set_viewport_size(LAPTOP)


def test_what_is_refused_says_why_and_where_to_go(visit: Visit, watch: Watch) -> None:
    page = visit("vera")
    watch.expect("404")
    page.goto("/none")
    expect(page.get_by_role("heading")).to_have_text("There is no such page")
    axe(page)
    page.get_by_role("link", name="Back to the overview").click()
    expect(page.get_by_role("link", name="Overview", exact=True)).to_have_attribute("aria-current", "page")


def test_a_keyboard_is_enough_to_come_in_and_go_out(visit: Visit, world: World) -> None:
    page = visit()
    page.goto(world.link("ana"))
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Log in as ana")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{world.url}/")

    out = page.get_by_role("button", name="Log out")
    for _ in range(12):
        page.keyboard.press("Tab")
        if out.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_text("You are logged out.")).to_be_visible()
    page.goto("/queue")
    assert page.url.endswith("/login?next=%2Fqueue")


def test_without_script_one_comes_in_and_reads(visit: Visit) -> None:
    page = visit("ana", fresh=True, java_script_enabled=False)
    for words in ("Requests", "Queue", "Keys", "Overview"):
        page.get_by_role("link", name=words, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_link_on_another_site_leads_to_its_page(visit: Visit, world: World, watch: Watch) -> None:
    """Although the cookie does not come along with such a link: a ticket or a chat message has them."""
    path = "/requests?verdict=DENIED"
    page = visit("ana")
    at_another_site(page, world, watch)
    page.evaluate("address => { location.href = address; }", world.url + path)
    page.wait_for_url(world.url + path)
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_a_form_on_another_site_changes_nothing(visit: Visit, world: World, watch: Watch) -> None:
    page = visit("ana", bypass_csp=True)  # the other site would not have our policy
    at_another_site(page, world, watch)
    watch.expect("403|favicon")  # a refusal in plain text names no icon
    page.evaluate(
        """address => {
          const form = document.createElement("form");
          form.method = "post";
          form.action = address;
          document.body.append(form);
          form.submit();
        }""",
        f"{world.url}/logout",
    )
    expect(page.get_by_text("a form of another site cannot act here")).to_be_visible()
    page.goto("/queue")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()

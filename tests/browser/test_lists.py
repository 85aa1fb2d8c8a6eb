"""Overview and list of requests in a browser: they follow the log, narrow, stay text, and need no mouse."""

from __future__ import annotations

import hashlib
import re

from playwright.sync_api import Locator, Page, expect

from audit_svc.console.characters import spelled
from tests.browser.kit.stories import DOUBT, ENVIRONMENT, Stories, Telling, finding
from tests.browser.kit.texts import MEANS, PAYLOADS, READS_ENVIRONMENT, UNCLEAR
from tests.browser.kit.visitor import LAPTOP, PHONE, Visit, axe, scrolls_sideways, shot
from tests.browser.kit.world import World

LIVE = re.compile("live$")


def row(page: Page, told: Telling) -> Locator:
    return page.locator(f"tr[data-request='{told.request_id}']")


def open_live(page: Page, address: str) -> None:
    """Open a page and wait until it follows the log."""
    page.goto(address)
    expect(page.locator("[data-live=live]")).to_be_visible()


def test_the_list_follows_the_log_without_a_reload(world: World, stories: Stories, visit: Visit) -> None:
    stories.done()
    page = visit("vera")
    open_live(page, "/requests")
    page.evaluate("window.stays = true")
    told = Telling.begin(world).screened()
    expect(row(page, told)).to_contain_text("under way")
    told.program(READS_ENVIRONMENT).verdict("DENIED", ENVIRONMENT).finished("DENIED")
    expect(row(page, told)).to_contain_text("ended: DENIED")
    expect(row(page, told).locator(".badge")).to_have_text("DENIED")
    expect(page.locator("tbody tr").first).to_have_attribute("data-request", told.request_id)
    assert row(page, told).count() == 1
    assert page.evaluate("window.stays")


def test_a_list_that_is_narrowed_takes_in_only_what_matches(
    world: World, stories: Stories, visit: Visit
) -> None:
    page = visit("vera")
    open_live(page, "/requests?verdict=DENIED&rule=capability.secrets.environment")
    other = stories.done()
    told = stories.denied()
    expect(row(page, told)).to_be_visible()
    expect(row(page, other)).to_have_count(0)


def test_a_search_is_made_kept_used_and_forgotten_with_the_keyboard_alone(
    stories: Stories, visit: Visit
) -> None:
    told, other = stories.denied(scope="data-analysis"), stories.done()
    page = visit("ana")
    page.goto("/requests")
    page.keyboard.press("/")
    page.keyboard.type("environment scope")
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests?*text=environment+scope*")
    expect(row(page, told)).to_be_visible()
    expect(row(page, other)).to_have_count(0)
    page.get_by_label("Keep this search as").focus()
    page.keyboard.type("Environment")
    page.keyboard.press("Enter")
    kept = page.get_by_role("navigation", name="Views").get_by_role("link", name="Environment")
    expect(kept).to_have_attribute("aria-current", "true")
    page.goto("/requests")
    kept.focus()
    page.keyboard.press("Enter")
    expect(row(page, other)).to_have_count(0)
    expect(page.locator("[data-live=live]")).to_be_visible()  # its scripts are there
    page.keyboard.press("j")
    expect(page.locator("tbody tr").first.locator("a")).to_be_focused()
    page.get_by_role("button", name="Remove the view Environment").focus()
    page.keyboard.press("Enter")
    expect(kept).to_have_count(0)


def test_the_charts_follow_the_log_and_leave_alone_what_somebody_is_at(
    world: World, stories: Stories, visit: Visit
) -> None:
    """A table that was opened stays open, a card with the focus stays, and the page is not loaded anew."""
    stories.denied()
    page = visit("vera")
    open_live(page, "/")
    page.evaluate("window.stays = true")
    opened = page.locator("details").first
    opened.locator("summary").click()
    page.get_by_role("link", name="Overview", exact=True).focus()
    card = page.locator("section.card", has=page.get_by_role("heading", name="Why programs are denied"))
    reason = finding("capability.chart.follows", 1, "import os", "is new here", severity="CRITICAL")

    told = Telling.begin(world).screened().program(READS_ENVIRONMENT).verdict("DENIED", [reason])
    expect(card).to_contain_text("capability.chart.follows")
    expect(opened).to_have_attribute("open", "")
    card.get_by_role("link", name="capability.chart.follows").focus()
    newest = opened.locator("tbody tr").last
    before = newest.inner_text()
    told.program(READS_ENVIRONMENT).verdict("DENIED", [reason])
    expect(newest).not_to_have_text(before, use_inner_text=True)
    expect(card.get_by_role("link", name="capability.chart.follows")).to_be_focused()
    assert page.evaluate("window.stays")


def test_the_overview_follows_what_waits_and_leads_to_the_requests_behind_a_bar(
    stories: Stories, visit: Visit
) -> None:
    stories.denied_twice_then_done()
    stories.failed()
    page = visit("vera")
    open_live(page, "/")
    waiting = page.locator("[data-figure=waiting]")
    before = int(waiting.inner_text().replace(",", ""))
    stories.waiting(DOUBT)
    expect(waiting).to_have_text(str(before + 1))
    page.get_by_role("link", name="scope.import.not_allowed").click()
    expect(page.get_by_label("Rule")).to_have_value("scope.import.not_allowed")
    expect(page.locator("tbody tr").first).to_contain_text("scope.import.not_allowed")


def test_both_pages_are_readable_by_everybody_on_a_laptop_and_on_a_phone(
    world: World, stories: Stories, visit: Visit
) -> None:
    stories.done()
    stories.denied()
    Telling.begin(world).screened().program(UNCLEAR).verdict("NEEDS_REVIEW", DOUBT)
    Telling.begin(world).screened().program(MEANS)
    page = visit("vera")
    for name, address in (("overview", "/"), ("requests", "/requests")):
        page.set_viewport_size(LAPTOP)
        page.goto(address)
        axe(page)
        shot(page, name, dark=True, phone=True)
        page.set_viewport_size(PHONE)
        assert not scrolls_sideways(page), address
    page.goto("/requests?text=zebra&since=x")
    expect(page.get_by_text("Nothing was searched")).to_be_visible()
    axe(page, schemes=("light",))


def test_both_pages_say_everything_without_script(stories: Stories, visit: Visit) -> None:
    told = stories.denied()
    page = visit("vera", java_script_enabled=False)
    page.goto("/requests?verdict=DENIED")
    expect(row(page, told)).to_contain_text("capability.secrets.environment")
    page.goto("/")
    expect(page.locator("rect.bad").first).to_be_attached()


def test_names_from_records_stay_text_when_loaded_and_when_they_come_in(world: World, visit: Visit) -> None:
    """Scope, caller and rule ids reach the page by template and by script; each is given every payload."""
    page = visit("vera")
    open_live(page, "/requests")
    title = page.title()
    for number, payload in enumerate(PAYLOADS):
        request_id = f"hostile-{number}"
        body = {
            "verdict": "DENIED",
            "program_sha256": hashlib.sha256(b"").hexdigest(),
            "scope": {"name": payload, "version": 1, "sha256": "5" * 64},
            "decided_by": "rules",
            "caller": payload,
            "findings": [{"rule_id": payload, "severity": payload, "line": 1, "message": payload}],
        }
        world.append("svc/guard", "verdict_reached", body, request_id=request_id)
        shown = page.locator(f"tr[data-request={request_id}] [data-field=scope]")
        expect(shown).to_contain_text(spelled(payload).strip(), use_inner_text=False)
    for address in ("/requests", "/"):
        page.goto(address)
        expect(page.locator("main")).to_contain_text(PAYLOADS[0])
        assert page.title() == (title if address == "/requests" else "Overview – Placet")

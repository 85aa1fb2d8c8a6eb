"""Policy replay with a real guard: asked, watched, signed in the browser, kept in the log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from placet.approval import KeySet, envelope
from placet.audit.replay_report import Report
from tests.browser.kit.stories import Stories
from tests.browser.kit.visitor import Visit, Visitors, axe, scrolls_sideways, shot
from tests.browser.kit.watching import Watch
from tests.browser.kit.world import World

SCOPE = "plotting"
"""One that no other test tells stories in: how many verdicts are replayed is up to this file."""
IMPORTS = "imports: [matplotlib, seaborn, pandas, numpy]"


@pytest.fixture(scope="module")
def replay(world: World, stories: Stories, visitors: Visitors) -> str:
    """The address of a replay under a stricter scope by the running guard, asked for by ana."""
    stories.done(scope=SCOPE)
    stories.denied_twice_then_done(scope=SCOPE)
    world.start("guard")
    watch = Watch()
    page = visitors.open(watch, "ana")
    page.goto("/replay")
    page.get_by_text("Judge under a changed scope").click()
    page.get_by_label("Scope document (YAML)").fill(stricter(world))
    page.get_by_role("button", name="Replay").click()
    expect(page.locator("[data-state]")).to_have_text("done")
    address = page.url
    page.context.close()
    watch.check()
    return address


def stricter(world: World) -> str:
    """The scope without matplotlib: programs that draw are to be denied."""
    document = (world.layout.scopes / f"{SCOPE}.yaml").read_text()
    head, found, examples = document.partition("examples:")
    assert found
    denied = examples.partition("denied:")[2]
    changed = head.replace(IMPORTS, "imports: [pandas, numpy]")
    assert changed != head
    return f"{changed}examples:\n  denied:{denied}"


def load_key(page: Page, world: World, name: str) -> None:
    """Into this browser, as its owner does."""
    page.goto("/keys")
    page.locator("input[type=file]").set_input_files(world.key_of(name))
    page.locator("[data-do=load] button").click()
    expect(page.locator("[data-known]")).to_be_visible()


def test_a_stricter_scope_flips_the_programs_that_it_forbids(visit: Visit, replay: str) -> None:
    """By verdict, rule and caller, each flip with the rules that came."""
    page = visit("ana")
    page.goto(replay)

    flips = page.get_by_role("region", name="Verdicts that flip")
    expect(flips).to_contain_text("+ scope.import.not_allowed")
    expect(page.get_by_role("heading", name="Caller")).to_be_visible()
    expect(flips.locator("tbody tr").first).to_contain_text("ALLOWED")
    axe(page)
    shot(page, "replay", dark=True, phone=True)


def test_a_report_is_signed_in_the_browser_and_downloaded(
    visit: Visit, world: World, replay: str, tmp_path: Path
) -> None:
    """3.1: whoever has the public keys can check it without the console."""
    page = visit("ana")
    load_key(page, world, "ana")
    page.goto(replay)
    page.get_by_role("button", name="Sign the report").click()
    expect(page.get_by_role("heading", name="Replay report")).to_be_visible()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download the signed report").click()
    downloading.value.save_as(tmp_path / "report.json")

    signed = envelope.parse((tmp_path / "report.json").read_bytes())
    keys = KeySet.load(world.layout.trusted)
    report = Report.from_bytes(signed.payload)
    assert keys.person_of(envelope.verify(signed, keys)) == "ana"
    assert (report.reported_by, report.layers) == ("human:ana", "rules")
    assert report.flipped == len(report.flips) > 0


def test_without_a_key_nothing_is_signed(visit: Visit, replay: str) -> None:
    """And the page says where to load one."""
    page = visit("ben")
    page.goto(replay)
    page.get_by_role("button", name="Sign the report").click()

    expect(page.get_by_role("alert")).to_contain_text("This browser has no key of yours")


def test_nobody_can_click_before_the_page_can_sign(visit: Visit, replay: str) -> None:
    """The click would load the page again, and nothing would be said."""
    page = visit("ben")
    held: list[Route] = []
    page.route("**/static/replay.js", lambda route: held.append(route))
    page.goto(replay, wait_until="commit")
    button = page.get_by_role("button", name="Sign the report")
    expect(button).to_be_disabled()
    held.pop().continue_()
    expect(button).to_be_enabled()


def test_a_statement_that_says_something_else_is_not_signed(visit: Visit, world: World, replay: str) -> None:
    """A console that was taken over cannot have a person sign what the page does not show."""
    page = visit("ana")
    load_key(page, world, "ana")
    page.goto(replay)
    page.route("**/statement", lambda route: route.fulfill(body=_one_flip_less(route.fetch().text())))
    page.get_by_role("button", name="Sign the report").click()

    expect(page.get_by_role("alert")).to_contain_text("it says something else than this page")


def test_a_scope_that_does_not_hold_is_refused_with_its_problems(visit: Visit, watch: Watch) -> None:
    """What was filled in is still there."""
    watch.expect("status of 400")
    page = visit("ana")
    page.goto("/replay")
    shot(page, "replay-form")
    page.get_by_text("Judge under a changed scope").click()
    page.get_by_label("Scope document (YAML)").fill("kind: Scope\nallow: <script>")
    page.get_by_role("button", name="Replay").click()

    expect(page.get_by_role("alert")).to_contain_text("The scope document does not hold")
    expect(page.get_by_label("Scope document (YAML)")).to_have_value("kind: Scope\nallow: <script>")
    axe(page)


def test_a_viewer_sees_replays_and_starts_none(visit: Visit) -> None:
    """A replay reads programs, which is for reviewers."""
    page = visit("vera", viewport={"width": 390, "height": 844})
    page.goto("/replay")

    expect(page.get_by_role("button", name="Replay")).to_have_count(0)
    assert not scrolls_sideways(page)


def _one_flip_less(text: str) -> str:
    statement = json.loads(text)
    statement["predicate"]["flips"].pop()
    statement["predicate"]["flipped"] -= 1
    return json.dumps(statement)

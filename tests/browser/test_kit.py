"""The kit itself: its world is in order, and it overlooks nothing."""

from __future__ import annotations

import pytest

from placet.audit.verify import verify_database
from tests.browser.kit.stories import Stories
from tests.browser.kit.texts import PAYLOADS
from tests.browser.kit.visitor import Visit, axe
from tests.browser.kit.watching import Watch
from tests.browser.kit.world import World


def test_the_stories_are_records_that_the_verifier_accepts(world: World, stories: Stories) -> None:
    """Also those with a hostile text in every field."""
    told = [
        stories.done(),
        stories.denied_twice_then_done(),
        stories.denied(),
        stories.out_of_scope(),
        stories.failed(),
        stories.needs_review(),
        stories.waiting(),
        *(stories.hostile(payload) for payload in PAYLOADS),
    ]

    audit = world.layout.audit
    vkey = world.layout.audit_vkey.read_text().strip()
    report = verify_database(audit / "audit.sqlite", audit / "checkpoint", vkey)
    assert report.ok, report.first_break
    assert report.records > sum(len(story.records) for story in told)


def test_a_link_logs_a_person_in(visit: Visit) -> None:
    """And nobody else: without one the console asks for it."""
    assert visit("ana", fresh=True).locator(".who").inner_text().startswith("ana")
    stranger = visit()
    stranger.goto("/")
    assert stranger.url.endswith("/login?next=%2F")


TROUBLES = {
    "an error on the console": "console.error('broken')",
    "an uncaught exception": "throw new Error('broken')",
    "a script that the policy blocks": (
        "const s = document.createElement('script'); s.textContent = '1'; document.head.append(s)"
    ),
    "a style that the policy blocks": "document.body.setAttribute('style', 'color: red')",
    "a picture from elsewhere": "new Image().src = 'http://127.0.0.1:9/x.png'",
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_page_that_complains_fails_its_test(visit: Visit, watch: Watch, trouble: str) -> None:
    """Unless the test said that it means to cause it, as this one does."""
    page = visit()
    page.goto("/login")
    watch.expect(".")
    page.evaluate(f"() => setTimeout(() => {{ {TROUBLES[trouble]} }})")
    page.wait_for_timeout(100)

    unaware = Watch()
    unaware.complaints = watch.complaints
    with pytest.raises(AssertionError, match="the pages complain"):
        unaware.check()


def test_a_complaint_that_was_expected_and_did_not_come_fails_the_test() -> None:
    """Or nobody would notice that a policy blocks nothing any more."""
    watch = Watch()
    watch.expect("policy violated")

    with pytest.raises(AssertionError, match="did not come"):
        watch.check()


def test_a_page_that_some_people_cannot_read_fails_its_check(visit: Visit) -> None:
    """Light grey on white."""
    page = visit()
    page.goto("/login")
    axe(page)
    page.evaluate("() => { document.querySelector('h1').style.color = '#bbb' }")

    with pytest.raises(AssertionError, match="color-contrast"):
        axe(page, schemes=("light",))

"""What people do on most pages. Knows the console's pages as their users see them."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.kit.world import World


def with_key(page: Page, world: World, name: str) -> Page:
    """Load the key that `placet keys new-reviewer` made, as its owner does."""
    page.goto("/keys")
    page.get_by_label("or its content").fill(world.key_of(name).read_text())
    page.get_by_role("button", name="Load into this browser").click()
    expect(page.get_by_text("The executor trusts it. You can decide.")).to_be_visible()
    return page

"""A person in front of the console: a browser context of their own, logged in as `placet console` does it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, StorageState

from tests.browser.kit.watching import Watch
from tests.browser.kit.world import World

SCREENSHOTS: Final = Path(__file__).parents[1] / "screenshots"
WAIT_MS: Final = 20_000
"""A page that is not there by then will not come."""
PHONE: Final[Any] = {"width": 390, "height": 844}
LAPTOP: Final[Any] = {"width": 1280, "height": 800}
STANDARD: Final[Any] = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
CONTRAST: Final[Any] = {"type": "rule", "values": ["color-contrast"]}
SCHEMES: Final[Any] = ("light", "dark")

Visit = Callable[..., Page]


def login(page: Page, world: World, name: str) -> None:
    """Open a fresh link and use it, as a person does; afterwards the page shows the overview."""
    page.goto(world.link(name))
    page.get_by_role("button", name=f"Log in as {name}").click()
    page.wait_for_url(f"{world.url}/")


@dataclass
class Visitors:
    """Opens contexts; a person's login is shared by all of their contexts that do not ask for their own."""

    browser: Browser
    world: World
    sessions: dict[str, StorageState] = field(default_factory=dict)
    """Name → what a browser keeps after the login."""

    def open(self, watch: Watch, name: str = "", *, fresh: bool = False, **options: Any) -> Page:
        """A page in a new context; without a name nobody is logged in. `options` are Playwright's.

        `fresh`: a login of its own, for tests that end it.
        """
        if name and not fresh:
            return self._page(watch, storage_state=self._session(name), **options)
        page = self._page(watch, **options)
        if name:
            login(page, self.world, name)
        return page

    def _session(self, name: str) -> StorageState:
        if name not in self.sessions:
            context = self.browser.new_context()
            login(context.new_page(), self.world, name)
            self.sessions[name] = context.storage_state()
            context.close()
        return self.sessions[name]

    def _page(self, watch: Watch, **options: Any) -> Page:
        usual = {"base_url": self.world.url, "viewport": LAPTOP, "locale": "en-GB", "timezone_id": "UTC"}
        context: BrowserContext = self.browser.new_context(**(usual | options))
        context.set_default_timeout(WAIT_MS)
        watch.follow(context)
        return context.new_page()


def axe(page: Page, *, schemes: tuple[str, ...] = SCHEMES) -> None:
    """Raise AssertionError when the page as it stands breaks WCAG 2.2 AA, in light or in dark."""
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # from SCHEMES
        # Only colours differ between the two, and everything else takes a second.
        only = STANDARD if scheme == schemes[0] else CONTRAST
        found = Axe().run(page, options={"runOnly": only})
        assert not found.violations_count, f"{page.url} in {scheme}:\n{found.generate_report()}"
    page.emulate_media(color_scheme="light")


def shot(page: Page, name: str, *, dark: bool = False, phone: bool = False) -> None:
    """A picture of the whole page as tests/browser/screenshots/NAME.png; also NAME-dark and NAME-phone.

    For people to look at, so only where PLACET_SCREENSHOTS is set.
    """
    if not os.environ.get("PLACET_SCREENSHOTS"):
        return
    SCREENSHOTS.mkdir(exist_ok=True)
    usual = page.viewport_size or LAPTOP
    looks = [(name, "light", usual)]
    looks += [(f"{name}-dark", "dark", usual)] if dark else []
    looks += [(f"{name}-phone", "light", PHONE)] if phone else []
    for stem, scheme, size in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        page.screenshot(path=SCREENSHOTS / f"{stem}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(usual)


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

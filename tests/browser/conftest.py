"""The console in a real browser: one world and one browser for this directory, a fresh context per test.

    def test_the_queue_shows_what_waits(visit, stories):
        told = stories.needs_review()
        page = visit("ana")                     # logged in; visit() alone is nobody
        page.goto("/queue")

Both end with the directory's last test (scope "package"): while Playwright's sync API is there, its event
loop runs in the tests' thread, and no asynchronous test of another directory could. For the same reason tests
here are plain functions.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from placet.local.process import tail
from tests.browser.kit.stories import Stories
from tests.browser.kit.visitor import WAIT_MS, Visit, Visitors
from tests.browser.kit.watching import Watch
from tests.browser.kit.world import World

CHROMIUM: Final = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
"""The same browser without and with a window of its own; the first needs a third of the other's time."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. As root it cannot have its own sandbox."""
    chromium = next(filter(Path.exists, CHROMIUM), None)
    if chromium is None:
        pytest.skip("Chromium is not installed (deploy/setup.sh dev)")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=os.getuid() != 0)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def world(browser: Browser) -> Iterator[World]:
    """Audit log and console; nothing of it is started for a test that is skipped for its browser."""
    with World.make(PLACET_CONSOLE_SAMPLE_PERCENT="100") as world:
        yield world


@pytest.fixture(scope="package")
def visitors(browser: Browser, world: World) -> Visitors:
    """Who is logged in already."""
    return Visitors(browser, world)


@pytest.fixture(scope="package")
def stories(world: World) -> Stories:
    """Requests for the world's log; each call tells a new one."""
    return Stories(world)


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What the test's pages complain of; `watch.expect(PATTERN)` for what it causes on purpose."""
    watch = Watch()
    yield watch
    watch.check()


@pytest.fixture
def visit(visitors: Visitors, watch: Watch) -> Iterator[Visit]:
    """`visit("ana")`: a page in a context of its own, logged in as ana; `visit()`: nobody."""
    before = set(visitors.browser.contexts)
    yield partial(visitors.open, watch)
    if watch.complaints:
        print(tail(visitors.world.layout.log("console")))
    for context in set(visitors.browser.contexts) - before:
        context.close()

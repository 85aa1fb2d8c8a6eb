"""What a page complains of: errors on its console, uncaught exceptions, and what its policy blocked.

A test fails on any of them, unless it said before that it means to cause it; and it fails when that did not
come.
"""

from __future__ import annotations

import re
from typing import Final

from playwright.sync_api import BrowserContext, ConsoleMessage, Page

_TELL: Final = "tellOfViolation"
_LISTEN: Final = f"""
document.addEventListener("securitypolicyviolation", (event) => window.{_TELL}(
  `${{event.effectiveDirective}} ${{event.blockedURI}} ${{event.sample}} at ${{event.sourceFile}}`));
"""


class Watch:
    """The complaints of all pages of one test."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._expected: list[str] = []

    def follow(self, context: BrowserContext) -> None:
        """Listen to every page of a context, from its first byte on."""
        context.expose_binding(_TELL, lambda _, text: self.complaints.append(f"policy violated: {text}"))
        context.add_init_script(_LISTEN)
        context.on("console", self._console)
        context.on("page", self._page)

    def expect(self, pattern: str) -> None:
        """A complaint that the pattern is found in is what this test is about."""
        self._expected.append(pattern)

    def check(self) -> None:
        """Raise AssertionError for complaints that nobody expected, and expected ones that did not come."""
        unexpected = [text for text in self.complaints if not any(re.search(p, text) for p in self._expected)]
        assert not unexpected, f"the pages complain: {unexpected}"
        missing = [p for p in self._expected if not any(re.search(p, text) for text in self.complaints)]
        assert not missing, f"expected, and did not come: {missing}; came: {self.complaints}"

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

"""The kit itself: its world is in order, and it overlooks nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from placet.audit.verify import verify_database
from tests.browser.kit.stories import Stories
from tests.browser.kit.texts import PAYLOADS
from tests.browser.kit.visitor import Visit
from tests.browser.kit.watching import Watch
from tests.browser.kit.world import World


def test_the_stories_are_records_that_the_verifier_accepts(world: World, stories: Stories) -> None:
    """Also those with a hostile text in every field."""
    for tell in (
        stories.done,
        stories.denied_twice_then_done,
        stories.denied,
        stories.out_of_scope,
        stories.failed,
        stories.needs_review,
        stories.waiting,
    ):
        tell()
    for payload in PAYLOADS:
        stories.hostile(payload)

    audit = world.layout.audit
    report = verify_database(audit / "audit.sqlite", audit / "checkpoint", world.layout.audit_vkey.read_text().strip())
    assert report.ok, report.first_break

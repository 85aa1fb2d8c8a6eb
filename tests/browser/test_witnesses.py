"""Cosignatures of the policy's witness, checked in the browser: who saw which records, and what is not so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from placet.audit.cosignature import WitnessSigner
from tests.browser.kit.stories import Stories, Telling
from tests.browser.kit.visitor import Visit
from tests.browser.kit.world import World
from tests.browser.test_request import changed, opened, states, summary

STRANGER = WitnessSigner.generate("security.example/witness")


def badge(page: Page, index: int) -> str:
    """What the badge of a record says when one stays on it."""
    return page.locator(f"[data-proof=record][data-index='{index}']").get_attribute("title") or ""


def test_what_the_witness_has_seen_is_told_and_what_came_later(
    world: World, visit: Visit, stories: Stories
) -> None:
    """The records before its newest cosignature are cosigned; those after it are verified all the same."""
    told = Telling.begin(world).screened()
    size = world.cosign()
    told.finished("DENIED")
    page = opened(visit("ana"), told.request_id)
    seen, later = told.records[0].index, told.records[-1].index

    assert states(page) == {"verified"}
    assert f"Its first {size} records are those that security cosigned, last at 20" in summary(page)
    assert badge(page, seen).endswith(", cosigned by security")
    assert badge(page, later).endswith(", not cosigned yet")


def without_the_cosignature(note: bytes) -> bytes:
    return note[: note.rindex("\u2014".encode())]


def by_a_stranger(note: bytes) -> bytes:
    text = note.decode().partition("\n\n")[0] + "\n"
    return without_the_cosignature(note) + STRANGER.cosign(text, 1_760_000_000).encode()


def spoilt(note: bytes) -> bytes:
    head, _, line = note.decode().rstrip("\n").rpartition(" ")
    return f"{head} {line[:40]}{'B' if line[40] == 'A' else 'A'}{line[41:]}\n".encode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without_the_cosignature, "the quorum of witnesses has not cosigned"),
        (by_a_stranger, "the quorum of witnesses has not cosigned"),
        (spoilt, "a cosignature is wrong"),
    ],
    ids=["without", "stranger", "spoilt"],
)
def test_a_checkpoint_that_the_witness_did_not_cosign_is_broken(
    world: World, visit: Visit, stories: Stories, change: Callable[[bytes], bytes], words: str
) -> None:
    told = stories.done()
    world.cosign()
    page = visit("ana")
    page.route("**/log/witnessed", lambda route: changed(route, change))
    opened(page, told.request_id)

    assert states(page) == {"broken"}
    assert words in summary(page)


@pytest.mark.parametrize("other", ["", "quorum none\n"], ids=["none", "laxer"])
def test_a_console_that_names_other_witnesses_than_before_is_broken(
    world: World, visit: Visit, stories: Stories, other: str
) -> None:
    """Else whoever took it over would name none, or their own."""
    told = stories.done()
    world.cosign()
    page = opened(visit("ana"), told.request_id)
    assert states(page) == {"verified"}
    page.route("**/log/policy", lambda route: route.fulfill(body=other))
    opened(page, told.request_id)

    assert states(page) == {"broken"}
    expect(page.locator("[data-proof-summary]")).to_contain_text("another one than this browser knows")

"""One request in a real browser: what a person reads there, and the badges that the browser proves itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from placet.audit.checkpoint import LogSigner
from placet.audit.merkle import leaf_hash
from placet.audit.reader import LogReader
from placet.audit.tiles import Frontier, TiledTree, TileName, TileUnknown
from tests.browser.kit.stories import Stories
from tests.browser.kit.texts import PAYLOADS
from tests.browser.kit.visitor import Visit, axe, scrolls_sideways, shot
from tests.browser.kit.watching import Watch
from tests.browser.kit.world import World

ORIGIN = "placet.local/log"
STATES = "[...document.querySelectorAll('[data-proof]')].map((badge) => badge.dataset.state)"


@pytest.fixture(scope="module")
def done(stories: Stories) -> str:
    """A request that nothing happens to any more."""
    return stories.done().request_id


def opened(page: Page, request_id: str) -> Page:
    """The request's page, when every badge has been settled."""
    page.goto(f"/requests/{request_id}")
    return settled(page)


def settled(page: Page) -> Page:
    unsettled = "[data-proof]:not([data-state]), [data-proof][data-state=checking]"
    expect(page.locator(unsettled)).to_have_count(0)
    return page


def states(page: Page) -> set[str]:
    return set(page.evaluate(STATES))


def summary(page: Page) -> str:
    return page.locator("[data-proof-summary]").inner_text()


def test_the_page_tells_the_request_from_task_to_artifacts(visit: Visit, stories: Stories) -> None:
    told = stories.denied_twice_then_done()
    page = opened(visit("ana"), told.request_id)
    for words in ("Mean body mass", "Attempt 1", "Attempt 3", "Declared and observed", "Gentoo 5076.0"):
        expect(page.locator("main")).to_contain_text(words)
    expect(page.locator("#attempt-1 mark.rule").first).to_have_text("import")
    expect(page.locator("#attempt-2 .finding.reviewer .who")).to_have_text("reviewer")
    expect(page.locator("#attempt-2 .finding.rule .who")).to_have_text("rule")
    page.get_by_text("What changed since attempt 2").click()
    expect(page.locator("#attempt-3 .compared .removed, #attempt-3 .compared .changed").first).to_be_visible()
    shot(page, "request", dark=True, phone=True)


def test_the_page_is_accessible_and_fits_a_phone(visit: Visit, stories: Stories) -> None:
    told = stories.denied_twice_then_done()
    page = opened(visit("ana"), told.request_id)
    for summary in page.locator("details > summary").all():
        summary.click()
    axe(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert not scrolls_sideways(page)
    page.goto(f"/records/{told.verdict_index}")
    assert not scrolls_sideways(page)


def test_every_badge_is_verified_by_the_browser(visit: Visit, done: str) -> None:
    page = opened(visit("ana"), done)
    assert states(page) == {"verified"}
    assert "seen for the first time" in summary(page)
    page.reload()
    assert states(settled(page)) == {"verified"}
    assert "known here since" in summary(page)


def test_a_viewer_has_records_verified_and_no_texts(visit: Visit, done: str) -> None:
    page = opened(visit("vera"), done)
    assert states(page) == {"verified"}
    assert page.locator("[data-proof=text]").count() == 0
    expect(page.locator("main")).not_to_contain_text("Gentoo")


def test_news_of_the_request_come_without_a_reload(visit: Visit, stories: Stories) -> None:
    told = stories.waiting()
    page = opened(visit("ana"), told.request_id)
    told.finished("NEEDS_REVIEW")
    expect(page.locator("[data-news] output")).to_have_text("1 new record")


def test_a_bundle_is_one_click_away(visit: Visit, done: str) -> None:
    page = opened(visit("ana"), done)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export bundle").click()
    assert download.value.suggested_filename == f"{done}.bundle.zip"


# What a console, or whoever sits between, could serve instead of the truth.

Forge = Callable[[World, Route], None]


def changed(route: Route, change: Callable[[bytes], bytes]) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=change(answer.body()))


def flipped(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def other_key(_: bytes) -> bytes:
    return f"{LogSigner.generate(ORIGIN).verifier.vkey}\n".encode()


def signed_by_other_key(note: bytes) -> bytes:
    size = int(note.split(b"\n")[1])
    return LogSigner.generate(ORIGIN).sign(size, bytes(32)).encode()


def with_a_wrong_signature_beside(note: bytes) -> bytes:
    dash, name, value = note.rstrip().rsplit(b"\n", 1)[1].split(b" ")
    wrong = base64.b64encode(flipped(base64.b64decode(value)))
    return note + b" ".join([dash, name, wrong]) + b"\n"


def with_larger_size(note: bytes) -> bytes:
    origin, size, rest = note.split(b"\n", 2)
    return b"\n".join([origin, str(int(size) + 1).encode(), rest])


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("**/log/tile/0/**", flipped),
        ("**/log/tile/0/**", lambda content: content[:-32]),
        ("**/log/checkpoint", signed_by_other_key),
        ("**/log/checkpoint", with_larger_size),
        ("**/log/checkpoint", lambda note: note.rsplit("\u2014".encode(), 1)[0]),
        ("**/log/checkpoint", with_a_wrong_signature_beside),
        ("**/log/key", other_key),
        ("**/log/key", lambda key: key.replace(b"+", b"+0", 1)),
    ],
    ids=["tile", "short-tile", "foreign-key", "size", "unsigned", "second-signature", "key", "key-id"],
)
def test_what_was_forged_on_the_way_turns_badges_to_broken(
    visit: Visit, done: str, path: str, change: Callable[[bytes], bytes]
) -> None:
    page = visit("ana")
    page.route(path, lambda route: changed(route, change))
    opened(page, done)
    assert "broken" in states(page)
    assert "verified" not in states(page) or path.startswith("**/log/tile")
    expect(page.locator("[data-proof-summary]")).to_have_attribute("data-state", "broken")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("Mean body mass per species", "Mean body mass per island", "not the one on record"),
        ("Gentoo 5076.0", "Gentoo 5077.0", "not the one on record"),
        ('data-line><span class="kn">import', 'data-line><span class="kn">imp0rt', "not the one on record"),
        ('data-field="kind">run_finished', 'data-field="kind">run_aborted', "not the record's"),
    ],
    ids=["task", "output", "program", "kind"],
)
def test_a_page_that_shows_something_else_than_the_record_is_broken(
    visit: Visit, done: str, before: str, after: str, words: str
) -> None:
    page = visit("ana")

    def change(body: bytes) -> bytes:
        assert before.encode() in body
        return body.replace(before.encode(), after.encode())

    page.route(f"**/requests/{done}", lambda route: changed(route, change))
    opened(page, done)
    assert states(page) == {"verified", "broken"}
    expect(page.locator('[data-proof][data-state="broken"]').last).to_contain_text(words)


def test_a_record_that_is_not_in_the_log_is_broken(visit: Visit, done: str) -> None:
    page = visit("ana")

    def forge(body: bytes) -> bytes:
        leaf = next(part for part in body.split(b'data-leaf="')[1:])
        leaf = leaf.split(b'"')[0]
        plain = base64.b64decode(leaf.replace(b"&#43;", b"+"))
        forged = base64.b64encode(plain.replace(b"caller/reports", b"caller/another"))
        assert forged != leaf
        return body.replace(leaf, forged)

    page.route(f"**/requests/{done}", lambda route: changed(route, forge))
    opened(page, done)
    expect(page.locator('[data-proof="record"]').first).to_contain_text("not under the log's checkpoint")


def test_a_server_that_does_not_answer_proves_nothing_and_breaks_nothing(
    visit: Visit, done: str, watch: Watch
) -> None:
    watch.expect("503")
    page = visit("ana")
    page.route("**/log/checkpoint", lambda route: route.fulfill(status=503, body="later"))
    opened(page, done)
    assert states(page) == {"unchecked"}
    assert "did not answer" in summary(page)


def test_another_key_than_the_one_this_browser_knows_is_refused(visit: Visit, done: str) -> None:
    page = opened(visit("ana"), done)
    assert states(page) == {"verified"}
    page.route("**/log/key", lambda route: changed(route, other_key))
    opened(page, done)
    assert states(page) == {"broken"}
    assert "another one than this browser knows" in summary(page)


class OtherLog:
    """What the log's operator could show: a tree of their own, signed with the log's own key."""

    def __init__(self, world: World, leaves: list[bytes]) -> None:
        signer = LogSigner.load(world.layout.audit_key, ORIGIN)
        self._frontier, self._full = Frontier(), {}
        for leaf in leaves:
            for tile in self._frontier.append(leaf_hash(leaf)):
                self._full[tile.level, tile.index] = tile.hashes
        self._note = signer.sign(len(leaves), self._frontier.root())

    def serve(self, page: Page) -> None:
        page.route("**/log/checkpoint", lambda route: route.fulfill(body=self._note))
        page.route("**/log/tile/**", self._tile)

    def _tile(self, route: Route) -> None:
        tree = TiledTree(self._frontier, lambda level, index: self._full[level, index])
        try:
            name = TileName.parse("tile/" + route.request.url.partition("/log/tile/")[2])
            route.fulfill(body=tree.hashes(name))
        except TileUnknown:
            route.fulfill(status=404, body="")


def leaves_of(world: World) -> list[bytes]:
    with LogReader(world.layout.audit / "audit.sqlite") as reader:
        return [entry.leaf for entry in reader.entries()]


@pytest.mark.parametrize(
    ("history", "words"),
    [
        (lambda leaves: [*leaves[:-1], b"another"], "two trees of one size|history was rewritten"),
        (lambda leaves: [b"another", *leaves[1:], b"one more", b"and another"], "history was rewritten"),
        (lambda leaves: leaves[:-2], "history was rewritten|the log has no tile"),
    ],
    ids=["fork", "rewritten", "rolled-back"],
)
def test_a_log_that_does_not_continue_what_this_browser_saw_is_broken(
    visit: Visit,
    done: str,
    world: World,
    watch: Watch,
    history: Callable[[list[bytes]], list[bytes]],
    words: str,
) -> None:
    """Only a key's owner can try: everything is signed, and fits together."""
    page = opened(visit("ana"), done)
    assert states(page) == {"verified"}
    size = json.loads(page.evaluate("localStorage.getItem('placet.log')"))["size"]
    OtherLog(world, history(leaves_of(world)[:size])).serve(page)
    watch.expect("404") if "no tile" in words else None
    opened(page, done)
    assert states(page) == {"broken"}
    assert any(each in summary(page) for each in words.split("|")), summary(page)


def test_the_log_may_grow_between_two_visits(visit: Visit, stories: Stories) -> None:
    told = stories.done()
    page = opened(visit("ana"), told.request_id)
    stories.denied()
    assert states(opened(page, told.request_id)) == {"verified"}


def test_hostile_texts_are_shown_as_they_are_and_proven(visit: Visit, stories: Stories) -> None:
    """That a text's digest is verified says that nothing of it was lost on the page."""
    page = visit("ana")
    for payload in (" ".join(PAYLOADS), PAYLOADS[-1]):
        opened(page, stories.hostile(payload).request_id)
        assert states(page) == {"verified"}, payload
        assert "stored" not in page.title()
        assert page.locator("main :is(script, svg, iframe, style, [onerror], [onload], [style])").count() == 0
    assert page.locator(".unseen").count() > 0
    assert not set("\u202e\u202c\u2066\u2069\u200b\ufeff") & set(page.locator("main").inner_text())

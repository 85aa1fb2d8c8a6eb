"""The queue in a browser: people load their keys, decide by hand and by keys, and at the same time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from playwright.sync_api import Page, expect

from placet.approval import Approval, KeySet
from placet.approval.decision import open_decision
from placet.approval.envelope import decision_lines, first_line, open_envelope
from tests.browser.kit.people import with_key
from tests.browser.kit.stories import Stories, Telling, finding
from tests.browser.kit.visitor import Visit, axe, scrolls_sideways, shot
from tests.browser.kit.watching import Watch
from tests.browser.kit.world import World

Open = Callable[[str], Page]
CONFLICT = "the server responded with a status of 409"


@pytest.fixture
def reviewer(visit: Visit, world: World) -> Open:
    """`reviewer("ana")`: a page of hers in a browser that has her key."""
    return lambda name: with_key(visit(name), world, name)


def approval_of(world: World, told: Telling, page: Page) -> bytes:
    """The approval file as the page offers it."""
    answer = page.request.get(f"/queue/{told.verdict_index}/approval")
    assert answer.status == 200
    return bytes(answer.body())


def test_a_person_allows_a_program_and_the_approval_is_signed_by_their_own_key(
    world: World, stories: Stories, reviewer: Open
) -> None:
    told = stories.waiting()
    page = reviewer("ana")
    page.goto("/queue")
    axe(page)
    shot(page, "queue", dark=True, phone=True)
    page.locator(f"a[href='/queue/{told.verdict_index}']").click()
    page.get_by_label("Reason").fill("It only reads the file that was asked about.")
    axe(page)
    shot(page, "review", dark=True, phone=True)
    assert not scrolls_sideways(page)
    page.get_by_role("button", name="Approve and sign").click()
    expect(page.get_by_text("Allowed and signed.")).to_be_visible()
    keys = KeySet.load(world.layout.trusted)
    file = approval_of(world, told, page)
    approval = Approval.from_bytes(open_envelope(first_line(file), keys))
    assert (approval.decided_by, approval.program_sha256.hex()) == ("human:ana", told.program_sha256)
    (line,) = decision_lines(file)
    assert open_decision(line, keys).decision.reason == "It only reads the file that was asked about."


def test_a_denial_is_signed_and_the_item_leaves_the_open_queue_of_others(
    stories: Stories, reviewer: Open, visit: Visit
) -> None:
    told = stories.waiting()
    link = f"a[href='/queue/{told.verdict_index}']"
    other = visit("vera")
    other.goto("/queue")
    expect(other.locator(link)).to_be_visible()
    stories.waiting([finding("rule.hidden\u202e", 1, "x", "m")])
    expect(other.locator("td.rules", has_text="rule.hiddenU+202E")).to_be_visible()
    page = reviewer("ana")
    page.goto(f"/queue/{told.verdict_index}")
    page.get_by_label("Reason").fill("It sends the file away.")
    page.get_by_role("button", name="Deny and sign").click()
    expect(page.get_by_text("Denied.")).to_be_visible()
    expect(other.locator(link)).to_have_count(0)


def test_everything_can_be_done_without_a_mouse(stories: Stories, reviewer: Open) -> None:
    told = stories.waiting()
    page = reviewer("ana")
    page.keyboard.press("g")
    page.keyboard.press("q")
    page.wait_for_url("**/queue")
    wanted = page.locator(f"a[href='/queue/{told.verdict_index}']")
    expect(wanted).to_be_visible()
    for _ in range(page.locator("[data-keys=list] > tr").count()):
        page.keyboard.press("j")
        if wanted.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/queue/{told.verdict_index}")
    expect(page.get_by_role("button", name="Deny and sign")).to_be_enabled()
    page.keyboard.press("d")
    page.keyboard.type("It asks for more than it needs.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Denied.")).to_be_visible()
    expect(page.get_by_role("link", name="Back to the queue")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    axe(page)
    page.get_by_label("Single letters act").press("Space")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    page.keyboard.type("gr")
    expect(page).to_have_url(re.compile("/queue$"))
    page.keyboard.press("?")
    page.get_by_label("Single letters act").press("Space")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    page.keyboard.type("gr")
    page.wait_for_url("**/requests")
    page.keyboard.press("/")
    expect(page.get_by_label("Words")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_label("Words")).not_to_be_focused()


def test_of_two_people_who_decide_at_once_one_counts_and_the_other_is_told(
    world: World, stories: Stories, reviewer: Open, watch: Watch
) -> None:
    told = stories.waiting()
    pages = [reviewer(name) for name in ("ana", "ben")]
    for page in pages:
        page.goto(f"/queue/{told.verdict_index}")
        page.get_by_label("Reason").fill("I was here first.")
        expect(page.get_by_role("button", name="Deny and sign")).to_be_enabled()
    watch.expect(CONFLICT)
    # Started in both before either is waited for.
    for page in pages:
        page.evaluate("document.querySelector('button[value=DENIED]').click()")
    for page in pages:
        expect(page.locator("[data-status]")).to_contain_text(re.compile("Denied|decided|shown|Somebody"))
    texts = [page.locator("[data-status]").inner_text() for page in pages]
    assert sum(text.startswith("Denied.") for text in texts) == 1, texts


def test_two_people_must_allow_it_where_the_guard_says_two(
    world: World, stories: Stories, reviewer: Open
) -> None:
    told = stories.waiting()
    told.verdict("NEEDS_REVIEW", risk_pct=41, quorum=2)
    first, second = (reviewer(name) for name in ("ana", "ben"))
    for page in (first, second):
        page.goto(f"/queue/{told.verdict_index}")
        page.get_by_label("Reason").fill("Fine.")
        if page is second:
            expect(page.get_by_text("Decisions: 1 of 2 have allowed it")).to_be_visible()
        page.get_by_role("button", name="Approve and sign").click()
        expect(page.locator("[data-status]")).to_contain_text(
            "1 of 2 have allowed it" if page is first else "Allowed and signed."
        )
    keys = KeySet.load(world.layout.trusted)
    decisions = [
        open_decision(line, keys).decision for line in decision_lines(approval_of(world, told, second))
    ]
    assert [decision.reviewer for decision in decisions] == ["ana", "ben"]


def test_somebody_who_reads_an_item_is_told_what_others_do_and_loses_nothing(
    stories: Stories, reviewer: Open, watch: Watch
) -> None:
    told = stories.waiting()
    page, other = reviewer("ana"), reviewer("ben")
    for each in (page, other):
        each.goto(f"/queue/{told.verdict_index}")
    page.get_by_label("Reason").fill("Long thoughts.")
    approve, answer = page.get_by_role("button", name="Approve and sign"), page.locator("[data-status]")
    other.get_by_role("button", name="Claim it for 15 minutes").click()
    expect(other.get_by_text("You are at it until")).to_be_visible()
    expect(page.locator("[data-moved]")).to_contain_text("ben has claimed this.")
    watch.expect(CONFLICT)
    approve.click()
    expect(answer).to_contain_text("ben is looking at this until")
    other.get_by_role("button", name="Leave it to others").click()
    expect(other.get_by_role("button", name="Claim it for 15 minutes")).to_be_visible()
    other.get_by_label("Reason").fill("No.")
    other.get_by_role("button", name="Deny and sign").click()
    expect(page.locator("[data-moved]")).to_contain_text("ben has decided.")
    approve.click()
    expect(answer).to_contain_text("ben decided first: DENIED")
    expect(page.get_by_label("Reason")).to_have_value("Long thoughts.")


def test_hostile_texts_are_shown_as_text_and_decided_about_byte_for_byte(
    stories: Stories, reviewer: Open, watch: Watch
) -> None:
    markup = "</textarea><img src=x onerror=alert(1)><script>alert(2)</script>"
    payload = f"{markup}\u202e\u200b\r\t {{{{7*7}}}} \U000e0041 &amp;"
    told = stories.hostile(payload)
    page = reviewer("ana")
    page.on("dialog", lambda dialog: watch.complaints.append(f"it opened a dialog: {dialog.message}"))
    page.goto("/queue")
    page.locator(f"a[href='/queue/{told.verdict_index}']").click()
    page.get_by_label("Reason").fill(payload)
    page.get_by_role("button", name="Deny and sign").click()
    expect(page.get_by_text("Denied.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="Decide").get_by_text("onerror=alert(1)")).to_be_visible()
    assert page.locator("main img, main script").count() == 0


def test_a_browser_without_the_persons_key_says_so_and_signs_nothing(stories: Stories, visit: Visit) -> None:
    told = stories.waiting()
    page = visit("ana")
    page.goto(f"/queue/{told.verdict_index}")
    expect(page.get_by_text("This browser holds no key of yours")).to_be_visible()
    expect(page.get_by_role("button", name="Approve and sign")).to_be_disabled()


def test_a_key_that_was_made_here_is_not_trusted_until_somebody_says_so(visit: Visit) -> None:
    page = visit("ana")
    page.goto("/keys")
    page.get_by_label("or its content").fill("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")
    page.get_by_role("button", name="Load into this browser").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile("This key cannot be used"))
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_text("The executor does not trust it yet.")).to_be_visible()
    assert page.get_by_label("Public half").input_value().startswith("-----BEGIN PUBLIC KEY-----\n")
    axe(page)
    shot(page, "keys")
    page.get_by_role("button", name="Forget this key").click()
    expect(page.get_by_role("button", name="Make a key")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Make a key")).to_be_visible()


def test_a_page_that_the_console_altered_is_not_signed(stories: Stories, reviewer: Open) -> None:
    told = stories.waiting()
    page = reviewer("ana")
    page.goto(f"/queue/{told.verdict_index}")
    expect(page.get_by_role("button", name="Approve and sign")).to_be_enabled()
    page.get_by_label("Reason").fill("Fine.")
    for alter, complaint in (
        ("#program [data-line]", "The program on this page is not the one"),
        ("#task-text", "The task on this page is not the one"),
        ("[data-shown=inputs]", "The inputs on this page are not those"),
        ("[data-shown=grants]", "The grants on this page are not those"),
        ("[data-shown=limits]", "The limits on this page are not those"),
    ):
        before = page.evaluate(
            "s => { const e = document.querySelector(s); const c = [...e.childNodes];"
            "e.append('x'); return c.length }",
            alter,
        )
        page.get_by_role("button", name="Approve and sign").click()
        expect(page.locator("[data-status]")).to_contain_text(complaint)
        page.evaluate("([s, n]) => document.querySelector(s).childNodes[n].remove()", [alter, before])


def test_an_approval_that_says_something_else_than_the_page_is_not_signed(visit: Visit) -> None:
    page = visit("ana")
    page.goto("/keys")
    scope = {"name": "s", "version": 1, "sha256": "1" * 64}
    inputs = [{"name": "a.csv", "sha256": "2" * 64, "size": 3}]
    said = {
        "scope": scope,
        "inputs": inputs,
        "grants": ["fs.read:inputs"],
        "limits": {"wallS": 30},
        "audience": ["local"],
        "minTier": "T1",
        "requestId": "r",
        "decidedBy": "human:ana",
        "auditLog": {"origin": "o", "index": 1, "leafHash": "3" * 64},
        "expiresAt": "2026-01-01T00:05:00.000000Z",
    }
    seen = {
        "program": "4" * 64,
        "scope": scope,
        "inputs": inputs,
        "grants": said["grants"],
        "limits": {"wall_s": 30},
        "pool": {"audience": ["local"], "min_tier": "T1"},
    }

    def problems(program: str = "4" * 64, **change: object) -> object:
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": "https://placet.dev/attestation/approval/v1",
            "subject": [{"name": "program.py", "digest": {"sha256": program}}],
            "predicate": said | change,
        }
        find = """async ([statement, seen]) => {
            const { problems } = await import("/static/statement.js");
            const item = { origin: "o", request: "r", name: "ana" };
            const now = new Date("2026-01-01T00:00:00Z");
            return problems(new TextEncoder().encode(statement), seen, item, now);
        }"""
        return page.evaluate(find, [json.dumps(statement), seen])

    assert problems() == []
    assert problems(program="0" * 64) == ["it is about another program"]
    assert problems(scope=scope | {"sha256": "0" * 64}) == ["it is about another scope"]
    assert problems(inputs=[]) == ["it is for other inputs"]
    assert problems(grants=["network:evil.example:443"]) == ["it grants something else"]
    assert problems(limits={"wallS": 600}) == ["its limits are others"]
    assert problems(audience=["elsewhere"]) == ["it is for another executor"]
    assert problems(minTier="T0") == ["it is for another executor"]
    assert problems(requestId="another") == ["it is about another request"]
    assert problems(decidedBy="human:ben") == ["it is in another name"]
    assert problems(auditLog={"origin": "elsewhere"}) == ["it rests on another log"]
    assert problems(expiresAt="2999-01-01T00:00:00.000000Z") == ["it holds for too long"]


def test_signatures_are_in_der_whatever_their_numbers_are(visit: Visit) -> None:
    page = visit("ana")
    page.goto("/keys")
    encode = """async (raw) => {
        const { der } = await import("/static/sign.js");
        return [...der(Uint8Array.from(raw))];
    }"""
    for r, s in ((1, 2), (0x80, 2**255), (2**256 - 1, 0x7F), (2**247, 2**248 - 1)):
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        assert bytes(page.evaluate(encode, list(raw))) == encode_dss_signature(r, s)

"""Labels in a browser: given blind and with open eyes, by hand and by keys, and taken away as a file."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from placet.answers import sha256_hex
from placet.audit.checkpoint import LogVerifier
from placet.audit.dataset_proof import verify
from tests.browser.kit.stories import DOUBT, ENVIRONMENT, Stories, Telling
from tests.browser.kit.texts import PAYLOADS
from tests.browser.kit.visitor import Visit, axe, scrolls_sideways, shot
from tests.browser.kit.world import World
from tests.fakes.audit_world import verdict
from tests.fakes.labels import Judged

SAID = (
    *[("ALLOWED", "ALLOWED")] * 5,
    ("ALLOWED", "DENIED"),
    *[("DENIED", "DENIED")] * 3,
    ("DENIED", "ALLOWED"),
    ("NEEDS_REVIEW", "DENIED"),
    *[("NEEDS_REVIEW", "ALLOWED")] * 2,
)
"""The guard's verdict, and what people say is right."""
FOUND = {
    "ALLOWED": [],
    "DENIED": ENVIRONMENT,
    "NEEDS_REVIEW": DOUBT,
}


def review(page: Page, told: Telling) -> None:
    page.goto(f"/labels/review/{told.verdict_index}")
    expect(page.get_by_role("heading", name="Blind review")).to_be_visible()


def test_two_people_review_a_verdict_blind_and_then_see_each_other(stories: Stories, visit: Visit) -> None:
    told = stories.denied()
    ana, ben = visit("ana"), visit("ben")
    review(ana, told)
    expect(ana.get_by_text("scope.import.not_allowed")).to_have_count(0)
    expect(ana.get_by_text("The guard:")).to_have_count(0)
    axe(ana)
    shot(ana, "labels-blind", phone=True)
    ana.get_by_role("radio", name="DENIED it must not run").check()
    ana.get_by_label("Why").fill("It reads the environment, as I see it.")
    ana.get_by_role("button", name="Save label").click()
    expect(ana.get_by_role("heading", name="The guard: DENIED")).to_be_visible()
    axe(ana)

    review(ben, told)
    expect(ben.get_by_text("as I see it")).to_have_count(0)
    ben.get_by_role("radio", name="ALLOWED it may run").check()
    ben.get_by_label("Why").fill("Nothing of value is in there.")
    ben.get_by_role("button", name="Save label").click()
    expect(ben.get_by_text("as I see it")).to_be_visible()
    expect(ben.get_by_text("blind").first).to_be_visible()

    ana.goto("/labels")
    expect(ana.get_by_role("heading", name="Disputed")).to_be_visible()
    expect(ana.get_by_text("Nothing of value is in there.").first).to_be_visible()


def test_the_page_shows_the_guard_before_people(world: World, stories: Stories, visit: Visit) -> None:
    told = stories.denied()
    for number, (judged, right) in enumerate(SAID):
        program = f"print({number})\n"
        body = verdict(verdict=judged, program_sha256=sha256_hex(program.encode()), findings=FOUND[judged])
        at = world.append(
            "svc/guard", "verdict_reached", body, request_id=told.request_id, program=program.encode()
        )
        for person in ("kim", "lee"):
            label = Judged(at, program, body).label(person, right, blind=person == "lee")
            world.append("svc/console", "label_given", label, request_id=told.request_id)
    page = visit("otto")
    page.goto("/labels")
    row = page.get_by_role("row", name="capability.file.dynamic")
    expect(row.get_by_role("cell")).to_have_text(["1", "2", "0", "0", "–"])
    axe(page)
    assert not scrolls_sideways(page)
    shot(page, "labels", dark=True, phone=True)


def test_a_blind_review_needs_no_mouse(stories: Stories, visit: Visit) -> None:
    told = stories.denied()
    page = visit("ana")
    review(page, told)
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("It reads what it must not.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="The guard: DENIED")).to_be_visible()
    expect(page.get_by_text("It reads what it must not.")).to_be_visible()


def test_a_verdict_and_a_finding_are_labelled_where_they_are_shown(stories: Stories, visit: Visit) -> None:
    told = stories.denied()
    page = visit("ben")
    page.goto(f"/requests/{told.request_id}")
    labels = page.locator(f"#label-{told.verdict_index}")
    labels.get_by_text("Label this verdict").click()
    labels.get_by_role("radio", name="DENIED").check()
    labels.get_by_role("button", name="Save label").click()
    page.wait_for_url(f"**/requests/{told.request_id}#label-{told.verdict_index}")
    expect(page.locator(f"#label-{told.verdict_index}").get_by_text("agrees")).to_be_visible()

    page.get_by_text("Labels on the findings").first.click()
    page.get_by_text("Label this finding").first.click()
    finding = (
        page.locator("section.labelling", has_text="Is the finding right?").locator("visible=true").first
    )
    finding.get_by_role("radio", name="wrong").check()
    finding.get_by_label("Why").fill("The scope should list it.")
    axe(page)
    finding.get_by_role("button", name="Save label").click()
    page.get_by_text("Labels on the findings").first.click()
    expect(page.get_by_text("The scope should list it.").first).to_be_visible()


def test_no_label_becomes_markup_or_script(world: World, stories: Stories, visit: Visit) -> None:
    """Whoever could append in the console's name still writes text only."""
    told = stories.denied()
    for payload in PAYLOADS:
        body = {
            "verdict_index": told.verdict_index,
            "program_sha256": told.program_sha256,
            "decided_by": f"human:{payload}",
            "label": payload,
            "rule": payload,
            "line": 1,
            "verdict": "ALLOWED",
            "why": payload,
            "blind": False,
            "judged": payload,
            "rules": [payload],
            "scope": {"name": payload, "sha256": "5" * 64},
        }
        world.append("svc/console", "label_given", body, request_id=told.request_id)
    page = visit("vera")
    for path in ("/labels", f"/requests/{told.request_id}"):
        page.goto(path)
        expect(page.get_by_text("<script>document.title='stored'</script>").first).to_be_visible()
        assert page.title() != "stored"
        assert "\u202e" not in page.content()


def test_the_export_is_proven_with_the_logs_key_alone(
    world: World, stories: Stories, visit: Visit, tmp_path: Path
) -> None:
    told = stories.denied()
    page = visit("otto")
    review(page, told)
    page.get_by_role("radio", name="DENIED").check()
    page.get_by_label("Why").fill("It reads the environment.")
    page.get_by_role("button", name="Save label").click()
    expect(page.get_by_role("heading", name="The guard: DENIED")).to_be_visible()
    page.goto("/labels")
    with page.expect_download() as started:
        page.get_by_role("button", name="Export labelled verdicts").click()
    file = tmp_path / "labels.jsonl"
    started.value.save_as(file)
    vkey = world.layout.audit_vkey.read_text().strip()
    found = verify(file.read_bytes().splitlines(keepends=True), LogVerifier.from_vkey(vkey))

    assert found.ok, found.why
    assert f'#{told.verdict_index}"' in file.read_text()

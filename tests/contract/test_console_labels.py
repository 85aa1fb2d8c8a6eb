"""`/labels` over a real log: who may say what, what stays hidden until when, and what is on record of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from audit_svc.console.labels import Labels
from audit_svc.console.live import Live
from audit_svc.console.pages import labels as page
from audit_svc.console.pages import record as record_page
from audit_svc.console.pages import request as request_page
from audit_svc.console.sample import Sample
from audit_svc.draft import Draft
from audit_svc.store.types import BodyKey
from placet.audit.dataset_proof import verify
from placet.rpc.identity import reviewer_uri, service_uri
from tests.fakes.audit_world import World, Writer, verdict
from tests.fakes.console_log import WorldLog, console_log
from tests.fakes.console_pages import pages
from tests.fakes.labels import CONSOLE, DOUBT, FINDING, Judged, judge, say

PROGRAM = "import os\nprint(os.environ)\n"


@dataclass
class Site:
    """A browser, and the log behind it."""

    browser: httpx.AsyncClient
    services: Writer
    world: World
    log: WorldLog
    live: Live

    async def get(self, path: str, who: str = "ana=reviewer") -> httpx.Response:
        await self.live.since(self.services.sequencer.head.size - 1)
        return await self.browser.get(path, headers={"who": who})

    async def give(self, judged: Judged, who: str = "ana=reviewer", **form: str) -> httpx.Response:
        return await self.browser.post(f"/labels/{judged.at.index}", data=form, headers={"who": who})

    def labels(self) -> list[dict[str, object]]:
        return [
            json.loads(entry.leaf)["body"] for entry in self.world.entries() if entry.kind == "label_given"
        ]

    async def read_before(self, judged: Judged, name: str, *roles: str) -> None:
        body = {"reader": reviewer_uri(name), "indexes": [judged.at.index], "roles": list(roles)}
        await self.services.append(CONSOLE, "records_read", body)


@asynccontextmanager
async def opened(world: World, percent: int = 100) -> AsyncIterator[Site]:
    """Every verdict is in its sample, unless `percent` says otherwise."""
    async with AsyncExitStack() as stack:
        log, services = await stack.enter_async_context(console_log(world))
        kept = Labels(Sample(percent))
        live = Live(log, [kept])
        await stack.enter_async_context(live.following())
        reader = stack.enter_context(world.reader())
        routes = [*page.ROUTES, *request_page.ROUTES, *record_page.ROUTES]
        browser = await stack.enter_async_context(
            pages(reader, services.sequencer, routes, more=[kept, live])
        )
        yield Site(browser, services, world, log, live)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(World(tmp_path)) as site:
        yield site


@pytest.fixture
async def site_on_either(log_world: World) -> AsyncIterator[Site]:
    """For what asks the database something of its own."""
    async with opened(log_world) as site:
        yield site


async def denied(site: Site, **change: object) -> Judged:
    return await judge(site.services, "DENIED", PROGRAM, FINDING, DOUBT, **change)


async def test_a_label_says_who_thinks_what_of_which_verdict(site: Site) -> None:
    """§1."""
    judged = await denied(site)
    answer = await site.give(judged, verdict="ALLOWED", why=" reads \n nothing  of others ", back="request")
    (said,) = site.labels()

    assert answer.status_code == 303
    assert answer.headers["location"] == f"/requests/req-1#label-{judged.at.index}"
    assert said == judged.label("ana", "ALLOWED", why="reads nothing of others")


async def test_to_agree_needs_no_reason(site: Site) -> None:
    """§1.1."""
    judged = await denied(site)
    await site.give(judged, verdict="DENIED")

    assert site.labels()[0]["label"] == "agree"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"verdict": "PERHAPS", "why": "x"},
        {"verdict": "ALLOWED"},
        {"verdict": "ALLOWED", "why": "   "},
        {"verdict": "ALLOWED", "why": "x" * 1001},
        {"rule": "no.such.rule", "line": "1", "label": "agree"},
        {"rule": "capability.process.os", "line": "2", "label": "agree"},
        {"rule": "capability.process.os", "line": "1"},
        {"rule": "capability.process.os", "line": "1", "label": "wrong"},
        {"rule": "capability.process.os", "line": "one", "label": "agree"},
    ],
    ids=str,
)
async def test_what_says_nothing_is_not_recorded(site: Site, form: dict[str, str]) -> None:
    """§1.2 and §1.3."""
    judged = await denied(site)

    assert (await site.give(judged, **form)).status_code == 400
    assert site.labels() == []


async def test_a_finding_is_labelled_by_its_rule_and_line(site: Site) -> None:
    judged = await denied(site)
    await site.give(judged, rule="capability.process.os", line="1", label="wrong", why="only reads a name")
    (said,) = site.labels()

    assert (said["rule"], said["line"], said["label"], said["verdict"]) == (
        "capability.process.os",
        1,
        "wrong",
        "DENIED",
    )


async def test_a_persons_verdict_can_be_labelled_by_others(site: Site) -> None:
    """Any verdict; the figures are about the guard's only."""
    at = await site.services.append(
        reviewer_uri("ben"), "verdict_reached", verdict(decided_by="human:ben", reason="as seen")
    )
    shown = await site.get("/requests/req-1")
    answer = await site.browser.post(
        f"/labels/{at.index}", data={"verdict": "DENIED", "why": "it reads more"}
    )

    assert f'action="/labels/{at.index}"' in shown.text
    assert answer.status_code == 303
    assert site.labels()[0]["judged_by"] == "human:ben"
    assert "There is no verdict yet on which all" in (await site.get("/labels")).text


async def test_nobody_labels_what_they_decided_or_asked_for(site: Site) -> None:
    """§1.4."""
    own = await site.services.append(
        reviewer_uri("ana"), "verdict_reached", verdict(decided_by="human:ana", reason="as seen")
    )
    asked = await denied(site, caller="spiffe://placet.local/caller/ana")
    for index in (own.index, asked.at.index):
        answer = await site.browser.post(f"/labels/{index}", data={"verdict": "ALLOWED"})
        assert answer.status_code == 403
    assert site.labels() == []


@pytest.mark.parametrize("path", ["/labels/review", "/labels/review/1"])
async def test_a_viewer_reviews_nothing(site: Site, path: str) -> None:
    await denied(site)
    assert (await site.get(path, "vera=viewer")).status_code == 403


async def test_a_viewer_finds_no_form(site: Site) -> None:
    await denied(site)
    shown = (await site.get("/requests/req-1", "vera=viewer")).text

    assert "Labels need the role reviewer." in shown
    assert "Save label" not in shown
    assert "Save label" in (await site.get("/requests/req-1")).text


async def test_a_viewer_labels_nothing_and_exports_nothing(site: Site) -> None:
    judged = await denied(site)
    assert (await site.give(judged, "vera=viewer", verdict="DENIED")).status_code == 403
    for who in ("vera=viewer", "ana=reviewer"):
        answer = await site.browser.post("/labels/export", headers={"who": who})
        assert answer.status_code == 403
    assert [entry.kind for entry in site.world.entries()] == ["task_received", "verdict_reached"]


async def test_only_verdicts_are_labelled(site: Site) -> None:
    await denied(site)
    for index in (0, 99):
        assert (await site.browser.post(f"/labels/{index}", data={"verdict": "DENIED"})).status_code == 404


async def test_the_same_form_sent_twice_at_once_is_one_label(site: Site) -> None:
    judged = await denied(site)
    await asyncio.gather(*(site.give(judged, verdict="DENIED") for _ in range(2)))

    assert len(site.labels()) == 1


async def test_a_mind_can_be_changed_and_changed_back(site: Site) -> None:
    """§1.5: the newest counts."""
    judged = await denied(site)
    for said in ("DENIED", "ALLOWED", "DENIED"):
        await site.give(judged, verdict=said, why="as seen")

    assert [each["verdict"] for each in site.labels()] == ["DENIED", "ALLOWED", "DENIED"]
    shown = (await site.get(f"/labels/review/{judged.at.index}")).text
    assert "should be" not in shown


async def test_a_blind_review_shows_neither_verdict_nor_findings_nor_labels(site: Site) -> None:
    """§2.3."""
    judged = await denied(site)
    await say(site.services, judged, "ben", "ALLOWED", why="a word of ben's")
    shown = await site.get(f"/labels/review/{judged.at.index}")

    assert shown.status_code == 200
    assert "os" in shown.text
    assert "average price per region" in shown.text
    for hidden in ("a word of", "capability.process.os", "reviewer.risk", "imports os", "The guard:"):
        assert hidden not in shown.text


async def test_the_reading_of_a_blind_review_is_on_record(site: Site) -> None:
    judged = await denied(site)
    await site.get(f"/labels/review/{judged.at.index}")
    read = [json.loads(each.leaf)["body"] for each in site.world.entries() if each.kind == "records_read"]

    assert [(each["indexes"], each["roles"]) for each in read] == [
        ([judged.at.index], ["program"]),
        ([judged.at.index - 1], ["task"]),
    ]


async def test_after_ones_own_label_the_others_are_shown(site: Site) -> None:
    """§2.4."""
    judged = await denied(site)
    await say(site.services, judged, "ben", "ALLOWED", why="a word of bens")
    for path in ("/labels", f"/labels/review/{judged.at.index}"):
        assert "a word of bens" not in (await site.get(path)).text
    answer = await site.give(judged, verdict="DENIED", back="labels")

    assert answer.headers["location"] == f"/labels/review/{judged.at.index}"
    for path in ("/labels", answer.headers["location"]):
        assert "a word of bens" in (await site.get(path)).text


async def test_the_request_and_its_records_keep_the_secret_too(site: Site) -> None:
    """§2.4: neither its labels, nor its timeline, nor the record itself."""
    judged = await denied(site)
    said = await say(site.services, judged, "ben", "ALLOWED", why="a word of bens")
    found = await say(
        site.services, judged, "ben", "DENIED", rule="capability.process.os", line=1, why="bens too"
    )
    places = ["/requests/req-1", f"/records/{said.index}", f"/records/{found.index}"]
    before = [await site.get(path) for path in places]
    await site.give(judged, verdict="DENIED")
    after = [await site.get(path) for path in places]

    assert [answer.status_code for answer in before] == [200, 403, 403]
    assert not any("word of bens" in answer.text or "bens too" in answer.text for answer in before)
    assert [answer.status_code for answer in after] == [200, 200, 200]
    assert after[0].text.count("a word of bens") == 2
    assert after[0].text.count("bens too") == 2


async def test_a_verdict_that_is_not_in_the_sample_hides_nothing(tmp_path: Path) -> None:
    async with opened(World(tmp_path), percent=0) as site:
        judged = await denied(site)
        await say(site.services, judged, "ben", "ALLOWED", why="a word of bens")
        shown = await site.get("/requests/req-1")
        review = await site.get(f"/labels/review/{judged.at.index}")

    assert "a word of bens" in shown.text
    assert review.status_code == 404


async def test_whoever_may_not_label_sees_what_others_said(site: Site) -> None:
    """§2.4: nothing of theirs could be swayed."""
    judged = await denied(site)
    await say(site.services, judged, "ben", "ALLOWED", why="a word of bens")
    assert "a word of bens" in (await site.get("/labels", "vera=viewer")).text


async def test_a_first_label_in_a_blind_review_is_blind(site: Site) -> None:
    """§2.5."""
    judged = await denied(site)
    await site.get(f"/labels/review/{judged.at.index}")
    await site.give(judged, verdict="DENIED", back="labels")
    await site.give(judged, verdict="ALLOWED", why="on second thoughts", back="labels")

    assert [each["blind"] for each in site.labels()] == [True, False]


@pytest.mark.parametrize("roles", [("findings",), ("program", "findings"), ("statement",)], ids=str)
async def test_who_has_read_the_findings_is_not_blind(site_on_either: Site, roles: tuple[str, ...]) -> None:
    """§2.5: the log knows."""
    site = site_on_either
    judged = await denied(site)
    await site.read_before(judged, "ana", *roles)
    shown = await site.get(f"/labels/review/{judged.at.index}")
    await site.give(judged, verdict="DENIED", back="labels")

    assert "not as a blind one" in shown.text
    assert site.labels()[0]["blind"] is False


async def test_what_somebody_else_has_read_blinds_nobody_less(site: Site) -> None:
    judged = await denied(site)
    await site.read_before(judged, "ben", "findings")
    await site.read_before(judged, "ana", "program", "task")
    await site.give(judged, verdict="DENIED", back="labels")

    assert site.labels()[0]["blind"] is True


async def test_a_label_given_elsewhere_is_not_blind(site: Site) -> None:
    judged = await denied(site)
    await site.give(judged, verdict="DENIED", back="request", blind="true")

    assert site.labels()[0]["blind"] is False


async def test_two_people_review_each_verdict_and_the_half_reviewed_come_first(site: Site) -> None:
    """§2.2."""
    first, second = await denied(site), await denied(site)
    await site.give(second, "ben=reviewer", verdict="DENIED", back="labels")

    assert (await site.get("/labels/review")).headers["location"] == f"/labels/review/{second.at.index}"
    await site.give(second, verdict="DENIED", back="labels")
    assert (await site.get("/labels/review")).headers["location"] == f"/labels/review/{first.at.index}"
    third = await site.get("/labels/review", "eve=reviewer")
    assert third.headers["location"] == f"/labels/review/{first.at.index}"
    await site.give(first, verdict="DENIED", back="labels")
    assert "None of the sample waits" in (await site.get("/labels/review")).text


async def test_a_verdict_whose_program_is_erased_is_not_offered(site: Site) -> None:
    judged = await denied(site)
    program = BodyKey(judged.at.index, "program")
    body = {
        "by": reviewer_uri("ada"),
        "reason": "asked for",
        "erased": [{"index": program.index, "role": "program"}],
    }
    erased = Draft("bodies_erased", "req-1", service_uri("audit"), body, erases=(program,))
    await site.services.sequencer.append(erased)

    assert "None of the sample waits" in (await site.get("/labels/review")).text
    assert "it cannot be reviewed" in (await site.get(f"/labels/review/{judged.at.index}")).text


async def test_disputed_verdicts_are_listed_for_those_who_may_see_them(site: Site) -> None:
    """§1.6, §2.4."""
    judged = await denied(site)
    await site.give(judged, verdict="ALLOWED", why="a word of anas")
    await site.give(judged, "ben=reviewer", verdict="DENIED")

    assert "Disputed</h2>" in (await site.get("/labels")).text
    assert "Disputed</h2>" in (await site.get("/labels", "vera=viewer")).text
    assert "Disputed</h2>" not in (await site.get("/labels", "eve=reviewer")).text


async def test_nobody_is_offered_what_they_asked_for(site: Site) -> None:
    await denied(site, caller="spiffe://placet.local/caller/ana")
    assert "None of the sample waits" in (await site.get("/labels/review")).text


async def test_a_console_that_starts_later_knows_the_labels(site_on_either: Site) -> None:
    site = site_on_either
    judged = await denied(site)
    await site.give(judged, verdict="ALLOWED", why="as seen")
    fresh = Labels(Sample(100))
    await fresh.start(site.log)

    assert [label.verdict for label in fresh.of(judged.at.index)] == ["ALLOWED"]
    assert fresh.figures.matrix.counts == {("DENIED", "ALLOWED"): 1}


async def test_the_page_shows_the_guard_before_people(site: Site) -> None:
    """§3."""
    wrong, right = await denied(site), await denied(site)
    for person in ("ana=reviewer", "ben=reviewer"):
        await site.give(wrong, person, verdict="ALLOWED", why="as seen", back="labels")
        await site.give(right, person, verdict="DENIED", back="labels")
    shown = " ".join((await site.get("/labels")).text.split())

    assert "100 % <small>(21–100 %, 1 of 1)</small>" in shown
    assert "1.00 <small>(2 of 2 the same)</small>" in shown
    assert "capability.process.os" in shown


async def test_the_export_is_a_file_that_proves_itself(site_on_either: Site) -> None:
    """§4 and §5, and §4.5: on record first."""
    site = site_on_either
    judged = await denied(site)
    await site.give(judged, verdict="DENIED")
    answer = await site.browser.post("/labels/export", headers={"who": "otto=auditor"})
    found = verify(answer.content.splitlines(keepends=True), site.world.signer.verifier)

    assert answer.headers["content-disposition"] == 'attachment; filename="labels.jsonl"'
    assert (found.ok, found.rows) == (True, 1), found.why
    assert [entry.kind for entry in site.world.entries()][-2:] == ["records_exported", "records_read"]


async def test_with_nothing_labelled_there_is_no_file_and_no_record_of_one(site: Site) -> None:
    await denied(site)
    answer = await site.browser.post("/labels/export", headers={"who": "otto=auditor"})

    assert answer.status_code == 404
    assert "records_exported" not in [entry.kind for entry in site.world.entries()]


async def test_words_of_people_are_text_on_the_page(site: Site) -> None:
    judged = await denied(site)
    await say(site.services, judged, "<b>eve</b>", "ALLOWED", why="</li><script>alert(1)</script>\u202e")
    shown = (await site.get("/labels", "vera=viewer")).text

    assert "<script>alert" not in shown
    assert "<b>eve" not in shown
    assert "\u202e" not in shown

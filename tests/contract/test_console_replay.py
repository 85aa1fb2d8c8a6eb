"""The pages of policy replay over HTTP and a real log: who may what, and what a form must hold."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from audit_svc.console.guards import Guards, Judgement, Question
from audit_svc.console.pages.replay import ROUTES
from audit_svc.console.replays import Replays
from audit_svc.console.reports import Reports
from audit_svc.console.reviewers import Reviewers
from placet.approval.envelope import sign
from placet.approval.keys import SigningKey
from placet.audit.record import Record
from placet.audit.replay_report import Policy, Report, ScopeEdition
from placet.flips import Judged
from placet.scope import MAX_DOCUMENT_BYTES
from tests.fakes.audit_world import GUARD, World, Writer, verdict
from tests.fakes.console_pages import WorldLog, pages
from tests.fakes.guard_world import scope

FORM = {"guard": "running", "layers": "rules", "scope": "", "document": "", "since": "", "until": ""}
PROGRAM = b"<script>alert(1)</script>"


class Denying:
    """A guard that denies everything, by a rule with a hostile name, once it may answer."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def scopes(self) -> list[str]:
        return ["data-analysis"]

    async def judge(self, question: Question) -> Judgement:
        await self.may_answer.wait()
        policy = Policy(ScopeEdition("data-analysis", 2, "6" * 64), "1" * 16, "", "", 1)
        return Judgement(Judged("DENIED", ("<b>rule</b>",)), policy)


@dataclass
class Site:
    browser: httpx.AsyncClient
    world: World
    replays: Replays
    key: SigningKey
    guard: Denying

    async def replay(self, **form: str) -> str:
        """Start one and wait for its end; its address."""
        answer = await self.browser.post("/replay", data=FORM | form)
        assert answer.status_code == 303, answer.text
        name = answer.headers["location"].removeprefix("/replay/")
        async with asyncio.timeout(10):
            replay = self.replays.named(name)
            assert replay is not None
            _ = [done async for done in replay.progress()]
        return f"/replay/{name}"

    def records(self, kind: str) -> list[Record]:
        return [Record.decode(entry.leaf) for entry in self.world.entries() if entry.kind == kind]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    world = World(tmp_path)
    key = SigningKey.generate()
    (tmp_path / "reviewer-ana.pub.pem").write_bytes(key.public.to_pem())
    async with world.writing() as writer:
        await one_verdict(writer)
        with world.reader() as reader:
            log = WorldLog(reader, writer.sequencer)
            guard = Denying()
            replays = Replays(log, Guards({"running": guard}))
            more = [replays, Reports(log, Reviewers(tmp_path))]
            async with pages(reader, writer.sequencer, ROUTES, more=more) as browser:
                yield Site(browser, world, replays, key, guard)
                await replays.close()


async def one_verdict(writer: Writer) -> None:
    body = verdict(program_sha256=hashlib.sha256(PROGRAM).hexdigest())
    await writer.append(GUARD, "verdict_reached", body, program=PROGRAM)


async def test_what_flips_is_shown_and_nothing_of_it_is_markup(site: Site) -> None:
    """A rule's name comes from another machine, a caller's from a log."""
    shown = await site.browser.get(await site.replay())

    assert "+ &lt;b&gt;rule&lt;/b&gt;" in shown.text
    assert "<b>rule</b>" not in shown.text


@pytest.mark.parametrize("act", ["start", "stop", "statement", "report", "download"])
async def test_a_viewer_may_look_and_nothing_else(site: Site, act: str) -> None:
    """Each act reads programs, signs for a person, or ends a colleague's work."""
    address = await site.replay()
    viewer = {"who": "vera=viewer"}
    acts = {
        "start": lambda: site.browser.post("/replay", data=FORM, headers=viewer),
        "stop": lambda: site.browser.post(f"{address}/stop", headers=viewer),
        "statement": lambda: site.browser.get(f"{address}/statement", headers=viewer),
        "report": lambda: site.browser.post(f"{address}/report", content="{}", headers=viewer),
        "download": lambda: site.browser.get("/replay/reports/0/download", headers=viewer),
    }

    assert (await acts[act]()).status_code == 403
    assert (await site.browser.get(address, headers=viewer)).status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("guard", "another", "Choose one of the guards."),
        ("layers", "none", "Choose rules"),
        ("scope", "s" * 300, "No scope has such a long name."),
        ("since", "yesterday", "From is a date and a time"),
        ("since", "2026-13-01T00:00", "From is no date"),
        ("until", "2020-01-01T00:00", "Until is not after From."),
        ("document", "kind: Scope", "The scope document does not hold"),
        ("document", "x" * (MAX_DOCUMENT_BYTES + 1), "A scope document has at most"),
    ],
)
async def test_a_form_that_cannot_be_followed_starts_nothing(
    site: Site, field: str, value: str, told: str
) -> None:
    """And says which field, and what to do."""
    form = FORM | {"since": "2026-01-01T00:00"} | {field: value}
    answer = await site.browser.post("/replay", data=form)

    assert answer.status_code == 400
    assert told in answer.text
    assert site.replays.newest_first() == []


async def test_one_that_runs_is_stopped_before_the_next_is_begun(site: Site) -> None:
    """The form says why it does nothing; the page of one that was stopped has no report."""
    site.guard.may_answer.clear()
    begun = await site.browser.post("/replay", data=FORM)
    second = await site.browser.post("/replay", data=FORM)
    address = begun.headers["location"]
    await site.browser.post(f"{address}/stop")
    async with asyncio.timeout(10):
        told = (await site.browser.get(f"{address}/events")).text

    assert (second.status_code, "one replay at a time" in second.text) == (409, True)
    assert json.loads(told.rpartition("data: ")[2])["state"] == "stopped"
    assert "It was stopped" in (await site.browser.get(address)).text
    assert (await site.browser.get(f"{address}/statement")).status_code == 409


async def test_a_document_chooses_the_verdicts_of_its_name(site: Site) -> None:
    """1.4, whatever the field beside it says: a document of one scope cannot judge another's programs."""
    address = await site.replay(document=scope("payroll").document.decode(), scope="data-analysis")

    shown = await site.browser.get(address)
    assert "The guard reached no verdict in this range" in shown.text
    assert (await site.browser.get(f"{address}/statement")).status_code == 409


async def test_progress_is_told_until_the_end(site: Site) -> None:
    """A stream that ends; the page then loads itself anew."""
    address = await site.replay()
    told = (await site.browser.get(f"{address}/events")).text

    assert json.loads(told.rpartition("data: ")[2]) == {"done": 1, "total": 1, "flips": 1, "state": "done"}


async def test_a_report_is_recorded_as_its_person_signed_it(site: Site) -> None:
    """And comes back byte for byte, with the reading on record."""
    address = await site.replay()
    statement = (await site.browser.get(f"{address}/statement")).content
    signed = sign(statement, site.key).decode()

    answer = await site.browser.post(f"{address}/report", content=signed)
    back = await site.browser.get(f"{answer.json()['address']}/download")

    assert back.text == signed
    assert Report.from_bytes(statement).flipped == 1
    assert site.records("replay_reported")[0].body["decided_by"] == "human:ana"
    assert site.records("records_read")[-1].body["roles"] == ["report"]


async def test_a_colleague_signs_their_own_report_or_none(site: Site) -> None:
    """Ana's signature under what was made for ana is of no use to ben."""
    address = await site.replay()
    signed = sign((await site.browser.get(f"{address}/statement")).content, site.key).decode()

    ben = {"who": "ben=reviewer"}
    answer = await site.browser.post(f"{address}/report", content=signed, headers=ben)
    assert answer.status_code == 400
    assert "the key that signed it is another person" in answer.text
    assert site.records("replay_reported") == []

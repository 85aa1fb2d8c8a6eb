"""The queue's pages over a real log: who may see and do what, what is put on record, what is never markup."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import grpc
import httpx
import pytest

from audit_svc.console.pages import decision, keys, queue, review
from audit_svc.console.queue import Queue
from audit_svc.console.reviewers import Reviewers
from placet.approval.envelope import sign
from placet.audit.record import Record
from placet.rpc.errors import ServiceError
from tests.fakes.console_pages import pages
from tests.fakes.review_world import PROGRAM, SCOPE, ReviewWorld, review_world

VIEWER = {"who": "vera=viewer"}
HOSTILE = "</textarea><script>alert(1)</script>\u202e\"'>"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ReviewWorld]:
    async with review_world(tmp_path) as world:
        yield world


@pytest.fixture
async def browser(world: ReviewWorld) -> AsyncIterator[httpx.AsyncClient]:
    parts = (Queue(), world.decisions, world.claims, Reviewers(world.directory / "keys"))
    routes = [*queue.ROUTES, *review.ROUTES, *decision.ROUTES, *keys.ROUTES]
    with world.world.reader() as reader:
        async with pages(reader, world.sequencer, routes, world.directory / "scopes", parts) as browser:
            yield browser


def records(world: ReviewWorld, kind: str) -> list[Record]:
    return [Record.decode(entry.leaf) for entry in world.entries() if entry.kind == kind]


async def test_being_shown_an_item_is_on_record_before(
    world: ReviewWorld, browser: httpx.AsyncClient
) -> None:
    index = await world.asked()
    assert (await browser.get(f"/queue/{index}")).status_code == 200
    (read,) = records(world, "records_read")
    assert read.body["reader"] == "spiffe://placet.local/reviewer/ana"
    assert read.body["indexes"] == [index]
    assert read.body["roles"] == ["findings", "program", "proposal", "scope", "task"]


async def test_what_cannot_be_put_on_record_is_not_shown(
    world: ReviewWorld, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = await world.asked()

    async def append(_: object) -> object:
        raise ServiceError(grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE", "told to fail")

    monkeypatch.setattr(world.sequencer, "append", append)
    answer = await browser.get(f"/queue/{index}")
    assert answer.status_code == 503
    assert "read_csv" not in answer.text


async def test_a_viewer_sees_the_queue_and_no_item(world: ReviewWorld, browser: httpx.AsyncClient) -> None:
    index = await world.asked()
    assert (await browser.get("/queue", headers=VIEWER)).status_code == 200
    for path in (f"/queue/{index}", f"/queue/{index}/approval", f"/queue/{index}/live", "/keys"):
        assert (await browser.get(path, headers=VIEWER)).status_code == 403, path
    for act in ("claim", "release", "decision", "statement", "approval"):
        assert (await browser.post(f"/queue/{index}/{act}", headers=VIEWER)).status_code == 403, act
    assert world.kinds() == ["verdict_reached"]


async def test_what_is_no_item_is_not_found(world: ReviewWorld, browser: httpx.AsyncClient) -> None:
    other = await world.asked(verdict="DENIED")
    for index in (other, 0, 10**15):
        assert (await browser.get(f"/queue/{index}")).status_code == 404
        answer = await browser.post(f"/queue/{index}/statement", data={"key_id": "a" * 64})
        assert answer.status_code == 404


async def test_a_form_without_a_signature_decides_nothing(
    world: ReviewWorld, browser: httpx.AsyncClient
) -> None:
    index = await world.asked()
    form = {"reason": "fine", "verdict": "ALLOWED"}
    assert (await browser.post(f"/queue/{index}/decision", data=form)).status_code == 400
    form = {"envelope": "{}", "seen": "{}"}
    answer = await browser.post(f"/queue/{index}/decision", data=form)
    assert (answer.status_code, answer.json()["reason"]) == (409, "APPROVAL_MALFORMED")
    assert world.kinds() == ["verdict_reached"]


async def test_a_script_is_told_how_a_decision_went(world: ReviewWorld, browser: httpx.AsyncClient) -> None:
    index = await world.asked()
    envelope, seen = await world.signed("ana", index)
    form = {"envelope": envelope.decode(), "seen": seen}
    answer = await browser.post(f"/queue/{index}/decision", data=form)
    assert answer.json() == {"verdict": "ALLOWED", "allowing": 1, "needed": 1}
    key = world.keys["ana"]
    answer = await browser.post(f"/queue/{index}/statement", data={"key_id": key.key_id})
    payload = base64.b64decode(answer.json()["statement"])
    form = {"envelope": sign(payload, key).decode()}
    assert (await browser.post(f"/queue/{index}/approval", data=form)).json() == {"verdict": "ALLOWED"}
    file = await browser.get(f"/queue/{index}/approval")
    assert file.headers["content-disposition"] == f'attachment; filename="approval-{index}.jsonl"'
    assert file.content.startswith(sign(payload, key)[:100])
    assert records(world, "records_read")[-1].body["roles"] == ["approval"]


async def test_the_page_says_what_changed_when_a_decision_is_refused(
    world: ReviewWorld, browser: httpx.AsyncClient
) -> None:
    index = await world.asked()
    envelope, seen = await world.signed("ana", index)
    world.load(SCOPE.replace(b"version: 1", b"version: 2"))
    form = {"envelope": envelope.decode(), "seen": seen}
    answer = await browser.post(f"/queue/{index}/decision", data=form)
    assert answer.status_code == 409
    assert answer.json()["changes"] == ["the scope of this name has been changed meanwhile"]


async def test_the_page_carries_the_text_that_the_token_digests(
    world: ReviewWorld, browser: httpx.AsyncClient
) -> None:
    """audit-format 16.4: "SHA-256 over JCS of an object of everything that the review page shows"."""
    index = await world.asked()
    page = (await browser.get(f"/queue/{index}")).text
    found = re.search(r'data-seen="([^"]*)"', page)
    assert found
    _, text, token = await world.seen(index)
    assert unescape(found[1]) == text
    assert hashlib.sha256(text.encode()).digest() == token
    assert hashlib.sha256(PROGRAM).hexdigest() in text


async def test_whoever_asked_sees_that_others_must_decide(
    world: ReviewWorld, browser: httpx.AsyncClient
) -> None:
    index = await world.asked(caller="spiffe://placet.local/caller/ana")
    page = (await browser.get(f"/queue/{index}")).text
    assert "You asked for this program yourself." in page
    assert "<textarea" not in page


@pytest.mark.parametrize("role", ["program", "scope", "proposal"])
async def test_what_cannot_be_read_cannot_be_decided(
    world: ReviewWorld, browser: httpx.AsyncClient, role: str
) -> None:
    index = await world.asked(without=role)
    page = (await browser.get(f"/queue/{index}")).text
    assert "<textarea" not in page
    assert role in page


async def test_nothing_in_an_item_is_markup(world: ReviewWorld, browser: httpx.AsyncClient) -> None:
    finding = {
        "rule_id": HOSTILE,
        "severity": "HIGH",
        "line": 1,
        "end_line": 1,
        "message": HOSTILE,
        "source": "reviewer",
        "quote": HOSTILE,
    }
    index = await world.asked(caller=HOSTILE, findings=[finding], model=HOSTILE)
    await world.decide("ben", index, "DENIED", reason=HOSTILE)
    for path in (f"/queue/{index}", "/queue"):
        page = (await browser.get(path)).text
        assert "<script>alert" not in page
        assert "\u202e" not in re.sub(r'value="[^"]*"', "", page)


async def test_a_claim_and_its_end_lead_back_to_the_item(
    world: ReviewWorld, browser: httpx.AsyncClient
) -> None:
    index = await world.asked()
    for act in ("claim", "release"):
        answer = await browser.post(f"/queue/{index}/{act}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/queue/{index}")
    kinds = [kind for kind in world.kinds() if kind != "records_read"]
    assert kinds == ["verdict_reached", "review_claimed", "review_released"]


async def test_the_keys_page_names_the_keys_that_are_trusted(
    world: ReviewWorld, browser: httpx.AsyncClient
) -> None:
    assert world.keys["ana"].key_id in (await browser.get("/keys")).text
    world.revoke("ana")
    assert world.keys["ana"].key_id not in (await browser.get("/keys")).text


async def test_the_plan_that_a_program_was_compiled_from_is_shown_to_who_decides_about_it(
    world: ReviewWorld, browser: httpx.AsyncClient
) -> None:
    """It is read and on record like the program; without one nothing is missing."""
    with_plan = await world.asked(plan=b'{"steps":[{"action":"<b>"}],"version":1}')
    without = await world.asked(request="req-2")
    shown = (await browser.get(f"/queue/{with_plan}")).text
    plain = (await browser.get(f"/queue/{without}")).text
    assert "The plan of actions that came with it" in shown
    assert "&lt;b&gt;" in shown
    assert "plan" in records(world, "records_read")[0].body["roles"]
    unfit = {
        "rule_id": "policy.plan.unfit",
        "severity": "LOW",
        "line": 0,
        "message": "another",
        "source": "policy",
    }
    of_another = await world.asked(
        request="req-3",
        plan=b'{"steps":[{"action":"<b>"}],"version":1}',
        without="findings",
        findings=[unfit],
    )
    assert "&lt;b&gt;" not in (await browser.get(f"/queue/{of_another}")).text
    assert "The plan of actions" not in plain
    assert "is not kept" not in plain

"""Attack: markup, template code and hiding characters in every field of every kind of record and its bodies.

Whoever may write a record (a model, a caller, a program, a service that was taken over) must not get a
script, a style, an element or a hidden character onto a page. What the policy complains of fails the test.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from placet.audit import record
from placet.audit.actors import refusal
from placet.audit.client import Appended
from tests.browser.kit.texts import PAYLOADS
from tests.browser.kit.visitor import Visit
from tests.browser.kit.world import World, uri

WRITERS = ("svc/generator", "svc/guard", "svc/executor", "svc/console", "reviewer/ana")
DIGEST = "5" * 64
ALL = " ".join(PAYLOADS)
ELEMENTS = "main :is(script, svg, iframe, object, embed, style, link, base, form[action*=':'], [style])"
HANDLERS = """[...document.querySelectorAll("main *")].filter((element) =>
  [...element.attributes].some(({name, value}) => name.startsWith("on")
    || (/^(href|src|action|formaction|srcset|data)$/.test(name) && !/^(\\/|#|$)/.test(value)))).length"""


def filled(kind: str, payload: str) -> dict[str, object]:
    """A body that the log takes, with the payload wherever a kind leaves room, and where it does not ask."""
    values: Mapping[record.Check, object] = {
        record._name: payload[:256],
        record._string: payload,
        record._digest: DIGEST,
        record._natural: 1,
        record._bool: True,
        record._verdict: "DENIED",
        record._scope: {"name": payload[:256], "version": 1, "sha256": DIGEST},
        record._object_: {payload[:64]: payload, "wall_ms": 1},
        record._array: [
            payload,
            {"name": payload, "sha256": payload, "size": 1, "index": 1, "role": payload},
        ],
    }
    finding = dict.fromkeys(("rule_id", "severity", "message", "source", "quote"), payload)
    beside = {
        "findings": [finding | {"line": 1, "end_line": 1}, finding | {"line": 0}],
        **dict.fromkeys(
            ("caller", "model", "message", "reason", "exit_code", "scope_name", "min_tier"), payload
        ),
        "inputs": [{"name": payload, "sha256": payload, "size": 1}],
        "limits": {payload[:64]: payload},
        payload[:64]: payload,
    }
    body = {name: values[check] for name, check in record.KINDS[kind].items()}
    return beside | body | ({"decided_by": f"human:{payload[:200]}"} if "decided_by" in body else {})


def append_every_kind(
    world: World, request_id: str, payload: str, leave_out: Set[str] = frozenset()
) -> list[Appended]:
    """One record of each kind by whoever may append it. The log's own kinds come from inside it only."""
    bodies = dict.fromkeys(
        ("task", "program", "prompt", "reply", "stdout", "stderr", "scope"), payload.encode()
    )
    bodies[f"artifact/{payload[:100].replace('/', '_')}"] = payload.encode()
    made = []
    once = {"key_revoked"}  # and without any text
    # From the last to the first, so that a run's end is the one with files and an exit code.
    for kind in sorted(record.KINDS.keys() - leave_out - once, reverse=True):
        body = filled(kind, payload)
        if body.get("decided_by") and kind in ("verdict_reached", "approval_issued"):
            made.append(world.append("svc/console", kind, body, request_id=request_id, **bodies))
            body["decided_by"] = payload[:200]
        writer = next((who for who in WRITERS if refusal(uri(who), kind, body) is None), None)
        if writer is not None:
            if "approval_id" in body:
                body["approval_id"] = f"{request_id}{payload}"[:256]
            made.append(world.append(writer, kind, body, request_id=request_id, **bodies))
    return made


def assert_harmless(page: Page) -> None:
    assert "stored" not in page.title()
    assert page.locator(ELEMENTS).count() == 0, page.url
    assert page.evaluate(HANDLERS) == 0, page.url
    text = page.locator("main").inner_text()
    assert not re.search("[\u202e\u202c\u2066\u2069\u200b\ufeff\U000e0041].{0,40}", text)


@pytest.mark.parametrize("payload", [ALL, PAYLOADS[2], PAYLOADS[5]], ids=["all", "attribute", "address"])
def test_no_kind_of_record_gets_anything_but_text_onto_its_request_s_page(
    visit: Visit, world: World, payload: str
) -> None:
    request_id = f"hostile{len(payload)}"
    made = append_every_kind(world, request_id, payload)
    page = visit("ana")
    page.goto(f"/requests/{request_id}")
    page.wait_for_load_state("networkidle")
    assert page.locator('[data-proof="record"]').count() >= len(made) - 3, (
        "labels and readings have rows elsewhere"
    )
    assert_harmless(page)


def test_no_record_and_no_body_gets_anything_but_text_onto_its_own_page(visit: Visit, world: World) -> None:
    """Some of each kind's: their pages are one template; tests/contract has all of them."""
    kinds = {"verdict_reached", "run_finished", "records_read"}
    made_all = append_every_kind(world, "hostile-alone", ALL, leave_out=record.KINDS.keys() - kinds)
    page = visit("ana")
    for made in made_all:
        page.goto(f"/records/{made.index}")
        assert_harmless(page)
    for role in ("program", "task", "stdout"):
        page.goto(f"/records/{made_all[0].index}/bodies/{role}")
        assert_harmless(page)


@pytest.mark.parametrize(
    "request_id", ["<script>alert(1)</script>", "a/b?c=d#e", "%2e%2e", "\"'><svg/onload=alert(1)>"]
)
def test_a_request_s_id_is_text_and_its_page_is_found(visit: Visit, world: World, request_id: str) -> None:
    world.append("svc/generator", "task_finished", {"outcome": "DONE"}, request_id=request_id)
    page = visit("ana")
    page.goto(f"/requests/{quote(request_id, safe='')}")
    assert page.locator("h1").inner_text() == f"Request {request_id}"
    assert_harmless(page)


def test_a_figure_that_is_none_is_not_drawn_and_never_a_document(visit: Visit, world: World) -> None:
    hostile = b"<svg xmlns='http://www.w3.org/2000/svg' onload=\"document.title='stored'\"/>"
    body = {"run_id": "r", "approval_id": "figure", "reason": "x"}
    made = world.append("svc/executor", "run_aborted", body, request_id="fig", **{"artifact/a.svg": hostile})
    page = visit("ana")
    answer = page.request.get(f"/records/{made.index}/figure/artifact%2Fa.svg")
    assert answer.status == 415
    assert answer.headers["content-type"].startswith("text/html")
    assert "<svg" not in answer.text().partition("<main")[2]
    assert answer.headers["x-content-type-options"] == "nosniff"

"""Policy replay with a candidate: a second guard process with a stricter scope and a reviewer model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from placet.approval import envelope
from placet.approval.keys import SigningKey
from placet.audit.replay_report import Report
from tests.browser.kit.people import with_key
from tests.browser.kit.stories import Telling
from tests.browser.kit.visitor import Visit
from tests.browser.kit.world import CANDIDATE, World
from tests.fakes.openai_server import Answer, Body, OpenAIServer

SCOPE = "sums"
"""One that no other test tells stories in: how many verdicts are replayed is up to this file."""
DOCUMENT = """\
apiVersion: placet/v1
kind: Scope
metadata: {name: sums, version: 1, owner: insights}
purpose: Answer questions about the CSV files attached to the task.
allow: {imports: [pandas, json], read: [inputs]}
"""
STRICTER = DOCUMENT.replace("pandas, ", "").replace("version: 1", "version: 2")
MODEL = "wary"
TOTALS = "import pandas as pd\nprint(pd.read_csv('penguins.csv')['body_mass_g'].sum())\n"
FIRST = "import pandas as pd\nprint(pd.read_csv('penguins.csv').head(1).to_string())\n"


def wary(body: Body) -> Answer:
    """A reviewer that denies whoever adds something up, and says where."""
    denies = ".sum()" in str(body["messages"])
    if body.get("max_tokens") == 1:
        return {"DENY" if denies else "ALLOW": 0.999}
    finding = {"category": "outside_purpose", "line": 2, "quote": ".sum()", "explanation": "it adds up"}
    return json.dumps({"findings": [finding] if denies else [], "outcome": "DENY" if denies else "ALLOW"})


@pytest.fixture(scope="module", autouse=True)
def candidate(world: World) -> Iterator[str]:
    """Its model's name: a guard with a stricter scope, a model, and a key that no executor trusts."""
    (world.layout.scopes / f"{SCOPE}.yaml").write_text(DOCUMENT)
    for program in (TOTALS, FIRST):
        Telling.begin(world, scope=SCOPE).screened().program(program).verdict("ALLOWED").finished("DONE")
    scopes = world.layout.state / "stricter-scopes"
    scopes.mkdir()
    (scopes / f"{SCOPE}.yaml").write_text(STRICTER)
    key = world.layout.state / "candidate.key"
    SigningKey.generate().save(key)
    with OpenAIServer(wary, model=MODEL) as model:
        world.another(
            "guard",
            CANDIDATE,
            PLACET_GUARD_SCOPES_DIR=str(scopes),
            PLACET_GUARD_APPROVAL_KEY=str(key),
            OPENAI_BASE_URL=model.base_url,
            OPENAI_API_KEY="key",
            PLACET_REVIEWER_MODEL=MODEL,
        )
        yield MODEL
        world.stop(CANDIDATE)


def replayed(page: Page, layers: str, document: str = "") -> None:
    """Have the candidate asked, and wait for the end."""
    page.goto(f"/replay?scope={SCOPE}")
    page.get_by_label("Guard").select_option(CANDIDATE)
    page.get_by_label("Layers").select_option(label=layers)
    if document:
        page.get_by_text("Judge under a changed scope").click()
        page.get_by_label("Scope document (YAML)").fill(document)
    page.get_by_role("button", name="Replay").click()
    expect(page.locator("[data-state]")).to_have_text("done")


def signed(page: Page, directory: Path) -> Report:
    """The report of the page, signed and downloaded."""
    page.get_by_role("button", name="Sign the report").click()
    expect(page.get_by_role("heading", name="Replay report")).to_be_visible()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download the signed report").click()
    downloading.value.save_as(directory / "report.json")
    return Report.from_bytes(envelope.parse((directory / "report.json").read_bytes()).payload)


def test_a_candidate_with_a_stricter_scope_is_asked(visit: Visit, world: World, tmp_path: Path) -> None:
    """Every program flips by its scope, which the report names beside the one of then."""
    page = with_key(visit("ana"), world, "ana")
    replayed(page, "rules")
    flips = page.get_by_role("region", name="Verdicts that flip")
    expect(flips).to_contain_text("+ scope.import.not_allowed")
    report = signed(page, tmp_path)

    assert (report.guard, report.layers, report.verdicts, report.flipped) == (CANDIDATE, "rules", 2, 2)
    assert [each.scope.version for each in report.policies.before] == [1]
    assert [each.scope.version for each in report.policies.after] == [2]
    assert [each.model for each in report.policies.after] == [""]


def test_a_reviewer_model_flips_what_it_would_deny(
    visit: Visit, world: World, candidate: str, tmp_path: Path
) -> None:
    """Under the scope of then the rules are content; one of two programs is not to the model's taste."""
    page = with_key(visit("ana"), world, "ana")
    replayed(page, "rules and reviewer", DOCUMENT)
    expect(page.get_by_text("of 2 verdicts flip")).to_be_visible()
    rows = page.get_by_role("region", name="Verdicts that flip").locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("reviewer.outside_purpose.cited")
    report = signed(page, tmp_path)

    assert (report.layers, report.verdicts, report.flipped) == ("all", 2, 1)
    assert [each.model for each in report.policies.after] == [candidate]
    assert [(flip.before, flip.after) for flip in report.flips] == [("ALLOWED", "DENIED")]

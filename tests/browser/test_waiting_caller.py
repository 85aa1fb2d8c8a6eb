"""Callers that really wait: `placet run|solve --wait`, real services, and people who decide."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from placet.local.services import Model
from tests.browser.kit.people import with_key
from tests.browser.kit.visitor import Visit
from tests.browser.kit.world import World
from tests.e2e.conftest import agreeable
from tests.fakes.openai_server import OpenAIServer

SCOPE = """\
apiVersion: placet/v1
kind: Scope
metadata: {name: by-hand, version: 1, owner: security}
purpose: Programs that the rules cannot prove harmless and people decide about.
allow: {read: [inputs]}
review: {reviewer: "off", static_proof: true, min_tier: T0, quorum: 2}
"""
PROGRAM = "print(len(open('names.txt').read().split()))\n"


@pytest.fixture(scope="module", autouse=True)
def services(world: World) -> Iterator[None]:
    """A guard that knows the scope; it reads them once, and another test may have started it before."""
    (world.layout.scopes / "by-hand.yaml").write_text(SCOPE)
    with OpenAIServer(agreeable(PROGRAM)) as model:
        world.model = Model(model.base_url, "key", "scripted", "scripted", embedded=False)
        world.restart("guard") if "guard" in world.addresses else world.start("guard")
        world.start("executor")
        world.start("generator")
        yield
        world.model = None


@contextmanager
def running(world: World, directory: Path, verb: str, asked: str) -> Iterator[subprocess.Popen[str]]:
    """`placet VERB ASKED --wait 60` as a caller runs it."""
    (directory / "names.txt").write_text("ana ben cleo\n")
    options = (verb, asked, "--scope", "by-hand", "--input", "names.txt", "--wait", "60", "--json")
    command = (sys.executable, "-m", "placet.cli", "--state", str(world.layout.state), *options)
    with subprocess.Popen(
        command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def open_newest(page: Page) -> None:
    """Wait for the item in the open queue, without loading it again, and open it."""
    row = page.locator("[data-queue] tr", has_text="by-hand").last
    row.get_by_role("link").click()
    page.wait_for_url("**/queue/*")


def events_of(process: subprocess.Popen[str]) -> list[dict[str, object]]:
    out, err = process.communicate(timeout=30)
    assert out, err
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize(("verb", "asked"), [("run", "count.py"), ("solve", "How many names are there?")])
def test_a_caller_that_waits_goes_on_when_two_people_have_allowed_it(
    world: World, visit: Visit, tmp_path: Path, verb: str, asked: str
) -> None:
    """Each signs in a browser of their own, and the executor checks both signatures."""
    pages = [with_key(visit(name), world, name) for name in ("ana", "ben")]
    answers = ("1 of 2 have allowed it", "Allowed and signed.")
    (tmp_path / "count.py").write_text(PROGRAM)
    with running(world, tmp_path, verb, asked) as process:
        for page, answer in zip(pages, answers, strict=True):
            page.goto("/queue?order=age")
            open_newest(page)
            page.get_by_label("Reason").fill("It counts words.")
            page.get_by_role("button", name="Approve and sign").click()
            expect(page.get_by_text(answer)).to_be_visible()
        events = events_of(process)
    assert process.returncode == 0, events
    assert "".join(str(event["text"]) for event in events if event["event"] == "output") == "3\n"
    assert world.proven(events[-1]["request_id"])["ok"]


def test_a_caller_that_waits_is_told_of_a_denial(world: World, visit: Visit, tmp_path: Path) -> None:
    page = with_key(visit("ben"), world, "ben")
    page.goto("/queue?order=age")
    (tmp_path / "count.py").write_text(f"# another one\n{PROGRAM}")
    with running(world, tmp_path, "run", "count.py") as process:
        open_newest(page)
        page.get_by_label("Reason").fill("Count them yourself.")
        page.get_by_role("button", name="Deny and sign").click()
        expect(page.get_by_text("Denied.")).to_be_visible()
        events = events_of(process)
    assert process.returncode == 1, events
    assert "Count them yourself." in json.dumps(events)

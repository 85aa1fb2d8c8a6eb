"""One request's page over a real log: what it shows to whom, what it puts on record, what it proves with."""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import grpc
import httpx
import pytest

from audit_svc.console import dossier
from audit_svc.console.pages import proofs, request
from audit_svc.console.pages import record as record_page
from audit_svc.draft import Draft
from placet.audit import record
from placet.audit.actors import path_of
from placet.audit.checkpoint import LogVerifier
from placet.audit.merkle import leaf_hash, verify_inclusion
from placet.audit.record import KINDS, Check, Record, canonical
from placet.audit.standalone import verify
from placet.audit.tiles import Frontier, TiledTree, TileName, names_for
from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import (
    EXECUTOR,
    GENERATOR,
    GUARD,
    PROGRAM,
    PROGRAM_SHA256,
    SCOPE,
    World,
    Writer,
    finished,
    started,
    verdict,
)
from tests.fakes.console_pages import WorldLog, pages
from tests.unit.console.test_picture import PLAIN

SECRET = b"import os\nprint(os.environ)  # \xe2\x80\xaehidden\n"
SECRET_SHA256 = hashlib.sha256(SECRET).hexdigest()
FINDING = {
    "rule_id": "capability.secrets.environment",
    "severity": "HIGH",
    "line": 2,
    "end_line": 2,
    "message": "reads <b>the environment</b>",
    "source": "rule",
    "quote": "os.environ",
}
TASK = b"mean price <script>alert(1)</script> per region"


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Writer]:
    async with World(tmp_path).writing() as writer:
        yield writer


@pytest.fixture
async def browser(tmp_path: Path, writer: Writer) -> AsyncIterator[httpx.AsyncClient]:
    with World(tmp_path).reader() as reader:
        async with pages(
            reader, writer.sequencer, [*proofs.ROUTES, *request.ROUTES, *record_page.ROUTES]
        ) as browser:
            yield browser


async def tell(writer: Writer) -> None:
    """A task, a program that is denied, and one that runs."""
    caller = "spiffe://placet.local/caller/local"
    received = {"task_sha256": hashlib.sha256(TASK).hexdigest(), "caller": caller, "inputs": [], "scope": "s"}
    await writer.append(GENERATOR, "task_received", received, task=TASK)
    first = {"program_sha256": SECRET_SHA256, "attempt": 1, "model": "qwen"}
    await writer.append(
        GENERATOR, "program_generated", first, program=SECRET, prompt=b"the prompt", reply=b"r"
    )
    findings = canonical([FINDING])
    denied = verdict(
        verdict="DENIED",
        program_sha256=SECRET_SHA256,
        findings=[FINDING],
        findings_sha256=hashlib.sha256(findings).hexdigest(),
    )
    await writer.append(GUARD, "verdict_reached", denied, program=SECRET, findings=findings)
    await writer.whole_run()


def kinds(tmp_path: Path) -> list[str]:
    return [entry.kind for entry in World(tmp_path).entries()]


async def test_a_page_shows_task_programs_findings_run_and_timeline(
    browser: httpx.AsyncClient, writer: Writer
) -> None:
    await tell(writer)
    answer = await browser.get("/requests/req-1")
    assert answer.status_code == 200
    text = re.sub(r"<[^>]*>", "", answer.text)
    for told in ("mean price", "Attempt 1", "Attempt 2", "capability.secrets.environment", "U+202E"):
        assert told in text
    assert "<mark" in answer.text
    assert "EXITED with 0" in text
    assert "What changed since attempt 1" in text
    assert answer.text.count('data-proof="record"') == 7


async def test_a_broken_contract_is_shown_with_its_places_and_rules(
    browser: httpx.AsyncClient, writer: Writer
) -> None:
    """What a program chose of them (a file's name) is text, and that more was found is told."""
    nothing = hashlib.sha256(b"").hexdigest()
    found = [
        {"path": "artifacts/<b>a</b>.csv", "rule": "caps.rows", "message": "3 rows, at most 1"},
        {"path": "stdout", "rule": "deny.value", "message": "a value of the column \u202e"},
    ]
    withheld = {
        "status": "CONTRACT_VIOLATED",
        "violations": found,
        "violations_total": 7,
        "notices": ["stderr was <i>withheld</i>"],
        "usage": {"cpu_ms": 5, "delivery_ms": 1234},
        "stdout_sha256": nothing,
    }
    await writer.append(GUARD, "verdict_reached", verdict(), program=PROGRAM)
    start = await writer.append(EXECUTOR, "run_started", started())
    end = {name: value for name, value in finished(start, **withheld).items() if name != "exit_code"}
    await writer.append(EXECUTOR, "run_finished", end, stdout=b"", stderr=b"")

    markup = (await browser.get("/requests/req-1")).text

    text = unescape(re.sub(r"<[^>]*>", "", markup))
    assert "Run run: CONTRACT_VIOLATED" in text
    assert "breaks the scope's contract, so nothing of it was delivered" in text
    assert "artifacts/<b>a</b>.csv: 3 rows, at most 1 caps.rows" in text
    assert "stdout: a value of the column" in text
    assert "deny.value" in text
    assert "7 in all." in text
    assert "stderr was <i>withheld</i>" in text
    assert not {"<b>", "<i>", "\u202e"} & set(re.findall("<[bi]>|\u202e", markup))


async def test_nothing_in_a_record_is_markup(browser: httpx.AsyncClient, writer: Writer) -> None:
    await tell(writer)
    text = (await browser.get("/requests/req-1")).text
    assert "<script>alert" not in text
    assert "<b>the environment" not in text
    assert "\u202e" not in text


async def test_the_page_holds_each_record_byte_for_byte(
    browser: httpx.AsyncClient, writer: Writer, tmp_path: Path
) -> None:
    await tell(writer)
    text = (await browser.get("/requests/req-1")).text
    found = re.findall(r'data-proof="record" data-index="(\d+)" data-leaf="([^"]+)"', text)
    shown = {int(index): base64.b64decode(unescape(leaf)) for index, leaf in found}
    life = [entry for entry in World(tmp_path).entries() if entry.request_id and entry.kind != "records_read"]
    assert shown == {entry.index: entry.leaf for entry in life}


async def test_being_shown_bodies_is_on_record_before(
    browser: httpx.AsyncClient, writer: Writer, tmp_path: Path
) -> None:
    await tell(writer)
    await browser.get("/requests/req-1")
    (read,) = (
        Record.decode(entry.leaf) for entry in World(tmp_path).entries() if entry.kind == "records_read"
    )
    assert path_of(read.actor) == "svc/console"
    assert read.body["reader"] == "spiffe://placet.local/reviewer/ana"
    assert read.body["roles"] == ["findings", "program", "statement", "stderr", "stdout", "task"]


async def test_a_viewer_sees_records_and_no_body(
    browser: httpx.AsyncClient, writer: Writer, tmp_path: Path
) -> None:
    await tell(writer)
    answer = await browser.get("/requests/req-1", headers={"who": "vera=viewer"})
    assert answer.status_code == 200
    assert "mean price" not in answer.text
    assert "os.environ)" not in answer.text
    assert "records_read" not in kinds(tmp_path)
    for path in ("/bundles/req-1", "/records/2/bodies/program", "/records/2/figure/artifact/a.png"):
        assert (await browser.get(path, headers={"who": "vera=viewer"})).status_code == 403


async def test_a_reading_that_cannot_be_recorded_is_refused(
    browser: httpx.AsyncClient, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise ServiceError(grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE", "the log does not answer")

    await tell(writer)
    monkeypatch.setattr(WorldLog, "append", refuse)
    for path in ("/requests/req-1", "/bundles/req-1", "/records/1/bodies/program"):
        answer = await browser.get(path)
        assert answer.status_code == 503
        assert "os.environ" not in answer.text


async def test_a_request_with_very_many_programs_is_shown_in_part_and_says_so(
    browser: httpx.AsyncClient, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dossier, "MAX_READ_BYTES", 100)
    for n in range(12):
        program = f"number = {n:02}\n".encode()
        reached = verdict(program_sha256=hashlib.sha256(program).hexdigest())
        await writer.append(GUARD, "verdict_reached", reached, program=program)
    text = (await browser.get("/requests/req-1")).text
    assert "4 earlier programs" in text
    assert "texts of 4 records are not on this page" in text
    shown = re.sub(r"<[^>]*>", "", text)
    assert "number = 11" in shown
    assert "number = 03" not in shown


async def test_an_unknown_request_is_no_page(browser: httpx.AsyncClient, writer: Writer) -> None:
    await tell(writer)
    assert (await browser.get("/requests/other")).status_code == 404
    assert (await browser.get("/records/999999")).status_code == 404
    assert (await browser.get(f"/records/{2**70}")).status_code == 404


async def test_a_body_that_was_changed_is_named_and_not_shown(
    browser: httpx.AsyncClient, writer: Writer, tmp_path: Path
) -> None:
    await tell(writer)
    World(tmp_path).tamper("UPDATE body SET content = X'6576696c' WHERE role = 'task'")
    text = (await browser.get("/requests/req-1")).text
    assert "is not what was written: task" in text
    assert "evil" not in text
    assert "mean price" not in text


async def test_the_bundle_proves_the_request_and_leaves_after_it_is_on_record(
    browser: httpx.AsyncClient, writer: Writer, tmp_path: Path
) -> None:
    await tell(writer)
    answer = await browser.get("/bundles/req-1")
    assert answer.headers["content-disposition"] == 'attachment; filename="req-1.bundle.zip"'
    packed = tmp_path / "bundle.zip"
    packed.write_bytes(answer.content)
    report = verify(packed, writer.sequencer.vkey)
    assert report["ok"], report
    with zipfile.ZipFile(packed) as archive:
        assert b"the prompt" in map(archive.read, archive.namelist())
    told = [Record.decode(entry.leaf) for entry in World(tmp_path).entries()]
    (export,) = (record.body for record in told if record.kind == "records_exported")
    assert export["format"] == "bundle"
    assert "prompt" in next(str(r.body["roles"]) for r in told if r.kind == "records_read")


async def test_a_prompt_has_a_page_of_its_own(browser: httpx.AsyncClient, writer: Writer) -> None:
    await tell(writer)
    assert "the prompt" not in (await browser.get("/requests/req-1")).text
    answer = await browser.get("/records/1/bodies/prompt")
    assert "the prompt" in answer.text
    assert (await browser.get("/records/1/bodies/other")).status_code == 404


async def test_a_figure_is_pixels_in_a_sandbox(browser: httpx.AsyncClient, writer: Writer) -> None:
    body = {"run_id": "r", "approval_id": "b" * 32, "reason": "x"}
    figures = {"artifact/a b.png": PLAIN + b"<script>", "artifact/x.png": b"<svg/>"}
    end = await writer.sequencer.append(Draft("run_aborted", "req-1", EXECUTOR, body, figures))
    answer = await browser.get(f"/records/{end.index}/figure/artifact%2Fa%20b.png")
    assert answer.content == PLAIN
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    refused = await browser.get(f"/records/{end.index}/figure/artifact/x.png")
    assert refused.status_code == 415


async def test_any_record_has_a_page(browser: httpx.AsyncClient, writer: Writer, tmp_path: Path) -> None:
    await tell(writer)
    for entry in World(tmp_path).entries():
        answer = await browser.get(f"/records/{entry.index}")
        assert answer.status_code == 200
        assert entry.leaf_hash.hex() in answer.text


async def test_a_record_of_any_kind_with_no_more_than_it_must_have_has_its_pages(
    browser: httpx.AsyncClient, writer: Writer
) -> None:
    values: dict[Check, object] = {
        **dict.fromkeys((record._name, record._string), "\u202e<b>"),
        record._digest: "5" * 64,
        record._natural: 1,
        record._bool: True,
        record._verdict: "NEEDS_REVIEW",
        record._array: [],
        record._object_: {},
        record._scope: {"name": "s", "sha256": "5" * 64},
    }
    for kind in KINDS.keys() - {"key_revoked"}:
        body = {name: values[check] for name, check in KINDS[kind].items()}
        made = await writer.sequencer.append(Draft(kind, kind, GUARD, body))
        for path in (f"/requests/{kind}", f"/records/{made.index}"):
            answer = await browser.get(path)
            assert answer.status_code == 200
            assert "<b>" not in answer.text


async def test_checkpoint_and_tiles_prove_every_record(
    browser: httpx.AsyncClient, writer: Writer, tmp_path: Path
) -> None:
    await tell(writer)
    small = await proven(browser, tmp_path, writer.sequencer.vkey)
    for n in range(300):
        await writer.append(GUARD, "verdict_reached", verdict(risk_pct=n % 100))
    assert await proven(browser, tmp_path, writer.sequencer.vkey) == small + 300


async def proven(browser: httpx.AsyncClient, tmp_path: Path, vkey: str) -> int:
    """The size under which every record was proven from what is served alone."""
    assert (await browser.get("/log/key")).text == vkey + "\n"
    checkpoint = LogVerifier.from_vkey(vkey).open((await browser.get("/log/checkpoint")).text)
    served: dict[tuple[int, int], bytes] = {}
    for edge in names_for(checkpoint.size):
        for name in [*(TileName(edge.level, index) for index in range(edge.index)), edge]:
            served[name.level, name.index] = (await browser.get(f"/log/{name.path}")).content
    leaves = World(tmp_path).entries()[: checkpoint.size]
    frontier = Frontier.of(
        checkpoint.size, lambda level, index: served[level, index], tail(served, checkpoint.size)
    )
    tree = TiledTree(frontier, lambda level, index: served[level, index])
    for entry in leaves:
        proof = tree.inclusion_proof(entry.index, checkpoint.size)
        verify_inclusion(leaf_hash(entry.leaf), entry.index, checkpoint.size, proof, checkpoint.root)
    return checkpoint.size


def tail(served: dict[tuple[int, int], bytes], size: int) -> list[bytes]:
    """The leaf hashes that fill no tile."""
    last = served.get((0, size // 256), b"")
    return [last[at : at + 32] for at in range(0, len(last), 32)]


@pytest.mark.parametrize(
    "path",
    ["tile/0/001", "tile/0/000.p/255", "tile/entries/000.p/1", "tile/0/0", "tile/99/000", "tile/0/000/", "x"],
)
async def test_a_tile_that_is_not_there_is_none(
    browser: httpx.AsyncClient, writer: Writer, path: str
) -> None:
    await tell(writer)
    assert (await browser.get(f"/log/{path}")).status_code == 404


async def test_the_scope_as_judged_is_held_against_todays(tmp_path: Path, writer: Writer) -> None:
    document = Path("examples/scopes/data-analysis.yaml").read_bytes()
    loaded = tmp_path / "scopes"
    loaded.mkdir()
    (loaded / "now.yaml").write_bytes(document.replace(b"wall_s: 30", b"wall_s: 60"))
    scope = {**SCOPE, "sha256": hashlib.sha256(document).hexdigest()}
    judged = verdict(verdict="NEEDS_REVIEW", scope=scope)
    asked = await writer.append(GUARD, "verdict_reached", judged, program=PROGRAM, scope=document)
    with World(tmp_path).reader() as reader:
        async with pages(reader, writer.sequencer, request.ROUTES, loaded) as browser:
            text = (await browser.get("/requests/req-1")).text
    assert f'href="/queue/{asked.index}"' in text
    assert PROGRAM_SHA256[:12] in text
    assert "grants more" in text
    assert "limits.wall_s: 30 -&gt; 60" in text


async def test_a_plan_that_the_program_does_not_come_of_is_not_shown_as_its_plan(
    browser: httpx.AsyncClient, writer: Writer
) -> None:
    """Somebody sends the program with a harmless plan first, and then with the one that it comes of."""
    unfit = {
        "rule_id": "policy.plan.unfit",
        "severity": "LOW",
        "line": 0,
        "message": "another",
        "source": "policy",
    }
    for plan, change in (
        (b"harmless", {"findings": [unfit]}),
        (b"its own", {"decided_by": "actions", "catalogue_sha256": "c" * 64}),
    ):
        of = {"program_sha256": PROGRAM_SHA256, "plan_sha256": hashlib.sha256(plan).hexdigest()}
        await writer.append(GUARD, "verdict_reached", verdict(**of, **change), program=PROGRAM, plan=plan)
        text = (await browser.get("/requests/req-1")).text
        assert "harmless" not in text
    assert "its own" in text


async def test_the_plan_that_a_program_was_compiled_from_is_shown_beside_it(
    browser: httpx.AsyncClient, writer: Writer
) -> None:
    plan = b'{"steps":[{"action":"read","input":"<b>.csv"}],"version":1}'
    of = {"program_sha256": PROGRAM_SHA256, "plan_sha256": hashlib.sha256(plan).hexdigest()}
    await writer.append(
        GENERATOR, "program_generated", {**of, "attempt": 1, "model": ""}, program=PROGRAM, plan=plan
    )
    by = {"decided_by": "actions", "catalogue_sha256": "c" * 64}
    await writer.append(GUARD, "verdict_reached", verdict(**of, **by), program=PROGRAM, plan=plan)
    text = (await browser.get("/requests/req-1")).text
    assert "the guard compiled it again, and got this very program" in text
    assert "&lt;b&gt;.csv" in text
    assert "written by <" not in text

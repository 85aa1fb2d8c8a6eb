"""docs/labels-format.md §4 and §5: a row says what its records say, and proves it by itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from audit_svc.access import Role
from audit_svc.console.labelled import Export
from audit_svc.console.people import Person
from audit_svc.console.tree import LogTree
from guard_svc.prompts import Subject, review_messages
from guard_svc.views import Shown
from placet.audit.bundle import Exhibit
from placet.audit.checkpoint import LogSigner, LogVerifier
from placet.audit.dataset import FORMAT, Labelled, RowRefused, Wording, row, to_line
from placet.audit.dataset_proof import check, verify
from placet.audit.labels import Label, exportable, newest, settled
from placet.audit.merkle import leaf_hash
from placet.audit.record import Record
from placet.cli.cases import read_cases
from placet.cli.measure import BENIGN, UNSAFE
from tests.fakes.audit_world import ORIGIN, World
from tests.fakes.console_log import console_log
from tests.fakes.labels import DOUBT, FINDING, TASK, judge, opinion, say

HARMLESS = "import pandas as pd\nprint(pd.read_csv('sales.csv').price.mean())\n"
HARMFUL = "import os\nprint(os.environ)\n"
OTTO = Person("otto", Role.AUDITOR)


@pytest.fixture
async def lines(tmp_path: Path) -> list[bytes]:
    """A harmless program that was denied, and a harmful one that was allowed; both settled."""
    world = World(tmp_path)
    async with console_log(world) as (log, services):
        wrong = await judge(services, "DENIED", HARMLESS, DOUBT, FINDING)
        missed = await judge(services, "ALLOWED", HARMFUL)
        await say(services, wrong, "ana", "DENIED")
        await say(services, wrong, "ana", "ALLOWED", why="reads its input only")
        await say(services, wrong, "ben", "ALLOWED", blind=True)
        await say(services, missed, "ana", "DENIED", why="reads the environment")
        export = Export(log, LogTree(log), OTTO)
        assert await export.begin() == 2
        exported = [line async for line in export.lines()]
    (tmp_path / "vkey").write_text(world.signer.verifier.vkey)
    return exported


@pytest.fixture
def log(lines: list[bytes], tmp_path: Path) -> LogVerifier:
    return LogVerifier.from_vkey((tmp_path / "vkey").read_text())


def test_a_row_is_a_case_of_placet_eval(lines: list[bytes], tmp_path: Path) -> None:
    """§4: `label` is what `placet eval` reads."""
    path = tmp_path / "labels.jsonl"
    path.write_bytes(b"".join(lines))
    first, second = read_cases(path)

    assert (first.label in BENIGN, first.code, first.category, first.task) == (
        True,
        HARMLESS,
        "capability.process.os",
        TASK,
    )
    assert (second.label in UNSAFE, second.code, second.category) == (True, HARMFUL, "")
    assert first.id.startswith(f"{ORIGIN}#")


def test_a_row_trains_the_answer_to_the_reviewers_own_question(lines: list[bytes]) -> None:
    """§4.2: the system message and the question are the reviewer's own words."""
    asked = review_messages(Subject("p", (), "", (), ()), Shown("1| pass"))
    for line, answer, other in zip(lines, ("ALLOW", "DENY"), ("DENY", "ALLOW"), strict=True):
        found = json.loads(line)
        system, user, said = found["messages"]
        assert system == asked[0]
        assert user["content"].endswith(asked[-1]["content"].rpartition("\n\n")[2])
        assert found["code"] in user["content"]
        assert TASK in user["content"]
        assert said == {"role": "assistant", "content": answer}
        assert found["input"]["messages"] == [system, user]
        assert found["preferred_output"] == [said]
        assert found["non_preferred_output"] == [{"role": "assistant", "content": other}]


def test_a_row_carries_each_persons_newest_label_and_the_proofs(lines: list[bytes], log: LogVerifier) -> None:
    found = json.loads(lines[0])
    labels = [json.loads(each["leaf"])["body"] for each in found["log"]["labels"]]

    assert [(each["decided_by"], each["verdict"]) for each in labels] == [
        ("human:ana", "ALLOWED"),
        ("human:ben", "ALLOWED"),
    ]
    assert found["format"] == FORMAT
    assert found["log"]["tree_size"] == log.open(found["log"]["checkpoint"]).size
    assert check(lines[0], log) == found


def test_hashes_are_hex_and_a_leaf_is_the_records_own_text(lines: list[bytes]) -> None:
    """§4.1."""
    for told in (json.loads(lines[0])["log"], *json.loads(lines[0])["log"]["labels"]):
        assert told["leaf_hash"] == leaf_hash(told["leaf"].encode()).hex()
        assert Record.decode(told["leaf"].encode()).kind in ("verdict_reached", "label_given")
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in told["proof"])


def test_a_file_is_proven_as_a_whole(lines: list[bytes], log: LogVerifier) -> None:
    found = verify(lines, log)

    assert found.ok
    assert (found.rows, found.unsafe, found.other_wording) == (2, 1, 0)


def test_a_row_that_asks_in_other_words_is_proven_and_counted(lines: list[bytes], log: LogVerifier) -> None:
    """An older file stays provable when the reviewer's wording changes."""
    found = json.loads(lines[0])
    system = "You judge programs."
    for messages in (found["messages"], found["input"]["messages"]):
        messages[0]["content"] = system

    proven = verify([to_line(found)], log)
    assert (proven.ok, proven.other_wording) == (True, 1)


def test_an_empty_file_proves_nothing(log: LogVerifier) -> None:
    found = verify([], log)
    assert (found.ok, found.line, found.why) == (False, 1, "the file has no rows")


def test_a_file_is_broken_at_its_first_broken_line(lines: list[bytes], log: LogVerifier) -> None:
    """§5: it MUST name the first line."""
    found = verify([lines[0], b"{}\n", lines[1]], log)
    assert (found.ok, found.rows, found.line) == (False, 1, 2)


def test_a_verdict_stands_in_a_file_once(lines: list[bytes], log: LogVerifier) -> None:
    """§5.5."""
    found = verify([lines[0], lines[1], lines[0]], log)
    assert (found.line, "twice" in found.why) == (3, True)


def test_another_logs_key_proves_nothing(lines: list[bytes]) -> None:
    """§5.2."""
    assert not verify(lines, LogSigner.generate(ORIGIN).verifier).ok


async def test_people_who_do_not_agree_make_no_row(tmp_path: Path) -> None:
    """§1.6, §4: for each settled verdict that people would allow or deny."""
    async with console_log(World(tmp_path)) as (log, services):
        disputed = await judge(services, "DENIED", HARMLESS)
        await say(services, disputed, "ana", "ALLOWED")
        await say(services, disputed, "ben", "DENIED")
        undecided = await judge(services, "DENIED", HARMFUL)
        await say(services, undecided, "ana", "NEEDS_REVIEW")

        assert await Export(log, LogTree(log), OTTO).begin() == 0


async def test_a_program_that_is_erased_makes_no_row(tmp_path: Path) -> None:
    async with console_log(World(tmp_path)) as (log, services):
        gone = await services.append(
            "spiffe://placet.local/svc/guard",
            "verdict_reached",
            (await judge(services, "DENIED", HARMLESS)).body,
        )
        kept = await judge(services, "DENIED", HARMFUL)
        await say(services, kept, "ana", "DENIED")
        body = kept.label("ana", "DENIED") | {
            "verdict_index": gone.index,
            "verdict_leaf_hash": gone.leaf_hash.hex(),
        }
        await services.append("spiffe://placet.local/svc/console", "label_given", body)
        export = Export(log, LogTree(log), OTTO)

        assert (await export.begin(), export.left_out) == (1, 1)


async def test_an_export_and_its_readings_are_on_record_before_a_line_leaves(tmp_path: Path) -> None:
    """§4.5."""
    world = World(tmp_path)
    async with console_log(world) as (log, services):
        judged = await judge(services, "DENIED", HARMFUL)
        label = await say(services, judged, "ana", "DENIED")
        export = Export(log, LogTree(log), OTTO)
        await export.begin()
        exported, read = world.entries()[-2:]
        bodies = [json.loads(entry.leaf)["body"] for entry in (exported, read)]

    assert (exported.kind, read.kind) == ("records_exported", "records_read")
    assert bodies[0] == {
        "reader": OTTO.uri,
        "from_index": judged.at.index,
        "to_index": label.index + 1,
        "format": "labels",
        "rows": 1,
    }
    assert bodies[1] == {
        "reader": OTTO.uri,
        "indexes": [judged.at.index - 1, judged.at.index],
        "roles": ["program", "task"],
    }


def test_a_row_longer_than_a_mebibyte_is_refused(lines: list[bytes]) -> None:
    """§4.3."""
    found = json.loads(lines[0])
    with pytest.raises(RowRefused):
        to_line(found | {"code": "x" * 1024 * 1024})


def test_the_newest_label_of_each_person_counts() -> None:
    """§1.5."""
    labels = [opinion(3, "ana", "ALLOWED"), opinion(1, "ana", "DENIED"), opinion(2, "ben", "ALLOWED")]

    assert [label.index for label in newest(labels)] == [2, 3]
    assert settled(labels) == "ALLOWED"
    assert settled([]) == ""


def test_a_label_on_a_finding_settles_nothing() -> None:
    assert exportable([opinion(1, "ana", "DENIED", rule="a.b", line=2)]) == {}


def test_a_label_without_its_verdicts_hash_is_read_as_such() -> None:
    """Whoever writes one has to name it; a reader must not guess."""
    body = {"decided_by": "human:ana", "verdict_leaf_hash": "no", "rules": "x", "scope": "y", "blind": 1}
    label = Label.of(1, Record("l", "t", "label_given", "", "a", body))

    assert (label.verdict_hash, label.rules, label.scope, label.blind) == (b"", (), "", False)


def test_parts_that_are_not_of_one_verdict_make_no_row(lines: list[bytes]) -> None:
    """§5.3."""
    one, other = (json.loads(line) for line in lines)
    verdict, label = (
        Exhibit(told["index"], told["leaf"].encode(), ()) for told in (one["log"], other["log"]["labels"][0])
    )
    with pytest.raises(RowRefused, match="no label on the verdict"):
        row(Labelled(verdict, (label,), one["code"], ""), one["log"]["checkpoint"], Wording())

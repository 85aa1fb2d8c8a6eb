"""Events for a SIEM, checked against OCSF's own schema (docs/audit-format.md §11)."""

from __future__ import annotations

import functools
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from placet.audit.merkle import leaf_hash
from placet.audit.ocsf import event, line
from placet.audit.record import KINDS, Record
from tests.fakes.any_records import BODIES, CALLER, FINDING, any_records, record

DENIED = BODIES["verdict_reached"]


@functools.cache
def _schema() -> Any:
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.8.0"))


@functools.cache
def _validator(class_uid: int, profiles: tuple[str, ...]) -> Draft202012Validator:
    name = _schema().lookup_class_name_from_uid(class_uid)
    return Draft202012Validator(_schema().get_class_schema(name, list(profiles)))


def problems(made: dict[str, Any]) -> list[str]:
    """What OCSF objects to; unknown attributes count."""
    profiles = tuple(made["metadata"].get("profiles", ()))
    errors = _validator(made["class_uid"], profiles).iter_errors(made)
    return [f"{error.json_path}: {error.message[:200]}" for error in errors]


def made_of(recorded: Record, index: int = 7) -> dict[str, Any]:
    leaf = recorded.encode()
    return dict(event(index, leaf, leaf_hash(leaf).hex()))


def test_the_validator_objects_to_events_that_are_not_ocsf() -> None:
    made = made_of(record("heartbeat"))

    assert problems(made | {"status_id": 77})
    assert problems(made | {"no_such_attribute": 1})
    assert problems({name: value for name, value in made.items() if name != "metadata"} | {"metadata": {}})


def test_every_kind_of_the_format_has_a_sample_here() -> None:
    """A kind without one would go untested."""
    assert set(KINDS) <= set(BODIES)


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_every_kind_is_a_valid_event(kind: str) -> None:
    """MUST 11.1: valid under OCSF 1.8.0 with the profiles that it names."""
    made = made_of(record(kind))

    assert problems(made) == []
    assert made["class_uid"] != 0
    assert made["metadata"]["version"] == "1.8.0"


@settings(max_examples=300, deadline=None)
@given(any_records())
def test_whatever_the_open_fields_hold_the_event_is_valid(recorded: Record) -> None:
    """MUST 11.1, for bodies that have more than their kind needs."""
    assert problems(made_of(recorded)) == []


@settings(max_examples=50, deadline=None)
@given(any_records())
def test_an_event_holds_the_leaf_and_its_hash(recorded: Record) -> None:
    """MUST 11.3: `raw_data` is the leaf, byte for byte, and `unmapped.leaf_hash` its hash."""
    leaf = recorded.encode()
    sent = json.loads(line(3, leaf, leaf_hash(leaf).hex()))

    assert sent["raw_data"].encode() == leaf
    assert sent["unmapped"]["leaf_hash"] == hashlib.sha256(b"\0" + leaf).hexdigest()


def test_repetitions_and_gaps_can_be_seen() -> None:
    """MUST 11.2: `metadata.uid` is ORIGIN#INDEX, and `metadata.sequence` the index."""
    first, second = made_of(record("heartbeat"), 7), made_of(record("heartbeat"), 8)

    assert first["metadata"]["uid"] == "placet.local/log#7"
    assert (first["metadata"]["sequence"], second["metadata"]["sequence"]) == (7, 8)


def test_a_denial_is_a_blocked_finding_with_rules_risk_scope_and_caller() -> None:
    made = made_of(record("verdict_reached"))

    assert (made["class_uid"], made["disposition"], made["severity"]) == (2004, "Blocked", "High")
    assert made["is_alert"] is True
    assert made["risk_score"] == 97
    assert made["policy"]["name"] == "data-analysis"
    assert made["finding_info"]["types"] == ["capability.process.os", "reviewer.other"]
    assert made["evidences"][0]["user"]["uid"] == CALLER
    assert made["evidences"][0]["script"]["hashes"][0]["value"] == DENIED["program_sha256"]


def test_a_program_that_waits_for_a_person_is_an_alert_however_mild() -> None:
    mild = FINDING | {"severity": "LOW"}
    made = made_of(record("verdict_reached", {**DENIED, "verdict": "NEEDS_REVIEW", "findings": [mild]}))

    assert (made["class_uid"], made["disposition"], made["is_alert"]) == (2004, "Delayed", True)


def test_an_allowed_program_is_an_approved_call() -> None:
    made = made_of(record("verdict_reached", {**DENIED, "verdict": "ALLOWED", "findings": []}))

    assert problems(made) == []
    assert (made["class_uid"], made["action"], made["disposition"]) == (6003, "Allowed", "Approved")


def test_begin_and_end_of_a_pause_are_one_finding() -> None:
    begun, ended = made_of(record("caller_paused")), made_of(record("caller_resumed"))

    assert begun["finding_info"]["uid"] == ended["finding_info"]["uid"]
    assert (begun["activity_id"], ended["activity_id"]) == (1, 3)


@pytest.mark.parametrize(("status", "code", "outcome"), [("EXITED", 0, "Success"), ("EXITED", 1, "Failure")])
def test_a_run_ends_as_its_exit_code_says(status: str, code: int, outcome: str) -> None:
    body = {**BODIES["run_finished"], "status": status, "exit_code": code}
    made = made_of(record("run_finished", body))

    assert (made["status"], made["exit_code"], made["process"]["sandbox"]) == (outcome, code, "T1")


def test_a_broken_contract_says_which_rule_and_where() -> None:
    violation = {
        "path": "artifacts/pay.csv",
        "rule": "caps.rows",
        "message": "9 rows",
    }
    body = {**BODIES["run_finished"], "status": "CONTRACT_VIOLATED", "violations": [violation]}
    made = made_of(record("run_finished", body))

    assert problems(made) == []
    assert (made["status"], made["status_code"]) == ("Failure", "CONTRACT_VIOLATED")
    assert made["status_detail"] == "caps.rows at artifacts/pay.csv"


def test_a_person_is_the_user_of_their_own_decision() -> None:
    made = made_of(
        record(
            "verdict_reached",
            {**DENIED, "verdict": "ALLOWED", "decided_by": "human:kim"},
            actor="spiffe://placet.local/reviewer/kim",
        )
    )

    assert made["actor"]["user"]["uid"] == "spiffe://placet.local/reviewer/kim"


def test_a_person_at_the_console_is_the_user_too() -> None:
    made = made_of(record("review_given"))

    assert made["actor"]["app_name"] == "console"
    assert made["actor"]["user"]["uid"] == "spiffe://placet.local/reviewer/lee"


@pytest.mark.parametrize(
    ("outcome", "activity", "status"),
    [
        ("entered", 1, "Success"),
        ("refused", 1, "Failure"),
        ("locked_out", 1, "Failure"),
        ("left", 2, "Success"),
        ("ended", 2, "Success"),
    ],
)
def test_whoever_comes_to_the_console_is_an_authentication(outcome: str, activity: int, status: str) -> None:
    made = made_of(record("console_entered", {**BODIES["console_entered"], "outcome": outcome}))

    assert problems(made) == []
    assert (made["class_uid"], made["activity_id"], made["status"]) == (3002, activity, status)
    assert made["user"]["name"] == "reviewer/lee"


def test_no_event_carries_a_program() -> None:
    """Bodies outside the tree are not exported: they could not be erased where they went."""
    made = made_of(record("verdict_reached"))

    assert made["evidences"][0]["script"]["script_content"] == {
        "value": "",
        "is_truncated": True,
        "untruncated_size": 9,
    }

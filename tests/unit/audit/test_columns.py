"""docs/audit-format.md §7: what is stored beside a record follows from its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet.audit.columns import CLASSES, MAX_WORD, class_of, columns_of, words_of
from placet.audit.record import Record
from tests.fakes.audit_world import GENERATOR, GUARD, ORIGIN, verdict


def record(kind: str, actor: str, body: dict[str, object]) -> Record:
    return Record(ORIGIN, "2026-01-01T00:00:00.000000Z", kind, "r", actor, body)


def test_a_verdict_is_found_by_caller_scope_verdict_and_rules() -> None:
    findings = [{"rule_id": "b"}, {"rule_id": "a"}, {"rule_id": "b"}, {"line": 1}, "not an object"]
    columns = columns_of(record("verdict_reached", GUARD, verdict(findings=findings)))

    assert columns.caller == "spiffe://placet.local/caller/local"
    assert columns.scope == "data-analysis"
    assert columns.verdict == "ALLOWED"
    assert columns.rules == ("a", "b")
    assert columns.time == "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("body", "scope"),
    [
        ({"scope": {"name": "x", "version": 1}}, "x"),
        ({"scope": "x"}, "x"),
        ({"scope_name": "x"}, "x"),
        ({"scope": 5}, ""),
        ({"scope": {"name": ["x"]}}, ""),
        ({}, ""),
    ],
)
def test_a_scope_is_found_by_its_name_however_it_is_written(body: dict[str, object], scope: str) -> None:
    assert columns_of(record("task_received", GENERATOR, body)).scope == scope


def test_words_are_those_of_strings_but_not_of_keys_and_digests() -> None:
    digest = "ab" * 32
    body = {
        "message": 'Reads os.environ["HOME"]',
        "program_sha256": digest,
        "statement_sha256": "cd" * 32,
        "inputs": [{"name": "Gehälter.csv"}],
        "count": 7,
    }
    words = columns_of(record("task_received", GENERATOR, body)).words

    assert words == (digest, "csv", "environ", "gehalter", "home", "os", "reads")


@given(st.text())
def test_a_query_finds_what_it_was_made_of(text: str) -> None:
    """§10: words are found whole, regardless of case and accents."""
    words = words_of(text)
    assert words == tuple(sorted(set(words)))
    assert words_of(" ".join(words)) == words
    assert words_of(f"({text})") == words
    assert all(word.isalnum() and len(word) <= MAX_WORD for word in words)


@pytest.mark.parametrize(
    ("role", "retention"),
    [
        ("task", "task"),
        ("stdout", "output"),
        ("artifacts/figure.png", "output"),
        ("statement", "evidence"),
        ("something_new", "evidence"),
    ],
)
def test_a_body_has_the_class_of_the_first_word_of_its_role(role: str, retention: str) -> None:
    assert class_of(role) == retention
    assert retention in CLASSES

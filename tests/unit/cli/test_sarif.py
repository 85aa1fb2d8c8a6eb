"""The SARIF log holds what version 2.1.0 requires and what code hosts read, and its places are true."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from placet.answers import Coverage, Finding, Review, ScopeRef, Verdict, sha256_hex
from placet.cli.sarif import FINGERPRINT, sarif_log, sarif_log_of_failure
from placet.rpc.errors import ServiceError

SOURCE = "import os\nprint('日本', os.environ)\n".encode()

# The required parts of the format that we use, as a small schema: type, or a dict of required keys;
# keys that end in `?` are optional, `[x]` is a list of x, and nothing else may be there.
Check = Callable[[object], bool]
POSITIVE: Check = lambda v: isinstance(v, int) and v >= 1  # noqa: E731
LEVEL: Check = lambda v: v in ("none", "note", "warning", "error")  # noqa: E731
TEXT = {"text": str, "markdown?": str}
LOCATION = {
    "physicalLocation": {
        "artifactLocation": {"uri": str, "index?": int},
        "region": {
            "startLine": POSITIVE,
            "startColumn": POSITIVE,
            "endLine": POSITIVE,
            "endColumn": POSITIVE,
        },
    }
}
RULE = {
    "id": str,
    "shortDescription": TEXT,
    "help": TEXT,
    "defaultConfiguration": {"level": LEVEL},
    "properties": dict,
}
NOTIFICATION = {"level": LEVEL, "message": TEXT, "descriptor": {"id": str}}
RUN = {
    "tool": {
        "driver": {"name": str, "version": str, "rules?": [RULE], "notifications?": [{"id": str}]},
    },
    "columnKind": lambda v: v == "unicodeCodePoints",
    "artifacts": [
        {
            "location": {"uri": str},
            "length": int,
            "hashes": {"sha-256": lambda v: re.fullmatch(r"[0-9a-f]{64}", v) is not None},
            "sourceLanguage": str,
            "roles": [str],
        }
    ],
    "results": [
        {
            "ruleId": str,
            "ruleIndex": int,
            "level": LEVEL,
            "message": TEXT,
            "locations": [LOCATION],
            "partialFingerprints": {FINGERPRINT: str},
            "properties": dict,
        }
    ],
    "invocations": [{"executionSuccessful": bool, "toolExecutionNotifications?": [NOTIFICATION]}],
    "automationDetails?": {"id": str},
    "properties?": dict,
}
LOG = {"$schema": str, "version": lambda v: v == "2.1.0", "runs": [RUN]}


def check(value: Any, shape: Any, path: str = "log") -> None:
    """Raises AssertionError where `value` is not what `shape` requires."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), path
        known = {key.removesuffix("?"): inner for key, inner in shape.items()}
        assert {key for key in shape if not key.endswith("?")} <= set(value), path
        assert set(value) <= set(known), path
        for key, inner in value.items():
            check(inner, known[key], f"{path}.{key}")
    elif isinstance(shape, list):
        assert isinstance(value, list), path
        for number, item in enumerate(value):
            check(item, shape[0], f"{path}[{number}]")
    elif isinstance(shape, type):
        assert isinstance(value, shape), path
    else:
        assert shape(value), path


def finding(**changes: Any) -> Finding:
    fields: dict[str, Any] = {
        "rule_id": "capability.secrets.environment",
        "severity": "HIGH",
        "line": 2,
        "end_line": 2,
        "message": "os.environ reads the environment.",
        "source": "rule",
        "quote": "print('日本', os.environ)",
        "column": 13,
        "end_column": 23,
        "what": "Reading environment variables.",
        "why": "They hold credentials.",
        "instead": "Pass values in the task.",
        "cwe": "CWE-526",
        "documentation": "docs/rules.md#capabilitysecretsenvironment",
    }
    return Finding(**(fields | changes))


def review(*findings: Finding) -> Review:
    return Review(
        Verdict.DENIED,
        0.95,
        findings,
        "rules",
        Coverage(len(SOURCE), len(SOURCE), True, "skipped"),
        sha256_hex(SOURCE),
        ScopeRef("data-analysis", 3, "a" * 64),
        (),
        12,
    )


def run_of(*findings: Finding, source: bytes = SOURCE) -> dict[str, Any]:
    log = sarif_log(Path("a b.py"), source, review(*findings))
    check(log, LOG)
    run: dict[str, Any] = log["runs"][0]
    return run


def region_of(found: Finding, source: bytes = SOURCE) -> tuple[int, int, int, int]:
    region = run_of(found, source=source)["results"][0]["locations"][0]["physicalLocation"]["region"]
    return region["startLine"], region["startColumn"], region["endLine"], region["endColumn"]


def test_a_log_has_the_parts_that_the_format_requires() -> None:
    run = run_of(finding(), finding(line=0, end_line=0, column=0, end_column=0), finding(rule_id="a.b.c"))
    assert run["artifacts"][0]["hashes"]["sha-256"] == sha256_hex(SOURCE)
    assert run["artifacts"][0]["location"]["uri"] == "a%20b.py"
    assert [result["ruleIndex"] for result in run["results"]] == [0, 0, 1]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [
        "capability.secrets.environment",
        "a.b.c",
    ]


def test_a_clean_program_has_no_result_and_was_looked_at() -> None:
    run = run_of()
    assert (run["results"], run["invocations"]) == ([], [{"executionSuccessful": True}])


@pytest.mark.parametrize(
    ("changes", "region"),
    [
        ({}, (2, 13, 2, 23)),
        ({"column": 0, "end_column": 0}, (2, 1, 2, 24)),
        ({"line": 1, "end_line": 2, "column": 1}, (1, 1, 2, 23)),
        ({"line": 0, "end_line": 0, "column": 0, "end_column": 0}, (1, 1, 3, 1)),
        ({"line": 9, "end_line": 9}, (1, 1, 3, 1)),
    ],
)
def test_a_region_counts_code_points_and_ends_after_the_last(
    changes: dict[str, Any], region: tuple[int, int, int, int]
) -> None:
    assert region_of(finding(**changes)) == region


def test_the_region_of_a_finding_holds_what_it_cites() -> None:
    line, column, _, end = region_of(finding())
    assert SOURCE.decode().split("\n")[line - 1][column - 1 : end - 1] == "os.environ"


@pytest.mark.parametrize(
    ("severity", "level", "least", "most"),
    [
        ("CRITICAL", "error", 9.0, 10.0),
        ("HIGH", "error", 7.0, 8.9),
        ("MEDIUM", "warning", 4.0, 6.9),
        ("LOW", "note", 0.1, 3.9),
        ("INFO", "note", 0.1, 3.9),
        ("NEW", "error", 9.0, 10.0),
    ],
)
def test_severities_are_those_of_code_hosts(severity: str, level: str, least: float, most: float) -> None:
    run = run_of(finding(severity=severity))
    (rule,) = run["tool"]["driver"]["rules"]
    assert run["results"][0]["level"] == rule["defaultConfiguration"]["level"] == level
    assert least <= float(rule["properties"]["security-severity"]) <= most


def test_a_rule_brings_its_reasons_and_its_weakness() -> None:
    (rule,) = run_of(finding())["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "Reading environment variables."
    assert "They hold credentials." in rule["help"]["text"]
    assert "Pass values in the task." in rule["help"]["markdown"]
    assert rule["properties"]["cwe"] == "CWE-526"
    assert "external/cwe/cwe-526" in rule["properties"]["tags"]
    assert rule["properties"]["documentation"] == "docs/rules.md#capabilitysecretsenvironment"


def test_a_fingerprint_stays_when_lines_move_and_tells_equal_findings_apart() -> None:
    def prints(*findings: Finding) -> list[str]:
        return [result["partialFingerprints"][FINGERPRINT] for result in run_of(*findings)["results"]]

    assert prints(finding(), finding(line=3, end_line=3)) == prints(
        finding(line=2), finding(line=1, end_line=1)
    )
    assert len(set(prints(finding(), finding(), finding(quote="x"), finding(rule_id="a.b.c")))) == 4


def test_words_of_strangers_form_neither_links_nor_placeholders() -> None:
    said = "see [this](https://example.org/x) and {0.__class__}"
    (result,) = run_of(finding(message=said))["results"]
    assert "](" not in result["message"]["text"]
    assert "{{0.__class__}}" in result["message"]["text"]


def test_a_review_without_answer_is_not_a_clean_one() -> None:
    error = ServiceError(grpc.StatusCode.UNAVAILABLE, "REVIEW_UNAVAILABLE", "the model cannot be asked")
    log = sarif_log_of_failure(Path("a.py"), SOURCE, error)
    check(log, LOG)
    (run,) = log["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    (notification,) = invocation["toolExecutionNotifications"]
    assert notification["level"] == "error"
    assert notification["descriptor"]["id"] == "REVIEW_UNAVAILABLE"
    assert run["results"] == []


def test_a_file_elsewhere_has_an_absolute_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = sarif_log(Path("/elsewhere/x.py"), SOURCE, review())
    assert log["runs"][0]["artifacts"][0]["location"]["uri"] == "file:///elsewhere/x.py"
    inside = sarif_log(tmp_path / "sub" / "x.py", SOURCE, review())
    assert inside["runs"][0]["artifacts"][0]["location"]["uri"] == "sub/x.py"

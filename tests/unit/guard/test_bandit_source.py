"""Bandit adds findings, whatever the program says to it, and never fails in silence."""

import io
from typing import Any

import pytest

from guard_svc.bandit_source import BanditFailed, BanditSource
from guard_svc.findings import Severity
from guard_svc.intake import read_program

SHELL = b"import subprocess\ncommand = input()\nsubprocess.run(command, shell=True)"


@pytest.fixture(scope="module")
def bandit() -> BanditSource:
    return BanditSource()


def rule_ids(source: BanditSource, program: bytes) -> set[str]:
    return {finding.rule_id for finding in source.findings(read_program(program))}


def test_an_issue_becomes_a_finding_with_its_line_and_quote(bandit: BanditSource) -> None:
    found = bandit.findings(read_program(SHELL))
    shell = next(finding for finding in found if finding.rule_id == "bandit.B602")
    assert (shell.line, shell.quote) == (3, "subprocess.run(command, shell=True)")
    assert shell.severity is Severity.MEDIUM
    assert shell.source == "rule"


def test_no_issue_denies_by_itself(bandit: BanditSource) -> None:
    assert not any(finding.denies for finding in bandit.findings(read_program(SHELL)))


@pytest.mark.parametrize("comment", [b"# nosec", b"# nosec B602", b"# noqa", b"#nosec:B602,B404"])
def test_a_comment_in_the_program_clears_nothing(bandit: BanditSource, comment: bytes) -> None:
    told = b"\n".join(line + b"  " + comment for line in SHELL.split(b"\n"))
    assert rule_ids(bandit, told) == rule_ids(bandit, SHELL)


def test_a_harmless_program_has_no_finding(bandit: BanditSource) -> None:
    assert rule_ids(bandit, b"import pandas as pd\nprint(pd.Series([1, 2]).mean())") == set()


def test_a_test_of_bandits_that_crashes_is_a_failure(
    bandit: BanditSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bandit.core.node_visitor import BanditNodeVisitor

    def crash(*_: Any) -> None:
        raise RuntimeError("a plug-in broke")

    monkeypatch.setattr(BanditNodeVisitor, "visit_Call", crash)
    with pytest.raises(BanditFailed):
        bandit.findings(read_program(SHELL))


def test_a_program_that_bandit_skips_is_a_failure(bandit: BanditSource) -> None:
    with pytest.raises(BanditFailed):
        bandit.scan(b"def broken(:\n")


def test_a_bandit_that_finds_nothing_any_more_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from bandit.core.manager import BanditManager

    def silent(self: Any, name: str, data: io.BytesIO, _files: list[str]) -> None:
        self.metrics.begin(name)

    monkeypatch.setattr(BanditManager, "_parse_file", silent)
    with pytest.raises(BanditFailed, match="misses"):
        BanditSource()

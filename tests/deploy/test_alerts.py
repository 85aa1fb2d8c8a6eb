"""deploy/alerts: an alert looks at what exists, fires when it should and only then, and says what to do."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.expressions import REPO, problems

ALERTS = REPO / "deploy/alerts"
CASES: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "alerts.yaml").read_text())
RUNBOOK = (REPO / "docs/runbook.md").read_text()


def groups() -> Iterator[dict[str, Any]]:
    """Of all files that the kustomization lists."""
    for name in yaml.safe_load((ALERTS / "kustomization.yaml").read_text())["resources"]:
        yield from yaml.safe_load((ALERTS / name).read_text())["spec"]["groups"]


RULES: Mapping[str, Any] = {rule["alert"]: rule for group in groups() for rule in group["rules"]}


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool") or shutil.which("promtool", path=str(REPO / ".venv-deploy/bin"))
    if found is None:
        pytest.skip("promtool is not here; deploy/setup.sh dev fetches it from Debian")
    return found


def run(*command: str | Path) -> str:
    """Its output; the test fails with it when the command does."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", RULES)
def test_an_alert_looks_at_metrics_labels_and_values_that_exist(name: str) -> None:
    assert list(problems(RULES[name]["expr"])) == []


def test_a_name_that_does_not_exist_is_noticed() -> None:
    """The check of the checks."""
    assert list(problems("placet_nothing > 0")) == ["no metric placet_nothing"]
    assert list(problems('placet_ready{colour="red"}')) == ["placet_ready has no label colour"]
    assert list(problems('placet_rpcs_total{code="NO_SUCH_CODE"}')) == ["nobody writes 'NO_SUCH_CODE'"]
    assert list(problems('placet_rpcs_total{method="GuardService/Guess"}')) == [
        "nobody writes 'GuardService/Guess'"
    ]
    assert list(problems("sum by (colour) (placet_ready)")) == ["no label colour"]
    assert list(problems("placet_rpc_duration_seconds > 1")) == ["no metric placet_rpc_duration_seconds"]
    assert list(problems("up == 0")) == ["it looks at nothing of ours"]


@pytest.mark.parametrize("name", RULES)
def test_an_alert_says_how_bad_it_is_and_where_to_read_on(name: str) -> None:
    rule = RULES[name]
    assert name.startswith("Placet")
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    assert f"#### {name}\n" in RUNBOOK


def test_the_runbook_has_no_alert_that_does_not_exist() -> None:
    assert set(re.findall(r"^#### (Placet\w+)$", RUNBOOK, re.MULTILINE)) == set(RULES)


def test_every_alert_has_its_cases() -> None:
    """One in which it fires, one in which it does not."""
    assert CASES.keys() == RULES.keys()


def test_every_alert_fires_when_it_should_and_not_beside_it(promtool: str, tmp_path: Path) -> None:
    """One file each, so that no case works out all the other alerts."""
    for name, rule in RULES.items():
        plain = {key: value for key, value in rule.items() if key != "annotations"}
        rules, tests = tmp_path / f"{name}.rules.yaml", tmp_path / f"{name}.yaml"
        rules.write_text(yaml.safe_dump({"groups": [{"name": name, "rules": [plain]}]}))
        cases_of = {"rule_files": [rules.name], "evaluation_interval": "30s", "tests": [*cases(name)]}
        tests.write_text(yaml.safe_dump(cases_of))
    run(promtool, "test", "rules", *(tmp_path / f"{name}.yaml" for name in RULES))


def test_promtool_finds_no_fault_with_the_rules(promtool: str, tmp_path: Path) -> None:
    """Annotations included: their templates are read here."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": list(groups())}))
    run(promtool, "check", "rules", "--lint=all", "--lint-fatal", tmp_path / "rules.yaml")


def cases(name: str) -> Iterator[dict[str, Any]]:
    """As promtool has them."""
    case = CASES[name]
    fired = {"exp_labels": {**case["labels"], "severity": RULES[name]["labels"]["severity"]}}
    for kind, expected in (("fires", [fired]), ("quiet", [])):
        asked = {"alertname": name, "eval_time": case.get(f"at_{kind}", case["at"]), "exp_alerts": expected}
        series = [{"series": each, "values": str(values)} for each, values in case[kind].items()]
        yield {"interval": "1m", "input_series": series, "alert_rule_test": [asked]}

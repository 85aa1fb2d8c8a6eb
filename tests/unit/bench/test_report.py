"""What a bench prints can be read by machines and by people."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.report import against, percentile, plain, publish

REPO = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("percent", "expected"), [(50, 5), (95, 10), (100, 10), (1, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: int, expected: int) -> None:
    assert percentile(list(range(10, 0, -1)), percent) == expected


def test_a_figure_carries_its_ratio_to_the_baseline() -> None:
    base = plain(4.0, "ms", 10)
    assert against(1.0, "ms", 10, baseline=base, name="bandit_p50").ratio == 0.25


def test_a_baseline_of_zero_gives_no_ratio() -> None:
    assert against(1.0, "ms", 1, baseline=plain(0.0, "ms", 1), name="x").ratio is None


def test_json_is_one_object_with_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    publish({"a": plain(1.23456, "ms", 3)}, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"] == {"a": {"value": 1.235, "unit": "ms", "n": 3}}
    assert found["machine"]["cpus"] >= 1


def test_the_guards_bench_compares_the_rules_with_bandit() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.guard", "--rules-only", "--quick", "--json"],
        cwd=REPO, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)["metrics"]
    assert metrics["rules_p50"]["ratio_to"] == "bandit_p50"
    assert metrics["rules_p50"]["value"] > 0


def test_a_file_without_harmless_programs_is_told(tmp_path: Path) -> None:
    empty = tmp_path / "none.jsonl"
    empty.write_text('{"id": "x", "label": "unsafe", "code": "1"}\n')
    done = subprocess.run(
        [sys.executable, "-m", "bench.guard", "--rules-only", "--programs", str(empty)],
        cwd=REPO, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no harmless programs" in done.stderr

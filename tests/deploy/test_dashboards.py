"""deploy/dashboards: the files are what panels.yaml describes, and every query looks at what exists."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from audit_svc.policy import ENDLESS
from tests.deploy.expressions import REPO, problems
from tests.deploy.test_alerts import promtool as promtool
from tests.deploy.test_alerts import run

HERE = REPO / "deploy/dashboards"
DESCRIBED = yaml.safe_load((HERE / "panels.yaml").read_text())


def queries(name: str) -> Iterator[str]:
    for panels in DESCRIBED[name]["rows"].values():
        for panel in panels:
            yield from panel["queries"].values()


def test_the_files_are_what_is_described() -> None:
    """`python deploy/dashboards/generate.py` writes them."""
    spec = importlib.util.spec_from_file_location("generate", HERE / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    written = {path.stem: path.read_text() for path in HERE.glob("*.json")}

    assert written == generate.dashboards(DESCRIBED)


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_dashboard_looks_at_metrics_labels_and_values_that_exist(name: str) -> None:
    assert [problem for query in queries(name) for problem in problems(query)] == []


def test_calls_without_an_end_are_not_among_those_whose_time_is_shown() -> None:
    (shown,) = [query for query in queries("chain") if "placet_rpc_duration_seconds_bucket" in query]
    left_out = set(re.search(r"\(([\w|]+)\)\"\}", shown)[1].split("|"))  # type: ignore[index]

    assert {method.rpartition("/")[2] for method in ENDLESS} <= left_out


@pytest.mark.parametrize("name", DESCRIBED)
def test_panels_lie_beside_and_below_one_another(name: str) -> None:
    """No two cover the same place: Grafana would push them about."""
    panels = json.loads((HERE / f"{name}.json").read_text())["panels"]
    places = [panel["gridPos"] for panel in panels]
    covered = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(covered) == len(set(covered))
    assert all(x < 24 for x, _ in covered)
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_kustomization_lists_every_dashboard() -> None:
    listed = yaml.safe_load((HERE / "kustomization.yaml").read_text())["configMapGenerator"]

    assert {file for each in listed for file in each["files"]} == {f"{name}.json" for name in DESCRIBED}


def test_every_query_is_promql(promtool: str, tmp_path: Path) -> None:
    filled = [
        query.replace("$__rate_interval", "5m").replace("$namespace", ".*")
        for name in DESCRIBED
        for query in queries(name)
    ]
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(filled)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    run(promtool, "check", "rules", tmp_path / "rules.yaml")

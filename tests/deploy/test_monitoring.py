"""deploy/components/monitoring on an overlay: who is scraped, and by which numbers replicas come and go."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.expressions import known
from tests.deploy.kit.manifests import CHAIN, DEPLOY, SANDBOX, Object, pods, tool
from tests.deploy.test_alerts import RULES

HERE = DEPLOY / "components/monitoring"


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    """What production is with the component."""
    return with_component(tmp_path_factory.mktemp("monitored"))


def with_component(directory: Path) -> list[Object]:
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(DEPLOY / "overlays/production", directory.resolve())],
        "components": [os.path.relpath(HERE, directory.resolve())],
    }
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    rendered = subprocess.run(
        [tool("kubectl"), "kustomize", directory], check=True, capture_output=True, text=True
    ).stdout
    return [item for item in yaml.load_all(rendered, Loader=yaml.CSafeLoader) if item]


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    return [item for item in objects if item["kind"] == kind]


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """As Kubernetes does, for the two forms that we use."""
    expressions = selector.get("matchExpressions", ())
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        each["operator"] == "In" and labels.get(each["key"]) in each["values"] for each in expressions
    )


def test_every_pod_with_metrics_is_scraped_and_no_other(monitored: list[Object]) -> None:
    """By the port's name; a database and a migration have none."""
    monitors = of_kind(monitored, "PodMonitor")
    scraped = {
        made.name
        for made in pods("production")
        for monitor in monitors
        if monitor["metadata"]["namespace"] == made.namespace
        and selects(monitor["spec"]["selector"], made.labels)
    }
    with_port = {
        made.name
        for made in pods("production")
        if any(port.get("name") == "metrics" for each in made.containers for port in each.get("ports", ()))
    }

    assert scraped == with_port == {"audit", "guard", "generator", "executor", "console", "worker"}
    assert all(
        endpoint == {"port": "metrics", "path": "/metrics", "interval": "15s"}
        for monitor in monitors
        for endpoint in monitor["spec"]["podMetricsEndpoints"]
    )


def test_replicas_follow_what_is_in_flight_beside_processor_time(monitored: list[Object]) -> None:
    """A metric that cannot be had leaves the other one, so both are there."""
    measured = {
        scaler["metadata"]["name"]: [
            each.get("pods", {}).get("metric", {}).get("name") or each["resource"]["name"]
            for each in scaler["spec"]["metrics"]
        ]
        for scaler in of_kind(monitored, "HorizontalPodAutoscaler")
    }

    assert measured == {
        "guard": ["cpu"],
        "executor": ["cpu", "placet_executor_runs_in_flight"],
        "generator": ["cpu", "placet_generator_tasks_in_flight"],
        "worker": ["cpu", "placet_worker_leased"],
    }


def test_the_adapter_is_told_of_exactly_those_metrics(monitored: list[Object]) -> None:
    (rule,) = yaml.safe_load((HERE / "prometheus-adapter.yaml").read_text())["rules"]["custom"]
    found = re.search(r'__name__=~"([^"]*)"', rule["seriesQuery"])
    assert found is not None
    told = {name for name in known() if re.fullmatch(found.group(1), name)}
    wanted = {
        each["pods"]["metric"]["name"]
        for scaler in of_kind(monitored, "HorizontalPodAutoscaler")
        for each in scaler["spec"]["metrics"]
        if each["type"] == "Pods"
    }

    assert told == wanted


def test_alerts_and_dashboards_come_with_it(monitored: list[Object]) -> None:
    alerts = {
        rule["alert"]
        for each in of_kind(monitored, "PrometheusRule")
        for group in each["spec"]["groups"]
        for rule in group["rules"]
    }
    dashboards = [
        each["metadata"]
        for each in of_kind(monitored, "ConfigMap")
        if each["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
    ]

    assert alerts == set(RULES)
    assert len(dashboards) == 5
    assert {each["namespace"] for each in dashboards} == {CHAIN}


def test_the_thresholds_lie_below_what_one_replica_takes(monitored: list[Object]) -> None:
    """At three quarters there is time to start another."""
    settings = dict(
        line.split("=", 1)
        for line in (DEPLOY / "overlays/production/settings.env").read_text().splitlines()
        if line and not line.startswith("#")
    )
    targets = {
        each["pods"]["metric"]["name"]: each["pods"]["target"]["averageValue"]
        for scaler in of_kind(monitored, "HorizontalPodAutoscaler")
        for each in scaler["spec"]["metrics"]
        if each["type"] == "Pods"
    }

    runs, tasks = (
        int(settings[f"PLACET_{name}"])
        for name in ("EXECUTOR_MAX_CONCURRENT_RUNS", "GENERATOR_MAX_CONCURRENT_TASKS")
    )
    assert targets["placet_worker_leased"] == "700m"
    assert int(targets["placet_executor_runs_in_flight"]) == runs * 3 // 4
    assert int(targets["placet_generator_tasks_in_flight"]) == tasks * 3 // 4


def test_nothing_of_it_is_in_the_sandbox_namespace_but_who_is_scraped(monitored: list[Object]) -> None:
    added = {
        (each["kind"], each["metadata"]["name"])
        for each in monitored
        if each["metadata"].get("namespace") == SANDBOX and each["kind"] in {"PodMonitor", "PrometheusRule"}
    }

    assert added == {("PodMonitor", "placet")}

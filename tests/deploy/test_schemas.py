"""What the overlays send is what Kubernetes understands, and no linter finds fault with it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.kit.manifests import DEPLOY, OVERLAYS, Object, objects, of_kind, rendered, tool

KUBERNETES = "1.36"
OTHERS = {
    # Kinds that come with their controllers, whose schemas are not Kubernetes'.
    "Certificate",
    "ClusterIssuer",
    "PodMonitor",
    "PrometheusRule",
    "SandboxTemplate",
    "SandboxWarmPool",
    "ServiceMonitor",
}


def distinct() -> list[Object]:
    """Every object of every overlay, once."""
    found = {json.dumps(item, sort_keys=True): item for overlay in OVERLAYS for item in objects(overlay)}
    return list(found.values())


def validated(items: list[Object], directory: Path) -> str:
    """What kubernetes-validate says of them; empty when they are good."""
    file = directory / "all.yaml"
    file.write_text(yaml.dump_all(items, Dumper=yaml.CSafeDumper))
    done = subprocess.run(
        [tool("kubernetes-validate"), "--strict", "--quiet", "-k", KUBERNETES, file],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return "\n".join(line for line in said if not any(f"kind {kind} " in line for kind in OTHERS))


def test_every_object_is_one_of_kubernetes(tmp_path: Path) -> None:
    assert validated(distinct(), tmp_path) == ""


@pytest.mark.parametrize(
    "wrong",
    [{"replicaz": 2}, {"replicas": "two"}, {"template": {"spec": {"containers": [{"nam": "x"}]}}}],
    ids=["a misspelt field", "a wrong type", "a misspelt field deep down"],
)
def test_an_object_that_is_none_is_noticed(wrong: Object, tmp_path: Path) -> None:
    (guard,) = [item for item in of_kind("trial", "Deployment") if item["metadata"]["name"] == "guard"]
    assert validated([{**guard, "spec": {**guard["spec"], **wrong}}], tmp_path) != ""


def test_only_kinds_whose_controllers_the_page_asks_for_have_no_schema() -> None:
    core = re.compile(r"^(v1|[a-z]+/v\d|[a-z.]+\.k8s\.io/v\d)$")
    foreign = {item["kind"] for item in distinct() if not core.match(item["apiVersion"])}
    assert foreign <= OTHERS


def test_the_linter_finds_nothing_that_is_not_explained(tmp_path: Path) -> None:
    """deploy/checkov.yaml names what is skipped, each with its reason; and a skip that is not needed goes."""
    file = tmp_path / "all.yaml"
    file.write_text(yaml.dump_all(distinct(), Dumper=yaml.CSafeDumper))
    done = subprocess.run(
        [
            tool("checkov"),
            "-f",
            file,
            "--framework",
            "kubernetes",
            "--quiet",
            "-o",
            "json",
            "--skip-download",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout)
    found = {f"{item['check_id']} {item['resource']}" for item in answer["results"]["failed_checks"]}
    assert answer["summary"]["passed"] > 500
    skips = yaml.safe_load((DEPLOY / "checkov.yaml").read_text())
    assert all(skip["reason"] for skip in skips)
    assert found == {f"{skip['check']} {resource}" for skip in skips for resource in skip["resources"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_name_stands_once(overlay: str) -> None:
    names = [
        (item["apiVersion"], item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])
        for item in objects(overlay)
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_object_holds_a_secret_or_floats_with_a_tag(overlay: str) -> None:
    assert of_kind(overlay, "Secret") == []
    assert ":latest" not in rendered(overlay)
    assert "PRIVATE KEY" not in rendered(overlay)

"""What the overlays send is what Kubernetes understands, and no linter finds fault with it."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import yaml

from executor_svc.fleet.claimed import new_claim
from tests.deploy.kit.manifests import DEPLOY, OVERLAYS, Object, objects, of_kind, rendered, tool

KUBERNETES = "1.36"
HASH = re.compile(r"((?:placet-(?:settings|scopes|quotas))|postgres-config)-[a-z0-9]{10}\b")
OTHERS = {
    # Kinds that come with their controllers, and what their specs may hold: cert-manager.io/v1,
    # extensions.agents.x-k8s.io/v1beta1, monitoring.coreos.com/v1.
    "Certificate": {"secretName", "commonName", "uris", "dnsNames", "isCA", "duration", "renewBefore"}
    | {"privateKey", "usages", "issuerRef"},
    "ClusterIssuer": {"selfSigned", "ca"},
    "PodMonitor": {"selector", "podMetricsEndpoints"},
    "PrometheusRule": {"groups"},
    "SandboxClaim": {"warmPoolRef", "lifecycle"},
    "SandboxTemplate": {"podTemplate", "service", "networkPolicy", "networkPolicyManagement"}
    | {"envVarsInjectionPolicy", "volumeClaimTemplatesPolicy"},
    "SandboxWarmPool": {"replicas", "sandboxTemplateRef", "updateStrategy"},
}


@cache
def distinct() -> list[Object]:
    """Every object of every overlay, once: those that differ in a ConfigMap's hash only are the same."""
    texts = (json.dumps(item, sort_keys=True) for overlay in OVERLAYS for item in objects(overlay))
    return [json.loads(text) for text in {HASH.sub(r"\1", text): text for text in texts}.values()]


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
    assert foreign <= set(OTHERS)


def test_objects_without_a_schema_hold_what_their_controllers_know() -> None:
    claim = new_claim("executor-0", "worker", datetime(2026, 1, 1, tzinfo=UTC))
    wrong = {
        (item["kind"], item["metadata"].get("name"), field)
        for item in [*distinct(), claim]
        if item["kind"] in OTHERS
        for field in item["spec"].keys() - OTHERS[item["kind"]]
    }
    assert wrong == set()
    assert claim["spec"]["lifecycle"].keys() == {"shutdownTime", "shutdownPolicy"}


def test_what_a_sandbox_template_holds_is_kubernetes_own(tmp_path: Path) -> None:
    """Its pod and its network policy, each as the object that the controller makes of it."""
    (template,) = of_kind("agent-sandbox", "SandboxTemplate")
    about = {"name": "made", "namespace": "placet-sandbox"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": about,
        "spec": template["spec"]["podTemplate"]["spec"],
    }
    network = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": about,
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            **template["spec"]["networkPolicy"],
        },
    }
    assert validated([pod, network], tmp_path) == ""


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

"""Every pod that an overlay makes: Pod Security *restricted*, and what we ask of ourselves beyond it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from tests.deploy.kit.manifests import (
    OVERLAYS,
    Object,
    Pod,
    objects,
    of_kind,
    one,
    pod,
    pods,
    settings_of,
)
from tests.deploy.kit.restricted import amount, problems

BROUGHT = {
    # Brought by whoever installs, as the table in docs/kubernetes.md says; the last by Kubernetes.
    ("Secret", "placet-approval-key"),
    ("Secret", "placet-log-key"),
    ("Secret", "placet-model"),
    ("Secret", "placet-postgresql"),
    ("Secret", "placet-single-sign-on"),
    ("ConfigMap", "placet-witnesses"),
    ("ConfigMap", "placet-keys"),
    ("ConfigMap", "kube-root-ca.crt"),
}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_pod_is_more_than_it_must_be(overlay: str) -> None:
    assert {made.name: found for made in pods(overlay) if (found := problems(made))} == {}


def spec_with(**fields: object) -> Callable[[Object], object]:
    return lambda spec: spec.update(fields)


def context_with(**fields: object) -> Callable[[Object], object]:
    return lambda spec: spec["securityContext"].update(fields)


def container_with(**fields: object) -> Callable[[Object], object]:
    return lambda spec: spec["containers"][0]["securityContext"].update(fields)


def resources_with(kind: str, **fields: str) -> Callable[[Object], object]:
    return lambda spec: spec["containers"][0]["resources"][kind].update(fields)


def volume_with(volume: Object) -> Callable[[Object], object]:
    return lambda spec: spec["volumes"].append(volume)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (spec_with(hostNetwork=True), "hostNetwork"),
        (spec_with(hostPID=True), "hostPID"),
        (spec_with(shareProcessNamespace=True), "shareProcessNamespace"),
        (spec_with(automountServiceAccountToken=None), "token"),
        (spec_with(enableServiceLinks=True), "variables"),
        (spec_with(dnsPolicy="ClusterFirst"), "name service"),
        (spec_with(serviceAccountName=""), "account"),
        (spec_with(priorityClassName=""), "priority"),
        (context_with(runAsNonRoot=False), "root"),
        (context_with(runAsUser=0), "root"),
        (context_with(seccompProfile={"type": "Unconfined"}), "seccomp"),
        (context_with(sysctls=[{"name": "net.core.somaxconn", "value": "1"}]), "kernel parameters"),
        (container_with(allowPrivilegeEscalation=True), "privileges"),
        (container_with(privileged=True), "privileges"),
        (container_with(readOnlyRootFilesystem=False), "root file system"),
        (container_with(runAsUser=0), "root"),
        (container_with(capabilities={"drop": ["ALL"], "add": ["NET_RAW"]}), "capabilities"),
        (container_with(seccompProfile={"type": "Unconfined"}), "seccomp"),
        (container_with(procMount="Unmasked"), "/proc"),
        (volume_with({"name": "x", "hostPath": {"path": "/"}}), "hostPath"),
        (volume_with({"name": "x", "emptyDir": {}}), "no bound"),
        (volume_with({"name": "x", "secret": {"secretName": "worker-tls"}}), "read by others"),
        (volume_with({"name": "x", "projected": {"sources": [{"serviceAccountToken": {}}]}}), "token"),
        (resources_with("requests", memory="4Gi"), "beyond its limit"),
        (resources_with("limits", memory="4Gi"), "taken away"),
        (resources_with("limits", cpu="2"), "not its limits"),
        (lambda spec: spec["containers"][0]["resources"]["limits"].pop("cpu"), "not bounded"),
        (lambda spec: spec["containers"][0].update(image="placet/worker:latest"), "digest"),
        (lambda spec: spec["containers"][0]["ports"][0].update(hostPort=7443), "node's"),
        (lambda spec: spec["containers"][0].pop("readinessProbe"), "readinessProbe"),
    ],
)
def test_what_a_pod_must_not_be_is_noticed(change: Callable[[Object], object], problem: str) -> None:
    """The check above can fail, in each of its ways."""
    good = pod("trial", "worker")
    spec = copy.deepcopy(good.spec)
    change(spec)
    bad = Pod(good.kind, good.name, good.namespace, good.labels, spec)
    assert any(problem in found for found in problems(bad)), problems(bad)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_a_pod_names_is_there_or_is_brought(overlay: str) -> None:
    there = {
        (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])
        for item in of_kind(overlay, "ConfigMap", "ServiceAccount", "PriorityClass", "RuntimeClass")
    } | {
        ("Secret", item["metadata"]["namespace"], item["spec"]["secretName"])
        for item in of_kind(overlay, "Certificate")
    }
    missing = [
        (made.name, kind, name)
        for made in pods(overlay)
        for kind, namespace, name in named(made)
        if (kind, name) not in BROUGHT and (kind, namespace, name) not in there
    ]
    assert missing == []


def named(made: Pod) -> list[tuple[str, str, str]]:
    """Kind, namespace and name of everything that a pod needs before it starts."""
    found = [
        ("ServiceAccount", made.namespace, made.spec["serviceAccountName"]),
        ("PriorityClass", "", made.spec["priorityClassName"]),
    ]
    if "runtimeClassName" in made.spec:
        found.append(("RuntimeClass", "", made.spec["runtimeClassName"]))
    for volume in made.spec.get("volumes", ()):
        for source in (volume, *volume.get("projected", {}).get("sources", ())):
            if "configMap" in source:
                found.append(("ConfigMap", made.namespace, source["configMap"]["name"]))
            if "secret" in source:
                found.append(("Secret", made.namespace, source["secret"].get("secretName")))
    for container in made.containers:
        for source in container.get("envFrom", ()):
            found.append(("ConfigMap", made.namespace, source["configMapRef"]["name"]))
        for variable in container.get("env", ()):
            if key := variable.get("valueFrom", {}).get("secretKeyRef"):
                found.append(("Secret", made.namespace, key["name"]))
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_mounts_are_of_volumes_that_the_pod_has(overlay: str) -> None:
    for made in pods(overlay):
        volumes = {volume["name"] for volume in made.spec.get("volumes", ())}
        if made.kind == "StatefulSet":
            claims = one(overlay, "StatefulSet", made.name)["spec"]["volumeClaimTemplates"]
            volumes |= {claim["metadata"]["name"] for claim in claims}
        mounted = {mount["name"] for each in made.containers for mount in each.get("volumeMounts", ())}
        assert mounted == volumes, made.name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_stays_survives_a_drain_of_its_node_and_spreads(overlay: str) -> None:
    """Every service has a disruption budget that selects its pods, and spreads over nodes and zones."""
    budgets = of_kind(overlay, "PodDisruptionBudget")
    for made in pods(overlay):
        if made.kind == "Job" or made.name == "postgres" or made.kind == "SandboxTemplate":
            continue  # one that ends, one that is alone, and those that agent-sandbox looks after
        (budget,) = [item for item in budgets if item["metadata"]["name"] == made.name]
        assert budget["metadata"]["namespace"] == made.namespace
        assert budget["spec"]["selector"]["matchLabels"].items() <= made.labels.items()
        spread = made.spec["topologySpreadConstraints"]
        assert {item["topologyKey"] for item in spread} == {
            "kubernetes.io/hostname",
            "topology.kubernetes.io/zone",
        }
        assert all(item["labelSelector"]["matchLabels"].items() <= made.labels.items() for item in spread)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_service_has_two_pods_at_least_and_the_log_one_that_stands_by(overlay: str) -> None:
    """But the console, whose sessions are in memory. Who is scaled has no number beside it."""
    scaled = of_kind(overlay, "HorizontalPodAutoscaler")
    least = {item["metadata"]["name"]: item["spec"]["minReplicas"] for item in scaled}
    for item in of_kind(overlay, "StatefulSet", "Deployment", "SandboxWarmPool"):
        name = item["metadata"]["name"]
        assert ("replicas" in item["spec"]) != (name in least), name
        least.setdefault(name, item["spec"].get("replicas"))
    assert least.pop("console") == 1
    assert least.pop("postgres", 1) == 1
    assert least.keys() == {"audit", "guard", "generator", "executor", "worker"}
    assert least["audit"] == 2
    assert min(least.values()) >= 2


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_is_given_the_time_that_its_service_takes_to_end(overlay: str) -> None:
    """docs/kubernetes.md, Sizes 1; docs/connections.md §4."""
    for made in pods(overlay):
        name = made.name.upper()
        settings = settings_of(overlay, made, made.spec["containers"][0])
        if f"PLACET_{name}_LISTEN" not in settings:
            continue
        asked = sum(float(settings.get(f"PLACET_{name}_{each}", 0)) for each in ("DRAIN_WAIT_S", "DRAIN_S"))
        assert asked > 0, name
        assert made.spec["terminationGracePeriodSeconds"] > asked + 15, name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_sandbox_namespace_holds_the_workers_that_may_be_made(overlay: str) -> None:
    hard = one(overlay, "ResourceQuota", "sandbox")["spec"]["hard"]
    worker = pod(overlay, "worker").spec["containers"][0]["resources"]["limits"]
    scaled = [
        item for item in of_kind(overlay, "HorizontalPodAutoscaler") if item["metadata"]["name"] == "worker"
    ]
    most = (
        scaled[0]["spec"]["maxReplicas"] * 1.25 if scaled else 4 * 4
    )  # a warm pool, and each front's claims
    assert float(hard["pods"]) >= most
    assert most >= 4
    overhead = next((item["overhead"]["podFixed"] for item in of_kind(overlay, "RuntimeClass")), {})
    for resource in ("cpu", "memory", "ephemeral-storage"):
        each = amount(worker[resource]) + amount(overhead.get(resource, "0"))
        assert amount(hard[f"limits.{resource}"]) >= most * each, resource


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_worker_on_another_runtime_says_so_in_its_tier(overlay: str) -> None:
    worker = pod(overlay, "worker")
    runtime = worker.spec.get("runtimeClassName", "")
    tier = settings_of(overlay, worker, worker.spec["containers"][0])["PLACET_WORKER_MIN_TIER"]
    assert (runtime, tier) == (("", "T0") if overlay == "runc" else ("gvisor", "T2"))
    assert one(overlay, "ConfigMap", "sandbox-policy")["data"]["runtimeClass"] == runtime


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_both_namespaces_are_restricted_and_everything_lies_in_them(overlay: str) -> None:
    for item in of_kind(overlay, "Namespace"):
        labels = item["metadata"]["labels"]
        assert all(
            labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
            for mode in ("enforce", "audit", "warn")
        )
    elsewhere = {
        (item["kind"], item["metadata"]["name"])
        for item in objects(overlay)
        if item["metadata"].get("namespace", "") not in {"", "placet", "placet-sandbox"}
    }
    assert elsewhere == {("Certificate", "placet-authority")}

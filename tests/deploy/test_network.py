"""Who reaches whom: the rendered policies let through the table in docs/kubernetes.md, no less, no more."""

from __future__ import annotations

import re

import pytest

from tests.deploy.kit import network
from tests.deploy.kit.manifests import CHAIN, OVERLAYS, ROOT, SANDBOX, Object, of_kind, one, pods
from tests.deploy.kit.network import Edge, Party

TABLE = re.compile(r"<!-- edges -->\n(.*?)<!-- /edges -->", re.DOTALL)
ANY_OTHER = (("TCP", 22), ("UDP", 443), ("TCP", 10250))
"""Ports that no policy names."""


def intended(overlay: str) -> set[Edge]:
    """The table's edges for an overlay."""
    (table,) = TABLE.findall((ROOT / "docs" / "kubernetes.md").read_text())
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]
    return {
        (source, target, port)
        for sources, targets, ports, where in rows
        if where == "all" or holds(where, overlay)
        for source in sources.split(", ")
        for target in targets.split(", ")
        for port in ports.split(", ")
    }


def holds(where: str, overlay: str) -> bool:
    """Whether a row is about an overlay; "everything" is production and all components."""
    if overlay == "everything":
        return where.startswith("component ") or "production" in where.split(", ")
    return overlay in where.split(", ")


def policies_of(overlay: str) -> list[Object]:
    """The overlay's own, and those that agent-sandbox's controller makes of its templates."""
    made = [
        {
            "metadata": {"namespace": template["metadata"]["namespace"], "name": "made of a SandboxTemplate"},
            "spec": {
                "podSelector": {"matchLabels": template["spec"]["podTemplate"]["metadata"]["labels"]},
                "policyTypes": ["Ingress", "Egress"],
                **template["spec"]["networkPolicy"],
            },
        }
        for template in of_kind(overlay, "SandboxTemplate")
    ]
    return [*of_kind(overlay, "NetworkPolicy"), *made]


def parties_of(overlay: str) -> list[Party]:
    """Our pods, a pod that does not belong in each namespace, and who is outside."""
    labels = {
        item["metadata"]["name"]: {
            "kubernetes.io/metadata.name": item["metadata"]["name"],
            **item["metadata"]["labels"],
        }
        for item in of_kind(overlay, "Namespace")
    }
    ours = [Party(pod.name, pod.namespace, pod.labels, labels[pod.namespace]) for pod in pods(overlay)]
    strangers = [Party(f"stranger in {name}", name, {"app": "x"}, labels[name]) for name in (CHAIN, SANDBOX)]
    return [*ours, *strangers, *OUTSIDE]


def _namespace(name: str, **labels: str) -> Party:
    named = {key.replace("_", "/", 1): value for key, value in labels.items()}
    return Party(name, name, {}, {"kubernetes.io/metadata.name": name, **named})


OUTSIDE = [
    _namespace("callers", **{"placet.dev_caller": "team"}),
    _namespace("web", **{"placet.dev_web": "true"}),
    _namespace("monitoring", **{"placet.dev_monitoring": "true"}),
    _namespace("model", **{"placet.dev_model": "true"}),
    _namespace("log readers", **{"placet.dev_log-reader": "true"}),
    _namespace("elsewhere in the cluster"),
    Party("names", "kube-system", {"k8s-app": "kube-dns"}, {"kubernetes.io/metadata.name": "kube-system"}),
    Party("kube-system", "kube-system", {}, {"kubernetes.io/metadata.name": "kube-system"}),
    Party("internet", address="203.0.113.7"),
    Party("private", address="10.1.2.3"),
    Party("metadata service", address="169.254.169.254"),
    Party("database", address="192.0.2.1"),
    Party("api", address="192.0.2.2"),
]


def edges_of(overlay: str, policies: list[Object] | None = None) -> set[Edge]:
    """What is let through, of connections with one end in our namespaces at least."""
    chosen = policies_of(overlay) if policies is None else policies
    named = [
        (port.get("protocol", "TCP"), port["port"])
        for policy in policies_of(overlay)
        for direction in ("ingress", "egress")
        for rule in policy["spec"].get(direction) or ()
        for port in rule.get("ports", ())
    ]
    outside = {party.name for party in OUTSIDE}
    found = network.edges(chosen, parties_of(overlay), [*named, *ANY_OTHER])
    return {edge for edge in found if not {edge[0], edge[1]} <= outside}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_the_policies_let_through_is_the_table_and_nothing_else(overlay: str) -> None:
    """docs/kubernetes.md, "Who reaches whom" 1."""
    found = edges_of(overlay)
    assert {"too much": found - intended(overlay), "missing": intended(overlay) - found} == {
        "too much": set(),
        "missing": set(),
    }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_leaves_a_worker(overlay: str) -> None:
    assert [edge for edge in edges_of(overlay) if edge[0] == "worker"] == []
    assert [edge for edge in edges_of(overlay) if edge[1] == "worker"] != []


@pytest.mark.parametrize("overlay", ["trial", "agent-sandbox", "everything"])  # that have more than others
def test_without_any_one_policy_the_table_no_longer_holds(overlay: str) -> None:
    """Every policy is there for something, and its loss is noticed."""
    policies = of_kind(overlay, "NetworkPolicy")
    whole = edges_of(overlay, policies)
    unnoticed = [
        f"{policy['metadata']['namespace']}/{policy['metadata']['name']}"
        for policy in policies
        if edges_of(overlay, [other for other in policies if other is not policy]) == whole
    ]
    assert unnoticed == []


@pytest.mark.parametrize(
    ("namespace", "spec"),
    [
        (SANDBOX, {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}),
        (SANDBOX, {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}),
        (
            CHAIN,
            {
                "podSelector": {"matchLabels": {"app.kubernetes.io/name": "postgres"}},
                "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"namespaceSelector": {}}]}],
            },
        ),
        (
            CHAIN,
            {
                "podSelector": {"matchLabels": {"app.kubernetes.io/name": "guard"}},
                "policyTypes": ["Egress"],
                "egress": [{"to": [{"ipBlock": {"cidr": "169.254.0.0/16"}}]}],
            },
        ),
    ],
    ids=["a worker let out", "a worker opened", "the database opened", "the metadata service reached"],
)
def test_one_policy_too_many_is_noticed(namespace: str, spec: Object) -> None:
    added = {"metadata": {"namespace": namespace, "name": "added"}, "spec": spec}
    assert edges_of("trial", [*policies_of("trial"), added]) - intended("trial")


def test_one_connection_is_judged_as_all_of_them_are() -> None:
    policies, parties = policies_of("trial"), {party.name: party for party in parties_of("trial")}
    found = edges_of("trial")
    for source, target in (
        ("executor", "worker"),
        ("worker", "executor"),
        ("worker", "audit"),
        ("guard", "audit"),
    ):
        judged = network.may_connect(policies, parties[source], parties[target], ("TCP", 7443))
        assert judged is ((source, target, "TCP/7443") in found)


def test_a_template_without_a_word_about_egress_would_not_be_ours() -> None:
    """The controller's default is the public internet."""
    spec = one("agent-sandbox", "SandboxTemplate", "worker")["spec"]
    assert spec["networkPolicyManagement"] == "Managed"
    assert spec["networkPolicy"]["egress"] == []

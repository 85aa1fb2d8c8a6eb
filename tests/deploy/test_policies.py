"""The admission policies, evaluated: what overlays send passes; each rule refuses what no other refuses."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.kit.manifests import CHAIN, OVERLAYS, SANDBOX, Object, of_kind, one, pods, tool

PROGRAM = Path(__file__).parent / "kit" / "cel_program.py"
CONTROLLER = "system:serviceaccount:kube-system:replicaset-controller"
AGENT_SANDBOX = "system:serviceaccount:agent-sandbox-system:agent-sandbox-controller"
CERT_MANAGER = "system:serviceaccount:cert-manager:cert-manager"
NARROW = {f"placet-sandbox-{name}" for name in ("pods", "doors", "network", "services")}
"""Policies that look at the sandbox namespace alone."""

Change = Callable[[Object], object]


def refusals(cases: list[tuple[str, Object]]) -> list[list[str]]:
    """For each policy's name and what it is given: the rules that refuse. One process for all of them."""
    sent = [{"policy": policy(name)["spec"], "given": given} for name, given in cases]
    python = tool("python")
    done = subprocess.run(
        [python, PROGRAM], input=json.dumps(sent), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@cache
def policy(name: str) -> Object:
    return one("production", "ValidatingAdmissionPolicy", name)


def rules(name: str) -> list[str]:
    return [rule["message"].partition(":")[0] for rule in policy(name)["spec"]["validations"]]


def asked(user: str = "somebody", operation: str = "CREATE") -> Object:
    return {"operation": operation, "userInfo": {"username": user, "groups": []}}


def admission(overlay: str, **changed: Any) -> Object:
    """A worker as its controller asks for it; whole, as the API server has filled it in."""
    (made,) = [each for each in pods(overlay) if each.name == "worker"]
    maker = AGENT_SANDBOX if overlay == "agent-sandbox" else CONTROLLER
    return {
        "object": {"metadata": {"namespace": SANDBOX}, "spec": copy.deepcopy(made.spec)},
        "request": asked(maker),
        "params": one(overlay, "ConfigMap", "sandbox-policy", CHAIN),
    } | changed


def test_the_workers_of_every_overlay_are_let_in() -> None:
    assert refusals([("placet-sandbox-pods", admission(overlay)) for overlay in OVERLAYS]) == [[]] * len(
        OVERLAYS
    )


def spec(**fields: object) -> Change:
    return lambda given: given["object"]["spec"].update(fields)


def context(**fields: object) -> Change:
    return lambda given: given["object"]["spec"]["securityContext"].update(fields)


def container(**fields: object) -> Change:
    return lambda given: given["object"]["spec"]["containers"][0].update(fields)


def secured(**fields: object) -> Change:
    return lambda given: given["object"]["spec"]["containers"][0]["securityContext"].update(fields)


def volume(**fields: object) -> Change:
    return lambda given: given["object"]["spec"]["volumes"].append({"name": "more", **fields})


def request(**fields: object) -> Change:
    return lambda given: given["request"].update(fields)


def preparing(given: Object) -> None:
    """A container that only prepares is judged like the others."""
    first = copy.deepcopy(given["object"]["spec"]["containers"][0])
    first["securityContext"]["readOnlyRootFilesystem"] = False
    given["object"]["spec"]["initContainers"] = [first]


TWO = {"cpu": "2", "memory": "2Gi"}
IMAGE = "registry.example.com/placet/worker"
DIGEST = f"@sha256:{'0' * 64}"
BAD_PODS: list[tuple[str, Change]] = [
    ("runtime", spec(runtimeClassName="runc")),
    ("runtime", lambda given: given["object"]["spec"].pop("runtimeClassName")),
    ("image-digest", container(image=f"{IMAGE}@sha256:latest")),
    ("image-name", container(image=f"{IMAGE}-of-mine{DIGEST}")),
    ("image-name", container(image=f"docker.io/library/debian{DIGEST}")),
    ("made-by", request(userInfo={"username": "kubernetes-admin"})),
    ("made-by", request(userInfo={"username": "system:serviceaccount:placet-sandbox:replicaset-controller"})),
    ("node", spec(nodeName="node-1")),
    ("host", spec(hostNetwork=True)),
    ("host", spec(hostPID=True)),
    ("host", spec(hostIPC=True)),
    ("processes", spec(shareProcessNamespace=True)),
    ("account", spec(serviceAccountName="default")),
    ("token", spec(automountServiceAccountToken=True)),
    ("token", lambda given: given["object"]["spec"].pop("automountServiceAccountToken")),
    ("names", spec(dnsPolicy="ClusterFirst")),
    ("names", spec(dnsConfig={"nameservers": ["8.8.8.8"]})),
    ("user", context(runAsNonRoot=False)),
    ("user", context(runAsUser=0)),
    ("user", secured(runAsUser=0)),
    ("seccomp", context(seccompProfile={"type": "Unconfined"})),
    ("seccomp", secured(seccompProfile={"type": "Unconfined"})),
    ("sysctls", context(sysctls=[{"name": "kernel.msgmax", "value": "1"}])),
    ("escalation", secured(allowPrivilegeEscalation=True)),
    ("privileged", secured(privileged=True)),
    ("capabilities", secured(capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]})),
    ("capabilities", secured(capabilities={"drop": ["NET_RAW"]})),
    ("root-file-system", secured(readOnlyRootFilesystem=False)),
    ("root-file-system", preparing),
    ("proc", secured(procMount="Unmasked")),
    ("limits", container(resources={"limits": {"cpu": "1", "memory": "2Gi"}})),
    (
        "limits",
        container(
            resources={"limits": {"cpu": "2", "memory": "2Gi"}, "requests": {"cpu": "1", "memory": "2Gi"}}
        ),
    ),
    ("ports", container(ports=[{"containerPort": 7443, "hostPort": 7443}])),
    ("volumes", volume(hostPath={"path": "/"})),
    ("volumes", volume(projected={"sources": [{"serviceAccountToken": {"path": "token"}}]})),
    ("volumes", volume(persistentVolumeClaim={"claimName": "somebodys"})),
    ("secret-files", volume(secret={"secretName": "placet-authority"})),
    ("secret-variables", container(envFrom=[{"secretRef": {"name": "worker-tls"}}])),
    (
        "secret-variables",
        container(
            env=[{"name": "X", "valueFrom": {"secretKeyRef": {"name": "worker-tls", "key": "tls.key"}}}]
        ),
    ),
    ("ephemeral", spec(ephemeralContainers=[{"name": "shell", "image": "debian"}])),
]


def test_each_rule_for_pods_refuses_a_pod_that_no_other_refuses() -> None:
    """So a rule that is lost, or never holds, is noticed."""
    cases = []
    for _, change in BAD_PODS:
        given = admission("production")
        change(given)
        cases.append(("placet-sandbox-pods", given))
    found = refusals(cases)
    assert list(zip([rule for rule, _ in BAD_PODS], found, strict=True)) == [
        (rule, [rule]) for rule, _ in BAD_PODS
    ]
    assert {rule for rule, _ in BAD_PODS} == set(rules("placet-sandbox-pods"))


def test_a_pod_that_runs_is_not_given_another_image() -> None:
    given = admission("production", request=asked("kubernetes-admin", "UPDATE"))
    container(image=f"docker.io/library/debian{DIGEST}")(given)
    unchanged = admission("production", request=asked("system:node:node-1", "UPDATE"))
    spec(nodeName="node-1")(unchanged)
    cases = [("placet-sandbox-pods", given), ("placet-sandbox-pods", unchanged)]
    assert refusals(cases) == [["image-name"], []]


def test_nobody_enters_a_worker() -> None:
    """exec, attach, port-forward, the proxies and ephemeral containers; logs are not among them."""
    spec = policy("placet-sandbox-doors")["spec"]
    doors = {
        (operation, resource)
        for rule in spec["matchConstraints"]["resourceRules"]
        for operation in rule["operations"]
        for resource in rule["resources"]
    }
    assert doors == {
        ("CONNECT", "pods/exec"),
        ("CONNECT", "pods/attach"),
        ("CONNECT", "pods/portforward"),
        ("CONNECT", "pods/proxy"),
        ("CONNECT", "services/proxy"),
        ("UPDATE", "pods/ephemeralcontainers"),
    }
    assert refusals([("placet-sandbox-doors", {"object": {}, "request": asked("kubernetes-admin")})]) == [
        ["doors"]
    ]


ACCOUNT = "system:serviceaccount"


def subject(kind: str, name: str) -> Object:
    return {"kind": kind, "name": name}


OTHER_OBJECTS: list[tuple[str, list[str], Object]] = [
    (
        "placet-sandbox-rights",
        [],
        {"subjects": [{"kind": "ServiceAccount", "name": "executor", "namespace": "placet"}]},
    ),
    ("placet-sandbox-rights", [], {}),
    (
        "placet-sandbox-rights",
        ["accounts"],
        {"subjects": [{"kind": "ServiceAccount", "name": "worker", "namespace": SANDBOX}]},
    ),
    (
        "placet-sandbox-rights",
        ["groups"],
        {"subjects": [{"kind": "Group", "name": f"system:serviceaccounts:{SANDBOX}"}]},
    ),
    ("placet-sandbox-rights", ["users"], {"subjects": [subject("User", f"{ACCOUNT}:{SANDBOX}:worker")]}),
    ("placet-sandbox-rights", [], {"subjects": [subject("User", f"{ACCOUNT}:{SANDBOX}-of-another:x")]}),
    ("placet-sandbox-rights", ["everybody"], {"subjects": [subject("Group", "system:serviceaccounts")]}),
    ("placet-sandbox-rights", ["everybody"], {"subjects": [subject("Group", "system:authenticated")]}),
    ("placet-sandbox-rights", [], {"subjects": [subject("Group", "system:serviceaccounts:placet")]}),
    ("placet-sandbox-namespace", [], {"metadata": {"name": "another"}}),
    ("placet-sandbox-namespace", ["level"], {"metadata": {"name": SANDBOX}}),
    (
        "placet-sandbox-namespace",
        ["level"],
        {"metadata": {"name": SANDBOX, "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}},
    ),
]


def test_the_sandbox_namespace_gets_no_rights_and_no_lower_level() -> None:
    found = refusals([(name, {"object": item, "request": asked()}) for name, _, item in OTHER_OBJECTS])
    assert found == [expected for _, expected, _ in OTHER_OBJECTS]
    for name in {name for name, _, _ in OTHER_OBJECTS}:
        assert {rule for each, expected, _ in OTHER_OBJECTS if each == name for rule in expected} == set(
            rules(name)
        )


def network(name: str = "more", **spec: object) -> Object:
    return new({"metadata": {"name": name}, "spec": {"podSelector": {}, **spec}})


def new(item: Object) -> Object:
    return {"object": item, "request": asked()}


def gone(name: str) -> Object:
    """What the API server shows of an object that is to be deleted."""
    return {
        "object": None,
        "oldObject": {"metadata": {"name": name}},
        "request": asked("kubernetes-admin", "DELETE"),
    }


def closed(**spec: object) -> Object:
    return network("default-deny", **{"policyTypes": ["Ingress", "Egress"], "egress": [], **spec})


def ingress(*peers: Object) -> list[Object]:
    return [{"from": list(peers), "ports": [{"port": 7443}]}]


PLACET = {"matchLabels": {"kubernetes.io/metadata.name": "placet"}}
EXECUTOR = {"matchLabels": {"app.kubernetes.io/name": "executor"}}
FRONT = {"namespaceSelector": PLACET, "podSelector": EXECUTOR}
SCRAPER = {"namespaceSelector": {"matchLabels": {"placet.dev/monitoring": "true"}}}
NOT_THERE = {"matchExpressions": [{"key": "nobody-has-this", "operator": "DoesNotExist"}]}
NETWORK: list[tuple[list[str], Object]] = [
    ([], network(policyTypes=["Egress"])),
    ([], network(ingress=ingress(FRONT, SCRAPER), egress=[])),
    (["egress"], network(egress=[{}])),
    (["egress"], network(egress=[{"to": [{"ipBlock": {"cidr": "8.8.8.8/32"}}]}])),
    (["ingress"], network(ingress=[{}])),
    (["ingress"], network(ingress=[{"from": [FRONT]}])),
    (["peers"], network(ingress=ingress({"podSelector": {}}))),
    (["peers"], network(ingress=ingress({"namespaceSelector": {}}))),
    (["peers"], network(ingress=ingress({"namespaceSelector": NOT_THERE}))),
    (["peers"], network(ingress=ingress({"namespaceSelector": {}, "podSelector": EXECUTOR}))),
    (["peers"], network(ingress=ingress({"namespaceSelector": PLACET}))),
    (["peers"], network(ingress=ingress({"namespaceSelector": PLACET, "podSelector": NOT_THERE}))),
    (["peers"], network(ingress=ingress({"ipBlock": {"cidr": "0.0.0.0/0"}}))),
    (["peers"], network(ingress=ingress(FRONT, {"ipBlock": {"cidr": "10.0.0.0/8"}}))),
    ([], closed()),
    ([], new({"metadata": {"name": "default-deny"}, "spec": {"policyTypes": ["Ingress", "Egress"]}})),
    (["closed"], closed(policyTypes=["Ingress"])),
    (["closed"], closed(policyTypes=["Egress"])),
    (["closed"], closed(podSelector={"matchLabels": {"nobody": "has-this"}})),
    (["closed"], closed(podSelector={"matchExpressions": [{"key": "nobody", "operator": "Exists"}]})),
    (["kept"], gone("default-deny")),
    (["kept"], gone("worker")),
    ([], gone("worker-network-policy")),
]
SERVICES: list[tuple[list[str], Object]] = [
    ([], new({"spec": {"clusterIP": "None", "type": "ClusterIP"}})),
    ([], new({"spec": {"externalIPs": []}})),
    (["type"], new({"spec": {"type": "ExternalName", "externalName": "example.com"}})),
    (["type"], new({"spec": {"type": "NodePort"}})),
    (["type"], new({"spec": {"type": "LoadBalancer"}})),
    (["addresses"], new({"spec": {"type": "ClusterIP", "externalIPs": ["198.51.100.7"]}})),
]


@pytest.mark.parametrize(
    ("name", "cases"), [("placet-sandbox-network", NETWORK), ("placet-sandbox-services", SERVICES)]
)
def test_each_rule_for_the_network_refuses_what_no_other_refuses(
    name: str, cases: list[tuple[list[str], Object]]
) -> None:
    assert refusals([(name, given) for _, given in cases]) == [expected for expected, _ in cases]
    assert {rule for expected, _ in cases for rule in expected} == set(rules(name))


def test_what_closes_the_sandbox_is_looked_at_whenever_it_changes_or_goes() -> None:
    """A rule about deletion that is never asked holds nothing."""
    for name, operations in {
        "placet-sandbox-network": {"CREATE", "UPDATE", "DELETE"},
        "placet-sandbox-services": {"CREATE", "UPDATE"},
    }.items():
        (matched,) = policy(name)["spec"]["matchConstraints"]["resourceRules"]
        assert set(matched["operations"]) == operations


def test_what_everybody_had_before_stays_as_it_is_and_the_api_server_keeps_its_own() -> None:
    """A cluster's bindings for everybody are older than Placet: not widened, and not stopped."""
    everybody = {"subjects": [subject("Group", "system:authenticated")]}
    wider = {
        "subjects": [subject("Group", "system:authenticated"), subject("Group", "system:serviceaccounts")]
    }
    update = {"oldObject": everybody, "request": asked("somebody", "UPDATE")}
    cases = [
        {"object": everybody | {"metadata": {}}, **update},
        {"object": wider, **update},
        {"object": wider, "oldObject": {}, "request": asked("somebody", "UPDATE")},
        {"object": everybody, "request": asked("system:apiserver")},
    ]
    assert refusals([("placet-sandbox-rights", given) for given in cases]) == [
        [],
        ["everybody"],
        ["everybody"],
        [],
    ]


def test_what_the_overlays_send_is_let_in() -> None:
    cases = (
        [
            (name, {"object": item, "request": asked()})
            for overlay in OVERLAYS
            for name, kinds in {
                "placet-sandbox-network": ("NetworkPolicy",),
                "placet-sandbox-services": ("Service",),
                "placet-sandbox-rights": ("RoleBinding", "ClusterRoleBinding"),
                "placet-sandbox-namespace": ("Namespace",),
            }.items()
            for item in of_kind(overlay, *kinds)
            if name not in NARROW or item["metadata"]["namespace"] == SANDBOX
        ]
        + [
            ("placet-sandbox-network", network(**item["spec"]["networkPolicy"]))
            for item in of_kind("agent-sandbox", "SandboxTemplate")
        ]
        + [
            ("placet-identities", certificate(item["metadata"]["namespace"], item["spec"]))
            for overlay in OVERLAYS
            for item in of_kind(overlay, "Certificate")
        ]
    )
    assert len(cases) > 4 * 10
    assert [found for found in refusals(cases) if found] == []


def certificate(namespace: str, spec: Mapping[str, Any], **labels: str) -> Object:
    return {
        "object": {
            "metadata": {"namespace": namespace, "name": "x"},
            "spec": {"issuerRef": {"name": "placet"}, **spec},
        },
        "request": asked(),
        "namespaceObject": {"metadata": {"name": namespace, "labels": {"x": "y", **labels}}},
    }


SVC, CALLER = "spiffe://placet.local/svc/", "spiffe://placet.local/caller/"
TEAM = {"placet.dev/caller": "insights"}
IDENTITIES: list[tuple[list[str], Object]] = [
    ([], certificate("insights", {"uris": [f"{CALLER}insights"]}, **TEAM)),
    ([], certificate("anywhere", {"issuerRef": {"name": "another"}, "uris": [f"{SVC}executor"]})),
    (["caller"], certificate("insights", {"uris": [f"{CALLER}payments"]}, **TEAM)),
    (["caller"], certificate("insights", {"uris": [f"{CALLER}insights", f"{CALLER}payments"]}, **TEAM)),
    (["caller"], certificate("insights", {"uris": ["spiffe://placet.local/reviewer/ana"]}, **TEAM)),
    (["caller"], certificate("unlabelled", {"uris": [f"{CALLER}unlabelled"]})),
    (["caller"], certificate("insights", {}, **TEAM)),
    (["service", "caller"], certificate("insights", {"uris": [f"{SVC}executor"]}, **TEAM)),
    (
        ["name"],
        certificate("insights", {"uris": [f"{CALLER}insights"], "dnsNames": ["guard.placet.local"]}, **TEAM),
    ),
    (
        ["name"],
        certificate("insights", {"uris": [f"{CALLER}insights"], "commonName": "audit.placet.local"}, **TEAM),
    ),
    (["authority"], certificate("insights", {"uris": [f"{CALLER}insights"], "isCA": True}, **TEAM)),
    (["literal"], certificate("insights", {"uris": [f"{CALLER}insights"], "literalSubject": "CN=x"}, **TEAM)),
    (["service"], certificate("placet", {"uris": [f"{SVC}worker"]})),
    (
        ["service", "sandbox"],
        certificate(SANDBOX, {"uris": [f"{SVC}executor"], "dnsNames": ["worker.placet.local"]}),
    ),
    (["sandbox"], certificate(SANDBOX, {"uris": [f"{SVC}worker"], "dnsNames": ["executor.placet.local"]})),
]


def test_a_namespace_gets_its_own_identity_and_no_other() -> None:
    found = refusals([("placet-identities", given) for _, given in IDENTITIES])
    assert found == [expected for expected, _ in IDENTITIES]
    # "service" alone refuses only what nobody else would: a worker's name in the chain's namespace.
    assert {rule for expected, _ in IDENTITIES if len(expected) == 1 for rule in expected} == set(
        rules("placet-identities")
    )


def test_only_cert_manager_asks_the_authority() -> None:
    ours, others = {"issuerRef": {"name": "placet"}}, {"issuerRef": {"name": "another"}}
    signer = {"signerName": "clusterissuers.cert-manager.io/placet"}
    cases = [
        ("placet-identity-requests", {"object": {"spec": ours}, "request": asked(CERT_MANAGER)}),
        ("placet-identity-requests", {"object": {"spec": ours}, "request": asked("somebody")}),
        ("placet-identity-requests", {"object": {"spec": others}, "request": asked("somebody")}),
        ("placet-identity-signing", {"object": {"spec": signer}, "request": asked()}),
        ("placet-identity-signing", {"object": {"spec": {"signerName": "x/y"}}, "request": asked()}),
    ]
    assert refusals(cases) == [[], ["request"], [], ["signing"], []]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_policy_fails_closed_and_is_bound_where_it_is_meant(overlay: str) -> None:
    bindings = {
        item["spec"]["policyName"]: item["spec"]
        for item in of_kind(overlay, "ValidatingAdmissionPolicyBinding")
    }
    policies = {
        item["metadata"]["name"]: item["spec"] for item in of_kind(overlay, "ValidatingAdmissionPolicy")
    }
    assert bindings.keys() == policies.keys()
    assert {spec["failurePolicy"] for spec in policies.values()} == {"Fail"}
    for name, binding in bindings.items():
        assert binding["validationActions"] == ["Deny", "Audit"]
        assert ("paramKind" in policies[name]) == ("paramRef" in binding)
        assert (
            binding.get("paramRef", {"parameterNotFoundAction": "Deny"})["parameterNotFoundAction"] == "Deny"
        )
        # Who may write ConfigMaps where workers are must not be who says what a worker is.
        assert binding.get("paramRef", {"namespace": CHAIN})["namespace"] == CHAIN
        selector = binding.get("matchResources", {}).get("namespaceSelector")
        # A namespace cannot take this label off: the API server sets it.
        assert selector == (
            {"matchLabels": {"kubernetes.io/metadata.name": SANDBOX}} if name in NARROW else None
        )

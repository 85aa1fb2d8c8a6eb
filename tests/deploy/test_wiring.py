"""Ports, probes, addresses and certificates: what one manifest promises another keeps, and code serves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from guard_svc.scopes import load_scopes
from placet.rpc.channel import server_dns
from placet.rpc.exposition import application
from placet.rpc.identity import caller_uri, parse_uri, service_uri
from placet.rpc.tls import TlsFiles
from placet.scope import load_scope
from tests.deploy.kit.manifests import DEPLOY, OVERLAYS, ROOT, Pod, of_kind, one, pod, pods, settings_of
from tests.deploy.kit.network import selects

PORTS = {"grpc": 7443, "metrics": 9464, "web": 8443, "postgres": 5432, "log": 8080}
ADDRESS = re.compile(r"(?:dns:(?:///)?|@)?([a-z-]+)\.(placet|placet-sandbox)\.svc\.cluster\.local:?(\d+)?")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_port_is_the_one_that_the_service_is_told_to_listen_on(overlay: str) -> None:
    for made in pods(overlay):
        for container in made.spec["containers"]:
            declared = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
            assert declared.items() <= PORTS.items()
            told = settings_of(overlay, made, container)
            listening = {
                int(value.rpartition(":")[2]) for name, value in told.items() if name.endswith("_LISTEN")
            }
            assert not listening or listening == set(declared.values()), made.name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_probe_asks_what_the_service_serves(overlay: str) -> None:
    async def ready() -> bool:
        return True

    served = {
        route.path  # type: ignore[attr-defined]
        for route in application(CollectorRegistry(), tls=TlsFiles(*[None] * 3), ready=ready).routes  # type: ignore[arg-type]
    }
    asked = [
        container[probe]["httpGet"]
        for made in pods(overlay)
        for container in made.spec["containers"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
        if "httpGet" in container.get(probe, ())
    ]
    assert len(asked) == 3 * 6
    assert {item["port"] for item in asked} == {"metrics"}
    assert {item["path"] for item in asked} == {"/livez", "/readyz"} < served


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_address_is_a_service_that_has_pods_on_that_port(overlay: str) -> None:
    for user, name, namespace, port in addresses(overlay):
        service = one(overlay, "Service", name, namespace)
        assert service["spec"]["clusterIP"] == "None", "clients balance by themselves"
        (offered,) = service["spec"]["ports"]
        assert offered["port"] == port, (user, name)
        behind = [
            made
            for made in pods(overlay)
            if made.namespace == namespace
            and selects({"matchLabels": service["spec"]["selector"]}, made.labels)
        ]
        assert behind, (user, name)
        for made in behind:
            ports = {item["name"]: item["containerPort"] for item in made.spec["containers"][0]["ports"]}
            assert ports[offered["targetPort"]] == port


def addresses(overlay: str) -> Iterator[tuple[str, str, str, int]]:
    """Who is told of which service: user, service, namespace, port."""
    for made in pods(overlay):
        for container in made.containers:
            told = settings_of(overlay, made, container)
            for name, value in [*told.items(), *(("", text) for text in container.get("args", ()))]:
                if not name.endswith("_WEB_URL"):
                    for found in ADDRESS.finditer(value):
                        yield made.name, found[1], found[2], int(found[3] or 5432)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_service_of_the_cluster_is_somebodys_address_or_a_door(overlay: str) -> None:
    known = {(name, namespace) for _, name, namespace, _ in addresses(overlay)}
    offered = {
        (item["metadata"]["name"], item["metadata"]["namespace"]) for item in of_kind(overlay, "Service")
    }
    doors = {
        (name, "placet") for name in ("generator-headless", "console", "console-headless", "log-headless")
    }
    assert known <= offered <= known | doors


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_certificate_is_its_services_name_and_no_others(overlay: str) -> None:
    certificates = {item["metadata"]["name"]: item for item in of_kind(overlay, "Certificate")}
    for made in pods(overlay):
        if f"{made.name}-headless" in {item["metadata"]["name"] for item in of_kind(overlay, "Service")}:
            spec = certificates[made.name]["spec"]
            assert (spec["uris"], spec["dnsNames"]) == ([service_uri(made.name)], [server_dns(made.name)])
            assert {"server auth", "client auth"} <= set(spec["usages"])
            assert certificates[made.name]["metadata"]["namespace"] == made.namespace
    named = [uri for item in certificates.values() for uri in item["spec"].get("uris", ())]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_key_is_made_anew_with_its_certificate(overlay: str) -> None:
    for item in of_kind(overlay, "Certificate"):
        authority = item["spec"].get("isCA", False)
        assert item["spec"]["privateKey"]["rotationPolicy"] == ("Never" if authority else "Always")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_the_guard_has_the_approval_key_and_only_the_log_the_logs(overlay: str) -> None:
    holders: dict[str, set[str]] = {}
    for made in pods(overlay):
        for secret in secrets_of(made):
            holders.setdefault(secret, set()).add(made.name)
    assert holders["placet-approval-key"] == {"guard"}
    assert holders["placet-log-key"] == {"audit"}
    assert holders["placet-model"] == {"guard", "generator"}
    assert {secret for secret, names in holders.items() if "worker" in names} == {"worker-tls"}
    assert {secret for secret, names in holders.items() if "executor" in names} == {"executor-tls"}


def secrets_of(made: Pod) -> Iterator[str]:
    for volume in made.spec.get("volumes", ()):
        if "secret" in volume:
            yield volume["secret"]["secretName"]
    for container in made.containers:
        for variable in container.get("env", ()):
            if key := variable.get("valueFrom", {}).get("secretKeyRef"):
                yield key["name"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_claims_token_is_good_for_claims_of_workers_only(overlay: str) -> None:
    """docs/kubernetes.md, agent-sandbox 1."""
    rules = [rule for item in of_kind(overlay, "Role", "ClusterRole") for rule in item["rules"]]
    subjects = [s for item in of_kind(overlay, "RoleBinding", "ClusterRoleBinding") for s in item["subjects"]]
    if overlay != "agent-sandbox":
        assert (rules, subjects) == ([], [])
        return
    (rule,) = rules
    assert rule["apiGroups"] == ["extensions.agents.x-k8s.io"]
    assert rule["resources"] == ["sandboxclaims"]
    assert set(rule["verbs"]) == {"list", "create", "patch", "delete"}
    assert subjects == [{"kind": "ServiceAccount", "name": "executor", "namespace": "placet"}]
    (bound,) = of_kind(overlay, "RoleBinding")
    assert bound["metadata"]["namespace"] == "placet-sandbox"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_scopes_of_the_cluster_are_the_examples_and_their_programs_can_run_there(overlay: str) -> None:
    """With one word of difference where workers reach less: min_tier."""
    for namespace in ("placet", "placet-sandbox"):
        (scopes,) = [
            item["data"]
            for item in of_kind(overlay, "ConfigMap")
            if item["metadata"]["name"].startswith("placet-scopes")
            and item["metadata"]["namespace"] == namespace
        ]
        for name, text in scopes.items():
            example = (ROOT / "examples" / "scopes" / name).read_text()
            reached = "T0" if overlay == "runc" else "T2"
            assert load_scope(text.encode()).review.min_tier <= reached
            assert text == (example.replace("min_tier: T1", "min_tier: T0") if overlay == "runc" else example)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_may_use_which_scope_is_said_and_beyond_a_trial_silence_is_a_no(
    overlay: str, tmp_path: Path
) -> None:
    """As the guard reads it where it is mounted. What deploy/verify.sh calls as is let in everywhere."""
    for name in ("placet-scopes", "placet-callers"):
        (data,) = [
            item["data"]
            for item in of_kind(overlay, "ConfigMap")
            if item["metadata"]["name"].startswith(name) and item["metadata"]["namespace"] == "placet"
        ]
        (tmp_path / name).mkdir()
        for file, text in data.items():
            (tmp_path / name / file).write_text(text)
    told = settings_of(overlay, guard := pod(overlay, "guard"), guard.spec["containers"][0])
    book = load_scopes(
        tmp_path / "placet-scopes", tmp_path / "placet-callers" / Path(told["PLACET_GUARD_CALLERS_FILE"]).name
    )

    def scopes(caller: str) -> set[str]:
        return {scope.name for scope in book.listed_for(parse_uri(caller_uri(caller)))}

    assert "pure-compute" in scopes("verify")
    assert scopes("anybody") == (set(book.editions) if overlay in {"trial", "runc"} else set())


def test_one_knobs_file_names_the_same_in_both_overlays_of_a_kind() -> None:
    """Who knows the trial's file finds the same knobs in production's; only the database is beside them."""
    names = {
        overlay: {
            line.partition("=")[0]
            for line in (DEPLOY / "overlays" / overlay / "settings.env").read_text().splitlines()
            if line and not line.startswith("#")
        }
        for overlay in ("trial", "production")
    }
    assert {name for name in names["production"] ^ names["trial"] if "DATABASE_URL" not in name} == set()

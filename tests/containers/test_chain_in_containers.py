"""The built images as the manifests run them: the whole chain, and who reaches whom.

One set of containers for all of these, so they stand in one module.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.containers.kit import engine
from tests.containers.kit.cluster import INSIDE, PORTS, SERVICES, WORKERS, Cluster
from tests.deploy.kit.manifests import CHAIN, tool

pytestmark = pytest.mark.timeout(600)
VALID = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
sys.exit(str(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()) or "") or 0)
"""
ATTEMPTS = 5
"""A front is not ready while all that it knows of its fleet is names."""
AWAY = ("1.1.1.1", "169.254.169.254")
"""The internet, and where clouds keep their nodes' credentials."""


def solve(cluster: Cluster, scope: str, caller: str = "insights") -> dict[str, Any]:
    """What a caller gets who asks for the mean of 10 and 20; and asks again where nothing was decided."""
    script = (INSIDE / "solve.py").read_text()
    options = (cluster.secret(caller, "placet-tls"),)
    for _ in range(ATTEMPTS):
        told = cluster.once("caller", "-c", script, "Mean price?", scope, options=options, check=False)
        last = told.strip().splitlines()[-1]
        if "EXECUTOR_UNAVAILABLE" not in last:
            break
    assert last.startswith("{"), told + cluster.logs()
    answer: dict[str, Any] = json.loads(last)
    return answer


def reach(cluster: Cluster, source: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """What a party gets through to; from inside its container, where it has one."""
    if source in cluster.containers:
        return dict(cluster.execute(source, "reach.py", json.dumps(wanted)))
    namespace = cluster.hub.places[source].namespace
    command = ("ip", "netns", "exec", namespace, sys.executable, INSIDE / "reach.py", json.dumps(wanted))
    return dict(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))


def connections(cluster: Cluster, source: str) -> set[tuple[str, str, str, int]]:
    """Every TCP connection that a party can open to another."""
    others = {place.address: name for name, place in cluster.hub.places.items() if name != source}
    tried = [[address, port] for address in others for port in PORTS]
    told = reach(cluster, source, {"tcp": tried, "names": [], "stray": []})
    return {(source, others[address], "TCP", port) for address, port in told["tcp"]}


def pins(file: str) -> set[str]:
    """`name@version` of what a file of pinned requirements means here."""
    lines = (engine.ROOT / f"requirements/{file}.txt").read_text().splitlines()
    wanted = [Requirement(line.rstrip(" \\")) for line in lines if "==" in line and line[0].isalnum()]
    return {
        f"{one.name.lower()}@{str(one.specifier)[2:]}"
        for one in wanted
        if not one.marker or one.marker.evaluate()
    }


def test_a_task_is_solved_by_a_worker_without_gvisor(cluster: Cluster) -> None:
    answer = solve(cluster, "any-tier")
    assert (answer["outcome"], answer["stdout"], answer["tier"]) == ("DONE", "15.0\n", "T0")


def test_a_task_is_solved_by_a_worker_on_gvisor(cluster: Cluster) -> None:
    if cluster.without_t2:
        pytest.skip(f"no T2 in this gVisor: {cluster.without_t2.strip().splitlines()[-1]}")
    cluster.employ("worker")
    try:
        # Another caller: the front keeps a caller's worker for some seconds.
        answer = solve(cluster, "data-analysis", caller="research")
    finally:
        cluster.employ("worker-runc")
    assert (answer["outcome"], answer["stdout"], answer["tier"]) == ("DONE", "15.0\n", "T2")


def test_the_log_that_the_containers_wrote_is_proven(cluster: Cluster) -> None:
    solve(cluster, "any-tier")
    key = cluster.directory / "log.vkey"
    key.write_text(cluster.brought.log_key)
    (console,) = cluster.pods["console"].containers
    (database,) = [item["value"] for item in console["env"] if item["name"].endswith("DATABASE_URL")]
    kept = cluster.directory / "audit-0" / "checkpoint" / "checkpoint"
    told = cluster.once(
        "console",
        *("-m", "placet.cli", "audit", "verify", "--database", database),
        *("--checkpoint", "/kept/checkpoint", "--key", "/kept/log.vkey"),
        options=(
            cluster.secret(CHAIN, "console-tls"),
            f"--volume={kept}:/kept/checkpoint:ro",
            f"--volume={key}:/kept/log.vkey:ro",
        ),
    )
    assert "VERIFIED" in told
    assert "aborted: 0;" in told
    assert "tasks: 0" not in told


@pytest.mark.parametrize("name", [*SERVICES, *WORKERS])
def test_a_container_is_nobody_and_can_write_nowhere_but_in_its_volumes(cluster: Cluster, name: str) -> None:
    told = cluster.execute(name, "about.py")
    (container,) = cluster.pods[name].containers
    volumes = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert told["user"] == [65532, 65532]
    assert told["capabilities"] == [0, 0, 0]
    assert set(told["writable"]) <= volumes
    assert "/tmp" in told["writable"]
    assert [program for program in told["programs"] if "python3" not in program] == [
        *(["/opt/placet/bin/placet"] if name in SERVICES else []),
        "/usr/sbin/ldconfig",
    ]


def test_who_reaches_whom_is_what_the_rendered_policies_say(cluster: Cluster) -> None:
    sources = (*SERVICES, *WORKERS, "postgres", "caller", "stranger")
    with ThreadPoolExecutor(4) as pool:
        found = set().union(*pool.map(lambda source: connections(cluster, source), sources))
    wanted = {edge for edge in cluster.edges if edge[0] in sources and edge[2] == "TCP"}
    assert {"too much": found - wanted, "missing": wanted - found} == {"too much": set(), "missing": set()}
    assert ("worker", "audit-0", "TCP", 7443) not in found
    assert ("guard", "postgres", "TCP", 5432) not in found
    assert ("executor", "worker", "TCP", 7443) in found


def test_an_edge_too_many_would_have_been_seen(cluster: Cluster) -> None:
    added = ("worker-runc", "audit-0", "TCP", 7443)
    cluster.hub.permit({*cluster.edges, added})
    try:
        assert added in connections(cluster, "worker-runc")
    finally:
        cluster.hub.permit(cluster.edges)


@pytest.mark.parametrize("name", WORKERS)
def test_nothing_leaves_a_worker(cluster: Cluster, name: str) -> None:
    """TCP, UDP, ICMP and names, to everybody it could know; each try is counted where it is dropped."""
    places = [place.address for other, place in cluster.hub.places.items() if other != name]
    gate = f"{cluster.hub.places[name].address.rpartition('.')[0]}.1"
    addresses = [*places, gate, *AWAY]
    tried = [[address, port] for address in addresses for port in (53, 80, 443, 7443)]
    names = ["audit-headless.placet.svc.cluster.local", "example.com"]
    before = cluster.hub.dropped(name)

    told = reach(cluster, name, {"tcp": tried, "names": names, "stray": addresses})

    assert told == {"tcp": [], "names": [], "stray": []}
    assert cluster.questions_of(name) == []
    assert cluster.hub.dropped(name) - before >= len(tried)


def test_what_does_not_leave_a_worker_leaves_where_it_may(cluster: Cluster) -> None:
    """The same tries from the generator: so they are tries."""
    names, server = ["audit-headless.placet.svc.cluster.local"], cluster.hub.places["names"].address
    told = reach(cluster, "generator", {"tcp": [], "names": names, "stray": [server]})
    assert told == {"tcp": [], "names": names, "stray": [f"UDP 53 {server}"]}
    assert names[0] in cluster.questions_of("generator")


def test_a_worker_is_called_by_the_front_and_by_nobody_else_whatever_the_network_lets_through(
    cluster: Cluster,
) -> None:
    """Its certificate check stands behind the network's."""
    cluster.hub.permit({*cluster.edges, ("caller", "worker-runc", "TCP", 7443)})
    script = (INSIDE / "lease.py").read_text()
    address = f"{cluster.hub.places['worker-runc'].address}:7443"
    options = (cluster.secret("insights", "placet-tls"),)
    try:
        told = cluster.once("caller", "-c", script, address, options=options)
    finally:
        cluster.hub.permit(cluster.edges)
    assert told.strip() == "PERMISSION_DENIED"


@pytest.mark.parametrize("target", ["services", "worker"])
def test_an_image_tells_what_it_is_made_of(cluster: Cluster, target: str) -> None:
    image = f"localhost/placet/{target}:{engine.TAG}"
    about = json.loads(engine.podman("image", "inspect", image))[0]
    command = ("run", "--rm", "--network=none", "--entrypoint=/opt/placet/bin/python", image, "-c")
    told = engine.podman(*command, "print(open('/opt/placet/sbom.cdx.json').read())")
    bill = json.loads(told)
    parts = {part["purl"].partition("?")[0] for part in bill["components"]}
    files = ("worker", "sandbox", "late") if target == "worker" else ("services",)
    pinned = {f"pkg:pypi/{pin}" for file in files for pin in pins(file)}
    valid = subprocess.run(
        [tool("python"), "-c", VALID], input=told, capture_output=True, text=True, check=False
    )
    assert valid.returncode == 0, valid.stderr
    assert about["User"] == "65532:65532"
    assert about["Labels"]["org.opencontainers.image.title"] == f"placet/{target}"
    assert {part for part in parts if part.startswith("pkg:pypi/")} - pinned == {"pkg:pypi/placet@0.1.0"}
    assert pinned - parts == set()
    assert any(part.startswith("pkg:deb/debian/libc6@") for part in parts)
    assert not any(
        name in part for part in parts for name in ("/bash@", "/dpkg@", "/coreutils@", "pypi/pip@")
    )
    assert ("pkg:pypi/openai@" in "".join(parts)) == (target == "services")
    assert about["Size"] < (300 if target == "services" else 900) * 2**20

"""One container as its manifest says, as arguments of podman: what a kubelet would do with it.

Fails at anything in a manifest that it does not know, so that nothing of it is left out in silence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.kit.manifests import Object, Pod

KNOWN = {
    "args",
    "env",
    "envFrom",
    "image",
    "imagePullPolicy",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resources",
    "securityContext",
    "startupProbe",
    "volumeMounts",
}
Content = Mapping[str, bytes]


@dataclass(frozen=True)
class Stored:
    """What the pod's namespace holds, and where this pod's files may lie on this machine."""

    secrets: Mapping[str, Content]
    config_maps: Mapping[str, Content]
    directory: Path
    nameserver: str


def arguments(pod: Pod, stored: Stored) -> list[str]:
    """Of `podman run`, but for the network, the name and the image."""
    (container,) = pod.containers
    assert set(container) <= KNOWN, set(container) - KNOWN
    stored.directory.mkdir(parents=True)
    return [
        *_security(pod.spec["securityContext"], container["securityContext"]),
        *_resources(container["resources"]["limits"]),
        *_environment(container, stored),
        *_volumes(pod, container, stored),
        *_names(pod, stored),
    ]


def _security(of_pod: Object, own: Object) -> Iterator[str]:
    yield f"--user={of_pod['runAsUser']}:{of_pod['runAsGroup']}"
    assert own["readOnlyRootFilesystem"] is True
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert own["allowPrivilegeEscalation"] is False
    yield from (
        "--read-only",
        "--read-only-tmpfs=false",
        "--cap-drop=all",
        "--security-opt=no-new-privileges",
    )


def _resources(limits: Object) -> Iterator[str]:
    """A processor more than this machine has would be refused."""
    cpu = float(limits["cpu"].removesuffix("m")) / (1000 if limits["cpu"].endswith("m") else 1)
    yield f"--cpus={min(cpu, float(os.cpu_count() or 1))}"
    yield f"--memory={_size(limits['memory'])}"
    yield f"--memory-swap={_size(limits['memory'])}"


def _size(quantity: str) -> str:
    return quantity.removesuffix("i").lower()


def _environment(container: Object, stored: Stored) -> Iterator[str]:
    for source in container.get("envFrom", ()):
        for name, value in stored.config_maps[source["configMapRef"]["name"]].items():
            yield f"--env={name}={value.decode()}"
    for item in container.get("env", ()):
        if "value" in item:
            yield f"--env={item['name']}={item['value']}"
        elif found := stored.secrets.get(item["valueFrom"]["secretKeyRef"]["name"]):
            yield f"--env={item['name']}={found[item['valueFrom']['secretKeyRef']['key']].decode()}"
        else:
            assert item["valueFrom"]["secretKeyRef"].get("optional"), item


def _volumes(pod: Pod, container: Object, stored: Stored) -> Iterator[str]:
    volumes = {volume["name"]: volume for volume in pod.spec["volumes"]}
    group = pod.spec["securityContext"]["fsGroup"]
    for mount in container["volumeMounts"]:
        volume, inside = volumes.get(mount["name"]), mount["mountPath"]
        directory = stored.directory / mount["name"]
        match volume:
            case {"emptyDir": {"medium": "Memory", "sizeLimit": size}} | {"emptyDir": {"sizeLimit": size}}:
                yield f"--tmpfs={inside}:rw,size={_size(size)},mode=1777,nosuid,nodev"
            case {"secret": {"secretName": name, "defaultMode": mode}}:
                fill(directory, stored.secrets[name], mode, group)
                yield f"--volume={directory}:{inside}:ro"
            case {"configMap": {"name": name, "items": items}}:
                chosen = {item["path"]: stored.config_maps[name][item["key"]] for item in items}
                fill(directory, chosen, 0o644, group)
                yield f"--volume={directory}:{inside}:ro"
            case {"configMap": {"name": name}}:
                fill(directory, stored.config_maps[name], 0o644, group)
                yield f"--volume={directory}:{inside}:ro"
            case None:  # of a StatefulSet's claim
                directory.mkdir()
                os.chown(directory, 0, group)
                directory.chmod(0o2770)
                yield f"--volume={directory}:{inside}"
            case _:
                raise AssertionError(f"no volume that is known here: {volume}")


def fill(directory: Path, content: Content, mode: int, group: int) -> None:
    """As a kubelet does: root's, and of the pod's group."""
    directory.mkdir()
    directory.chmod(0o755)
    for name, data in content.items():
        (directory / name).write_bytes(data)
        (directory / name).chmod(mode)
        os.chown(directory / name, 0, group)


def _names(pod: Pod, stored: Stored) -> Iterator[str]:
    if pod.spec.get("dnsPolicy") == "None":
        text = "".join(f"nameserver {address}\n" for address in pod.spec["dnsConfig"]["nameservers"])
    else:
        search = f"{pod.namespace}.svc.cluster.local svc.cluster.local cluster.local"
        text = f"nameserver {stored.nameserver}\nsearch {search}\noptions ndots:5\n"
    path = stored.directory / "resolv.conf"
    path.write_text(text)
    yield f"--volume={path}:/etc/resolv.conf:ro"


def probed(pod: Pod, probe: str) -> tuple[int, str] | None:
    """Port and path of an HTTP probe; None when it is of another kind."""
    (container,) = pod.containers
    found = container[probe].get("httpGet")
    if not found:
        return None
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    number: Callable[[object], int] = lambda port: ports[port] if isinstance(port, str) else int(str(port))  # noqa: E731
    return number(found["port"]), found["path"]

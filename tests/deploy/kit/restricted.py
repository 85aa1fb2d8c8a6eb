"""What a pod of ours must be. Pod Security *restricted* by our own reading of it, and what goes beyond."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.deploy.kit.manifests import SANDBOX, Object, Pod

VOLUMES = {"configMap", "emptyDir", "secret", "projected"}
DIGEST = re.compile(r"[a-z0-9./_-]+@sha256:[0-9a-f]{64}")
UNITS = {"": 1, "m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def problems(pod: Pod) -> list[str]:
    """Everything about a pod that must not be; empty for a good one."""
    found = [*_of_pod(pod), *_of_volumes(pod)]
    for container in pod.containers:
        found += [f"{container['name']}: {problem}" for problem in _of_container(pod, container)]
    for container in pod.spec["containers"]:
        found += [f"{container['name']}: {problem}" for problem in _of_probes(pod, container)]
    return found


def amount(text: str) -> float:
    """A quantity as a number."""
    number, unit = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", text).groups()  # type: ignore[union-attr]
    return float(number) * UNITS[unit]


def _of_pod(pod: Pod) -> Iterator[str]:
    spec = pod.spec
    context = spec.get("securityContext", {})
    for shared in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
        if spec.get(shared):
            yield f"{shared} is shared"
    if spec.get("automountServiceAccountToken") is not False:
        yield "a token is mounted"
    if spec.get("enableServiceLinks") is not False:
        yield "it knows the namespace's services by variables"
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
        yield "it may be root"
    if context.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield "no seccomp profile"
    if context.get("sysctls"):
        yield "it sets kernel parameters"
    if not spec.get("serviceAccountName"):
        yield "it has no account of its own"
    if not spec.get("priorityClassName"):
        yield "it has no priority"
    if pod.namespace == SANDBOX and (spec.get("dnsPolicy"), spec.get("dnsConfig")) != (
        "None",
        {"nameservers": ["127.0.0.1"]},
    ):
        yield "a worker can ask a name service"


def _of_volumes(pod: Pod) -> Iterator[str]:
    for volume in pod.spec.get("volumes", ()):
        kinds = set(volume) - {"name"}
        if not kinds <= VOLUMES:
            yield f"volume {volume['name']} is of kind {kinds}"
        if "emptyDir" in kinds and "sizeLimit" not in volume["emptyDir"]:
            yield f"volume {volume['name']} has no bound"
        if "secret" in kinds and volume["secret"].get("defaultMode") != 0o440:
            yield f"secret {volume['name']} can be read by others"
        if any("serviceAccountToken" in source for source in volume.get("projected", {}).get("sources", ())):
            holders = [c["name"] for c in pod.containers if volume["name"] in _mounted(c)]
            if holders != ["claims"]:
                yield f"a token is mounted into {holders}"


def _mounted(container: Object) -> set[str]:
    return {mount["name"] for mount in container.get("volumeMounts", ())}


def _of_container(pod: Pod, container: Object) -> Iterator[str]:
    context: dict[str, Any] = container.get("securityContext", {})
    capabilities = context.get("capabilities", {})
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield "it may gain privileges"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "it can write to its root file system"
    if context.get("runAsNonRoot") is False or context.get("runAsUser") == 0:
        yield "it may be root"
    if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
        yield "it has capabilities"
    if context.get("seccompProfile", {}).get("type", "RuntimeDefault") == "Unconfined":
        yield "no seccomp profile"
    if context.get("procMount", "Default") != "Default":
        yield "it sees all of /proc"
    if any("hostPort" in port for port in container.get("ports", ())):
        yield "it takes a port of its node's"
    if not DIGEST.fullmatch(container["image"]):
        yield "its image is not pinned by digest"
    yield from _of_resources(pod, container.get("resources", {}))


def _of_resources(pod: Pod, resources: Object) -> Iterator[str]:
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name in ("cpu", "memory", "ephemeral-storage"):
        if name not in requests or name not in limits:
            yield f"{name} is not bounded"
        elif amount(limits[name]) < amount(requests[name]):
            yield f"{name} is requested beyond its limit"
    if requests.get("memory") != limits.get("memory"):
        yield "memory may be taken away from it"
    if pod.namespace == SANDBOX and requests != limits:
        yield "a worker's requests are not its limits"


def _of_probes(pod: Pod, container: Object) -> Iterator[str]:
    if pod.kind != "Job":
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe not in container:
                yield f"it has no {probe}"

"""What `kubectl apply -k` would send: overlays, rendered once, as objects; and the pods that come of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
EVERYTHING = ROOT / "tests" / "deploy" / "everything"
TOOLS = ROOT / ".venv-deploy" / "bin"
OVERLAYS = ("trial", "production", "runc", "agent-sandbox", "everything")
"""Those of deploy/overlays, and production with every component that is off by default."""
CHAIN, SANDBOX = "placet", "placet-sandbox"

Object = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod as some controller makes it."""

    kind: str
    name: str
    namespace: str
    labels: dict[str, str]
    spec: Object

    @property
    def containers(self) -> list[Object]:
        """All of them, those that only prepare included."""
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]


def tool(name: str) -> str:
    """A program of the environment that `deploy/setup.sh dev` makes for these tests, or they are skipped."""
    found = TOOLS / name
    if os.access(found, os.X_OK):
        return str(found)
    if name == "kubectl" and (path := shutil.which(name)):
        return path
    pytest.skip(f"{name} is not here: deploy/setup.sh dev installs it into .venv-deploy")


@cache
def rendered(overlay: str) -> str:
    """An overlay's manifests as YAML, as kubectl makes them."""
    return subprocess.run(
        [
            tool("kubectl"),
            "kustomize",
            EVERYTHING if overlay == "everything" else DEPLOY / "overlays" / overlay,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@cache
def objects(overlay: str) -> tuple[Object, ...]:
    """An overlay's objects. Do not change them: tests share them."""
    return tuple(item for item in yaml.load_all(rendered(overlay), Loader=yaml.CSafeLoader) if item)


def of_kind(overlay: str, *kinds: str) -> list[Object]:
    return [item for item in objects(overlay) if item["kind"] in kinds]


def one(overlay: str, kind: str, name: str, namespace: str = "") -> Object:
    """The one object of that kind and name."""
    (found,) = [
        item
        for item in of_kind(overlay, kind)
        if item["metadata"]["name"] == name
        and (not namespace or item["metadata"].get("namespace") == namespace)
    ]
    return found


def pods(overlay: str) -> Iterator[Pod]:
    """Every pod that the overlay's objects lead to."""
    for item in objects(overlay):
        if item["kind"] in {"Deployment", "StatefulSet", "DaemonSet", "Job"}:
            template = item["spec"]["template"]
        elif item["kind"] == "SandboxTemplate":
            template = item["spec"]["podTemplate"]
        else:
            assert "containers" not in item.get("spec", {}), f"a bare pod: {item['metadata']['name']}"
            continue
        about = item["metadata"]
        yield Pod(
            item["kind"], about["name"], about["namespace"], template["metadata"]["labels"], template["spec"]
        )


def pod(overlay: str, name: str) -> Pod:
    """The pod of that name."""
    (found,) = [pod for pod in pods(overlay) if pod.name == name]
    return found


def settings_of(overlay: str, pod: Pod, container: Object) -> dict[str, str]:
    """A container's environment, as far as it is known before a pod runs."""
    environment: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        environment |= one(overlay, "ConfigMap", source["configMapRef"]["name"], pod.namespace)["data"]
    return environment | {item["name"]: item["value"] for item in container.get("env", ()) if "value" in item}

"""What somebody installs: the trial overlay with their model's address, and the secrets that it expects."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import yaml

from placet.approval.keys import SigningKey
from placet.audit.checkpoint import LogSigner
from tests.containers.kit.authority import Authority, Secret
from tests.deploy.kit import manifests
from tests.deploy.kit.manifests import CHAIN, SANDBOX, Object, Pod

OVERLAY = Path(__file__).resolve().parents[1] / "overlay"
CALLERS = ("insights", "research")
CONTROLLERS = {"Deployment", "StatefulSet", "Job"}


@dataclass(frozen=True)
class Overlay:
    """Its objects."""

    objects: tuple[Object, ...]

    @classmethod
    def render(cls) -> Overlay:
        told = subprocess.run(
            [manifests.tool("kubectl"), "kustomize", OVERLAY], check=True, capture_output=True, text=True
        ).stdout
        return cls(tuple(item for item in yaml.safe_load_all(told) if item))

    def of_kind(self, kind: str) -> list[Object]:
        return [item for item in self.objects if item["kind"] == kind]

    @cached_property
    def pods(self) -> dict[str, Pod]:
        """Every pod template by its controller's name."""
        found = {}
        for item in self.objects:
            if item["kind"] in CONTROLLERS:
                about, template = item["metadata"], item["spec"]["template"]
                labels = template["metadata"]["labels"]
                found[about["name"]] = Pod(
                    item["kind"], about["name"], about["namespace"], labels, template["spec"]
                )
        return found

    def worker_without_gvisor(self) -> Pod:
        """The worker as the overlay `runc` has it, with the settings and scopes of this one."""
        ours, (container,) = self.pods["worker"], manifests.pod("runc", "worker").spec["containers"]
        return replace(
            ours, spec={**ours.spec, "containers": [{**container, "envFrom": ours.containers[0]["envFrom"]}]}
        )

    def config_maps(self, namespace: str) -> dict[str, Mapping[str, bytes]]:
        """Content of the namespace's ConfigMaps."""
        return {
            item["metadata"]["name"]: {name: text.encode() for name, text in item["data"].items()}
            for item in self.of_kind("ConfigMap")
            if item["metadata"].get("namespace") == namespace
        }

    def namespace_labels(self, namespace: str) -> dict[str, str]:
        """With the one that Kubernetes gives every namespace."""
        (found,) = [item for item in self.of_kind("Namespace") if item["metadata"]["name"] == namespace]
        return {"kubernetes.io/metadata.name": namespace, **found["metadata"]["labels"]}


@dataclass(frozen=True)
class Brought:
    """What is not in the manifests: certificates, and the keys that docs/kubernetes.md tells to bring."""

    secrets: Mapping[str, Mapping[str, Secret]]
    """By namespace and name."""
    public_keys: Secret
    """The ConfigMap placet-keys."""
    log_key: str
    """The log's public key."""

    @classmethod
    def make(cls, overlay: Overlay, directory: Path) -> Brought:
        """`directory` gets private keys; it is the tests' own."""
        authority = Authority()
        secrets: dict[str, dict[str, Secret]] = {CHAIN: {}, SANDBOX: {}}
        for item in overlay.of_kind("Certificate"):
            if not item["spec"].get("isCA"):
                made = authority.secret(item["spec"])
                secrets[item["metadata"]["namespace"]][item["spec"]["secretName"]] = made
        for name in CALLERS:
            spec = {"uris": [f"spiffe://placet.local/caller/{name}"], "usages": ["client auth"]}
            secrets[name] = {"placet-tls": authority.secret(spec)}
        approval, log = directory / "approval.key", directory / "log.key"
        signing = SigningKey.generate()
        signing.save(approval)
        origin = overlay.config_maps(CHAIN)[_settings(overlay)]["PLACET_AUDIT_ORIGIN"].decode()
        signer = LogSigner.generate(origin)
        signer.save(log)
        secrets[CHAIN]["placet-approval-key"] = {"approval.key": approval.read_bytes()}
        secrets[CHAIN]["placet-log-key"] = {"log.key": log.read_bytes()}
        return cls(
            secrets, {"approval.pub.pem": signing.public.to_pem(), "revoked.txt": b""}, signer.verifier.vkey
        )


def _settings(overlay: Overlay) -> str:
    """Its name has a digest of its content."""
    (name,) = [name for name in overlay.config_maps(CHAIN) if name.startswith("placet-settings")]
    return name

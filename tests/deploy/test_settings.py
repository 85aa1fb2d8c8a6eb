"""What a manifest tells a service it can be told: each environment is read by the service's own settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from audit_svc.console.settings import ConsoleSettings
from audit_svc.settings import AuditSettings
from executor_svc.fleet.claims import ClaimsSettings
from executor_svc.settings import ExecutorSettings
from executor_svc.worker.settings import WorkerSettings
from generator_svc.settings import GeneratorSettings
from guard_svc.settings import GuardSettings
from placet.environment import unknown_variables
from tests.deploy.kit.manifests import (
    DEPLOY,
    OVERLAYS,
    Object,
    Pod,
    of_kind,
    one,
    pod,
    pods,
    settings_of,
)
from tests.deploy.kit.restricted import amount

SETTINGS: dict[str, type[BaseSettings]] = {
    "audit_svc": AuditSettings,
    "audit_svc.console": ConsoleSettings,
    "executor_svc": ExecutorSettings,
    "executor_svc.fleet.claims": ClaimsSettings,
    "executor_svc.worker": WorkerSettings,
    "generator_svc": GeneratorSettings,
    "guard_svc": GuardSettings,
}
WITHOUT_SETTINGS = {"audit_svc.migrate"}
"""Takes its one argument."""
NOT_A_SERVICES = {"PLACET_MIGRATE_DATABASE_URL"}
"""What the Job's argument is made of."""
WIRED = re.compile(r"_(LISTEN|TLS_\w+|ADDRESS|FILE|DIR|KEY|WORKERS|MIN_TIER)$")
"""What belongs to a manifest: where things are mounted, listen and are found."""


def services(overlay: str) -> Iterator[tuple[Pod, Object, str]]:
    """Containers of ours that have settings: pod, container, module."""
    for made in pods(overlay):
        for container in made.containers:
            module = container.get("args", [""])[0]
            if module in SETTINGS:
                yield made, container, module


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_container_of_ours_is_looked_at(overlay: str) -> None:
    modules = {
        container["args"][0]
        for made in pods(overlay)
        for container in made.containers
        if "placet/" in container["image"] and "command" not in container
    }
    expected = set(SETTINGS) | WITHOUT_SETTINGS
    assert modules == (expected if overlay == "agent-sandbox" else expected - {"executor_svc.fleet.claims"})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_service_starts_with_what_its_container_is_told(
    overlay: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for made, container, module in services(overlay):
        environment = settings_of(overlay, made, container) | in_image(module)
        environment |= {
            name: mounted(overlay, made, container, value, tmp_path)
            for name, value in environment.items()
            if name.endswith("_QUOTAS_FILE")
        }
        environment |= {"PLACET_CLAIMS_FRONT": "executor-0"} if "claims" in module else {}
        with monkeypatch.context() as patched:
            for name, value in environment.items():
                patched.setenv(name, value)
            assert SETTINGS[module].model_validate({}), module
        assert unknown_variables(SETTINGS[module], environment) == [], module


def in_image(module: str) -> dict[str, str]:
    """What the image itself says, deploy/images/Containerfile."""
    text = (DEPLOY / "images" / "Containerfile").read_text()
    found = dict(re.findall(r"(PLACET_WORKER_\w+)=(\S+)", text))
    return found if module == "executor_svc.worker" else {}


def mounted(overlay: str, made: Pod, container: Object, path: str, directory: Path) -> str:
    """A file of a mounted ConfigMap, on this machine."""
    (mount,) = [item for item in container["volumeMounts"] if item["mountPath"] == str(Path(path).parent)]
    (volume,) = [item for item in made.spec["volumes"] if item["name"] == mount["name"]]
    data = one(overlay, "ConfigMap", volume["configMap"]["name"], made.namespace)["data"]
    copy = directory / Path(path).name
    copy.write_text(data[Path(path).name])
    return str(copy)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_knob_is_some_services(overlay: str) -> None:
    knobs = set(one(overlay, "ConfigMap", settings_map(overlay), "placet")["data"])
    known = set(NOT_A_SERVICES)
    for cls in SETTINGS.values():
        for field, info in cls.model_fields.items():
            alias = info.validation_alias
            known.add(alias if isinstance(alias, str) else f"{cls.model_config['env_prefix']}{field}".upper())
    assert knobs - known == set()  # in "everything", those of the components too


def settings_map(overlay: str) -> str:
    (name,) = {
        item["metadata"]["name"]
        for item in of_kind(overlay, "ConfigMap")
        if item["metadata"]["name"].startswith("placet-settings")
        and item["metadata"]["namespace"] == "placet"
    }
    return name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_knob_does_not_turn_what_a_manifest_has_fixed(overlay: str) -> None:
    """Wiring beside the knobs would be overruled by the manifest, in silence."""
    knobs = set(one(overlay, "ConfigMap", settings_map(overlay), "placet")["data"])
    assert {name for name in knobs if WIRED.search(name)} == set()
    fixed = {item["name"] for _, container, _ in services(overlay) for item in container["env"]}
    assert knobs & fixed == set()


@pytest.mark.parametrize("wrong", ["PLACET_GUARD_APROVAL_TTL_S", "PLACET_WORKER_AUDIT_ADDRESS"])
def test_a_misspelt_knob_is_noticed(wrong: str) -> None:
    cls = GuardSettings if "GUARD" in wrong else WorkerSettings
    environment = settings_of("trial", pod("trial", "guard"), pod("trial", "guard").spec["containers"][0])
    assert unknown_variables(cls, environment) == []
    assert len(unknown_variables(cls, environment | {wrong: "1"})) == 1


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_front_and_workers_judge_alike_and_approvals_are_for_them(overlay: str) -> None:
    """docs/kubernetes.md, Sizes 2."""
    data = one(overlay, "ConfigMap", settings_map(overlay), "placet")["data"]
    names = {name.removeprefix("PLACET_WORKER_") for name in data if name.startswith("PLACET_WORKER_MAX_")}
    for name in names - {"MAX_CONCURRENT_RUNS"} | {"AUDIENCE"}:
        assert data[f"PLACET_WORKER_{name}"] == data[f"PLACET_EXECUTOR_{name}"], name
    assert data["PLACET_GUARD_AUDIENCE"] == data["PLACET_WORKER_AUDIENCE"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_worker_has_the_memory_that_a_run_may_have(overlay: str) -> None:
    """The run's, 256 MiB more for each (docs/gvisor.md), and 768 MiB for the service, zygotes and files."""
    worker = pod(overlay, "worker")
    settings = settings_of(overlay, worker, worker.spec["containers"][0])
    one_run = int(settings["PLACET_WORKER_MAX_MEMORY_MIB"]) + 256
    runs = int(settings["PLACET_WORKER_MAX_CONCURRENT_RUNS"]) * one_run
    assert amount(worker.spec["containers"][0]["resources"]["limits"]["memory"]) >= (runs + 768) * 2**20

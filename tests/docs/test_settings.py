"""docs/settings.md names every setting of every service."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit_svc.console.settings import ConsoleSettings
from audit_svc.settings import AuditSettings
from executor_svc.settings import ExecutorSettings
from executor_svc.worker.settings import WorkerSettings
from generator_svc.settings import GeneratorSettings
from guard_svc.settings import GuardSettings
from placet.rpc.settings import ServiceSettings

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text()


@pytest.mark.parametrize(
    "settings",
    [AuditSettings, ConsoleSettings, ExecutorSettings, GeneratorSettings, GuardSettings, WorkerSettings],
)
def test_every_setting_is_documented(settings: type[ServiceSettings]) -> None:
    """A new field without a line in the document fails here."""
    prefix = str(settings.model_config.get("env_prefix"))
    common = set(ServiceSettings.model_fields)
    names = [
        info.validation_alias if isinstance(info.validation_alias, str) else f"{prefix}{field}".upper()
        for field, info in settings.model_fields.items()
        if field not in common
    ]

    assert [name for name in names if f"`{name}`" not in DOCUMENT] == []


def test_what_every_service_has_is_documented_once() -> None:
    """Without the prefix, which differs."""
    names = [f"…{field}".upper() for field in ServiceSettings.model_fields]

    assert [name for name in names if f"`{name}`" not in DOCUMENT] == []

"""docs/settings.md names every setting of every service with its default, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from audit_svc.console.settings import ConsoleSettings
from audit_svc.settings import AuditSettings
from executor_svc.fleet.claims import ClaimsSettings
from executor_svc.settings import ExecutorSettings
from executor_svc.worker.settings import WorkerSettings
from generator_svc.settings import GeneratorSettings
from guard_svc.settings import GuardSettings
from placet.rpc.settings import ServiceSettings

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "settings.md").read_text()
SERVICES: tuple[type[BaseSettings], ...] = (
    AuditSettings,
    ClaimsSettings,
    ConsoleSettings,
    ExecutorSettings,
    GeneratorSettings,
    GuardSettings,
    WorkerSettings,
)
ROW = re.compile(r"^\| (`[`…A-Z_, ]+`) \| ([^|]*) \| [^|]*\|$", re.MULTILINE)


def variables(settings: type[BaseSettings]) -> dict[str, FieldInfo]:
    """Each of its own, by the name under which the page has it."""
    prefix = "…" if settings is ServiceSettings else str(settings.model_config.get("env_prefix"))
    common = set() if settings is ServiceSettings else set(ServiceSettings.model_fields)
    return {
        info.validation_alias if isinstance(info.validation_alias, str) else f"{prefix}{field}".upper(): info
        for field, info in settings.model_fields.items()
        if field not in common
    }


def rows() -> Iterator[tuple[list[str], str]]:
    """Each row of a table: the variables, and what it says of their defaults."""
    for names, defaults in ROW.findall(DOCUMENT):
        yield re.findall(r"`([^`]+)`", names), defaults


def default_of(info: FieldInfo) -> str:
    """As the page writes it; empty for what only words can say."""
    match info.default:
        case _ if info.is_required():
            return "required"
        case bool() as yes:
            return str(yes).lower()
        case int() | float() as number:
            return f"{number:g}"
        case str() as text if not info.validation_alias:  # the model's address is also said elsewhere
            return text
    return ""


@pytest.mark.parametrize("settings", [ServiceSettings, *SERVICES])
def test_every_setting_is_documented(settings: type[BaseSettings]) -> None:
    """A new field without a line in the document fails here; what every service has stands there once."""
    assert [name for name in variables(settings) if f"`{name}`" not in DOCUMENT] == []


def test_no_setting_is_documented_that_there_is_not() -> None:
    there_is = {name for settings in SERVICES for name in variables(settings)}
    prefixes = tuple(str(settings.model_config.get("env_prefix")) for settings in SERVICES)
    told = {name for names, _ in rows() for name in names if name.startswith(prefixes)}
    assert told - there_is == set()
    assert len(told) > 90


@pytest.mark.parametrize("settings", [ServiceSettings, *SERVICES])
def test_every_default_is_the_one_that_the_page_tells(settings: type[BaseSettings]) -> None:
    """Of a row with several variables: one for all of them, or one for each."""
    known, wrong = variables(settings), []
    executors = variables(ExecutorSettings)
    for names, cell in rows():
        if not (mine := [name for name in names if name in known]):
            continue
        said = [word.strip(" `").removesuffix(" (never)") for word in cell.split(",")]
        if cell == "as the executor's":
            said = [default_of(executors[name.replace("WORKER", "EXECUTOR", 1)]) for name in mine]
        for number, name in enumerate(mine):
            if (default := default_of(known[name])) and said[number % len(said)] != default:
                wrong.append(f"{name}: {default}, and the page says {cell!r}")
    assert wrong == []

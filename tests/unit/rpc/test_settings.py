"""Settings: every problem at once, by the variable's name, without its value."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field, ValidationError
from pydantic_settings import SettingsConfigDict

from placet.environment import load
from placet.rpc.settings import ServiceSettings
from placet.rpc.tls import TlsFiles

COMPLETE = {"TLS_CA": "/ca", "TLS_CERT": "/cert", "TLS_KEY": "/key", "AUDIT_ADDRESS": "127.0.0.1:1"}


class ExampleSettings(ServiceSettings):
    """As a service would write it."""

    model_config = SettingsConfigDict(env_prefix="PLACET_EXAMPLE_")

    audit_address: str
    pool_size: int = Field(2, ge=1)
    api_key: str = Field("", validation_alias="OPENAI_API_KEY")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(f"PLACET_EXAMPLE_{name}", value)
    return monkeypatch


def test_the_environment_is_read(environment: pytest.MonkeyPatch) -> None:
    """Prefix, aliases and defaults."""
    environment.setenv("OPENAI_API_KEY", "k")
    settings = load(ExampleSettings)

    assert settings.tls == TlsFiles(Path("/ca"), Path("/cert"), Path("/key"))
    assert settings.listen == "127.0.0.1:0"
    assert settings.api_key == "k"


def test_settings_do_not_change(environment: pytest.MonkeyPatch) -> None:
    """Frozen, also in subclasses."""
    with pytest.raises(ValidationError):
        load(ExampleSettings).pool_size = 5  # type: ignore[misc]


def test_all_problems_are_printed_at_once(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing, invalid and unknown variables in one go; exit code 2."""
    environment.delenv("PLACET_EXAMPLE_TLS_CA")
    environment.setenv("PLACET_EXAMPLE_POOL_SIZE", "hunter2")
    environment.setenv("PLACET_EXAMPLE_POOLSIZE", "3")
    with pytest.raises(SystemExit) as ended:
        load(ExampleSettings)

    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "PLACET_EXAMPLE_TLS_CA" in said
    assert "PLACET_EXAMPLE_POOL_SIZE:" in said
    assert "PLACET_EXAMPLE_POOLSIZE is not a setting" in said
    assert "hunter2" not in said


def test_an_unknown_variable_alone_stops_the_start(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt bound would otherwise be no bound."""
    environment.setenv("PLACET_EXAMPLE_POOLSIZE", "3")
    with pytest.raises(SystemExit):
        load(ExampleSettings)

    assert "PLACET_EXAMPLE_POOL_SIZE" in capsys.readouterr().err


def test_an_empty_variable_counts_as_unset(environment: pytest.MonkeyPatch) -> None:
    """`OPENAI_API_KEY= placet up` is how a shell unsets for one command."""
    environment.setenv("PLACET_EXAMPLE_POOL_SIZE", "")

    assert load(ExampleSettings).pool_size == 2

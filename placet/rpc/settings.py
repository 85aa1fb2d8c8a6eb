"""Settings of a service: environment variables with a prefix, checked all at once, frozen.

Subclasses set the prefix and add their fields:

    class GuardSettings(ServiceSettings):
        model_config = SettingsConfigDict(env_prefix="PLACET_GUARD_")
        audit_address: str
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from placet.rpc.server import Turnover
from placet.rpc.tls import TlsFiles

S = TypeVar("S", bound="ServiceSettings")


class ServiceSettings(BaseSettings):
    """What every service needs. Secrets are given as paths of files, never as values."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    listen: str = "127.0.0.1:0"
    """"host:port" (port 0 picks a free one) or "unix:/path"."""

    ready_file: Path | None = None
    """Gets the bound address once the service answers."""

    metrics_listen: str = ""
    """"host:port" where /metrics, /livez and /readyz are, in plain HTTP; empty: nowhere."""

    drain_wait_s: float = Field(0.0, ge=0)
    """How long a service that was told to stop still takes calls, in seconds, until its clients know."""

    drain_s: float = Field(10.0, ge=0)
    """The longest that calls in flight may take to end after that, in seconds."""

    max_connection_age_s: float = Field(0.0, ge=0)
    """After how many seconds clients connect anew, so that they find new replicas; 0: never."""

    tls_ca: Path
    tls_cert: Path
    tls_key: Path

    @property
    def turnover(self) -> Turnover:
        """How the service ends, and how long connections to it last."""
        return Turnover(self.drain_wait_s, self.drain_s, self.max_connection_age_s)

    @property
    def tls(self) -> TlsFiles:
        """The three TLS paths as one."""
        return TlsFiles(self.tls_ca, self.tls_cert, self.tls_key)


def load(cls: type[S]) -> S:
    """The settings in the environment; on any problem print every one of them and exit with 2."""
    unknown = unknown_variables(cls, os.environ)
    try:
        settings = cls.model_validate({})
    except ValidationError as error:
        _give_up(cls, [*_problems(cls, error), *unknown])
    if unknown:
        _give_up(cls, unknown)
    return settings


def unknown_variables(cls: type[ServiceSettings], environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that has the prefix and names no setting: most likely a typing error."""
    prefix = cls.model_config.get("env_prefix", "")
    known = {_variable(cls, field) for field in cls.model_fields}
    return [
        f"{name} is not a setting of this service. Known: {', '.join(sorted(known))}"
        for name in sorted(environment)
        if prefix and name.startswith(prefix) and name not in known
    ]


def _problems(cls: type[ServiceSettings], error: ValidationError) -> list[str]:
    """One line per problem, by the variable's name; values are not shown, they may be secret."""
    return [
        f"{_variable(cls, str(problem['loc'][0])) if problem['loc'] else 'settings'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    ]


def _variable(cls: type[ServiceSettings], field: str) -> str:
    """The environment variable that sets a field."""
    info = cls.model_fields.get(field)
    alias = info.validation_alias if info else None
    return alias if isinstance(alias, str) else f"{cls.model_config.get('env_prefix', '')}{field}".upper()


def _give_up(cls: type[ServiceSettings], problems: list[str]) -> NoReturn:
    print(f"{cls.__name__}: {len(problems)} problem(s) in the environment", file=sys.stderr)
    for problem in problems:
        print(f"  {problem}", file=sys.stderr)
    sys.exit(2)

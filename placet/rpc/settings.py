"""What every service is told: where it listens, who it is, and how it ends (placet/environment.py reads it).

Subclasses set the prefix and add their fields:

    class GuardSettings(ServiceSettings):
        model_config = SettingsConfigDict(env_prefix="PLACET_GUARD_")
        audit_address: str
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from placet.rpc.server import Turnover
from placet.rpc.tls import TlsFiles


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

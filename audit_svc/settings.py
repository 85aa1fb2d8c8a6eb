"""What the audit service is told at start. See docs/audit-format.md §7 for the two files of the log."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from placet.rpc.settings import ServiceSettings


class AuditSettings(ServiceSettings):
    """Settings of the audit service; environment variables PLACET_AUDIT_*."""

    model_config = SettingsConfigDict(
        env_prefix="PLACET_AUDIT_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    database: Path
    """The SQLite file; its directory must exist and be on a local disk."""

    log_key: Path
    """Ed25519 private key (PKCS #8 PEM) that signs checkpoints."""

    checkpoint_file: Path
    """The last signed checkpoint. Keep it away from the database: it is what betrays a rollback."""

    origin: str = Field("placet.local/log", pattern=r"^[^\s+]{1,128}$")
    """The log's name, without a scheme."""

    heartbeat_s: float = Field(60.0, gt=0)
    """Seconds of silence after which a heartbeat is recorded."""

    readers: str = "reviewer/*,caller/local"
    """Who may read records: identity patterns, separated by commas."""

    @property
    def reader_patterns(self) -> frozenset[str]:
        """`readers`, one pattern each."""
        return frozenset(pattern.strip() for pattern in self.readers.split(",") if pattern.strip())

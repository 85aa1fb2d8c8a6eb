"""What the audit service is told at start. See docs/audit-format.md §7 for the two files of the log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from audit_svc.access import Access
from audit_svc.erasure import Retention, parse_retention
from audit_svc.quota import Quotas
from placet.audit.postgres import checked
from placet.rpc.settings import ServiceSettings


class AuditSettings(ServiceSettings):
    """Settings of the audit service; environment variables PLACET_AUDIT_*."""

    model_config = SettingsConfigDict(
        env_prefix="PLACET_AUDIT_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    database: Path | None = None
    """The SQLite file; its directory must exist and be on a local disk. Either this or `database_url`."""

    database_url: str = ""
    """A PostgreSQL database, `postgresql://ROLE@HOST/NAME?…`. A password goes into a file (`passfile=`); a
    server elsewhere needs `sslmode=verify-full`. Of several services that share it, one writes."""

    log_key: Path
    """Ed25519 private key (PKCS #8 PEM) that signs checkpoints."""

    checkpoint_file: Path
    """The last signed checkpoint. Keep it away from the database: it is what betrays a rollback."""

    peers: str = ""
    """Where the log's other replicas are: one without a checkpoint file gets that of the leader there."""

    origin: str = Field("placet.local/log", pattern=r"^[^\s+]{1,128}$")
    """The log's name, without a scheme."""

    heartbeat_s: float = Field(60.0, gt=0)
    """Seconds of silence after which a heartbeat is recorded."""

    roles: Annotated[Access, NoDecode] = Access.parse("reviewer/*=reviewer,caller/local=admin")
    """Who may read, export and erase: `PATTERN=ROLE,…`; see docs/audit-format.md §8."""

    retention: Annotated[Retention, NoDecode] = Field(default_factory=dict)
    """`CLASS=AGE,…`, such as `prompt=30d,output=90d`: when bodies are erased; see docs/audit-format.md §9."""

    quotas: Annotated[Quotas, NoDecode] = Field(
        default_factory=Quotas, validation_alias="PLACET_AUDIT_QUOTAS_FILE"
    )
    """A file that says how much each caller may use (docs/quotas.md §1); without it nobody has a quota."""

    witness_policy: Path | None = None
    """A tlog-policy file (docs/audit-format.md §14): which witnesses cosign checkpoints, and where."""

    witness_interval_s: float = Field(5.0, gt=0)
    """The least time between two checkpoints that witnesses are asked for, in seconds."""

    tiles_listen: str = ""
    """"host:port" where the log is published over HTTP (docs/audit-format.md §13); empty: nowhere."""

    tiles_entries: bool = False
    """Whether records are published there too, to whoever reaches the address, without a record of it."""

    @property
    def log(self) -> Path | str:
        """Where the log is: a SQLite file, or the address of a PostgreSQL database."""
        return self.database or self.database_url

    @model_validator(mode="after")
    def _one_database(self) -> Self:
        if (self.database is None) == (not self.database_url):
            raise ValueError("set PLACET_AUDIT_DATABASE (a file) or PLACET_AUDIT_DATABASE_URL, not both")
        if self.database_url:
            checked(self.database_url)
        return self

    @field_validator("roles", mode="before")
    @classmethod
    def _roles(cls, value: object) -> object:
        return Access.parse(value) if isinstance(value, str) else value

    @field_validator("quotas", mode="before")
    @classmethod
    def _quotas(cls, value: object) -> object:
        return Quotas.load(Path(value)) if isinstance(value, str) else value

    @field_validator("retention", mode="before")
    @classmethod
    def _retention(cls, value: object) -> object:
        return parse_retention(value) if isinstance(value, str) else value

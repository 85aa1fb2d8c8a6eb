"""What the console is told at start (docs/settings.md)."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from audit_svc.access import Access, Role
from audit_svc.console.site import Site
from placet.audit.postgres import checked
from placet.rpc.settings import ServiceSettings

_DEFAULT_ROLES = "reviewer/*=reviewer"


class ConsoleSettings(ServiceSettings):
    """Settings of the console; environment variables PLACET_CONSOLE_*. `listen` is for its gRPC service."""

    model_config = SettingsConfigDict(
        env_prefix="PLACET_CONSOLE_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    database: Path | None = None
    """The log's SQLite file, which is read only. Either this or `database_url`."""

    database_url: str = ""
    """The log's PostgreSQL database, as a role that may read: `postgresql://ROLE@HOST/NAME?…`."""

    audit_address: str
    """The audit service, to append to and to be told by that the log has grown."""

    web_listen: str = "127.0.0.1:0"
    """"host:port" for browsers."""

    web_url: str = ""
    """Where browsers find it, `https://HOST[:PORT]`; empty: the address it listens on."""

    web_tls_cert: Path | None = None
    web_tls_key: Path | None = None
    """PEM files, where no proxy in front speaks TLS to browsers."""

    trusted_proxies: str = ""
    """Addresses, separated by commas, whose X-Forwarded-For says who asks; empty: nobody's."""

    url_file: Path | None = None
    """Gets the console's URL once it answers."""

    roles: Annotated[Access, NoDecode] = Access.parse(_DEFAULT_ROLES)
    """Who may what: `reviewer/NAME=ROLE,…`, as PLACET_AUDIT_ROLES has it."""

    session_s: float = Field(8 * 3600.0, gt=0)
    """The longest that somebody stays logged in, in seconds."""

    idle_s: float = Field(3600.0, gt=0)
    """How long they stay logged in without doing anything, in seconds."""

    views_file: Path | None = None
    """Keeps people's saved searches; without it they last until the console stops."""

    keys_dir: Path | None = None
    """Public keys of reviewers, `reviewer-NAME.pub.pem`, and `revoked.txt`; without it nobody can decide."""

    scopes_dir: Path | None = None
    """Scope files as they are now, to compare with what was judged."""

    witness_policy: Path | None = None
    """A trust policy: whose cosignatures browsers are to ask for when they prove what a page shows."""

    sample_percent: int = Field(5, ge=0, le=100)
    """The share of the guard's verdicts that two people are to label blind, in percent."""

    guards: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)
    """`NAME=ADDRESS,…`: guards that a replay may ask."""

    oidc_issuer: str = ""
    """An OpenID Connect provider, `https://…`; empty: people come in with links only."""

    oidc_client_id: str = ""
    oidc_client_secret_file: Path | None = None

    oidc_name_claim: str = "sub"
    """The claim that names a person; it must not be one that people can change themselves."""

    oidc_people_file: Path | None = None
    """YAML, value of that claim → name; only these get in then. Without it the value is the name."""

    oidc_groups_claim: str = "groups"
    """The claim that lists a person's groups."""

    oidc_roles: Annotated[dict[str, Role], NoDecode] = Field(default_factory=dict)
    """`GROUP=ROLE,…`: the role of whoever is in a group; of several roles the highest counts."""

    oidc_scope: str = Field("openid profile email", pattern=r"^openid( |$)")
    """What the provider is asked to tell."""

    @property
    def log(self) -> Path | str:
        """Where the log is: a SQLite file, or the address of a PostgreSQL database."""
        return self.database or self.database_url

    @property
    def access(self) -> Access:
        """Who has which role by name. With single sign-on nobody has one who is not named."""
        return Access({}) if self.oidc_issuer and "roles" not in self.model_fields_set else self.roles

    @model_validator(mode="after")
    def _one_database(self) -> Self:
        if (self.database is None) == (not self.database_url):
            raise ValueError("set PLACET_CONSOLE_DATABASE (a file) or PLACET_CONSOLE_DATABASE_URL, not both")
        if self.database_url:
            checked(self.database_url)
        return self

    @model_validator(mode="after")
    def _not_in_the_clear(self) -> Self:
        host = self.web_listen.rpartition(":")[0].strip("[]")
        here = host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)
        if (self.web_tls_cert is None) != (self.web_tls_key is None):
            raise ValueError("PLACET_CONSOLE_WEB_TLS_CERT and _KEY go together")
        if self.web_tls_cert and not self.web_url.startswith("https://"):
            raise ValueError("PLACET_CONSOLE_WEB_TLS_CERT needs PLACET_CONSOLE_WEB_URL, its https:// address")
        if not here and not self.web_url.startswith("https://"):
            raise ValueError(
                f"browsers elsewhere would send their cookie to {self.web_listen} in the clear: set "
                "PLACET_CONSOLE_WEB_URL to the https:// address under which they find the console"
            )
        return self

    @model_validator(mode="after")
    def _whole_single_sign_on(self) -> Self:
        if not self.oidc_issuer:
            return self
        if not self.oidc_client_id or self.oidc_client_secret_file is None:
            raise ValueError("PLACET_CONSOLE_OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET_FILE")
        if not self.oidc_issuer.startswith("https://"):
            raise ValueError("PLACET_CONSOLE_OIDC_ISSUER is no https:// address: anybody could answer for it")
        if not self.access.roles and not self.oidc_roles:
            raise ValueError("nobody could enter: set PLACET_CONSOLE_ROLES or PLACET_CONSOLE_OIDC_ROLES")
        if "reviewer/*" in self.access.patterns:
            raise ValueError(
                "with single sign-on PLACET_CONSOLE_ROLES names people: reviewer/* would be everybody who "
                "has an account there"
            )
        return self

    @field_validator("web_url")
    @classmethod
    def _web_url(cls, value: str) -> str:
        return Site.of(value).origin if value else ""

    @field_validator("roles", mode="before")
    @classmethod
    def _roles(cls, value: object) -> object:
        return Access.parse(value) if isinstance(value, str) else value

    @field_validator("guards", mode="before")
    @classmethod
    def _guards(cls, value: object) -> object:
        return _pairs(value, "NAME=ADDRESS") if isinstance(value, str) else value

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _oidc_roles(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        found = _pairs(value, "GROUP=ROLE")
        if unknown := [name for name in found.values() if name.upper() not in Role.__members__]:
            raise ValueError(f"{unknown[0]!r} is no role: {', '.join(role.name.lower() for role in Role)}")
        return {group: Role[name.upper()] for group, name in found.items()}


def _pairs(text: str, form: str) -> dict[str, str]:
    """`A=B,A=B` as a mapping; what stands before the last `=` is the key. Raises ValueError."""
    pairs = [item.strip().rpartition("=") for item in text.split(",") if item.strip()]
    if not all(key and value for key, _, value in pairs):
        raise ValueError(f"give {form},{form}")
    return {key: value for key, _, value in pairs}


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

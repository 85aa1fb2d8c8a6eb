"""What the guard is told at start."""

from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from guard_svc.breaker import BreakerLimits
from placet.llm.chat import ModelSettings
from placet.rpc.settings import ServiceSettings

OPENAI_URL: Final = "https://api.openai.com/v1"
OPENAI_MODEL: Final = "gpt-4.1-mini"
# One-model servers take any name; this one has no reviewer profile, so the careful default applies.
LOCAL_MODEL: Final = "default"


class GuardSettings(ServiceSettings):
    """Settings of the guard; environment variables PLACET_GUARD_*, and those that name the model."""

    model_config = SettingsConfigDict(
        env_prefix="PLACET_GUARD_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    audit_address: str
    """Where the audit service listens."""

    scopes_dir: Path
    """Holds the scope files, *.yaml and *.yml; read at start."""

    approval_key: Path
    """P-256 private key (PEM, mode 0600) that signs approvals."""

    callers_file: Path | None = None
    """YAML that maps caller names to globs of scope names; without it every caller may use every scope."""

    profiles_file: Path | None = None
    """What reviewer models are worth (docs/reviewer-profiles.md); without it, our own measurements."""

    audience: str = Field("local", min_length=1, max_length=128)
    """The executor pool that approvals are for when a request names none."""

    approval_ttl_s: int = Field(300, ge=1, le=86_400)
    """How long an approval holds, in seconds."""

    breaker_in_a_row: int = Field(3, ge=0, le=1000)
    """Denied programs one after the other after which a caller pauses in a scope; 0: never."""

    breaker_of_recent: int = Field(10, ge=0, le=1000)
    """Denied programs among the last `breaker_recent` after which a caller pauses in a scope; 0: never."""

    breaker_recent: int = Field(50, ge=1, le=1000)
    """How many programs of a caller in a scope are looked back on."""

    breaker_pause_s: int = Field(300, ge=1, le=86_400)
    """How long a pause is, in seconds."""

    review_timeout_s: float = Field(120.0, ge=10, le=900)
    """The longest that a review or a screening may take, and one request to the model, in seconds."""

    cache_ttl_s: int = Field(3600, ge=0, le=604_800)
    """How long a verdict is remembered, in seconds; 0: not at all."""

    extra_rules: Literal["none", "bandit"] = "none"
    """Rules beside our own: `bandit` needs `pip install -r requirements/bandit.txt`."""

    reviewer_model: str = Field("", validation_alias="PLACET_REVIEWER_MODEL")
    """Name of the model that reviews, and of its profile; empty means the usual one of the endpoint."""

    openai_base_url: str = Field(OPENAI_URL, validation_alias="OPENAI_BASE_URL")
    """Any OpenAI-compatible endpoint."""

    openai_api_key: SecretStr = Field(SecretStr(""), validation_alias="OPENAI_API_KEY")

    @property
    def breaker(self) -> BreakerLimits:
        """When callers pause."""
        return BreakerLimits(
            self.breaker_in_a_row, self.breaker_of_recent, self.breaker_recent, self.breaker_pause_s
        )

    @property
    def model(self) -> ModelSettings:
        """The endpoint and model to ask."""
        usual = OPENAI_MODEL if self.openai_base_url == OPENAI_URL else LOCAL_MODEL
        name = self.reviewer_model or usual
        return ModelSettings(
            self.openai_base_url,
            self.openai_api_key.get_secret_value(),
            name,
            timeout_s=self.review_timeout_s,
            only_this_model=name != LOCAL_MODEL,
        )

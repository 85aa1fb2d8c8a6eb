"""The generator's settings, from the environment (docs/settings.md)."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from placet.llm.chat import ModelSettings
from placet.rpc.settings import ServiceSettings

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_MODEL = "gpt-4.1-mini"
# One-model servers take any name; this one has no reviewer profile, so the careful default applies.
LOCAL_MODEL = "default"


class GeneratorSettings(ServiceSettings):
    """What `python -m generator_svc` needs to know."""

    model_config = SettingsConfigDict(env_prefix="PLACET_GENERATOR_")

    audit_address: str
    guard_address: str
    executor_address: str

    model: str = ""
    """Name of the model; empty means the usual one of the endpoint."""

    openai_base_url: str = Field(default=OPENAI_URL, validation_alias="OPENAI_BASE_URL")
    openai_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="OPENAI_API_KEY")

    model_timeout_s: float = Field(default=240.0, gt=0, le=900)
    """The longest that one request to the model may take."""

    max_program_tokens: int = Field(default=1500, ge=64, le=16384)
    max_concurrent_tasks: int = Field(default=16, ge=1, le=1024)
    """Each holds its inputs (at most 64 MiB) in memory."""

    max_queued_tasks: int = Field(default=64, ge=0, le=4096)
    """Tasks that wait for their turn to be one of those; their inputs are not read yet."""

    max_waiting_tasks: int = Field(default=16, ge=0, le=1024)
    """Tasks that wait for people, beside those; each holds as much."""

    @property
    def chat(self) -> ModelSettings:
        """How to reach the model."""
        usual = OPENAI_MODEL if self.openai_base_url == OPENAI_URL else LOCAL_MODEL
        return ModelSettings(
            base_url=self.openai_base_url,
            api_key=self.openai_api_key.get_secret_value(),
            model=self.model or usual,
            timeout_s=self.model_timeout_s,
        )

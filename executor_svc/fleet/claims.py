"""The process beside a front that holds workers of agent-sandbox for it (docs/kubernetes.md).

It alone in its pod has a token. It keeps claims, writes the addresses of workers that are ready into the file
that the front watches, and gives everything back at the end. It connects to no worker.
"""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import structlog
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from executor_svc.fleet.claim_api import ApiFailed, ClaimApi, Place
from executor_svc.fleet.claimed import plan
from placet.durable import replace_file
from placet.environment import load
from placet.rpc.telemetry import configure_logging

LOOK_S: Final = 1.0
"""How often claims are looked at."""

_log = structlog.get_logger()


class ClaimsSettings(BaseSettings):
    """PLACET_CLAIMS_*; see docs/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix="PLACET_CLAIMS_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    front: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
    """The name of this pod, which its claims carry."""
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    warm_pool: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
    workers: Annotated[int, Field(ge=1, le=256)]
    """How many claims to hold."""
    file: Path
    """Gets the workers' addresses, one a line."""
    worker_port: Annotated[int, Field(ge=1, le=65535)] = 7443
    api: Annotated[str, Field(pattern=r"^https?://[^/\s]+$")] = "https://kubernetes.default.svc"
    token_file: Path
    ca_file: Path | None = None
    """The authority of the API's certificate; without it, those that this system trusts."""
    lifetime_s: Annotated[int, Field(ge=60, le=86_400)] = 600
    """How long claims outlive this process, in seconds, when it dies without giving them back."""


@dataclass
class Keeper:
    """Keeps the claims of one front."""

    api: ClaimApi
    settings: ClaimsSettings
    _written: tuple[str, ...] | None = None

    def look(self, now: datetime) -> None:
        """One round: replace what ended, put off what lives, tell the front. Raises ApiFailed and OSError."""
        lifetime = timedelta(seconds=self.settings.lifetime_s)
        chosen = plan(self.api.claims(), self.settings.workers, now, lifetime)
        self._tell(chosen.addresses)  # first: the front must not be sent to a worker that goes
        for name in chosen.delete:
            self.api.delete(name)
        for name in chosen.put_off:
            self.api.put_off(name, now + lifetime)
        for _ in range(chosen.make):
            self.api.make(now + lifetime)

    def give_back(self) -> None:
        """Delete every claim: the front has ended. Raises ApiFailed and OSError."""
        self._tell(())
        for claim in self.api.claims():
            self.api.delete(claim.name)

    def _tell(self, addresses: tuple[str, ...]) -> None:
        if addresses == self._written:
            return
        port = self.settings.worker_port
        lines = [f"[{each}]:{port}\n" if ":" in each else f"{each}:{port}\n" for each in addresses]
        replace_file(self.settings.file, "".join(lines))
        self._written = addresses
        _log.info("workers", ready=len(addresses), wanted=self.settings.workers)


def keep(keeper: Keeper, stopping: threading.Event) -> None:
    """Look again and again until told to stop. While the API fails, what was told last holds."""
    while not stopping.wait(LOOK_S):
        try:
            keeper.look(datetime.now(UTC))
        except (ApiFailed, OSError) as error:
            _log.warning("claims_not_looked_at", error=str(error)[:300])


def main() -> int:
    """Until SIGTERM. Exit code 2 for unusable settings (see `load`)."""
    settings = load(ClaimsSettings)
    configure_logging("claims")
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    place = Place(settings.api, settings.namespace, settings.warm_pool, settings.front)
    api = ClaimApi(place, token=settings.token_file, ca=settings.ca_file)
    keeper = Keeper(api, settings)
    try:
        keep(keeper, stopping)
        keeper.give_back()
    except (ApiFailed, OSError) as error:
        _log.warning("claims_not_given_back", error=str(error)[:300])  # they expire
    finally:
        api.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

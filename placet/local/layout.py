"""Where everything lies under one state directory. Paths only; creates and reads nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MAX_SOCKET_PATH_BYTES = 100  # sun_path holds 108 on Linux and 104 elsewhere, including the final NUL


def default_state(environ: Mapping[str, str] = os.environ) -> Path:
    """$PLACET_STATE, else placet under the XDG state directory."""
    if chosen := environ.get("PLACET_STATE"):
        return Path(chosen).expanduser().absolute()
    base = environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "placet"


@dataclass(frozen=True)
class Layout:
    """The paths of one stack; `state` is absolute."""

    state: Path

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def keys(self) -> Path:
        return self.state / "keys"

    @property
    def trusted(self) -> Path:
        """Public keys whose approvals the executor accepts."""
        return self.keys / "trusted"

    @property
    def approval_key(self) -> Path:
        return self.keys / "approval.key"

    @property
    def audit_key(self) -> Path:
        return self.keys / "audit.key"

    @property
    def audit_vkey(self) -> Path:
        return self.keys / "audit.vkey"

    def reviewer_key(self, user: str) -> Path:
        return self.keys / f"reviewer-{user}.key"

    @property
    def scopes(self) -> Path:
        return self.state / "scopes"

    @property
    def audit(self) -> Path:
        return self.state / "audit"

    @property
    def run(self) -> Path:
        """What exists only while the stack runs, and the logs."""
        return self.state / "run"

    @property
    def stack(self) -> Path:
        return self.run / "stack.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives; holds its process id."""
        return self.run / "lock"

    @property
    def progress(self) -> Path:
        """One JSON line per step of a start in the background."""
        return self.run / "progress.jsonl"

    @property
    def console_url(self) -> Path:
        """Where browsers find the console. It stays, so that it is found at the same address next time."""
        return self.run / "console.url"

    @property
    def console_views(self) -> Path:
        """Searches that people keep."""
        return self.state / "console-views.json"

    @property
    def model_key(self) -> Path:
        return self.run / "model.key"

    def address_file(self, name: str) -> Path:
        return self.run / f"{name}.addr"

    def log(self, name: str) -> Path:
        return self.run / f"{name}.log"

    def listen(self, name: str) -> str:
        """Where a service listens: a socket only this user reaches, or loopback when the path is too long."""
        socket = self.run / f"{name}.sock"
        return f"unix:{socket}" if len(os.fsencode(socket)) <= MAX_SOCKET_PATH_BYTES else "127.0.0.1:0"

    def directories(self) -> tuple[Path, ...]:
        return (self.state, self.pki, self.keys, self.trusted, self.scopes, self.audit, self.run)

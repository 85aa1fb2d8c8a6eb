"""The audit service and `placet witness`, each a process: what is published, and what stops the service."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc

from placet.audit.checkpoint import CheckpointRefused, LogSigner
from placet.audit.merkle import leaf_hash
from placet.audit.tiles import names_for, unbundle
from placet.audit.trust import TrustPolicy, parse_policy
from placet.rpc.channel import connect
from placet.rpc.identity import service_uri
from tests.fakes.rpc import Authority
from tests.fakes.witnesses import running
from tests.property.test_merkle import plain_root
from tests.unit.audit.test_cosignature import PUBLIC_WITNESS

PATIENCE_S = 90.0
ORIGIN = "placet.local/log"


class Service:
    """An audit service whose settings are its environment."""

    def __init__(self, directory: Path, authority: Authority) -> None:
        self.files = directory / "log"
        self.files.mkdir()
        self._directory, self._authority = directory, authority
        self._tls = authority.service("audit")
        self.signer = LogSigner.generate(ORIGIN)
        self.signer.save(directory / "key")
        self.said = directory / "said"

    @contextmanager
    def started(self, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
        own = {
            "LISTEN": f"unix:{self._directory}/s",
            "TLS_CA": str(self._tls.ca),
            "TLS_CERT": str(self._tls.cert),
            "TLS_KEY": str(self._tls.key),
            "DATABASE": str(self.files / "audit.sqlite"),
            "CHECKPOINT_FILE": str(self.files / "checkpoint"),
            "LOG_KEY": str(self._directory / "key"),
            "HEARTBEAT_S": "0.5",
            "TILES_LISTEN": "127.0.0.1:0",
            "WITNESS_INTERVAL_S": "0.05",
        }
        environment = {f"PLACET_AUDIT_{name}": value for name, value in (own | settings).items()}
        with self.said.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "audit_svc"],
                env={"PATH": os.environ["PATH"], **environment},
                stderr=said,
                cwd=Path(__file__).parents[2],
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    async def checkpoint(self) -> pb.GetCheckpointResponse:
        """As its gRPC service gives it."""
        peer = self._authority.peer(service_uri("guard"))
        async with connect(f"unix:{self._directory}/s", peer, server="audit") as channel:
            stub = audit_pb2_grpc.AuditServiceStub(channel)
            answer: pb.GetCheckpointResponse = await stub.GetCheckpoint(pb.GetCheckpointRequest())
            return answer

    def url(self) -> str:
        """Where its tiles are, as it says itself."""
        until(lambda: "tiles_served" in self.said.read_text(), self.said)
        found = re.search(r"http://[0-9.:]+", self.said.read_text())
        assert found
        return found[0]


def until(condition: object, said: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    assert callable(condition)
    while not condition():
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.05)


@pytest.fixture
def service(tmp_path: Path, authority: Authority) -> Service:
    return Service(tmp_path, authority)


def policy_file(tmp_path: Path, ready: dict[str, str]) -> Path:
    path = tmp_path / "policy"
    path.write_text(f"witness security {ready['vkey']} {ready['url']}\nquorum security\n")
    return path


def trusted_size(http: httpx.Client, url: str, policy: TrustPolicy, service: Service) -> int:
    try:
        note = http.get(f"{url}/checkpoint").text
        return policy.open(note, [service.signer.verifier]).checkpoint.size
    except (CheckpointRefused, httpx.HTTPError):
        return 0


def test_a_stranger_can_check_the_whole_log_over_http(service: Service, tmp_path: Path) -> None:
    key = service.signer.verifier
    with running(tmp_path / "w", key.vkey) as (_, ready), httpx.Client(trust_env=False) as http:
        path = policy_file(tmp_path, ready)
        policy = parse_policy(path.read_bytes())
        with service.started(WITNESS_POLICY=str(path), TILES_ENTRIES="true") as process:
            url = service.url()
            until(lambda: trusted_size(http, url, policy, service) >= 2, service.said)
            checkpoint = policy.open(http.get(f"{url}/checkpoint").text, [key]).checkpoint
            (name,) = names_for(checkpoint.size)
            hashes = http.get(f"{url}/{name.path}").content
            records = unbundle(http.get(f"{url}/{name.path.replace('tile/0/', 'tile/entries/')}").content)
            witnessed = asyncio.run(service.checkpoint()).witnessed
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0

    assert b"".join(map(leaf_hash, records)) == hashes
    assert plain_root([leaf_hash(record) for record in records]) == checkpoint.root
    assert b'"kind":"log_started"' in records[0]
    assert policy.open(witnessed, [key]).checkpoint.size >= checkpoint.size


def test_a_service_whose_files_were_restored_from_a_backup_does_not_start(
    service: Service, tmp_path: Path
) -> None:
    """§12.10: the backup holds the checkpoint file as well, so only the witness can tell."""
    with (
        running(tmp_path / "w", service.signer.verifier.vkey) as (_, ready),
        httpx.Client(trust_env=False) as http,
    ):
        path = policy_file(tmp_path, ready)
        policy = parse_policy(path.read_bytes())
        with service.started(WITNESS_POLICY=str(path)):
            url = service.url()
            until(lambda: trusted_size(http, url, policy, service) >= 1, service.said)
        shutil.copytree(service.files, tmp_path / "backup")
        with service.started(WITNESS_POLICY=str(path)):
            url = service.url()
            until(lambda: trusted_size(http, url, policy, service) >= 4, service.said)
        shutil.rmtree(service.files)
        shutil.copytree(tmp_path / "backup", service.files)

        with service.started(WITNESS_POLICY=str(path)) as process:
            assert process.wait(PATIENCE_S) != 0
    assert "The witness security holds a checkpoint" in service.said.read_text()
    assert "rolled back" in service.said.read_text()


def test_a_service_without_its_witness_starts_and_answers_all_the_same(
    service: Service, tmp_path: Path
) -> None:
    """§12.8."""
    with running(tmp_path / "w", service.signer.verifier.vkey) as (_, ready):
        path = policy_file(tmp_path, ready)
    with service.started(WITNESS_POLICY=str(path)), httpx.Client(trust_env=False) as http:
        url = service.url()
        size = lambda: service.signer.verifier.open(http.get(f"{url}/checkpoint").text).size  # noqa: E731
        until(lambda: size() >= 3, service.said)


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ("quorum nobody\n", "line 1"),
        ("witness a b\nquorum none\n", "line 1"),
        ("", "quorum"),
        (f"witness a {PUBLIC_WITNESS}\nquorum a\n", "have no URL"),
    ],
)
def test_a_service_with_a_wrong_policy_does_not_start(
    service: Service, tmp_path: Path, policy: str, why: str
) -> None:
    (tmp_path / "policy").write_text(policy)
    with service.started(WITNESS_POLICY=str(tmp_path / "policy")) as process:
        assert process.wait(PATIENCE_S) != 0
    assert why in service.said.read_text()

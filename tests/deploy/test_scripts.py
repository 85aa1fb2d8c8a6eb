"""deploy/install.sh against a kubectl that writes down what it is asked; deploy/verify."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from placet.approval.keys import KeySet, SigningKey
from placet.audit.checkpoint import LogSigner
from tests.deploy.kit.manifests import DEPLOY, Pod, tool
from tests.deploy.kit.restricted import problems

KUBECTL = """#!/bin/bash
# Writes its arguments down, keeps the files that it is given, and knows the objects in $KNOWN.
echo "$*" >> "$BOOK"
case "$*" in
  kustomize*) cat "$RENDERED" ;;
  *" get secret placet-approval-key"*) base64 -w0 "$KEPT/approval.key" ;;
  *--ignore-not-found*) for known in $KNOWN; do [[ "$*" != *"$known"* ]] || echo "$known"; done ;;
  "-n placet get deployment,statefulset"*) printf 'deployment.apps/guard\\n' ;;
esac
for argument in "$@"; do
  case "$argument" in --from-file=*) cp "${argument#--from-file=}" "$KEPT/" ;; esac
done
exit 0
"""


class Cluster:
    """A directory with the fake, its book and what was given to it."""

    def __init__(self, directory: Path) -> None:
        self.kept, self.book, self.rendered = (
            directory / "kept",
            directory / "book",
            directory / "rendered.yaml",
        )
        self.kept.mkdir()
        self.rendered.write_text("kind: Nothing\n")
        fake = directory / "bin" / "kubectl"
        fake.parent.mkdir()
        fake.write_text(KUBECTL)
        fake.chmod(0o755)
        self.path = f"{fake.parent}:{os.environ['PATH']}"

    def install(self, *arguments: str, known: str = "") -> subprocess.CompletedProcess[str]:
        environment = {"BOOK": self.book, "KEPT": self.kept, "RENDERED": self.rendered, "KNOWN": known}
        return subprocess.run(
            [DEPLOY / "install.sh", *arguments],
            env={"PATH": self.path, **{name: str(value) for name, value in environment.items()}},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def asked(self) -> list[str]:
        return self.book.read_text().splitlines() if self.book.exists() else []


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here")
    return Cluster(tmp_path)


def test_the_first_installation_makes_keys_that_the_services_can_use(cluster: Cluster) -> None:
    done = cluster.install("trial")
    assert done.returncode == 0, done.stderr
    key = cluster.kept / "approval.key"
    key.chmod(0o600)
    (cluster.kept / "log.key").chmod(0o600)
    signature = SigningKey.load(key).sign(b"x")
    trusted = KeySet.load(cluster.kept)
    assert [each.verifies(signature, b"x") for each in trusted.trusted.values()] == [True]
    assert (cluster.kept / "revoked.txt").read_text() == ""
    LogSigner.load(cluster.kept / "log.key", "trial.placet.local/log")
    made = [line.split(" --from-file")[0] for line in cluster.asked if " create " in line]
    assert made == [
        "-n placet create secret generic placet-approval-key",
        "-n placet create secret generic placet-log-key",
        "-n placet create configmap placet-keys",
        "-n placet-sandbox create configmap placet-keys",
    ]
    assert any(line.startswith("-n placet rollout status deployment.apps/guard") for line in cluster.asked)


def test_an_installation_that_is_repeated_makes_no_key(cluster: Cluster) -> None:
    known = "secret/placet-approval-key secret/placet-log-key configmap/placet-keys"
    assert cluster.install("trial", known=known).returncode == 0
    assert not [line for line in cluster.asked if " create " in line]
    assert not list(cluster.kept.iterdir())


def test_an_overlay_without_digests_is_not_applied(cluster: Cluster) -> None:
    cluster.rendered.write_text(f"image: placet/services@sha256:{'0' * 64}\n")
    done = cluster.install("trial")
    assert done.returncode == 1
    assert "digests" in done.stderr
    assert not [line for line in cluster.asked if "apply" in line or "create" in line]


@pytest.mark.parametrize("script", ["install.sh", "verify.sh"])
def test_a_script_says_how_it_is_used(script: str) -> None:
    said = subprocess.run([DEPLOY / script, "--help"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith(f"usage: deploy/{script} OVERLAY")
    wrong = subprocess.run([DEPLOY / script, "no-such-overlay"], capture_output=True, text=True, check=False)
    assert wrong.returncode != 0
    assert "no overlay" in wrong.stderr


def test_what_verify_puts_into_a_cluster_is_as_restricted_as_the_rest() -> None:
    rendered = subprocess.run(
        [tool("kubectl"), "kustomize", DEPLOY / "verify"], check=True, capture_output=True, text=True
    ).stdout
    found = {}
    for item in yaml.load_all(rendered, Loader=yaml.CSafeLoader):
        if item["kind"] in {"Job", "Deployment"}:
            about, template = item["metadata"], item["spec"]["template"]
            pod = Pod(
                "Job", about["name"], about["namespace"], template["metadata"]["labels"], template["spec"]
            )
            found[f"{pod.namespace}/{pod.name}"] = {
                problem for problem in problems(pod) if "digest" not in problem
            }
    assert found.pop("placet-sandbox/canary") == set()
    assert set().union(*found.values()) <= {"it has no account of its own", "it has no priority"}
    assert len(found) == 3


def test_the_canary_tells_what_is_open_from_what_is_closed(tmp_path: Path) -> None:
    """On loopback: a port that listens, one that does not; each wrongly expected is said to be WRONG."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        there = f"tcp:127.0.0.1:{listening.getsockname()[1]}"
        nobody = f"tcp:127.0.0.1:{unused.getsockname()[1]}"

        def reach(**given: str) -> tuple[int, str]:
            done = subprocess.run(
                [sys.executable, DEPLOY / "verify" / "reach.py"],
                env=given,
                capture_output=True,
                text=True,
                check=False,
            )
            return done.returncode, done.stdout.splitlines()[-1]

        assert reach(OPEN=there, CLOSED=nobody) == (0, "reach: all 2 as it must be")
        assert reach(CLOSED=f"{there} {nobody}") == (1, f"reach: WRONG {there}")
        assert reach(OPEN=nobody) == (1, f"reach: WRONG {nobody}")
        assert reach() == (1, "reach: all 0 as it must be")

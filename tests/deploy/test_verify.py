"""deploy/verify.sh against a kubectl that plays a cluster: nothing that is wrong passes for right."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.deploy.kit.manifests import DEPLOY

KUBECTL = """#!/bin/bash
# Writes its arguments down and answers as an installed cluster does that refuses what it must, but for $OPEN.
echo "$*" >> "$BOOK"
no() { [ "$OPEN" = "$1" ] && exit 0; echo "denied by $1: no" >&2; exit 1; }
case "$*" in
  kustomize*) printf 'kind: Nothing\\n' ;;
  "apply --dry-run=server"*) cat >/dev/null ;;
  "-n placet-sandbox get deployment,statefulset"*) echo deployment.apps/worker ;;
  "-n placet get deployment,statefulset"*) printf '%s\\n' deployment.apps/guard statefulset.apps/postgres ;;
  *"get configmap sandbox-policy"*) printf gvisor ;;
  "-n placet-sandbox get certificate -o"*) printf worker ;;
  "-n placet get certificate -o"*) printf 'guard audit' ;;
  *"get certificate "*revision*) printf 4 ;;
  *"get certificate "*secretName*) set -- $*; printf '%s-tls' "$5" ;;
  *"get pod worker-1 -o json") echo '{"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {}}' ;;
  *"items[*]}{.metadata.name}"*) echo worker-1 gvisor ;;
  *"get pod -l"*metadata.name*) printf worker-1 ;;
  *"exec worker-1"*|*"attach worker-1"*|*"debug worker-1"*|*"pods/worker-1:9464/proxy"*) no doors ;;
  "create --dry-run=server -f -")
    case "$(cat)" in *bare*) no made-by ;; *NetworkPolicy*) no egress ;; *Certificate*) no service ;; esac ;;
  *"delete networkpolicy"*) no kept ;;
  "create clusterrolebinding"*) no accounts ;;
  "label namespace"*) no level ;;
  *"logs job/call"*) printf '%s\\n' "$CALLED" ;;
  *" logs "*) echo "reach: as it should be" ;;
esac
"""


class Cluster:
    """A directory with the fake and its book. Nobody sleeps here."""

    def __init__(self, directory: Path) -> None:
        self.book = directory / "book"
        self.programs = directory / "bin"
        self.programs.mkdir()
        for name, text in (("kubectl", KUBECTL), ("sleep", "#!/bin/sh\n")):
            (self.programs / name).write_text(text)
            (self.programs / name).chmod(0o755)

    def verify(
        self, *arguments: str, called: str = "going on\ncall: 9 of 9 ran", lets_in: str = ""
    ) -> tuple[int, list[str]]:
        """Exit code, and the lines that say WRONG."""
        done = subprocess.run(
            [DEPLOY / "verify.sh", "trial", *arguments],
            env={
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "BOOK": str(self.book),
                "CALLED": called,
                "OPEN": lets_in,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert "ok     every object is accepted" in done.stdout, done.stderr
        return done.returncode, [line for line in done.stdout.splitlines() if line.startswith("WRONG")]

    @property
    def asked(self) -> list[str]:
        return self.book.read_text().splitlines()


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path)


def test_a_cluster_that_is_as_it_should_be_is_found_so_and_left_as_it_was(cluster: Cluster) -> None:
    """Nothing is restarted unless that was asked for; what was put there is taken away."""
    assert cluster.verify() == (0, [])
    assert not [line for line in cluster.asked if "restart" in line or "delete secret" in line]
    assert "--ignore-not-found" in cluster.asked[-1]


@pytest.mark.parametrize("door", ["doors", "made-by", "egress", "kept", "accounts", "level", "service"])
def test_a_door_that_is_open_is_named(cluster: Cluster, door: str) -> None:
    code, wrong = cluster.verify(lets_in=door)
    assert code == 1
    assert wrong
    assert all(line.endswith("was let in") for line in wrong)


def test_a_program_that_does_not_run_is_wrong(cluster: Cluster) -> None:
    code, wrong = cluster.verify(called="call: WRONG DENIED after 0 that ran")
    assert code == 1
    assert [line for line in wrong if "WRONG DENIED after 0" in line]


def test_under_load_every_workload_but_the_database_and_every_certificate_is_replaced(
    cluster: Cluster,
) -> None:
    """One after the other, each awaited, and the programs are told at the end that it was enough."""
    assert cluster.verify("--turnover") == (0, [])
    done = [
        line
        for line in cluster.asked
        if any(
            word in line for word in ("rollout restart", "delete secret", "wait certificate", "exec job/call")
        )
    ]
    assert [line.split(" --")[0] for line in done] == [
        "-n placet rollout restart deployment.apps/guard",
        "-n placet-sandbox rollout restart deployment.apps/worker",
        "-n placet delete secret guard-tls",
        "-n placet wait certificate guard",
        "-n placet delete secret audit-tls",
        "-n placet wait certificate audit",
        "-n placet-sandbox delete secret worker-tls",
        "-n placet-sandbox wait certificate worker",
        "-n placet-verify exec job/call",
    ]
    assert "{.status.revision}=5" in done[3]


def test_programs_that_fail_while_everything_is_replaced_are_told(cluster: Cluster) -> None:
    code, wrong = cluster.verify("--turnover", called="going on\ncall: WRONG UNAVAILABLE after 17 that ran")
    assert code == 1
    assert [line for line in wrong if "after 17" in line]


def test_nothing_is_replaced_where_no_program_runs(cluster: Cluster) -> None:
    """An installation that does not work is not restarted to see whether it still does."""
    code, wrong = cluster.verify("--turnover", called="call: WRONG DENIED after 0 that ran")
    assert code == 1
    assert "WRONG  no program ran, so nothing was replaced" in wrong
    assert not [line for line in cluster.asked if "restart" in line or "delete secret" in line]

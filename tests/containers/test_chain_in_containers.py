"""The built images as the manifests run them: the whole chain, and who reaches whom.

One set of containers for all of these, so they stand in one module.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.containers.kit.cluster import INSIDE, LOG, PORTS, SERVICES, WORKERS, Cluster
from tests.deploy.kit.manifests import CHAIN

pytestmark = pytest.mark.timeout(540)


def solve(cluster: Cluster, scope: str) -> dict[str, Any]:
    """What a caller gets who asks for the mean of 10 and 20."""
    script = (INSIDE / "solve.py").read_text()
    options = (cluster.secret("insights", "placet-tls"),)
    told = cluster.once("caller", "-c", script, "Mean price?", scope, options=options, check=False)
    last = told.strip().splitlines()[-1]
    assert last.startswith("{"), told + cluster.logs()
    answer: dict[str, Any] = json.loads(last)
    return answer


def test_a_task_is_solved_through_all_containers(cluster: Cluster) -> None:
    answer = solve(cluster, "any-tier")
    assert (answer["outcome"], answer["stdout"]) == ("DONE", "15.0\n")

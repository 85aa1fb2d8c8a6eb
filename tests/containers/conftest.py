"""The cluster of containers, once for all tests of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.containers.kit import engine
from tests.containers.kit.cluster import Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Images built, everything started and ready. Skipped, by name, where containers cannot be."""
    engine.needed()
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running

"""One started sandbox per tier and module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from executor_svc.sandbox import Sandbox
from tests.conformance import sandbox_kit


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["T1", "T0"])
async def sandbox(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Sandbox]:
    """Namespaces where possible, and the same without them."""
    directory = tmp_path_factory.mktemp("sandbox")
    for path in (directory, *directory.parents):
        if path.owner() == "root" and path.is_relative_to("/tmp") and str(path) != "/tmp":
            path.chmod(0o755)
    async with sandbox_kit.opened(request.param, directory) as started:
        yield started

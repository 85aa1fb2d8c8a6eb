"""Shared by all contract tests: one certificate authority per session."""

from __future__ import annotations

import pytest

from tests.fakes.rpc import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Issues certificates for services and peers; see tests/fakes/rpc.py `serving`."""
    return Authority.make(tmp_path_factory.mktemp("pki"))

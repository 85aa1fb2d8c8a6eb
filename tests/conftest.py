"""Shared by all tests: one PostgreSQL server per session, started when the first test asks for it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.audit_world import World
from tests.fakes.postgres import Cluster, Database, binaries
from tests.fakes.postgres_world import PostgresWorld
from tests.fakes.workers import Ground, Worker


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is collected stays until the end: garbage is not looked for in it, neither now nor at any time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A running server; a test that stops it must start it again."""
    if binaries() is None:
        pytest.skip("PostgreSQL is not installed (deploy/setup.sh dev)")
    with Cluster.make() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """What workers and their fronts believe in."""
    return Ground.make(tmp_path_factory.mktemp("workers"))


@pytest.fixture(scope="session")
def worker(ground: Ground) -> Iterator[Worker]:
    """A worker process that serves; a test that ran anything on it leaves it to begin anew."""
    with ground.workers("shared") as (made,):
        yield made


@pytest.fixture
def postgres_log(postgres: Cluster) -> Database:
    """A database of its own, with an empty log's tables."""
    return postgres.new_log()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=40, help="how often the log's process is killed, per store")


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> int:
    """How often a log's process is killed; `--kills 500` before a release."""
    return int(request.config.getoption("--kills"))


@pytest.fixture(params=["sqlite", "postgres"])
def log_world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """An empty log, in either database: what is asked of a log is asked of both."""
    if request.param == "sqlite":
        return World(tmp_path)
    return PostgresWorld.make(tmp_path, request.getfixturevalue("postgres_log"))

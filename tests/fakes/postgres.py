"""A PostgreSQL server of its own for tests: Debian's binaries, a temporary directory, a unix socket.

    with Cluster.make() as cluster:
        database = cluster.new_log()            # migrated, empty; new_database() has not even tables
        PostgresStore(database.as_service)
        cluster.crash()                         # all its processes end at once; start() recovers

It ends with the process that made it, however that ends. Whoever reaches the socket's directory (its
owner, root) may be any role, which is what tests of roles want.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psycopg

from audit_svc.store.postgres_schema import migrate
from audit_svc.store.roles import Roles
from placet.audit.postgres import connect

SERVER_USER: Final = "postgres"
"""Who runs the server when the tests run as root: PostgreSQL refuses to be root."""
START_S: Final = 30.0
TEMPLATE: Final = "log_template"
ROOM: Final = 2 << 30


def _in_memory() -> Path | None:
    """A directory whose fsync costs nothing; a killed process loses as little there as on a disk."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > ROOM else None


def binaries() -> Path | None:
    """The directory of the newest installed server's programs."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


@dataclass(frozen=True)
class Database:
    """One database of the cluster, and how each role reaches it."""

    socket: Path
    name: str

    def as_role(self, role: str) -> str:
        return f"postgresql://{role}@/{self.name}?host={self.socket}"

    @property
    def as_superuser(self) -> str:
        return self.as_role("postgres")

    @property
    def as_owner(self) -> str:
        return self.as_role(Roles().owner)

    @property
    def as_service(self) -> str:
        return self.as_role(Roles().service)

    @property
    def as_reader(self) -> str:
        return self.as_role(Roles().reader)


@dataclass
class Cluster:
    """A server in `directory`; see above."""

    directory: Path
    binaries: Path
    databases: int = 0
    _server: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @classmethod
    def make(cls, base: Path | None = None) -> Self:
        """Create its files in `base`, by default in memory where there is room.

        Raises FileNotFoundError without an installed server.
        """
        programs = binaries()
        if programs is None:
            raise FileNotFoundError("no PostgreSQL server under /usr/lib/postgresql: run deploy/setup.sh dev")
        # Not pytest's tmp_path: its parents are closed to other users, and a socket's path has 107 bytes.
        cluster = cls(Path(tempfile.mkdtemp(prefix="placet-pg-", dir=base or _in_memory())), programs)
        if os.getuid() == 0:
            user = pwd.getpwnam(SERVER_USER)
            os.chown(cluster.directory, user.pw_uid, user.pw_gid)
        cluster._run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8")
        return cluster

    def __enter__(self) -> Self:
        try:
            self.start()
            self._make_template()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def start(self) -> None:
        """Return once it takes connections."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.directory),
            "shared_buffers": "32MB",
            "max_connections": "40",
            "log_min_messages": "fatal",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "QUIT", self.binaries / "postgres", "-D", self.files, *options],
            stdout=subprocess.DEVNULL,
            stderr=(self.directory / "log").open("ab"),
            **self._user,
        )
        self._wait_until_it_answers()

    def crash(self) -> None:
        """End all its processes at once, without writing anything: the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End it in order; whoever is connected is cut off."""
        self._end(signal.SIGINT)

    def remove(self) -> None:
        """End it, and delete its files."""
        self.crash()
        shutil.rmtree(self.directory, ignore_errors=True)

    def new_database(self) -> Database:
        """A database without tables."""
        return self._create("template1")

    def new_log(self) -> Database:
        """A database with an empty log's tables."""
        return self._create(TEMPLATE)

    @property
    def files(self) -> Path:
        return self.directory / "data"

    def _create(self, template: str) -> Database:
        self.databases += 1
        name = f"log{self.databases}"
        self._execute(f"CREATE DATABASE {name} OWNER {Roles().owner} TEMPLATE {template}")
        return self._database(name)

    def _make_template(self) -> None:
        self._execute(*(f"CREATE ROLE {role} LOGIN" for role in Roles().all))
        self._execute(f"CREATE DATABASE {TEMPLATE} OWNER {Roles().owner}")
        with connect(self._database(TEMPLATE).as_owner, "tests") as owner:
            migrate(owner, Roles())

    def _execute(self, *statements: str) -> None:
        with psycopg.connect(self._database("postgres").as_superuser, autocommit=True) as db:
            for statement in statements:
                db.execute(statement)

    def _database(self, name: str) -> Database:
        return Database(self.directory, name)

    def _end(self, number: signal.Signals) -> None:
        if self._server:
            self._server.send_signal(number)
            self._server.wait(START_S)
            self._server = None

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self._database("postgres").as_superuser).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline or (self._server and self._server.poll() is not None):
                    raise RuntimeError((self.directory / "log").read_text()) from error
                time.sleep(0.02)
            else:
                return

    def _run(self, program: str, *arguments: str) -> None:
        command = [self.binaries / program, "-D", self.files, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **self._user)
        if done.returncode:
            raise RuntimeError(done.stderr)

    @property
    def _user(self) -> dict[str, object]:
        """Arguments of subprocess: another user's processes keep nothing of ours."""
        environment = {"env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, "cwd": self.directory}
        if os.getuid() != 0:
            return environment
        user = pwd.getpwnam(SERVER_USER)
        return {**environment, "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

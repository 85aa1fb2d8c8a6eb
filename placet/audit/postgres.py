"""How to reach a log's PostgreSQL database without trusting the network or keeping a password in a URL.

Knows libpq's connection strings. Must not know tables.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SCHEMA: Final = "placet"
"""The schema in which the tables of docs/audit-format.md §7 lie."""

SCHEMES: Final = ("postgresql", "postgres")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PATIENCE: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""Seconds, but for the last (milliseconds): after about ten a server that is gone counts as gone."""

Connection = psycopg.Connection[tuple[Any, ...]]


def is_address(text: str) -> bool:
    """Whether a text names a PostgreSQL database, not a file."""
    return urlsplit(text).scheme in SCHEMES


def checked(address: str) -> str:
    """The address with time limits, as libpq wants it.

    Raises ValueError when it names no host, holds a password, or would take any server on the network
    for the log's: hosts other than this machine's need `sslmode=verify-full`.
    """
    if not is_address(address):
        raise ValueError(f"the database's address must begin with {SCHEMES[0]}://")
    try:
        given = conninfo_to_dict(address)
    except psycopg.Error as error:
        raise ValueError(f"the database's address cannot be read: {error}") from error
    if "password" in given:
        raise ValueError("the database's address holds a password; put it in a file: passfile=/path")
    hosts = str(given.get("host") or given.get("hostaddr") or "").split(",")
    if not all(hosts):
        raise ValueError("the database's address names no host: host=/directory of a socket, or a name")
    if not all(map(_is_here, hosts)) and given.get("sslmode") != "verify-full":
        raise ValueError("a database on another machine needs sslmode=verify-full and sslrootcert=/path")
    return make_conninfo(address, **{name: value for name, value in _PATIENCE.items() if name not in given})


def connect(address: str, application: str) -> Connection:
    """A connection that sees the log's tables. Raises ValueError (see `checked`) and psycopg.Error."""
    db = psycopg.connect(checked(address), application_name=application, autocommit=True)
    try:
        # Not as a start option: poolers drop those. Nothing of ours is ever looked up elsewhere.
        db.execute(f"SET search_path = {SCHEMA}, pg_temp")
        db.execute("SET client_encoding = 'UTF8'")
    except BaseException:
        db.close()
        raise
    return db


def _is_here(host: str) -> bool:
    return host in _LOOPBACK or host.startswith(("/", "@"))

"""Create or update a log's tables in PostgreSQL, as their owner: `python -m audit_svc.migrate ADDRESS`.

The three roles must exist; whoever runs the database makes them once:

    CREATE ROLE placet_owner LOGIN;
    CREATE ROLE placet_log LOGIN;
    CREATE ROLE placet_auditor LOGIN;
    CREATE DATABASE placet OWNER placet_owner;

For example: python -m audit_svc.migrate 'postgresql://placet_owner@/placet?host=/run/postgresql'
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import psycopg

from audit_svc.store.postgres_schema import migrate
from audit_svc.store.roles import Roles
from audit_svc.store.types import SCHEMA_VERSION, StoreFailed
from placet.audit.postgres import connect


def main(arguments: Sequence[str]) -> int:
    """0 when the tables are those of this version; 1 and the reason otherwise, with nothing changed."""
    given = _parser().parse_args(arguments)
    try:
        roles = Roles(given.owner, given.service, given.reader)
        with connect(given.address, "placet-migrate") as db:
            steps = migrate(db, roles)
    except (ValueError, StoreFailed, psycopg.Error) as error:
        print(f"migrate: {error}", file=sys.stderr)
        return 1
    done = (
        f"reached schema {steps[-1]}" if steps else f"schema {SCHEMA_VERSION} is there; rights granted again"
    )
    print(f"migrate: {done}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    known = Roles()
    parser = argparse.ArgumentParser(
        prog="python -m audit_svc.migrate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("address", metavar="ADDRESS", help="postgresql://OWNER@HOST/DATABASE?passfile=FILE")
    for role, default in (("owner", known.owner), ("service", known.service), ("reader", known.reader)):
        parser.add_argument(f"--{role}", metavar="ROLE", default=default, help=f"default {default}")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

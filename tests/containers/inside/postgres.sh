#!/bin/bash
# What the PostgreSQL image does before it serves: an empty volume becomes a database, and what lies in
# /docker-entrypoint-initdb.d is run on it once.
set -euo pipefail
PATH="$(echo /usr/lib/postgresql/*/bin):$PATH"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --no-sync --username=postgres --encoding=UTF8 --auth=trust --pgdata "$PGDATA" >/dev/null
  pg_ctl --pgdata "$PGDATA" --wait --options="-c listen_addresses= -c unix_socket_directories=/var/run/postgresql" start >/dev/null
  for file in /docker-entrypoint-initdb.d/*.sql; do
    psql --host /var/run/postgresql --username postgres --set ON_ERROR_STOP=1 --quiet --file "$file"; done
  pg_ctl --pgdata "$PGDATA" --wait stop >/dev/null
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql "$@"

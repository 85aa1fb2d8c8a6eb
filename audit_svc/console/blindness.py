"""Whether somebody can still judge a verdict not knowing what others thought (docs/labels-format.md §2.5).

Knows the log's own record of who read what. When in doubt, they cannot.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from audit_svc.console.log import Log
from audit_svc.console.people import Person
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record, RecordInvalid

BLIND: Final = frozenset({"program", "task"})
"""Bodies that tell nothing of what anybody thought."""
MAX_READINGS: Final = 1000


async def has_seen(log: Log, person: Person, verdict: Entry) -> bool:
    """Whether the log has a reading by `person` of more of this verdict than its program and its task."""
    if not verdict.request_id:
        return True
    return await log.ask(partial(_has_seen, person.uri, verdict))


def _has_seen(uri: str, verdict: Entry, reader: LogReader) -> bool:
    query = Query(request_id=verdict.request_id, kind="records_read", limit=MAX_READINGS)
    readings = list(reader.find(query))
    return len(readings) == MAX_READINGS or any(_tells(entry, uri, verdict.index) for entry in readings)


def _tells(entry: Entry, uri: str, index: int) -> bool:
    try:
        body = Record.decode(entry.leaf).body
    except RecordInvalid:
        return True
    indexes, roles = body.get("indexes"), body.get("roles")
    if body.get("reader") != uri or not isinstance(indexes, list) or index not in indexes:
        return False
    return not isinstance(roles, list) or not BLIND.issuperset(map(str, roles))

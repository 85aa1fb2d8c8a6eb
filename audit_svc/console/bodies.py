"""Bodies of a record, for showing: put on record first, then read, then held against the record's digests.

Knows the order of these. Must not know what is in a body.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import grpc

from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.readings import Readings
from placet.audit.merkle import leaf_hash
from placet.audit.reader import Entry
from placet.audit.record import Record, body_digest
from placet.rpc.errors import ServiceError


def record_of(entry: Entry) -> Record:
    """The record of a row.

    Raises:
        ServiceError: DATA_LOSS/LOG_INCONSISTENT when its bytes do not give the hash beside them.
        RecordInvalid: they are no record.
    """
    if leaf_hash(entry.leaf) != entry.leaf_hash:
        raise _inconsistent(entry.index)
    return Record.decode(entry.leaf)


async def shown_to(person: Person, log: Log, entry: Entry, roles: Sequence[str]) -> Mapping[str, bytes]:
    """Bodies about to be shown to a person, by role; one that is erased is missing.

    Raises ServiceError: AUDIT_UNAVAILABLE when the reading cannot be put on record; LOG_INCONSISTENT.
    """
    kept = await log.ask(lambda reader: reader.kept(entry.index))
    wanted = [role for role in kept if role in roles]
    if not wanted:
        return {}
    await Readings(log.append).bodies(person.uri, entry, wanted)
    return await read(log, entry, wanted)


async def read(log: Log, entry: Entry, roles: Sequence[str]) -> Mapping[str, bytes]:
    """The same for the console's own work: nobody is shown them. Raises ServiceError LOG_INCONSISTENT."""
    digests = {ref.role: ref.sha256 for ref in record_of(entry).bodies}
    stored = await log.ask(lambda reader: reader.bodies(entry.index))
    found = [body for body in stored if body.role in roles]
    for body in found:
        if digests.get(body.role) != body_digest(body.salt, body.content):
            raise _inconsistent(entry.index)
    return {body.role: body.content for body in found}


def _inconsistent(index: int) -> ServiceError:
    return ServiceError(
        grpc.StatusCode.DATA_LOSS,
        "LOG_INCONSISTENT",
        f"Record {index} is not what was written. Decide nothing; run `placet audit verify` on the log.",
    )

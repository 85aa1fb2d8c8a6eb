"""What a person asks to be replayed, read from the fields of a form. Pure: must not know requests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from audit_svc.console.guards import LAYERS
from audit_svc.console.recorded import Period
from audit_svc.console.replay import Order
from placet.approval.reading import write_time
from placet.audit.columns import MAX_COLUMN
from placet.scope import MAX_DOCUMENT_BYTES, ScopeInvalid, load_scope

_FIELD_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?")


class Unfit(ValueError):  # noqa: N818 - named for the form
    """The form cannot be followed; the message says which field, and what to do."""


def read_order(fields: Mapping[str, str], guards: Sequence[str]) -> Order:
    """What the form asks for. Raises Unfit."""
    if fields["guard"] not in guards:
        raise Unfit("Choose one of the guards.")
    layers = fields["layers"]
    if layers not in LAYERS:
        raise Unfit("Choose rules, or rules and reviewer.")
    document = fields["document"].replace("\r\n", "\n").encode()
    scope = fields["scope"]
    if document.strip():
        scope = _scope_of(document)
    else:
        document = b""
    if len(scope) > MAX_COLUMN:
        raise Unfit("No scope has such a long name.")
    since, until = _time(fields["since"], "From"), _time(fields["until"], "Until")
    if until and since >= until:
        raise Unfit("Until is not after From.")
    return Order(fields["guard"], layers, Period(scope, since, until), document)  # type: ignore[arg-type]


def _scope_of(document: bytes) -> str:
    if len(document) > MAX_DOCUMENT_BYTES:
        raise Unfit(f"A scope document has at most {MAX_DOCUMENT_BYTES} bytes.")
    try:
        return load_scope(document).name
    except ScopeInvalid as error:
        raise Unfit(f"The scope document does not hold: {error}") from error


def _time(text: str, field: str) -> str:
    """A form's moment, which is UTC, as the log writes times; empty stays empty."""
    if not text:
        return ""
    if not _FIELD_TIME.fullmatch(text):
        raise Unfit(f"{field} is a date and a time, such as 2026-11-24T10:00; in UTC.")
    try:
        return write_time(datetime.fromisoformat(text).replace(tzinfo=UTC))
    except ValueError as error:
        raise Unfit(f"{field} is no date: {error}.") from error

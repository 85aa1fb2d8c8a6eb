"""`placet audit list` and `show`: what the log holds, for people and programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from rich.text import Text

from placet.answers import LogRecord
from placet.audit.record import Record, RecordInvalid
from placet.audit.sentences import sentence
from placet.audit.timeline import Moment, headline, timeline
from placet.cli.filters import identity, moment
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State, invocation
from placet.cli.machine import leaf_json
from placet.client import PlacetSync

MAX_RECORDS_OF_REQUEST: Final = 10_000


def list_(
    ctx: typer.Context,
    kind: Annotated[str, typer.Option("--kind", help="Records of this kind, like verdict_reached.")] = "",
    request: Annotated[str, typer.Option("--request", metavar="ID", help="Records of this request.")] = "",
    caller: Annotated[
        str,
        typer.Option("--caller", metavar="NAME", help="On whose behalf: a caller's name, or an identity."),
    ] = "",
    scope: Annotated[str, typer.Option("--scope", metavar="NAME", help="Records that name this scope.")] = "",
    verdict: Annotated[
        str, typer.Option("--verdict", help="ALLOWED, DENIED or NEEDS_REVIEW.", case_sensitive=False)
    ] = "",
    rule: Annotated[
        str, typer.Option("--rule", metavar="ID", help="Verdicts in which this rule found something.")
    ] = "",
    since: Annotated[
        str,
        typer.Option("--since", metavar="TIME", help="Not before: 2026-11-29, 2026-11-29T12:00, or 3h ago."),
    ] = "",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Before: the same.")] = "",
    text: Annotated[
        str, typer.Option("--text", metavar="WORDS", help="Records that have all these words.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most this many.")] = 50,
    newest: Annotated[bool, typer.Option("--newest", help="Newest first.")] = False,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Records, one a line. Filters are joined: a record must fit all of them.

    Examples:

        placet audit list --newest --limit 20

        placet audit list --verdict denied --caller reports --since 7d

        placet audit list --rule capability.process.os --text "subprocess" --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with PlacetSync.connect(here.state) as placet:
        found = placet.records(
            limit=limit,
            newest_first=newest,
            kind=kind,
            request_id=request,
            caller=identity(caller),
            scope=scope,
            verdict=verdict.upper(),
            rule=rule,
            since=moment(since),
            until=moment(until),
            text=text,
        )
    for record in found:
        show_line(here, record)
    return Exit.DONE


def show(
    ctx: typer.Context,
    what: Annotated[
        str, typer.Argument(metavar="RECORD|REQUEST", help="A record's number or a request's id.")
    ],
    request: Annotated[
        bool, typer.Option("--request", help="It is a request's id, although it is a number.")
    ] = False,
    state: State = None,
    as_json: Json = False,
) -> int:
    """One record with its kept bodies, or a request's whole life in order.

    Bodies are programs, prompts, findings and outputs. Reading them is itself recorded.

    Examples:

        placet audit show 12

        placet audit show 5f0c9d3b8a6e4c21b7d0f7a1c2e3d4f5

        placet audit show 5f0c9d3b8a6e4c21b7d0f7a1c2e3d4f5 --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with PlacetSync.connect(here.state) as placet:
        if what.isdecimal() and len(what) < 18 and not request:
            return _show_record(here, placet, int(what))
        return _show_request(here, placet, what)


def show_line(here: Invocation, record: LogRecord) -> None:
    """One record on one line."""
    if here.as_json:
        here.emit(leaf_json(record))
        return
    fields = leaf_json(record)
    actor = str(fields.get("actor", "")).removeprefix("spiffe://").partition("/")[2]
    head = f"{record.index:>6}  {str(fields.get('time'))[:23]}  {actor.removeprefix('svc/'):14}"
    request = f"  [{fields['request_id']}]" if fields.get("request_id") else ""
    here.out.print(Text(visible(f"{head} {_told(record)}{request}")))


def _told(record: LogRecord) -> str:
    try:
        return sentence(Record.decode(record.leaf))
    except RecordInvalid as error:
        return f"NOT A VALID RECORD: {error}"


def _show_record(here: Invocation, placet: PlacetSync, index: int) -> int:
    record, bodies = placet.record(index)
    texts = {role: content.decode(errors="replace") for role, content in bodies.items()}
    if here.as_json:
        here.emit({**leaf_json(record), "contents": texts})
        return Exit.DONE
    _show_fields(here, leaf_json(record), "")
    for role, text in texts.items():
        here.out.print(Text(f"--- {visible(role)}", style="bold"))
        here.out.print(Text(visible(text).rstrip("\n")))
    return Exit.DONE


def _show_request(here: Invocation, placet: PlacetSync, request_id: str) -> int:
    found = placet.records(request_id=request_id, limit=MAX_RECORDS_OF_REQUEST)
    records = [(each.index, Record.decode(each.leaf)) for each in found]
    kept = {index: placet.kept(index) for index, record in records if record.bodies}
    moments = timeline(records)
    if here.as_json:
        told = [{**each.to_json(), "kept": list(kept.get(each.index, ()))} for each in moments]
        here.emit({"request_id": request_id, "headline": headline(records), "moments": told})
        return Exit.DONE
    if not records:
        here.err.print(Text(visible(f"the log has no record of request {request_id}")))
        return Exit.DONE
    here.out.print(Text(visible(f"request {request_id}: {headline(records)}"), style="bold"))
    here.out.print(Text(f"begun {moments[0].time}, {len(moments)} records"))
    for each in moments:
        _show_moment(here, each, kept)
    return Exit.DONE


def _show_moment(here: Invocation, each: Moment, kept: Mapping[int, Sequence[str]]) -> None:
    here.out.print(Text(visible(f"{each.index:>6}  +{each.offset_s:<9.3f} {each.who:14} {each.what}")))
    indent = " " * 34
    for detail in each.details:
        here.out.print(Text(indent + visible(detail)))
    for body in each.bodies:
        role = body.partition(" ")[0]
        gone = "" if role in kept.get(each.index, ()) or "erased" in body else " (erased)"
        here.out.print(Text(indent + visible(body + gone), style="dim"))


def _show_fields(here: Invocation, fields: dict[str, Any], indent: str) -> None:
    for name, value in fields.items():
        if isinstance(value, dict):
            here.out.print(Text(f"{indent}{visible(name)}:"))
            _show_fields(here, value, indent + "  ")
        else:
            here.out.print(Text(f"{indent}{visible(name)}: {visible(str(value))}"))

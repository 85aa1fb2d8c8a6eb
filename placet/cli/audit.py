"""`placet audit`: read the log, follow it, export it, and prove it without asking any service."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.text import Text

from placet.answers import LogRecord
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State, invocation
from placet.cli.machine import leaf_json
from placet.cli.outdir import whole_file
from placet.cli.proving import verify, write_bundle
from placet.client import PlacetSync

app = typer.Typer(help="The audit log: read it, prove it.", no_args_is_help=True, add_completion=False)


@app.command("list")
def list_(
    ctx: typer.Context,
    kind: Annotated[
        str, typer.Option("--kind", help="Only records of this kind, like verdict_reached.")
    ] = "",
    request: Annotated[
        str, typer.Option("--request", metavar="ID", help="Only records of this request.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most this many.")] = 50,
    newest: Annotated[bool, typer.Option("--newest", help="Newest first.")] = False,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Records, one a line.

    Examples:

        placet audit list --newest --limit 20

        placet audit list --kind verdict_reached --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with PlacetSync.connect(here.state) as placet:
        found = placet.records(kind=kind, request_id=request, limit=limit, newest_first=newest)
    for record in found:
        _show_line(here, record)
    return Exit.DONE


@app.command()
def show(
    ctx: typer.Context,
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help="The record's number.")],
    state: State = None,
    as_json: Json = False,
) -> int:
    """One record with the bodies that are still kept (programs, prompts, findings, outputs).

    Examples:

        placet audit show 12

        placet audit show 12 --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with PlacetSync.connect(here.state) as placet:
        record, bodies = placet.record(index)
    texts = {role: content.decode(errors="replace") for role, content in bodies.items()}
    if here.as_json:
        here.emit({**leaf_json(record), "contents": texts})
        return Exit.DONE
    _show_fields(here, leaf_json(record), "")
    for role, text in texts.items():
        here.out.print(Text(f"--- {role}", style="bold"))
        here.out.print(Text(visible(text).rstrip("\n")))
    return Exit.DONE


app.command()(verify)


@app.command()
def export(
    ctx: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="F", help="Write here; default stdout.")
    ] = None,
    from_index: Annotated[int, typer.Option("--from", metavar="INDEX", min=0, help="First record.")] = 0,
    bundle: Annotated[
        str, typer.Option("--bundle", metavar="REQUEST", help="Instead: a zip that proves one request.")
    ] = "",
    state: State = None,
    as_json: Json = False,
) -> int:
    """All records as JSON lines (the records' own format; bodies are not exported).

    Examples:

        placet audit export --out log.jsonl

        placet audit export --from 1000 > more.jsonl

        placet audit export --bundle 0f3c2a --out evidence.zip
    """
    del state, as_json  # their callbacks kept them; the output is JSON lines anyway
    here = invocation(ctx)
    if bundle:
        return write_bundle(here, bundle, out)
    with ExitStack() as stack:
        placet = stack.enter_context(PlacetSync.connect(here.state))
        target = stack.enter_context(whole_file(out)) if out else sys.stdout.buffer
        placet.tail(lambda record: _write_line(target, record), from_index=from_index, follow=False)
        target.flush()
    if out:
        here.err.print(Text(f"the records are in {out}"))
    return Exit.DONE


@app.command()
def tail(
    ctx: typer.Context,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many to begin with.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    state: State = None,
    as_json: Json = False,
) -> int:
    """The newest records, and with --follow those to come.

    Examples:

        placet audit tail

        placet audit tail --follow --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with PlacetSync.connect(here.state) as placet:
        newest = placet.records(limit=1, newest_first=True)
        size = newest[0].index + 1 if newest else 0
        placet.tail(lambda record: _show_line(here, record), from_index=max(0, size - lines), follow=follow)
    return Exit.DONE


def _write_line(target: BinaryIO, record: LogRecord) -> None:
    """The leaf's own bytes, with its place and hash; JCS JSON holds no line break."""
    head = f'{{"index":{record.index},"leaf_hash":"{record.leaf_hash}","record":'
    target.write(head.encode() + record.leaf + b"}\n")


def _show_line(here: Invocation, record: LogRecord) -> None:
    fields = leaf_json(record)
    if here.as_json:
        here.emit(fields)
        return
    actor = str(fields.get("actor", "")).removeprefix("spiffe://").partition("/")[2]
    what = f"{fields['index']:>6}  {fields.get('time')}  {fields.get('kind'):18} {actor:16} {_gist(fields)}"
    here.out.print(Text(visible(what)))


def _gist(fields: dict[str, Any]) -> str:
    """The words of a record that say most: verdict, status or reason, and the request."""
    body = fields.get("body") or {}
    told = [str(body[name]) for name in ("verdict", "status", "outcome", "reason") if name in body]
    request = fields.get("request_id")
    return " ".join([*told, *([f"request {request}"] if request else [])])


def _show_fields(here: Invocation, fields: dict[str, Any], indent: str) -> None:
    for name, value in fields.items():
        if isinstance(value, dict):
            here.out.print(Text(f"{indent}{visible(name)}:"))
            _show_fields(here, value, indent + "  ")
        else:
            here.out.print(Text(f"{indent}{visible(name)}: {visible(str(value))}"))

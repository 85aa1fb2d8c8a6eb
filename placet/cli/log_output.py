"""`placet audit export` and `tail`: the log's records handed to files, pipes and SIEMs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import grpc
import typer
from rich.text import Text

from placet.answers import LogRecord
from placet.audit import ocsf
from placet.audit.record import RecordInvalid
from placet.cli.dataset import write_labels
from placet.cli.forwarding import Cursor, CursorFile, Forwarder, Sink
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State, invocation
from placet.cli.log_reading import show_line
from placet.cli.outdir import whole_file
from placet.cli.proving import write_bundle
from placet.cli.webhook import Webhook
from placet.client import Placet, PlacetSync
from placet.rpc.errors import ServiceError


class Format(StrEnum):
    """How a record becomes a line."""

    JSONL = "jsonl"
    OCSF = "ocsf"


Formatted = Annotated[
    Format,
    typer.Option(
        "--format",
        help="jsonl: the records as they are, with their hashes; ocsf: OCSF 1.8 events for a SIEM.",
    ),
]


def export(
    ctx: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="F", help="Write here; default stdout.")
    ] = None,
    from_index: Annotated[int, typer.Option("--from", metavar="INDEX", min=0, help="First record.")] = 0,
    format_: Formatted = Format.JSONL,
    bundle: Annotated[
        str, typer.Option("--bundle", metavar="REQUEST", help="Instead: a zip that proves one request.")
    ] = "",
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="F", help="Instead: labelled verdicts, for `placet eval` and training."
        ),
    ] = None,
    state: State = None,
    as_json: Json = False,
) -> int:
    """All records as JSON lines. Bodies are not exported. The export is itself recorded.

    Examples:

        placet audit export --out log.jsonl

        placet audit export --from 1000 --format ocsf > events.jsonl

        placet audit export --bundle 0f3c2a --out evidence.zip

        placet audit export --labels labels.jsonl
    """
    del state, as_json  # their callbacks kept them; the output is JSON lines anyway
    here, render = invocation(ctx), RENDER[format_]
    if bundle:
        return write_bundle(here, bundle, out)
    if labels:
        return write_labels(here, labels)
    with ExitStack() as stack:
        placet = stack.enter_context(PlacetSync.connect(here.state))
        target = stack.enter_context(whole_file(out)) if out else sys.stdout.buffer
        placet.tail(
            lambda record: _write(target, render(record)),
            from_index=from_index,
            follow=False,
            use=format_.value,
        )
        target.flush()
    if out:
        here.err.print(Text(f"the records are in {out}"))
    return Exit.DONE


def tail(
    ctx: typer.Context,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many to begin with.")] = 10,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="POST to this collector (https) instead of printing.")
    ] = "",
    cursor: Annotated[
        Path | None,
        typer.Option("--cursor", metavar="F", help="Go on where F says, and keep in F how far it came."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="F", help="The collector's bearer token.")
    ] = None,
    format_: Annotated[
        Format | None, typer.Option("--format", help="jsonl or ocsf; default: for people, ocsf with --to.")
    ] = None,
    state: State = None,
    as_json: Json = False,
) -> int:
    """The newest records, and with --follow those to come; with --cursor each at least once, across restarts.

    With --cursor or --to it begins at the log's first record, and goes on after the last one that arrived. A
    collector answers 2xx when it has the events; until then they are sent again. Each has its own
    `metadata.uid`, so a repeated one can be dropped. Heartbeats arrive too: silence means a broken way.

    Examples:

        placet audit tail --follow

        placet audit tail --follow --cursor siem.cursor --to https://siem.example/in --token-file siem.token

        placet audit tail --cursor batch.cursor --format ocsf >> events.jsonl

        placet audit tail --follow --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    if to or cursor:
        format_ = format_ or (Format.JSONL if here.as_json and not to else Format.OCSF)
        asyncio.run(_forward(here, to, cursor, _token(token_file), format_, follow=follow))
        return Exit.DONE
    with PlacetSync.connect(here.state) as placet:
        newest = placet.records(limit=max(lines, 1), newest_first=True)
        for record in reversed(newest[:lines]):
            _print(here, record, format_)
        if follow:
            first = newest[0].index + 1 if newest else 0
            placet.tail(lambda record: _print(here, record, format_), from_index=first, use=format_ or "")
    return Exit.DONE


def _jsonl(record: LogRecord) -> bytes:
    """The leaf's own bytes, with its place and hash; JCS JSON holds no line break."""
    head = f'{{"index":{record.index},"leaf_hash":"{record.leaf_hash}","record":'
    return head.encode() + record.leaf + b"}\n"


def _ocsf(record: LogRecord) -> bytes:
    try:
        return ocsf.line(record.index, record.leaf, record.leaf_hash)
    except RecordInvalid as error:
        raise ServiceError(
            grpc.StatusCode.DATA_LOSS,
            "RECORD_INVALID",
            f"record {record.index} is not a valid record ({error}); run `placet audit verify`",
        ) from error


RENDER: dict[Format, Callable[[LogRecord], bytes]] = {Format.JSONL: _jsonl, Format.OCSF: _ocsf}


def _write(target: BinaryIO, line: bytes) -> None:
    target.write(line)


def _print(here: Invocation, record: LogRecord, format_: Format | None) -> None:
    if format_ is None:
        show_line(here, record)
        return
    sys.stdout.buffer.write(RENDER[format_](record))
    sys.stdout.buffer.flush()


def _token(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        token = path.read_text().strip()
    except OSError as error:
        raise typer.BadParameter(f"the token file {path} cannot be read: {error.strerror}") from error
    if not token or not token.isascii() or not token.isprintable():
        raise typer.BadParameter(f"the token file {path} holds no token")
    return token


class _Stdout:
    """A sink: whoever reads the pipe or the file behind it has the lines once they are flushed."""

    async def send(self, lines: Sequence[bytes]) -> None:
        """See Sink."""
        sys.stdout.buffer.write(b"".join(lines))
        sys.stdout.buffer.flush()


async def _forward(
    here: Invocation, to: str, cursor: Path | None, token: str, format_: Format, *, follow: bool
) -> None:
    """Hand records on until the log's end or, with `follow`, until cancelled."""
    place = CursorFile(cursor) if cursor else None

    async def source(first: int) -> AsyncIterator[LogRecord]:
        # Anew each time: a stack that was restarted has other addresses.
        async with Placet.connect(here.state) as placet:
            async for record in placet.stream(from_index=first, follow=follow, use=format_.value):
                yield record

    def keep(reached: Cursor) -> None:
        if place:
            place.write(reached)

    def say(why: str) -> None:
        here.err.print(Text(visible(why), style="yellow"))

    async with AsyncExitStack() as stack:
        sink: Sink = _Stdout()
        if to:
            try:
                sink = await stack.enter_async_context(Webhook(to, token=token))
            except ValueError as error:
                raise typer.BadParameter(str(error)) from error
        forwarder = Forwarder(source, sink, RENDER[format_], keep, say)
        await forwarder.run(place.read() if place else None, first=0, follow=follow)

"""`placet console`: a link that logs a reviewer in. Shows; the console makes it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import grpc
import typer
from rich.text import Text

from placet.cli.invocation import Exit, Invocation, Json, State, invocation
from placet.local import Layout, StackError
from placet.local.client import issue_link
from placet.rpc.errors import ServiceError


def console(
    ctx: typer.Context,
    reviewer: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="The reviewer; default is this machine's user.")
    ] = None,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Print a link that logs you in to the console: open it in a browser. It works once, for five minutes.

    Examples:

        placet console

        placet console --as ana
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    try:
        link = asyncio.run(issue_link(Layout(here.state_directory), reviewer))
    except StackError as error:
        raise ServiceError(grpc.StatusCode.UNAVAILABLE, "STACK", str(error)) from error
    if here.as_json:
        here.emit({"url": link.url, "expires_in_s": link.expires_in_s})
    else:
        here.out.print(Text(link.url))
    return Exit.DONE


async def show_link(here: Invocation, layout: Layout) -> None:
    """After a start: the link of this machine's user, or why there is none; the stack is up either way."""
    try:
        link = await issue_link(layout)
    except (ServiceError, StackError) as error:
        here.err.print(Text(f"log in: no link ({error}); `placet console` asks again"))
        return
    here.out.print(Text(f"log in: {link.url} (works once; `placet console` prints another)"))

"""`placet up`, `down`, `status`: the one-machine stack. Shows; placet/local does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import grpc
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from placet.cli.console import show_link
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State, invocation
from placet.llm.models import ModelFileError, fetch
from placet.local import LocalStack, StackError
from placet.local.client import read_stack
from placet.local.services import Model
from placet.rpc.errors import ServiceError


def up(
    ctx: typer.Context,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when it is up; stop with `down`.")
    ] = False,
    scopes: Annotated[
        Path | None,
        typer.Option("--scopes", metavar="DIR", help="Scope files to start with; default: examples."),
    ] = None,
    state: State = None,
    as_json: Json = False,
) -> int:
    """Start all services on this machine, until Ctrl-C or in the background.

    The first start fetches the embedded model (1.1 GB) unless OPENAI_API_KEY or OPENAI_BASE_URL name another.

    Examples:

        placet up --detach

        placet up --state ./stack --scopes ./scopes

        OPENAI_API_KEY=… PLACET_REVIEWER_MODEL=… placet up --detach
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    stack = LocalStack(here.state_directory, scopes=scopes)
    with _stack_errors():
        if read_stack(stack.layout) is None:
            _model_file(here.err, os.environ)
        if detach:
            with _steps(here.err) as step:
                stack.up_detached(step)
            asyncio.run(_show_start(here, stack))
        else:
            asyncio.run(_in_foreground(here, stack))
    return Exit.DONE


def down(ctx: typer.Context, state: State = None, as_json: Json = False) -> int:
    """Stop the services of a state directory. The state (log, keys, scopes) stays.

    Examples:

        placet down

        placet down --state ./stack
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with _stack_errors(), here.err.status("stopping"):
        stopped = LocalStack(here.state_directory).down()
    if here.as_json:
        here.emit({"stopped": stopped, "state": str(here.state_directory)})
    else:
        what = "stopped" if stopped else "nothing was running"
        here.out.print(Text(f"{what}; state {here.state_directory}"))
    return Exit.DONE


def status(ctx: typer.Context, state: State = None, as_json: Json = False) -> int:
    """Which services run, whether they are healthy, the isolation tier and the model.

    Examples:

        placet status

        placet status --json
    """
    del state, as_json  # their callbacks kept them
    here = invocation(ctx)
    with _stack_errors():
        found = asyncio.run(LocalStack(here.state_directory).status())
    show_status(here, found)
    return Exit.DONE


def show_status(here: Invocation, found: Mapping[str, Any]) -> None:
    """The stack as a table, or as one object."""
    if here.as_json:
        here.emit(found)
        return
    if not found["services"]:
        here.out.print(Text(f"no stack is running on {found['state']}; `placet up --detach` starts one"))
        return
    table = Table("service", "address", "health")
    for name, service in found["services"].items():
        healthy = Text("healthy", "green") if service["healthy"] else Text("NOT HEALTHY", "bold red")
        table.add_row(name, service["address"], healthy)
    here.out.print(table)
    model = found["model"]
    model = model.get("name", model) if isinstance(model, Mapping) else model
    here.out.print(Text(visible(f"isolation tier {found['tier']}, model {model}")))
    here.out.print(Text(f"state {found['state']}"))
    if found["console"]:
        here.out.print(Text(f"console {found['console']}"))


async def _show_start(here: Invocation, stack: LocalStack) -> None:
    show_status(here, await stack.status())
    if not here.as_json:  # a secret is for the person who sits here
        await show_link(here, stack.layout)


async def _in_foreground(here: Invocation, stack: LocalStack) -> None:
    """Up until Ctrl-C; the table appears once everything is ready."""
    shown: list[asyncio.Task[None]] = []

    async def show() -> None:
        await _show_start(here, stack)
        here.err.print("Ctrl-C stops it.")

    def on_ready() -> None:
        shown.append(asyncio.get_running_loop().create_task(show()))

    await stack.up(lambda name, what: here.err.print(Text(f"{name}: {what}", style="dim")), on_ready)
    await asyncio.gather(*shown)


def _model_file(err: Console, environ: Mapping[str, str]) -> None:
    """Have the embedded model's file on this machine, with a bar, unless another endpoint is chosen."""
    if Model.of_environment(environ) is not None:
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        step = bar.add_task("model", total=None)

        def report(done: int, total: int, word: str) -> None:
            bar.update(step, completed=done, total=total, description=f"model: {word}")

        try:
            fetch(report)
        except ModelFileError as error:
            raise ServiceError(grpc.StatusCode.UNAVAILABLE, "MODEL_FILE_MISSING", str(error)) from error


@contextmanager
def _steps(err: Console) -> Iterator[Any]:
    """A listener for the steps of a start: a spinner on a terminal, lines elsewhere."""
    if not err.is_terminal:

        def line(name: str, what: str) -> None:
            if not what.startswith("failed"):  # it comes again, as the error
                err.print(Text(f"{name}: {what}", style="dim"))

        yield line
        return
    with err.status("starting") as spinner:
        yield lambda name, what: spinner.update(Text(f"{name}: {what}"))


@contextmanager
def _stack_errors() -> Iterator[None]:
    try:
        yield
    except StackError as error:
        raise ServiceError(grpc.StatusCode.UNAVAILABLE, "STACK", str(error)) from error

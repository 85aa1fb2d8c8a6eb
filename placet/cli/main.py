"""The `placet` command: its verbs, and how every way to end becomes an exit code. Wiring only.

Exit code 1 means DENIED and 2 means NEEDS_REVIEW, so nothing else may end with these: usage errors, closed
pipes and mistakes of our own all are 4, "could not answer".
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import typer
from rich.text import Text

from placet.cli import (
    actions,
    audit,
    chain,
    console,
    evaluate,
    keys,
    mcp,
    people,
    reviewing,
    scope,
    stack,
    witness,
)
from placet.cli.human import visible
from placet.cli.invocation import Exit, Invocation, Json, State
from placet.cli.machine import error_json
from placet.rpc.errors import ServiceError
from placet.rpc.telemetry import configure_logging

app = typer.Typer(
    name="placet",
    help="Run programs that a language model wrote, without trusting them.",
    epilog="Exit codes: 0 done, 1 denied, 2 needs review, 3 the program failed, 4 could not answer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

VERBS: dict[str, Callable[..., int]] = {
    "up": stack.up,
    "down": stack.down,
    "status": stack.status,
    "console": console.console,
    "solve": chain.solve,
    "run": chain.run,
    "review": reviewing.review,
    "exec": chain.execute,
    "approve": people.approve,
    "eval": evaluate.evaluate,
    "witness": witness.witness,
    "mcp": mcp.mcp,
}
for name, verb in VERBS.items():
    app.command(name)(verb)
app.add_typer(scope.app, name="scope")
app.add_typer(actions.app, name="actions")
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")


@app.callback()
def options(ctx: typer.Context, state: State = None, as_json: Json = False) -> None:
    """Run programs that a language model wrote, without trusting them."""
    del ctx, state, as_json  # their callbacks kept them


def run(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code; never raises."""
    here = Invocation(state=_state_of_environment())
    try:
        code = app(args=list(arguments), prog_name="placet", obj=here, standalone_mode=False)
        sys.stdout.flush()
    except ServiceError as error:
        return _no_answer(here, error)
    except typer.TyperException as error:
        return _misused(here, error)
    except KeyboardInterrupt:
        return _interrupted(here)
    except (BrokenPipeError, SystemExit):  # who read our output went away; typer ends so too
        return _reader_gone()
    except Exception as error:
        return _our_mistake(here, error)
    if code == Exit.INTERRUPTED:
        return _interrupted(here)
    return int(code) if isinstance(code, int) else Exit.DONE


def main() -> None:
    """Entry point of the `placet` command."""
    configure_logging("cli", level=logging.WARNING)
    sys.exit(run(sys.argv[1:]))


def _state_of_environment() -> Path | None:
    named = os.environ.get("PLACET_STATE")
    return Path(named).expanduser().absolute() if named else None


def _no_answer(here: Invocation, error: ServiceError) -> int:
    if here.as_json:
        here.emit(error_json(error))
    message = visible(error.message).rstrip(".")
    here.err.print(Text.assemble(("could not answer", "bold red"), f": {message} ({error.reason})"))
    if error.retry_after_s is not None:
        here.err.print(Text(f"try again in {math.ceil(error.retry_after_s)} s"))
    return Exit.NO_ANSWER


def _misused(here: Invocation, error: typer.TyperException) -> int:
    if not error.format_message():  # no verb was named, and the help has been shown
        return Exit.NO_ANSWER
    here.err.print(
        Text(f"could not answer: {error.format_message().rstrip('.')} (USAGE); see `placet --help`")
    )
    if here.as_json:
        here.emit({"event": "error", "reason": "USAGE", "message": error.format_message()})
    return Exit.NO_ANSWER


def _interrupted(here: Invocation) -> int:
    here.err.print(Text("cancelled: the request was withdrawn; what the log has of it stays"))
    return Exit.INTERRUPTED


def _reader_gone() -> int:
    """Keep the interpreter from complaining about the same pipe again when it exits."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.NO_ANSWER


def _our_mistake(here: Invocation, error: Exception) -> int:
    if os.environ.get("PLACET_DEBUG"):
        traceback.print_exc()
    what = f"{type(error).__name__}: {error}"
    here.err.print(
        Text(f"could not answer: a mistake of ours, {visible(what)} (INTERNAL); PLACET_DEBUG=1 shows where")
    )
    if here.as_json:
        here.emit({"event": "error", "reason": "INTERNAL", "message": what})
    return Exit.NO_ANSWER

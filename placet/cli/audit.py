"""`placet audit`: its verbs. Wiring only."""

from __future__ import annotations

import typer

from placet.cli.erasing import erase
from placet.cli.log_output import export, tail
from placet.cli.log_reading import list_, show
from placet.cli.proving import verify
from placet.cli.usage import usage

app = typer.Typer(help="The audit log: read it, prove it.", no_args_is_help=True, add_completion=False)
app.command("list")(list_)
app.command()(show)
app.command()(verify)
app.command()(export)
app.command()(tail)
app.command()(erase)
app.command()(usage)

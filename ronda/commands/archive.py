"""`ronda archive`: the record, how it is kept, sealed and checked."""

import typer

from ronda.commands.erase import erase, hold, retire
from ronda.commands.export import export
from ronda.commands.keep import keep
from ronda.commands.restore import restore
from ronda.commands.seal import seal
from ronda.commands.verify import verify

archive = typer.Typer(no_args_is_help=True, help="The record: keeping, sealing and checking it.")
for command in (keep, seal, verify, export, restore, erase, retire):
    archive.command()(command)
archive.add_typer(hold, name="hold")

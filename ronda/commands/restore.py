"""`ronda archive restore`."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from ronda.commands.terminal import Json, answer_json, answers, remarks
from services.archive.adapters.evidence.restoring import NotEmpty, NotWhole
from services.archive.adapters.evidence.verifier_proofs import Unreadable
from services.archive.app import rebuild
from services.archive.ports import Unavailable, Unstorable
from shared.settings import Environment


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    *,
    json: Json = False,
) -> None:
    """Fill an empty archive from an export of everything; the file is checked first.

    Example:  RONDA_DATABASE_URL=postgresql://archive_keeper@db/ronda ronda archive restore all.zip

    Afterwards it verifies as before, answers the same, holds what was held, and goes on where the
    export ended.
    """
    url = Environment(os.environ).database_url()
    try:
        done = asyncio.run(rebuild(file, url))
    except (NotEmpty, NotWhole, Unreadable, Unavailable, Unstorable) as error:
        remarks.print(f"ronda: nothing was restored: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    if json:
        answer_json(done._asdict())
    else:
        answers.print(f"{done.records} records in {done.segments} segments are back")

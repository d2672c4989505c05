"""`ronda archive seal`."""

import asyncio
import base64
import os
import sys
from pathlib import Path
from typing import Annotated

import segno
import typer
from aiokafka.errors import KafkaError

from ronda.commands.terminal import Json, answer_json, remarks
from services.archive.app import sealer
from services.archive.ports import Sealed, Unavailable
from services.archive.settings import seal_settings
from shared.settings import Environment

LONGEST_REASON = 500
_PICTURES = (".svg", ".png")
_MODULE = 6
"""Pixels of a QR code's smallest square."""


def seal(
    *,
    reason: Annotated[
        str, typer.Option(help="Why now, in 1 to 500 characters; kept with the checkpoint.")
    ] = "by hand",
    qr: Annotated[bool, typer.Option("--qr", help="Also show the note as a QR code.")] = False,
    qr_file: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Also draw the QR code into this .svg or .png."),
    ] = None,
    json: Json = False,
) -> None:
    """Seal the record as it stands: print a signed checkpoint, and publish it.

    Example:  ronda archive seal --reason "end of the watch" --qr

    Keep the note where the archive's administrator cannot reach it, printed for instance. Exit
    code 1 when somebody who was to be told could not be; the checkpoint is made all the same.
    """
    if qr_file is not None and qr_file.suffix not in _PICTURES:
        raise typer.BadParameter(f"{qr_file} must end with {' or '.join(_PICTURES)}")
    if not 0 < len(reason) <= LONGEST_REASON:
        raise typer.BadParameter(f"a reason has 1 to {LONGEST_REASON} characters")
    environment = Environment(os.environ)
    try:
        sealed, untold, keys = asyncio.run(_sealed(environment, reason))
    except (Unavailable, KafkaError) as error:
        remarks.print(f"ronda: nothing was sealed: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    code = segno.make(sealed.note, error="m", micro=False)
    if json:
        answer_json(_shown(sealed, keys, untold))
    else:
        typer.echo(sealed.note, nl=False)
    if qr:
        code.terminal(out=sys.stdout if not json else sys.stderr, compact=True)
    if qr_file is not None:
        code.save(str(qr_file), scale=_MODULE, border=4)
    for key in keys:
        remarks.print(f"key: {key}", markup=False)
    for name in untold:
        remarks.print(f"ronda: not told: {name}", style="red", markup=False)
    if untold:
        raise typer.Exit(1)


async def _sealed(environment: Environment, reason: str) -> tuple[Sealed, list[str], list[str]]:
    settings = seal_settings(environment)
    async with sealer(environment.kafka(), environment.database_url(), settings) as sealing:
        return *await sealing.seal(reason), sealing.keys


def _shown(sealed: Sealed, keys: list[str], untold: list[str]) -> dict[str, object]:
    return {
        "size": sealed.size,
        "root": base64.b64encode(sealed.root).decode(),
        "sealed_at": sealed.sealed_at.isoformat(),
        "reason": sealed.reason,
        "note": sealed.note,
        "keys": keys,
        "untold": untold,
    }

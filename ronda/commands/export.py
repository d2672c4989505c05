"""`ronda archive export`."""

import asyncio
import getpass
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from aiokafka.errors import KafkaError

from ronda.commands.terminal import Json, answer_json, remarks
from services.archive.adapters.evidence.bundle import ZipBundle
from services.archive.app import checking, exporter
from services.archive.domain.search import Rights
from services.archive.handlers.exporting import Nothing, Selection
from services.archive.ports import Unavailable
from services.archive.settings import seal_settings
from shared.auth import Principal
from shared.clock import system_clock
from shared.settings import Environment

LIMIT = 5_000_000
_Moment = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z"])]


def export(
    *,
    reason: Annotated[str, typer.Option(help="Why, in 10 to 500 characters; it is recorded.")],
    output: Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="The ZIP file.")],
    incident: Annotated[
        str | None, typer.Option(help="An alert's id, for it and all its reports.")
    ] = None,
    site: Annotated[str | None, typer.Option(help="A site's id.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%dT%H:%M:%S%z"], help="Appended at or after."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%dT%H:%M:%S%z"], help="Appended before."),
    ] = None,
    actor: Annotated[
        str | None, typer.Option(help="Who exports (default: who is logged in here).")
    ] = None,
    json: Json = False,
) -> None:
    """Write evidence into one ZIP file: events as received, proofs, checkpoint, custody log, a page
    to read, and a verifier that needs Python alone. Without a filter, the whole archive.

    Example:  ronda archive export --site gudang --from 2026-11-23T00:00:00+07:00
    --reason "permintaan Bawaslu 12/XI/2026" --output bukti.zip

    The look is recorded on ronda.audit before anything is read.
    """
    if not 10 <= len(reason) <= 500:
        raise typer.BadParameter("a reason has 10 to 500 characters")
    selection = Selection(incident=incident, site=site, since=since, until=until)
    try:
        manifest = asyncio.run(_exported(selection, reason, output, actor or getpass.getuser()))
    except (Nothing, Unavailable, KafkaError, psycopg.Error) as error:
        remarks.print(f"ronda: nothing was exported: {error}", style="red", markup=False)
        raise typer.Exit(1) from error
    if json:
        answer_json({"file": str(output), **manifest})
    else:
        typer.echo(f"{output}: {manifest['records']} records; check it with `verify.py` inside")
    if manifest.get("findings"):
        remarks.print("the archive is NOT as it was sealed; the file says so", style="red")
        raise typer.Exit(1)


async def _exported(selection: Selection, reason: str, output: Path, actor: str) -> dict[str, Any]:
    environment = Environment(os.environ)
    seal, url = seal_settings(environment), environment.database_url()
    now = system_clock()
    who = Principal(
        actor=actor,
        name=actor,
        role="admin",
        unit=seal.unit or seal.origin,
        issuer="terminal",
        expires_at=now.astimezone(UTC) + timedelta(hours=1),
    )
    bundle = ZipBundle(output)
    try:
        async with exporter(environment.kafka(), url, seal) as exporting:
            if selection.is_whole:
                async with checking(url) as (snapshot, _):
                    return await exporting.whole(who, reason, bundle, snapshot)
            rights = Rights(within="", sees_unitless=True, tracks=True)
            return await exporting.part(who, selection, reason, bundle, rights=rights, limit=LIMIT)
    finally:
        bundle.abandon()

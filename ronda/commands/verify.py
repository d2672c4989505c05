"""`ronda archive verify`."""

import asyncio
import os
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import psycopg
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ronda.commands.terminal import Json, answer_json, answers, remarks
from services.archive.adapters.evidence import verifier
from services.archive.adapters.seal_keys import SECOND, signer
from services.archive.app import checking
from services.archive.domain.note import Key, NoteError, key_of, notes_in
from services.archive.handlers.verifying import Verdict
from services.archive.handlers.verifying import verify as verify_all
from services.archive.ports import Unavailable
from services.archive.settings import seal_settings
from shared.collecting import spare_the_collector
from shared.settings import Environment

SHOWN = 20
CANNOT_CHECK = 2
CORES = min(os.cpu_count() or 1, 64)


def verify(
    *,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Notes of checkpoints kept elsewhere: what shows a tail that was cut.",
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            help="A verifier's key, NAME+ID+BASE64 (default: that of RONDA_ARCHIVE_SEAL_KEY_FILE)."
        ),
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Check this export, and no database."),
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="How many check at once (default: one per core).")
    ] = CORES,
    json: Json = False,
) -> None:
    """Check the whole record against what was sealed of it; name the first bad row.

    Example:  ronda archive verify --checkpoint printed.txt

    With --export FILE the file alone is checked, by the program that travels inside it.

    Exit code 1 when anything was changed, deleted, inserted, swapped or cut off. Erasures that were
    authorised, and months that were retired, are listed and are no damage. Exit code 2 when nothing
    could be checked, because the database does not answer for instance.
    """
    environment = Environment(os.environ)
    keys = _keys(environment, key or [])
    if export is not None:
        raise typer.Exit(_check_export(export, checkpoint or [], keys, json=json))
    notes = [note for file in checkpoint or () for note in _notes(file)]
    spare_the_collector()
    started = monotonic()
    try:
        with _bar(hidden=json) as bar:
            work = _verified(environment.database_url(), processes, notes, keys, bar)
            verdict = asyncio.run(work)
    except (psycopg.Error, Unavailable) as error:
        remarks.print(f"ronda: nothing was checked: {error}", style="red", markup=False)
        if json:
            answer_json({"ok": None, "error": f"nothing was checked: {error}"})
        raise typer.Exit(CANNOT_CHECK) from error
    seconds = monotonic() - started
    if json:
        answer_json(shown(verdict) | {"seconds": round(seconds, 3)})
    else:
        _tell(verdict, seconds)
    if verdict.findings:
        raise typer.Exit(1)


def shown(verdict: Verdict) -> dict[str, Any]:
    """The verdict for programs."""
    return {
        "ok": not verdict.findings,
        "records": verdict.records,
        "segments": verdict.segments,
        "sealed": verdict.sealed,
        "unsealed": verdict.unsealed,
        "checkpoints": verdict.checkpoints,
        "newest_checkpoint": verdict.checkpoint,
        "checkpoints_kept_elsewhere": verdict.elsewhere,
        "signatures_checked": verdict.signatures,
        "findings": [
            {"kind": each.kind, "where": each.where, "what": each.what} for each in verdict.findings
        ],
        "erased": [each._asdict() | {"first": each.where} for each in verdict.erased],
        "retired": [each._asdict() for each in verdict.retired],
        "segments_partly_retired": verdict.unprovable,
        "untold": verdict.untold,
    }


def _check_export(file: Path, notes: list[Path], keys: list[Key], *, json: bool) -> int:
    arguments = [str(file), *(["--json"] if json else [])]
    for note in notes:
        arguments += ["--checkpoint", str(note)]
    for key in keys:
        arguments += ["--key", str(key)]
    return verifier.main(arguments)


async def _verified(
    url: str, processes: int, notes: list[str], keys: list[Key], bar: Progress
) -> Verdict:
    task = bar.add_task("checking", total=None)

    def progress(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    async with checking(url, processes=processes) as (snapshot, walkers):
        return await verify_all(
            snapshot, walkers=walkers, elsewhere=notes, keys=keys, progress=progress
        )


def _bar(*, hidden: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(
        *columns, TimeRemainingColumn(), console=remarks, transient=True, disable=hidden
    )


def _notes(file: Path) -> list[str]:
    try:
        notes = notes_in(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        notes = []
    if not notes:
        raise typer.BadParameter(f"{file} holds no checkpoint")
    return notes


def _keys(environment: Environment, texts: list[str]) -> list[Key]:
    try:
        keys = [key_of(text) for text in texts]
    except NoteError as error:
        raise typer.BadParameter(str(error)) from error
    seal = seal_settings(environment)
    files = {seal.origin: seal.key_file, seal.origin + SECOND: seal.second_key_file}
    return keys or [signer(file, name)[0] for name, file in files.items() if file is not None]


def _tell(verdict: Verdict, seconds: float) -> None:
    for each in verdict.erased:
        answers.print(
            f"erased   {each.records} records from {each.where} on, {each.erased_at.isoformat()}, "
            f"by authority of {each.authority}: {each.reason}",
            markup=False,
        )
    for month in verdict.retired:
        answers.print(
            f"retired  from {month.start.isoformat()} to {month.end.isoformat()}, by authority of "
            f"{month.authority}: {month.reason}",
            markup=False,
        )
    if verdict.untold:
        answers.print(
            f"{verdict.untold} of these acts are not told on ronda.audit yet, and could still be "
            "reworded: check again once the archive has run",
            style="yellow",
        )
    for finding in verdict.findings[:SHOWN]:
        answers.print(f"{finding.where}: {finding.what}", style="red", markup=False)
    if len(verdict.findings) > SHOWN:
        answers.print(f"… and {len(verdict.findings) - SHOWN} more", style="red")
    rate = verdict.records / seconds if seconds else 0
    answers.print(
        f"{verdict.records} records, {verdict.segments} segments, of which {verdict.sealed} are in "
        f"the log; {verdict.checkpoints} checkpoints, {verdict.elsewhere} kept elsewhere; "
        f"{seconds:.1f} s, {rate:,.0f} records/s"
    )
    if not verdict.signatures:
        answers.print("signatures were not checked: name a key with --key", style="yellow")
    if verdict.findings:
        first = verdict.findings[0].where
        answers.print(f"NOT as it was sealed; the first bad row: {first}", style="bold red")
    else:
        answers.print("whole: everything is as it was sealed", style="green")

"""`ronda archive erase`, `retire` and `hold`: what the tables' owner does by hand."""

import asyncio
import getpass
import os
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer

from ronda.commands.terminal import Json, answer_json, answers, remarks
from services.archive.adapters.evidence.erasing import Act, PostgresErasure, Quote
from services.archive.adapters.evidence.holding import (
    Held,
    NoSuchHold,
    NoSuchMonth,
    PostgresHolds,
)
from services.archive.app import owning
from services.archive.domain.hold import Scope
from services.archive.ports import Unavailable
from shared.clock import system_clock
from shared.events.identity import UUID7_PATTERN
from shared.settings import Environment

hold = typer.Typer(no_args_is_help=True, help="What may not be erased while a case is open.")

_Reason = Annotated[str, typer.Option(help="Why, in 10 to 500 characters; it is kept.")]
_Authority = Annotated[str, typer.Option(help="Who ordered it: a decision, a name, a rule.")]
_Event = Annotated[str | None, typer.Option(help="An event's id.")]
_Moment = "%Y-%m-%dT%H:%M:%S%z"
_Done = TypeVar("_Done")


def erase(
    *,
    reason: _Reason,
    authority: _Authority,
    event: _Event = None,
    person: Annotated[str | None, typer.Option(help="A person, as the plan names them.")] = None,
    before: Annotated[
        datetime | None,
        typer.Option(formats=[_Moment], help="With --person: what was appended before."),
    ] = None,
    with_alerts: Annotated[
        bool,
        typer.Option("--with-alerts", help="The alerts' events that quote it too, as a whole."),
    ] = False,
    json: Json = False,
) -> None:
    """Erase the bytes of an event, or of a person's events, for good. Every proof stays.

    Example:  RONDA_DATABASE_URL=postgresql://archive_keeper@db/ronda ronda archive erase
    --event 018bf3e2-… --reason "permintaan pemilik data" --authority "putusan 7/2026"

    What a hold keeps is passed over. An alert's events quote its reports: those that still do are
    named, and erased too where --with-alerts says so. The archive tells of it on ronda.audit.
    Backups and exports that were made before still have the bytes.
    """
    _check(reason, authority, event)
    if (event is None) == (person is None) or (person is not None and before is None):
        raise typer.BadParameter("name either --event, or --person with --before")
    act, now = Act(reason, authority, "request", getpass.getuser()), system_clock()

    async def work(erasure: PostgresErasure, _: PostgresHolds) -> tuple[int, Sequence[Quote]]:
        if event is not None:
            quoting = await erasure.quoting_event(event)
            erased = await erasure.event(event, act, now)
        else:
            quoting = await erasure.quoting_person(person or "", before or now)
            erased = await erasure.person(person or "", before or now, act, now)
        if not with_alerts:
            return erased, quoting
        counts = {each: await erasure.event(each.event, act, now) for each in quoting}
        return erased + sum(counts.values()), [each for each, count in counts.items() if not count]

    erased, quoting = _run(work)
    if json:
        answer_json({"erased": erased, "quoted_by": [each._asdict() for each in quoting]})
    else:
        answers.print(f"erased the bytes of {erased} records")
        _tell(quoting)
    if not erased:
        raise typer.Exit(1)


def _tell(quoting: Sequence[Quote]) -> None:
    if quoting:
        remarks.print(f"{len(quoting)} events of alerts still quote it:")
    for each in quoting:
        answers.print(f"{each.event}  {each.type}  alert {each.alert}")


def retire(
    month: Annotated[str, typer.Argument(help="YYYY-MM, in UTC")],
    *,
    reason: _Reason,
    authority: _Authority,
) -> None:
    """Drop a whole month's records, once everything of it may go; searches still list its events.

    Example:  ronda archive retire 2024-03 --reason "masa simpan habis" --authority "Perkap 3/2024"
    """
    _check(reason, authority)
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise typer.BadParameter(f"{month!r} is not a month such as 2024-03")
    start = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC)
    who, now = getpass.getuser(), system_clock()
    _run(lambda _, holds: holds.retire(start, reason, authority, who, now))
    answers.print(f"dropped the records of {month}")


@hold.command("place")
def place(
    *,
    reason: _Reason,
    authority: _Authority,
    event: _Event = None,
    alert: Annotated[str | None, typer.Option(help="An alert's id.")] = None,
    site: Annotated[str | None, typer.Option(help="A site's id.")] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=[_Moment])] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=[_Moment])] = None,
) -> None:
    """Keep everything for which all that is named holds, whatever its term.

    Example:  ronda archive hold place --site gudang --reason "perkara 9/2026" --authority jaksa
    """
    _check(reason, authority, event, alert)
    scope = Scope(event, alert, site, since, until)
    if scope == Scope():
        raise typer.BadParameter("name an event, an alert, a site or a time")
    who, now = getpass.getuser(), system_clock()
    typer.echo(_run(lambda _, holds: holds.place(scope, reason, authority, who, now)))


@hold.command("lift")
def lift(hold_id: Annotated[str, typer.Argument(metavar="HOLD")]) -> None:
    """End a hold: what is over its term is erased by the next round of `ronda archive keep`."""
    if not re.fullmatch(UUID7_PATTERN, hold_id):
        raise typer.BadParameter(f"{hold_id!r} is not the id of a hold")
    _run(lambda _, holds: holds.lift(hold_id, getpass.getuser(), system_clock()))
    answers.print("lifted")


@hold.command("list")
def listed(*, json: Json = False) -> None:
    """Every hold there ever was."""
    holds = _run(lambda _, holds: holds.all())
    if json:
        answer_json([each._asdict() | {"scope": each.scope._asdict()} for each in holds])
        return
    for each in holds:
        named = {name: str(value) for name, value in each.scope._asdict().items() if value}
        state = f"lifted {each.lifted_at:%Y-%m-%d}" if each.lifted_at else "in force"
        words = ", ".join(f"{name} {value}" for name, value in named.items())
        answers.print(f"{each.id}  {state}  {words}: {each.reason} ({each.authority})")


def _check(reason: str, authority: str, *ids: str | None) -> None:
    if not 3 <= len(authority) <= 500:
        raise typer.BadParameter("an authority has 3 to 500 characters")
    if not 10 <= len(reason) <= 500:
        raise typer.BadParameter("a reason has 10 to 500 characters")
    for each in ids:
        if each is not None and not re.fullmatch(UUID7_PATTERN, each):
            raise typer.BadParameter(f"{each!r} is not an id such as 018bf3e2-…")


def _run(work: Callable[[PostgresErasure, PostgresHolds], Awaitable[_Done]]) -> _Done:
    async def worked() -> _Done:
        async with owning(Environment(os.environ).database_url()) as (erasure, holds):
            return await work(erasure, holds)

    try:
        return asyncio.run(worked())
    except (Unavailable, Held, NoSuchMonth, NoSuchHold) as error:
        remarks.print(f"ronda: {error}", style="red", markup=False)
        raise typer.Exit(1) from error

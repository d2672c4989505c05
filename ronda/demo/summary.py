"""The table at the end, computed from the services' APIs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from ronda.demo.asking import answered
from ronda.demo.night import Night
from ronda.demo.phone import Sent
from ronda.stack.up import Stack

COUNTED_WITHIN_S = 20.0
RECEIVED = timedelta(seconds=2)
TAKEN = {
    "kritis": timedelta(seconds=10),
    "tinggi": timedelta(seconds=10),
    "sedang": timedelta(seconds=60),
    "rendah": timedelta(minutes=15),
}
BACKUP_SENT = {"kritis": timedelta(seconds=60), "tinggi": timedelta(minutes=3)}
ON_SCENE = timedelta(minutes=10)
"""Within five kilometres, as everything in this story is."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the archive holds of what the phones sent; `stray` ids are there not exactly once."""

    archived: int
    marked: int
    stray: tuple[str, ...] = ()

    def not_taken(self, sent: Sent) -> int:
        """Events that were sent and left no trace."""
        return sent.events - self.archived - self.marked - sent.rejected

    def balances(self, sent: Sent) -> bool:
        """Whether sent = archived + marked + rejected, but for what was never answered for: that
        may have been kept, or not."""
        return not self.stray and 0 <= self.not_taken(sent) <= sent.unanswered


@dataclass(frozen=True, slots=True)
class Span:
    """How long a step of an alert took; `aim` None where nobody aims at anything."""

    label: str
    took: timedelta
    aim: timedelta | None = None

    def __str__(self) -> str:
        seconds = f"{self.took.total_seconds():.1f} s"
        if self.aim is None:
            return seconds
        sign = "✓" if self.took <= self.aim else "✗"
        return f"{seconds}  {sign} target {self.aim.total_seconds():g} s"


async def counted(night: Night) -> Kept:
    """Looks every accepted id up."""
    marked, stray = 0, []
    for event_id in sorted(night.sent.accepted):
        items = (await night.auditor.get("/v1/events", id=event_id))["items"]
        counts = Counter(item["status"] for item in items)
        marked += counts["duplicate"]
        if counts["event"] != 1 or counts.total() != counts["event"] + counts["duplicate"]:
            stray.append(event_id)
    archived = len(night.sent.accepted) - len(stray)
    return Kept(archived, marked, tuple(stray))


async def kept(night: Night) -> Kept | None:
    """What is `counted`, once it balances."""
    state = await counted(night)
    return state if state.balances(night.sent) else None


async def show(night: Night, stack: Stack, console: Console) -> None:
    """Prints the night in figures, with links. Raises `NotAnsweredError`."""
    state = await answered("the archive", lambda: counted(night), within=COUNTED_WITHIN_S)
    alerts = await answered("the alerts", night.operator.alerts, within=COUNTED_WITHIN_S)
    table = Table(title="The night in figures", title_justify="left", show_header=False)
    for label, value in balance(night.sent, state):
        table.add_row(label, value)
    table.add_section()
    table.add_row("Alerts by outcome", by_outcome(alerts))
    for alert in sorted(alerts, key=lambda alert: alert["number"]):
        table.add_section()
        table.add_row(f"Alert {alert['number']}: {alert['category']}", _ending(alert))
        for span in spans(alert):
            table.add_row(f"  {span.label}", str(span))
    console.print()
    console.print(table)
    console.print(f"  board    {stack.url('alerts')}/board/")
    console.print(f"  alerts   {stack.url('alerts')}/v1/alerts?state=all")
    console.print(f"  archive  {stack.url('archive')}/v1/events")


def balance(sent: Sent, state: Kept) -> Iterator[tuple[str, str]]:
    """The rows that say where everything went that phones sent."""
    sign = "✓" if state.balances(sent) else "✗"
    yield "Events sent by phones", str(sent.events)
    yield "  archived, once each", str(state.archived)
    yield "  repeats, kept and marked", str(state.marked)
    yield "  rejected", str(sent.rejected)
    equation = f"{sent.events} = {state.archived} + {state.marked} + {sent.rejected}"
    if sent.unanswered:
        yield "  told to wait, sent again", str(sent.unanswered)
        equation += f" + {sent.unanswered} told to wait"
    if all_the_same := sent.unanswered - state.not_taken(sent):
        equation += f" - {all_the_same} of them kept all the same"
    yield "sent = archived + marked + rejected", f"{equation}  {sign}"


def by_outcome(alerts: list[dict[str, Any]]) -> str:
    """How many ended how; what is still open stands under its state."""
    counts = Counter(alert["outcome"] or alert["state"] for alert in alerts)
    return ", ".join(f"{outcome}: {count}" for outcome, count in sorted(counts.items()))


def spans(alert: dict[str, Any]) -> list[Span]:
    """The steps of an alert that happened, beside what is aimed at."""
    severity = alert["severity"]
    reported, received, raised = (_moment(alert[f"{what}_at"]) for what in _CLOCKS)
    first = {entry["what"]: _moment(entry["at"]) for entry in reversed(alert["timeline"])}
    taken, sent = first.get("acknowledged"), first.get("dispatched")
    arrived = next((row.get("arrived_at") for row in alert["dispatches"]), None)
    by_a_phone = alert["kind"] == "incident"
    steps = (
        ("report → received", reported, received, RECEIVED if by_a_phone else None),
        ("received → raised", received, raised, None),
        ("raised → taken", raised, taken, TAKEN.get(severity)),
        ("taken → backup sent", taken, sent, BACKUP_SENT.get(severity)),
        ("report → on scene", reported, _moment(arrived), ON_SCENE),
    )
    return [Span(label, end - start, aim) for label, start, end, aim in steps if start and end]


_CLOCKS = ("reported", "received", "raised")


def _ending(alert: dict[str, Any]) -> str:
    owner = (alert["owner"] or {}).get("name", "nobody")
    outcome = alert["outcome"] or alert["state"]
    return f"{alert['severity']}, {outcome}, taken by {owner}, level {alert['level']}"


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)

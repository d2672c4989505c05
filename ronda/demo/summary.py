"""The table at the end, computed from the services' APIs."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from ronda.demo.night import Night
from ronda.stack.up import Stack


@dataclass(frozen=True, slots=True)
class Kept:
    """What the archive holds of what the phones sent."""

    found: int
    marked: int
    missing: list[str]


async def kept(night: Night) -> Kept:
    """Looks every sent id up; each must be there exactly once, repeats as marked extra records."""
    missing: list[str] = []
    marked = 0
    for event_id in sorted(night.sent.accepted):
        items = (await night.auditor.get("/v1/events", id=event_id))["items"]
        counts = Counter(item["status"] for item in items)
        marked += counts["duplicate"]
        if counts["event"] != 1:
            missing.append(event_id)
    return Kept(found=len(night.sent.accepted) - len(missing), marked=marked, missing=missing)


async def all_kept(night: Night) -> Kept | None:
    """`kept`, once nothing is missing and every repeat is marked."""
    state = await kept(night)
    return state if not state.missing and state.marked >= night.sent.repeats else None


async def show(night: Night, stack: Stack, console: Console) -> None:
    """Prints the night in figures, with links."""
    state = await kept(night)
    alerts = await night.operator.alerts()
    table = Table(title="The night in figures", title_justify="left", show_header=False)
    table.add_row("Events sent by phones", str(len(night.sent.accepted)))
    table.add_row("  in the archive, once each", str(state.found))
    table.add_row("  repeats, kept and marked", f"{state.marked} of {night.sent.repeats} sent")
    table.add_row("  rejected", str(night.sent.rejected))
    for alert in sorted(alerts, key=lambda alert: alert["number"]):
        table.add_section()
        table.add_row(f"Alert {alert['number']}: {alert['category']}", _outcome(alert))
        for label, value in _times(alert):
            table.add_row(f"  {label}", value)
    console.print()
    console.print(table)
    console.print(f"  board    {stack.url('alerts')}/board/")
    console.print(f"  alerts   {stack.url('alerts')}/v1/alerts?state=all")
    console.print(f"  archive  {stack.url('archive')}/v1/events")


def _outcome(alert: dict[str, Any]) -> str:
    owner = (alert["owner"] or {}).get("name", "nobody")
    outcome = alert["outcome"] or alert["state"]
    return f"{alert['severity']}, {outcome}, taken by {owner}, level {alert['level']}"


def _times(alert: dict[str, Any]) -> list[tuple[str, str]]:
    """Seconds between the steps that happened."""
    moments = {entry["what"]: entry["at"] for entry in reversed(alert["timeline"])}
    arrived = next((row.get("arrived_at") for row in alert["dispatches"]), None)
    spans = (
        ("report → received", alert["reported_at"], alert["received_at"]),
        ("received → raised", alert["received_at"], alert["raised_at"]),
        ("raised → taken", alert["raised_at"], moments.get("acknowledged")),
        ("taken → backup sent", moments.get("acknowledged"), moments.get("dispatched")),
        ("reported → on scene", alert["reported_at"], arrived),
    )
    return [
        (label, f"{_seconds(start, end):.1f} s") for label, start, end in spans if start and end
    ]


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()

"""The operation plan from the command line: read from its files, published, read back."""

import getpass
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from ronda import topic
from shared.bus import Record
from shared.clock import system_clock
from shared.events.envelope import Event
from shared.events.identity import derived_id
from shared.events.registry import Undecodable, decode
from shared.events.situation import SituationChange, SituationChanged
from shared.mendable import MendableError
from shared.plan.errors import PlanError
from shared.plan.model import Plan, Situation
from shared.plan.pieces import PlanFold, to_events
from shared.plan.situation import SituationFold
from shared.plan.source import load
from shared.settings import KafkaSettings
from shared.topics import PLAN

SOURCE = "/ronda/command"


def whoami() -> str:
    """The account that runs a command, for the record's `actor`."""
    try:
        return f"account:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return "account:unknown"


class PlanInvalidError(MendableError):
    """The plan has errors; `errors` holds all of them, ordered by file and line."""

    def __init__(self, errors: Sequence[PlanError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = tuple(errors)


def read(path: Path) -> Plan:
    """The plan of a YAML file and the tables it names. Raises `PlanInvalidError`."""
    plan = load(path)
    if isinstance(plan, list):
        raise PlanInvalidError(plan)
    return plan


async def publish(kafka: KafkaSettings, plan: Plan, *, actor: str, clear: bool = False) -> None:
    """Sends the plan's pieces and the event that closes them, in order; returns after the acks.

    `clear` ends the live overrides too; without it they outlive the plan they were made for.
    """
    now = system_clock()
    events: list[Event] = [*to_events(plan, now, SOURCE, actor)]
    if clear:
        events.append(_cleared(plan, now, actor))
    # In order and one by one: a closing event without its pieces before it would close nothing.
    await topic.publish(kafka, PLAN, *events)


def _cleared(plan: Plan, now: datetime, actor: str) -> SituationChanged:
    return SituationChanged(
        specversion="1.0",
        id=derived_id(now, "situation.cleared", plan.operation.id),
        source=SOURCE,
        time=now,
        unit=plan.operation.unit,
        actor=actor,
        channel="operator",
        data=SituationChange(what="everything", by=actor, reason="plan apply --clear"),
    )


async def published(kafka: KafkaSettings) -> Plan | None:
    """The plan that services follow now; None when none was ever published."""
    plan, _ = await followed(kafka)
    return plan


async def followed(kafka: KafkaSettings) -> tuple[Plan | None, Situation]:
    """The plan that services follow now, as published, and the live overrides of it."""
    fold, overrides = PlanFold(), SituationFold()

    def feed(records: Sequence[Record]) -> None:
        for record in records:
            try:
                event = decode(record.value)
            except Undecodable:
                continue  # services pass it by too
            if not overrides.feed(event):
                fold.feed(event)

    await topic.read(kafka, PLAN, feed)
    return fold.plan, overrides.at(system_clock())

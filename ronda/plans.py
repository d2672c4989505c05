"""The operation plan from the command line: read from its files, published, read back."""

import getpass
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from shared.bus import Record, producer
from shared.clock import system_clock
from shared.events.envelope import KAFKA_HEADERS
from shared.events.registry import Undecodable, decode, encode
from shared.follow import Follower
from shared.health import Progress
from shared.plan.errors import PlanError
from shared.plan.model import Plan
from shared.plan.pieces import PlanFold, to_events
from shared.plan.source import load
from shared.settings import KafkaSettings
from shared.topics import PLAN

SOURCE = "/ronda/command"
_READ_WITHIN = timedelta(seconds=30)


def whoami() -> str:
    """The account that runs a command, for the record's `actor`."""
    try:
        return f"account:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user may have no name
        return "account:unknown"


class PlanInvalidError(Exception):
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


async def publish(kafka: KafkaSettings, plan: Plan, *, actor: str) -> None:
    """Sends the plan's pieces and the event that closes them, in order; returns after the acks."""
    sender = producer(kafka, client_id="ronda-plan")
    await sender.start()
    try:
        for event in to_events(plan, system_clock(), SOURCE, actor):
            # One by one: a closing event without its pieces before it would close nothing.
            await sender.send_and_wait(
                PLAN.physical(kafka.topic_prefix),
                encode(event),
                partition=0,
                headers=list(KAFKA_HEADERS),
            )
    finally:
        await sender.stop()


async def published(kafka: KafkaSettings) -> Plan | None:
    """The plan that services follow now; None when none was ever published."""
    fold = PlanFold()

    def feed(records: Sequence[Record]) -> None:
        for record in records:
            try:
                fold.feed(decode(record.value))
            except Undecodable:
                continue  # services pass it by too

    follower = Follower(
        kafka,
        PLAN,
        feed,
        client_id="ronda-plan",
        clock=system_clock,
        progress=Progress(system_clock),
        within=_READ_WITHIN,
    )
    async with follower:
        return fold.plan

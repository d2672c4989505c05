"""`ronda topics apply` and `ronda db upgrade`."""

import asyncio
import os
from typing import Annotated

import typer

from ronda.commands.terminal import Json, answer_json, answers
from ronda.tables import answering
from services.alerts.migrations import upgrade as upgrade_alerts
from services.archive.migrations import make_coming_months
from services.archive.migrations import upgrade as upgrade_archive
from shared.provision import create_topics
from shared.settings import Environment

topics = typer.Typer(no_args_is_help=True, help="The topics on the Kafka cluster.")
db = typer.Typer(no_args_is_help=True, help="The tables in PostgreSQL.")


@topics.callback()
def _topics() -> None:
    """Without a second command Typer would make `apply` the group itself."""


@topics.command("apply")
def apply(
    replication: Annotated[
        int, typer.Option(min=1, max=9, help="Replicas of each partition; 3 on a cluster.")
    ] = 1,
    json: Json = False,
) -> None:
    """Create the topics that are missing and check the ones that are there. Safe to repeat.

    Example:  RONDA_KAFKA_BOOTSTRAP_SERVERS=kafka:9092 ronda topics apply --replication 3
    """
    kafka = Environment(os.environ).kafka()
    done = asyncio.run(create_topics(kafka, replication=replication))
    if json:
        answer_json({"created": done.created, "present": done.present})
        return
    for name in done.created:
        answers.print(f"created  {name}")
    for name in done.present:
        answers.print(f"present  {name}")


@db.callback()
def _db() -> None:
    """As for the topics."""


@db.command("upgrade")
def upgrade() -> None:
    """Bring the schemas of alerts and archive to their newest version. Safe to repeat.

    Also makes the archive's partitions of the coming three months; `ronda archive keep` goes on
    with that. With RONDA_ARCHIVE_DATABASE_URL set, the archive's tables are made and owned by the
    role of that URL.

    Example:  RONDA_DATABASE_URL=postgresql://ronda@db/ronda ronda db upgrade
    """
    environment = Environment(os.environ)
    url = environment.database_url()
    asyncio.run(_upgrade(url, environment.text("RONDA_ARCHIVE_DATABASE_URL", url)))
    answers.print("the schemas alerts and archive are at their newest version")


async def _upgrade(alerts_url: str, archive_url: str) -> None:
    async with answering(alerts_url):
        await upgrade_alerts(alerts_url)
    async with answering(archive_url):
        await upgrade_archive(archive_url)
        await make_coming_months(archive_url)

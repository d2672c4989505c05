"""`ronda up` and `ronda run`."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import segno
import typer
from rich.table import Table

from ronda import plans
from ronda.accounts import FirstAccount, first_account
from ronda.commands.terminal import Json, answer_json, answers, say
from ronda.stack.lan import Lan, own_address
from ronda.stack.settings import (
    DEFAULT_INSTALL_PORT,
    DEFAULT_PLAN,
    DEFAULT_PORTS,
    StackSettings,
)
from ronda.stack.signals import cancelling_signals
from ronda.stack.up import Stack, running_stack
from shared.plan.model import Plan
from shared.settings import Environment, KafkaSettings

_PAGES = {"checkin": "/app/", "alerts": "/board/", "archive": ""}


def up(
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            file_okay=False,
            envvar="RONDA_DATA",
            help="Keep the data in this folder; a second `ronda up` continues from it.",
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            exists=True,
            help="The operation plan to publish when there is none yet (default: the example).",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(envvar="RONDA_HTTP_HOST", help="Where the services listen.")
    ] = "127.0.0.1",
    checkin_port: Annotated[
        int, typer.Option(min=0, max=65_535, envvar="RONDA_CHECKIN_PORT")
    ] = DEFAULT_PORTS["checkin"],
    alerts_port: Annotated[
        int, typer.Option(min=0, max=65_535, envvar="RONDA_ALERTS_PORT")
    ] = DEFAULT_PORTS["alerts"],
    archive_port: Annotated[
        int, typer.Option(min=0, max=65_535, envvar="RONDA_ARCHIVE_PORT")
    ] = DEFAULT_PORTS["archive"],
    lan: Annotated[
        bool,
        typer.Option(
            "--lan", help="Let phones of this network in: TLS by a local authority, install page."
        ),
    ] = False,
    lan_address: Annotated[
        str | None,
        typer.Option(help="This machine's address in that network (default: found out)."),
    ] = None,
    install_port: Annotated[
        int, typer.Option(min=1, max=65_535, envvar="RONDA_INSTALL_PORT")
    ] = DEFAULT_INSTALL_PORT,
    kafka_port: Annotated[
        int, typer.Option(min=0, max=65_535, envvar="RONDA_KAFKA_PORT", help="0: a free one.")
    ] = 0,
    postgres_port: Annotated[
        int, typer.Option(min=0, max=65_535, envvar="RONDA_POSTGRES_PORT", help="0: a free one.")
    ] = 0,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the services' logs.")
    ] = False,
    json: Json = False,
) -> None:
    """Start Kafka, PostgreSQL and the three services, until Ctrl-C.

    Example, with data that stay:  ronda up --data ./data

    With RONDA_KAFKA_BOOTSTRAP_SERVERS or RONDA_DATABASE_URL set, those are used instead of
    embedded ones.
    """
    environment = Environment(os.environ)
    settings = StackSettings(
        data=data,
        kafka=external_kafka(environment),
        topic_prefix=environment.text("RONDA_TOPIC_PREFIX", ""),
        database_url=environment.optional("RONDA_DATABASE_URL") and environment.database_url(),
        plan=_plan(plan),
        host=host,
        unit=environment.optional("RONDA_UNIT"),
        checkin_port=checkin_port,
        alerts_port=alerts_port,
        archive_port=archive_port,
        kafka_port=kafka_port,
        postgres_port=postgres_port,
        verbose=verbose,
        lan_address=lan_address or (own_address() if lan else None),
        install_port=install_port,
    )
    asyncio.run(_until_signalled(settings, as_json=json))


async def _until_signalled(settings: StackSettings, *, as_json: bool) -> None:
    with cancelling_signals(say):
        try:
            async with running_stack(settings, say) as stack:
                _show(stack, await _account(settings, stack), as_json=as_json)
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            # Being asked to stop is how this command ends well.
            return


def external_kafka(environment: Environment) -> KafkaSettings | None:
    """The broker that the environment names, if it names one."""
    return environment.kafka() if environment.optional("RONDA_KAFKA_BOOTSTRAP_SERVERS") else None


def _plan(path: Path | None) -> Plan | None:
    if path is not None:
        return plans.read(path)
    # An installed wheel brings no example.
    return plans.read(DEFAULT_PLAN) if DEFAULT_PLAN.exists() else None


async def _account(settings: StackSettings, stack: Stack) -> FirstAccount | None:
    """Whoever embeds the database gets an account to begin with; elsewhere somebody decides."""
    if settings.database_url is not None or settings.plan is None:
        return None
    return await first_account(stack.database_url, settings.plan.operation.unit)


def _show(stack: Stack, account: FirstAccount | None, *, as_json: bool) -> None:
    if as_json:
        answer_json(
            {
                "data": str(stack.data),
                "environment": str(stack.environment_file),
                "install": stack.lan and stack.lan.install_url,
                "account": account and {"login": account.login, "password": account.password},
                "services": {
                    name: {"url": stack.url(name), "pid": service.pid, "log": str(service.log)}
                    for name, service in stack.services.items()
                },
            }
        )
        return
    table = Table(box=None, pad_edge=False)
    for column in ("service", "address", "log"):
        table.add_column(column)
    for name, service in stack.services.items():
        table.add_row(name, stack.url(name) + _PAGES[name], str(service.log))
    answers.print(table)
    if stack.lan is not None:
        _show_lan(stack.lan)
    if account is not None:
        say(
            f"Sign in at the board as {account.login} with the password {account.password} (shown "
            f"once; `ronda user password {account.login}` changes it)"
        )
    else:
        say("Sign in at the board with an account of `ronda user add`, or a token of `ronda token`")
    say(f"For other commands: set -a; . {stack.environment_file}; set +a")
    say("Running; Ctrl-C stops everything.")


def _show_lan(lan: Lan) -> None:
    segno.make(lan.install_url, error="m", micro=False).terminal(out=sys.stdout, compact=True)
    answers.print(f"Phones: scan, or open {lan.install_url}", markup=False)
    answers.print(f"The certificate's SHA-256: {lan.certificates.fingerprint}", markup=False)


def run(
    service: Annotated[str, typer.Argument(help="checkin, alerts or archive")],
) -> None:
    """Run one service in this process, configured by RONDA_* variables (see .env.example).

    Example:  RONDA_KAFKA_BOOTSTRAP_SERVERS=kafka:9092 ronda run checkin
    """
    if service not in DEFAULT_PORTS:
        known = ", ".join(DEFAULT_PORTS)
        raise typer.BadParameter(f"there is no service {service!r}; there are {known}")
    # Replaces this process, so that signals and the exit code are the service's own.
    os.execv(sys.executable, [sys.executable, "-m", f"services.{service}"])  # noqa: S606 - our own module

"""`ronda user add`, `disable`, `password` and `list`."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from ronda import plans
from ronda.accounts import administration
from ronda.commands.terminal import Json, answer_json, answers, say
from services.alerts.domain.operator import OPERATOR_ROLES, Operator
from services.alerts.handlers.administering import Administration, Refused
from shared.settings import Environment

T = TypeVar("T")

user = typer.Typer(no_args_is_help=True, help="The accounts that sign in at the board.")

Login = Annotated[str, typer.Argument(help="What is typed at the board, s.wulandari for instance.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        dir_okay=False,
        help="The password is the first line of this file (- is standard input). Without it you "
        "are asked.",
    ),
]


@user.command("add")
def add(
    login: Login,
    *,
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(OPERATOR_ROLES)}.")],
    unit: Annotated[str, typer.Option(help="Root of what it may see, as polda-x/polres-y.")],
    name: Annotated[str, typer.Option(help="The person's name, as others see it.")],
    person: Annotated[
        str | None, typer.Option(help="The person's id in the plan, where the plan names them.")
    ] = None,
    password_file: PasswordFile = None,
    sso: Annotated[
        bool, typer.Option("--sso", help="No password: it signs in by the configured issuer.")
    ] = False,
) -> None:
    """Make an account.

    Example:  ronda user add s.wulandari --role operator --name "Ipda Wulandari"
    --unit polda-jatim/polres-tuban --person p-1006
    """
    if sso and password_file is not None:
        raise typer.BadParameter("an account with --sso has no password")
    password = None if sso else _password(password_file)

    async def make(admin: Administration) -> Operator:
        return await admin.add(
            login, name=name, role=role, unit=unit, actor=person, password=password
        )

    made = _done(make)
    say(f"{made.login} may sign in at the board as {made.role} of {made.unit}")


@user.command("disable")
def disable(login: Login) -> None:
    """Let nobody sign in with an account, and end its sessions. Safe to repeat."""

    async def end(admin: Administration) -> None:
        await admin.disable(login, by=plans.whoami())

    _done(end)
    say(f"{login} is disabled; its sessions end as soon as the services read of it")


@user.command("password")
def password(login: Login, password_file: PasswordFile = None) -> None:
    """Give an account another password, and end its sessions. A disabled one is enabled again."""
    wanted = _password(password_file)

    async def change(admin: Administration) -> None:
        await admin.change_password(login, wanted, by=plans.whoami())

    _done(change)
    say(f"{login} has a new password; its sessions end as soon as the services read of it")


@user.command("list")
def accounts(json: Json = False) -> None:
    """Show every account."""

    async def everybody(admin: Administration) -> list[Operator]:
        return list(await admin.all())

    rows = [_shown(operator) for operator in _done(everybody)]
    if json:
        answer_json(rows)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("login", "name", "role", "unit", "signs in by", "since"):
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    answers.print(table)


def _shown(operator: Operator) -> dict[str, str]:
    ways = [
        *(["password"] if operator.password_hash else []),
        *(["sso"] if operator.oidc_subject or not operator.password_hash else []),
    ]
    return {
        "login": operator.login,
        "name": operator.name,
        "role": operator.role,
        "unit": operator.unit,
        "signs_in_by": "disabled" if operator.disabled_at else ", ".join(ways),
        "since": f"{operator.created_at:%Y-%m-%d}",
    }


def _password(file: Path | None) -> str:
    if file is None:
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"the password file cannot be read: {error}") from error
    return text.partition("\n")[0].removesuffix("\r")


def _done(work: Callable[[Administration], Awaitable[T]]) -> T:
    url = Environment(os.environ).database_url()

    async def run() -> T:
        async with administration(url) as admin:
            return await work(admin)

    try:
        return asyncio.run(run())
    except Refused as error:
        say(f"ronda: {error}")
        raise typer.Exit(1) from None

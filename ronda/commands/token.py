"""`ronda token`."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from ronda.commands.terminal import Json, answer_json
from ronda.stack.keys import signing_key_file
from shared.auth import ROLES, Issuer
from shared.clock import system_clock

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_ttl(text: str) -> timedelta:
    """A duration such as `90s`, `15m`, `8h` or `7d`. Raises `typer.BadParameter`."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if match is None or match[1] == "0":
        raise typer.BadParameter(f"{text!r} is not a duration; write 90s, 15m, 8h or 7d")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def token(
    *,
    actor: Annotated[str, typer.Option(help="Who it stands for, as the plan's people are named.")],
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(ROLES)}.")],
    unit: Annotated[str, typer.Option(help="Root of what it may see, as polda-x/polres-y.")],
    name: Annotated[
        str | None, typer.Option(help="The person's name (default: the actor).")
    ] = None,
    device: Annotated[str | None, typer.Option(help="The phone it is for.")] = None,
    ttl: Annotated[str, typer.Option(help="How long it is good for: 90s, 15m, 8h, 7d.")] = "15m",
    key: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, envvar="RONDA_AUTH_SIGNING_KEY_FILE", help="The issuer's signing key."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, envvar="RONDA_DATA", help="Data folder of `ronda up`, for its key."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make a short-lived token for tools and tests.

    Example:  ronda token --actor n.wulandari --role commander --unit polda-jatim/polres-tuban
    --data ./data
    """
    if role not in ROLES:
        raise typer.BadParameter(f"there is no role {role!r}; the roles are {', '.join(ROLES)}")
    file = key or (signing_key_file(data, role) if data else None)
    if file is None:
        raise typer.BadParameter("name the signing key with --key, or a data folder with --data")
    lifetime = parse_ttl(ttl)
    now = system_clock()
    made = Issuer(file).token(
        actor=actor,
        name=name or actor,
        role=role,
        unit=unit,
        now=now,
        ttl=lifetime,
        device=device,
    )
    if json:
        answer_json({"token": made, "expires_at": (now + lifetime).isoformat()})
    else:
        typer.echo(made)

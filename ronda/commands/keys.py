"""`ronda keys rotate`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ronda.commands.terminal import Json, answer_json, answers
from shared.auth import rotate_key

keys = typer.Typer(no_args_is_help=True, help="The keys that tokens are signed with.")


class Issuers(StrEnum):
    """Who signs tokens."""

    checkin = "checkin"
    alerts = "alerts"


@keys.callback()
def _keys() -> None:
    """Without a second command Typer would make `rotate` the group itself."""


@keys.command()
def rotate(
    issuer: Annotated[Issuers, typer.Argument(help="Whose signing key.")],
    folder: Annotated[
        Path,
        typer.Option(
            exists=True, file_okay=False, help="Where the keys lie: `keys` in a data folder."
        ),
    ],
    json: Json = False,
) -> None:
    """Give an issuer a new signing key. Services learn its public half from the JWKS by themselves;
    restart the issuer, and it signs with the new one. What the old one signed stays good.

    Example:  ronda keys rotate checkin --folder ./data/keys
    """
    kid = rotate_key(folder, issuer.value)
    if json:
        answer_json({"issuer": issuer.value, "kid": kid})
    else:
        answers.print(f"{issuer.value} signs with {kid} from its next start on", markup=False)

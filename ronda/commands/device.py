"""`ronda device enroll`, `list` and `revoke`."""

import asyncio
import os
import sys
from typing import Annotated, Any

import segno
import typer
from rich.table import Table

from ronda import devices, plans
from ronda.commands.terminal import Json, answer_json, answers, say
from ronda.commands.token import parse_ttl
from services.checkin.domain.devices import Device, Registry
from shared.clock import system_clock
from shared.settings import Environment

device = typer.Typer(no_args_is_help=True, help="The phones that may speak, and for whom.")


@device.command()
def enroll(
    person: Annotated[str, typer.Argument(help="Whose phone it is, as the plan names people.")],
    url: Annotated[
        str | None,
        typer.Option(
            envvar="RONDA_APP_URL",
            help="Where phones reach checkin, as https://host:port; the QR then opens the app.",
        ),
    ] = None,
    valid_for: Annotated[
        str, typer.Option(help="How long the code is good: 90s, 15m, 8h.")
    ] = "15m",
    json: Json = False,
) -> None:
    """Print a one-time code, as QR and as text, with which one phone is enrolled.

    Example:  ronda device enroll p-1011 --url https://ronda.polres.example
    """
    kafka, lifetime = Environment(os.environ).kafka(), parse_ttl(valid_for)
    code, now = devices.new_code(), system_clock()
    invited = devices.invitation(
        asyncio.run(plans.published(kafka)),
        person=person,
        code=code,
        valid_for=lifetime,
        by=plans.whoami(),
        now=now,
    )
    asyncio.run(devices.publish(kafka, invited))
    content = code if url is None else f"{url.rstrip('/')}/app/#enrol={code}"
    ends = invited.data.expires_at
    if json:
        answer_json({"code": code, "qr": content, "expires_at": ends, "person": person})
        return
    # On stdout as it is: it holds a secret, and remarks may go to a log.
    segno.make(content, error="m", micro=False).terminal(out=sys.stdout, compact=True)
    answers.print(f"{code}  for {invited.data.name}, until {ends.astimezone():%H:%M}", markup=False)


@device.command("list")
def list_all(
    everyone: Annotated[bool, typer.Option("--all", help="With the revoked ones.")] = False,
    json: Json = False,
) -> None:
    """Show the enrolled phones.

    Example:  ronda device list --all --json
    """
    known = asyncio.run(devices.registry(Environment(os.environ).kafka()))
    shown = [phone for phone in known.devices.values() if everyone or phone.revoked_at is None]
    if json:
        answer_json([_facts(phone) for phone in shown])
        return
    table = Table(box=None, pad_edge=False)
    for column in ("phone", "person", "name", "unit", "enrolled", "revoked", "label"):
        table.add_column(column)
    for phone in shown:
        table.add_row(*(str(fact or "") for fact in _facts(phone).values()))
    answers.print(table)
    say(f"{len(shown)} phones, {_open_invitations(known)} codes not used yet")


@device.command()
def revoke(
    phone: Annotated[str, typer.Argument(help="The phone, as `ronda device list` names it.")],
    reason: Annotated[str | None, typer.Option(help="Why, for the record.")] = None,
    json: Json = False,
) -> None:
    """End a phone: every replica refuses it within seconds, and what it still sends is evidence.

    Example:  ronda device revoke d-3f9a1c07b2e44d10 --reason "hilang di lapangan"
    """
    kafka = Environment(os.environ).kafka()
    event = devices.revocation(
        asyncio.run(devices.registry(kafka)),
        device=phone,
        reason=reason,
        by=plans.whoami(),
        now=system_clock(),
    )
    asyncio.run(devices.publish(kafka, event))
    if json:
        answer_json({"device": phone, "revoked_at": event.time})
    else:
        answers.print(f"revoked {phone}", markup=False)


def _facts(phone: Device) -> dict[str, Any]:
    return {
        "device": phone.id,
        "actor": phone.actor,
        "name": phone.name,
        "unit": phone.unit,
        "enrolled_at": phone.enrolled_at.replace(microsecond=0),
        "revoked_at": phone.revoked_at and phone.revoked_at.replace(microsecond=0),
        "label": phone.label,
    }


def _open_invitations(known: Registry) -> int:
    now = system_clock()
    return sum(
        code not in known.winners and invited.expires_at > now
        for code, invited in known.invitations.items()
    )

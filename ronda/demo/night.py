"""Who and what the story is told with."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from ronda.demo.phone import Phone, Sent
from ronda.demo.plan import site_of_type
from ronda.demo.post import Account
from ronda.demo.watch import Watch
from shared.auth import Issuer
from shared.clock import system_clock
from shared.plan.model import Plan, Site

TOKEN_TTL = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the three services listen."""

    checkin: str
    alerts: str
    archive: str


@dataclass(slots=True)
class Night:
    """The stage: sites, phones, accounts, and the watch that looks on."""

    watch: Watch
    plan: Plan
    sent: Sent
    kpu: Site
    bawaslu: Site
    warehouse: Site
    far: Site
    crew: Phone
    distant_crew: Phone
    guard: Phone
    operator: Account
    second_operator: Account
    commander: Account
    auditor: Account

    async def alert_at(self, site: Site, kind: str = "incident") -> dict[str, Any] | None:
        """The newest alert of a site."""
        found = [
            alert
            for alert in await self.operator.alerts()
            if alert["site"] == site.id and alert["kind"] == kind
        ]
        return max(found, key=lambda alert: alert["number"], default=None)

    async def archived(self, event_id: str) -> dict[str, Any] | None:
        """The archive's event row of an id."""
        items = (await self.auditor.get("/v1/events", id=event_id))["items"]
        return next((item for item in items if item["status"] == "event"), None)


def stage(
    client: httpx.AsyncClient,
    addresses: Addresses,
    keys: dict[str, Path],
    plan: Plan,
    watch: Watch,
) -> Night:
    """Hands out phones and accounts, each with a token of its own."""
    devices, accounts = Issuer(keys["checkin"]), Issuer(keys["alerts"])
    sent = Sent()
    people = {person.id: person for person in plan.people}
    crews = {shift.crew: shift for shift in plan.shifts}

    def phone(person: str, device: str, crew: str) -> Phone:
        row = people[person]
        token = devices.token(
            actor=row.id,
            name=f"{row.rank} {row.name}",
            role="officer",
            unit=row.unit,
            device=device,
            now=system_clock(),
            ttl=TOKEN_TTL,
        )
        return Phone(client, addresses.checkin, token, device, crew, sent)

    def account(actor: str, name: str, role: str, url: str) -> Account:
        token = accounts.token(
            actor=actor,
            name=name,
            role=role,
            unit=plan.operation.unit,
            now=system_clock(),
            ttl=TOKEN_TTL,
        )
        return Account(client, url, token, name)

    first, second, third = _crews(crews)
    return Night(
        watch=watch,
        plan=plan,
        sent=sent,
        kpu=site_of_type(plan, "kpu_office"),
        bawaslu=site_of_type(plan, "bawaslu_office"),
        warehouse=site_of_type(plan, "logistics_warehouse"),
        far=site_of_type(plan, "ppk_office", "Soko"),
        crew=phone(crews[first].members[0], "demo-phone-1", first),
        distant_crew=phone(crews[second].members[0], "demo-phone-2", second),
        guard=phone(crews[third].members[0], "demo-phone-3", third),
        operator=account("op-sari", "Ipda Sari", "operator", addresses.alerts),
        second_operator=account("op-joko", "Ipda Joko", "operator", addresses.alerts),
        commander=account("kabag-ops", "Kompol Hadi", "commander", addresses.alerts),
        auditor=account("auditor", "Auditor", "auditor", addresses.archive),
    )


def _crews(crews: dict[str, Any]) -> tuple[str, str, str]:
    """Three crews with different first members: a phone belongs to one person."""
    chosen: list[str] = []
    taken: set[str] = set()
    for crew, shift in crews.items():
        if shift.members[0] not in taken:
            chosen.append(crew)
            taken.add(shift.members[0])
    return chosen[0], chosen[1], chosen[2]

"""Who and what the story is told with."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from ronda.demo.phone import Phone, Sent
from ronda.demo.plan import site_of_type
from ronda.demo.post import Account
from ronda.demo.watch import Watch
from ronda.stack.up import Stack
from shared.plan.model import Person, Plan, Shift, Site

TOKEN_TTL = timedelta(hours=2)


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


def stage(client: httpx.AsyncClient, stack: Stack, plan: Plan, watch: Watch) -> Night:
    """Hands out phones and accounts, each with a token of its own, to people of the plan."""
    sent = Sent()
    people = {person.id: person for person in plan.people}

    def token(person: Person, role: str, device: str | None = None) -> str:
        return stack.token(
            actor=person.id,
            name=_full_name(person),
            role=role,
            unit=person.unit if device else plan.operation.unit,
            device=device,
            ttl=TOKEN_TTL,
        )

    def phone(shift: Shift) -> Phone:
        person, device = people[shift.members[0]], f"demo-{shift.crew.lower()}"
        return Phone(
            client,
            stack.url("checkin"),
            token(person, "officer", device),
            device,
            shift.crew,
            list(shift.members),
            sent,
        )

    def account(person: Person, role: str, service: str = "alerts") -> Account:
        return Account(client, stack.url(service), token(person, role), _full_name(person))

    crew, distant_crew, guard = _shifts(plan)
    operators = [person for person in plan.people if person.role == "operator"]
    commanders = [person for person in plan.people if person.role == "commander"]
    return Night(
        watch=watch,
        plan=plan,
        sent=sent,
        kpu=site_of_type(plan, "kpu_office"),
        bawaslu=site_of_type(plan, "bawaslu_office"),
        warehouse=site_of_type(plan, "logistics_warehouse"),
        far=site_of_type(plan, "ppk_office", "Soko"),
        crew=phone(crew),
        distant_crew=phone(distant_crew),
        guard=phone(guard),
        operator=account(operators[0], "operator"),
        second_operator=account(operators[1], "operator"),
        commander=account(commanders[-1], "commander"),
        auditor=account(operators[0], "auditor", "archive"),
    )


def _full_name(person: Person) -> str:
    return f"{person.rank} {person.name}"


def _shifts(plan: Plan) -> list[Shift]:
    """Three crews, each with a first member of its own: a phone belongs to one person."""
    by_person = {shift.members[0]: shift for shift in reversed(plan.shifts)}
    by_crew = {shift.crew: shift for shift in by_person.values()}
    return list(reversed(by_crew.values()))[:3]

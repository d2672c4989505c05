"""The three services in this process, and a phone whose crew is on duty there."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from playwright.async_api import Page, expect
from psycopg.rows import dict_row

from ronda import devices
from ronda.plans import read
from ronda.stack.settings import DEFAULT_PLAN
from services.alerts.app import running as running_alerts
from services.alerts.settings import AlertsSettings
from services.archive.app import running as running_archive
from services.archive.settings import ArchiveSettings
from services.checkin.app import running as running_checkin
from services.checkin.settings import CheckinSettings
from shared.auth import Issuer, generate_keys
from shared.clock import system_clock
from shared.plan.model import Plan
from shared.settings import AuthSettings, HttpSettings, KafkaSettings
from tests.integration.checkin.conftest import publish_plan

PERSON, CREW = "p-1013", "R-07"
PATIENT_MS = 30_000


@dataclass(slots=True)
class Services:
    """The three services, in this process."""

    checkin: str
    alerts: str
    database_url: str
    kafka: KafkaSettings
    issuer: Issuer
    plan: Plan

    async def invited(self) -> str:
        """A one-time code for one phone, as `ronda device enroll` makes it."""
        code, now = devices.new_code(), system_clock()
        invited = devices.invitation(
            self.plan,
            person=PERSON,
            code=code,
            valid_for=timedelta(minutes=15),
            by="test",
            now=now,
        )
        await devices.publish(self.kafka, invited)
        return code

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """What the archive's database says."""
        async with await psycopg.AsyncConnection.connect(
            self.database_url, row_factory=dict_row
        ) as connection:
            return await (await connection.execute(query)).fetchall()

    def operator(self) -> httpx.AsyncClient:
        """A client of the alerts service, as Ipda Sari of the command center."""
        token = self.issuer.token(
            actor="op-papan",
            name="Ipda Sari",
            role="operator",
            unit=self.plan.operation.unit,
            now=system_clock(),
        )
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.alerts, headers=headers, trust_env=False)

    async def listed(self, what: str) -> list[dict[str, Any]]:
        """What `GET /v1/<what>` shows to the command center."""
        async with self.operator() as client:
            answer = (await client.get(f"/v1/{what}")).raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def decide(self, path: str, **body: Any) -> None:
        """An operator of the command center does something; each kind of it once."""
        async with self.operator() as client:
            answer = await client.post(f"/v1/{path}", json={"key": f"test-{path}", **body})
            answer.raise_for_status()


@asynccontextmanager
async def running_services(
    kafka: KafkaSettings, database_url: str, folder: Path
) -> AsyncIterator[Services]:
    """All three on the example plan."""
    keys = generate_keys(folder / "keys")

    def auth(service: str) -> AuthSettings:
        return AuthSettings(keys_file=keys["keys"], signing_key_file=keys[service])

    plan = read(DEFAULT_PLAN)
    await publish_plan(kafka, plan)
    async with AsyncExitStack() as stack:
        alerts = await stack.enter_async_context(
            running_alerts(AlertsSettings(kafka, database_url, HttpSettings(), auth("alerts")))
        )
        await stack.enter_async_context(
            running_archive(
                ArchiveSettings(
                    kafka, HttpSettings(), auth("alerts"), database_url, plan.operation.unit
                )
            )
        )
        checkin = await stack.enter_async_context(
            running_checkin(CheckinSettings(kafka=kafka, http=HttpSettings(), auth=auth("checkin")))
        )
        issuer = Issuer(keys["alerts"])
        yield Services(checkin.url, alerts.url, database_url, kafka, issuer, plan)


async def begin_enrolled(page: Page, url: str, code: str) -> None:
    """Enrols the phone; the form that begins the duty of its crew is on the screen."""
    await page.goto(f"{url}#enrol={code}")
    await page.get_by_test_id("enrol").click()
    await expect(page.get_by_test_id("duty-crew")).to_have_value(CREW, timeout=PATIENT_MS)


async def on_duty(page: Page, url: str, code: str) -> None:
    """Enrols the phone and begins the duty of its crew."""
    await begin_enrolled(page, url, code)
    await page.get_by_test_id("neutral").check()
    await page.get_by_test_id("start-duty").click()
    await page.get_by_test_id("screen-tasks").wait_for()

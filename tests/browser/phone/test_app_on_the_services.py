"""The app on the real services: a night without network, then its morning."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.async_api import BrowserContext, Page, expect
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
from tests.browser.phone.sight import (
    all_sent,
    check_in_by_hand,
    draft_stored,
    fill_visit,
    finish_visit,
    kill,
    ready_offline,
    reopened,
    report,
    stored,
    tile,
)
from tests.browser.sight import watched
from tests.integration.checkin.conftest import publish_plan
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

POINTS = 20
KILLED_AFTER = (7, 14)
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

    async def take(self, number: int) -> None:
        """An operator of the command center takes an alert."""
        token = self.issuer.token(
            actor="op-papan",
            name="Ipda Sari",
            role="operator",
            unit=self.plan.operation.unit,
            now=system_clock(),
        )
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(
            base_url=self.alerts, headers=headers, trust_env=False
        ) as client:
            alerts = (await client.get("/v1/alerts")).raise_for_status().json()["items"]
            alert = next(one for one in alerts if one["number"] == number)
            key = {"key": f"test-{number}", "version": alert["version"]}
            answer = await client.post(f"/v1/alerts/{alert['id']}/acknowledge", json=key)
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


@pytest.mark.timeout(300)
async def test_a_night_without_network_and_two_kills_arrives_once_and_in_order_and_is_read(
    topics: KafkaSettings,
    database_url: str,
    phone: BrowserContext,
    built_pages: None,
    tmp_path: Path,
) -> None:
    async with running_services(topics, database_url, tmp_path) as services:
        url = f"{services.checkin}/app/"
        page = await phone.new_page()
        faults = watched(page, url)
        await _on_duty(page, url, await services.invited())
        await ready_offline(page)
        await all_sent(page)

        await phone.set_offline(True)
        page = await _round(page, url, services.plan)
        written = await stored(page)
        assert [row["seq"] for row in written] == list(range(1, len(written) + 1))

        await phone.set_offline(False)
        await all_sent(page)
        await _each_archived_once(services, written)
        await _is_read_by_name(page, services)
        assert faults == []


async def _on_duty(page: Page, url: str, code: str) -> None:
    await page.goto(f"{url}#enrol={code}")
    await page.get_by_test_id("enrol").click()
    await expect(page.get_by_test_id("duty-crew")).to_have_value(CREW, timeout=PATIENT_MS)
    await page.get_by_test_id("neutral").check()
    await page.get_by_test_id("start-duty").click()
    await page.get_by_test_id("screen-tasks").wait_for()


async def _round(page: Page, url: str, plan: Plan) -> Page:
    """Visits to 20 sites, a report at each fifth; the phone ends the app twice."""
    sites = [site.id for site in plan.sites if site.type == "ppk_office"][:POINTS]
    assert len(sites) == POINTS
    for point, site in enumerate(sites, start=1):
        await check_in_by_hand(page, site)
        await fill_visit(page)
        if point in KILLED_AFTER:
            await draft_stored(page)
            await kill(page)
            page = await reopened(page, url)
            await page.get_by_test_id("open-visit").click()
        if point % 5 == 0:
            await report(page, "fire" if point == POINTS else "suspicious_person")
        await finish_visit(page)
    return page


async def _each_archived_once(services: Services, written: list[dict[str, Any]]) -> None:
    """Each event of the phone is one row; in each partition they stand in the phone's order."""
    query = 'SELECT id::text, topic, partition FROM archive.event ORDER BY topic, "offset"'
    number = {row["id"]: row["seq"] for row in written}

    async def all_there() -> bool:
        return number.keys() <= {row["id"] for row in await services.rows(query)}

    assert await eventually(all_there, within=60)
    places: dict[tuple[int, int], list[int]] = {}
    for row in await services.rows(query):
        if row["id"] in number:
            places.setdefault((row["topic"], row["partition"]), []).append(number[row["id"]])
    assert all(numbers == sorted(numbers) for numbers in places.values())
    assert await services.rows("SELECT 1 FROM archive.conflict") == []
    assert await services.rows("SELECT 1 FROM archive.duplicate") == []


async def _is_read_by_name(page: Page, services: Services) -> None:
    """The queue shows every event as received, and who took a report by name."""
    await page.get_by_test_id("tab-queue").click()
    rows = page.get_by_test_id("item")
    reports = page.locator("[data-testid=item][data-stage=posko]")
    await expect(reports).to_have_count(POINTS // 5, timeout=PATIENT_MS)
    stages = await rows.evaluate_all("rows => rows.map(row => row.dataset.stage)")
    assert set(stages) == {"sent", "posko"}
    numbers = await services.rows("SELECT number FROM alerts.alert WHERE kind = 'incident'")
    for row in numbers:
        await services.take(row["number"])
    read = page.locator("[data-testid=item][data-stage=read]")
    await expect(read).to_have_count(POINTS // 5, timeout=PATIENT_MS)
    await expect(read.first).to_contain_text("Dibaca oleh Ipda Sari")


@pytest.mark.timeout(120)
async def test_a_duress_and_a_report_with_a_picture_are_taken_as_they_are(
    topics: KafkaSettings,
    database_url: str,
    phone: BrowserContext,
    built_pages: None,
    tmp_path: Path,
) -> None:
    async with running_services(topics, database_url, tmp_path) as services:
        url = f"{services.checkin}/app/"
        page = await phone.new_page()
        faults = watched(page, url)
        await _on_duty(page, url, await services.invited())
        box = await page.get_by_test_id("duress").bounding_box()
        assert box is not None
        await page.mouse.move(box["x"] + 40, box["y"] + 20)
        await page.mouse.down()
        await expect(page.get_by_test_id("duress-dots")).to_have_text("●●●○", timeout=PATIENT_MS)
        await page.mouse.up()
        await page.get_by_test_id("report").click()
        await tile(page, "intrusion").click()
        picture = await page.screenshot()
        await page.get_by_test_id("photo").set_input_files(
            {"name": "foto.png", "mimeType": "image/png", "buffer": picture}
        )
        await expect(page.get_by_test_id("photos")).to_be_visible()
        await page.get_by_test_id("send").click()
        await all_sent(page)

        async def uploaded() -> bool:
            return [photo["state"] for photo in await stored(page, "photos")] == ["sent"]

        assert await eventually(uploaded)
        kinds = await services.rows("SELECT kind FROM alerts.alert WHERE kind = 'duress'")
        assert len(kinds) == 1
        assert faults == []

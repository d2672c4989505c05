"""The app on the real services: a night without network, then its morning."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from shared.plan.model import Plan
from shared.settings import KafkaSettings
from tests.browser.phone.services import CREW, PATIENT_MS, Services, on_duty, running_services
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
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

POINTS = 20
KILLED_AFTER = (7, 14)


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
        await on_duty(page, url, await services.invited())
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
    for alert in await services.listed("alerts"):
        if alert["kind"] == "incident":
            await services.decide(f"alerts/{alert['id']}/acknowledge", version=alert["version"])
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
        await on_duty(page, url, await services.invited())
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
        await page.get_by_test_id("report").click()
        await tile(page, "fire").click()
        await page.get_by_test_id("send-added").click()

        async def joined() -> bool:
            alerts = [one for one in await services.listed("alerts") if one["kind"] == "incident"]
            return [len(alert["parts"]) for alert in alerts] == [2]

        assert await eventually(joined, within=30)
        assert faults == []


@pytest.mark.timeout(120)
async def test_what_a_visit_found_is_asked_for_at_the_next_one_and_its_answer_is_in_the_task(
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
        await on_duty(page, url, await services.invited())
        site = next(shift.sites[0] for shift in services.plan.shifts if shift.crew == CREW)
        await check_in_by_hand(page, site)
        await page.get_by_test_id("add-weakness").click()
        await page.get_by_test_id("weakness-text").fill("Lampu halaman mati")
        await page.get_by_test_id("weakness-add").click()
        await fill_visit(page)
        await finish_visit(page)
        await all_sent(page)

        await check_in_by_hand(page, site)
        asked = page.get_by_test_id("known").get_by_test_id("line")
        await expect(asked).to_contain_text("Lampu halaman mati", timeout=PATIENT_MS)
        await fill_visit(page)
        await asked.locator("[data-value=bad]").click()
        await asked.locator("input").fill("Masih gelap")
        await finish_visit(page)
        await all_sent(page)

        async def answered() -> bool:
            (task,) = await services.listed("tasks")
            seen = [line for line in task["timeline"] if line["what"] == "seen"]
            return [line["note"] for line in seen] == notes

        notes = ["bad: Masih gelap"]
        assert await eventually(answered, within=30)
        await page.get_by_test_id("edit").click()
        await page.locator("[data-item^='task:'] [data-value=good]").click()
        await page.get_by_test_id("send-correction").click()
        await all_sent(page)
        notes.append("good: Masih gelap")
        assert await eventually(answered, within=30)
        assert faults == []

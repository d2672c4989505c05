"""The app on the real services: what the post asks comes down, and each answer goes up."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from shared.settings import KafkaSettings
from tests.browser.phone.services import (
    CREW,
    PATIENT_MS,
    PERSON,
    Services,
    begin_enrolled,
    running_services,
)
from tests.browser.phone.sight import all_sent, report, stored
from tests.browser.sight import watched
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOLDER, MATE = "p-1014", "p-1015"


@pytest.mark.timeout(180)
async def test_a_crew_is_asked_and_sent_and_all_it_answers_is_in_the_name_of_who_holds_the_phone(
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
        await begin_enrolled(page, url, await services.invited())
        await _takes_the_phone(page, services)
        await _answers_that_all_is_well(page, services)
        await _follows_an_order(page, services)
        await _says_that_it_was_a_mistake(page, services)
        await all_sent(page)
        await _everything_is_credited_to(HOLDER, page, services)
        assert faults == []


async def _takes_the_phone(page: Page, services: Services) -> None:
    """The crew without the phone's owner begins its duty."""
    name = {person.id: person.name for person in services.plan.people}
    await page.get_by_label(name[PERSON]).uncheck()
    await page.get_by_label(name[MATE]).check()
    await page.get_by_test_id("duty-holder").select_option(HOLDER)
    await page.get_by_test_id("neutral").check()
    await page.get_by_test_id("start-duty").click()
    await page.get_by_test_id("screen-tasks").wait_for()
    await all_sent(page)


async def _answers_that_all_is_well(page: Page, services: Services) -> None:
    async def on_duty() -> bool:
        return CREW in [unit["crew"] for unit in await services.listed("units")]

    assert await eventually(on_duty, within=30)
    await services.decide(f"units/{CREW}/nudge", text="Gudang gelap?")
    await expect(page.get_by_test_id("nudge")).to_contain_text("Ipda Sari", timeout=PATIENT_MS)
    await expect(page.get_by_test_id("nudge")).to_contain_text("Gudang gelap?")
    await page.get_by_test_id("safe").click()

    async def answered() -> bool:
        unit = next(one for one in await services.listed("units") if one["crew"] == CREW)
        nudge = unit["nudge"]
        return bool(nudge["state"] == "answered" and nudge["answered_by"] == HOLDER)

    assert await eventually(answered, within=30)


async def _follows_an_order(page: Page, services: Services) -> None:
    await report(page, "intrusion")

    async def raised() -> dict[str, Any] | None:
        return next((a for a in await services.listed("alerts") if a["kind"] == "incident"), None)

    alert = await eventually(raised, within=30)
    assert alert is not None
    await services.decide(f"alerts/{alert['id']}/acknowledge", version=alert["version"])
    alert = await eventually(raised)
    assert alert is not None
    await services.decide(f"alerts/{alert['id']}/dispatch", version=alert["version"], crew=CREW)
    await page.get_by_test_id("order-accepted").click(timeout=PATIENT_MS)
    await page.get_by_test_id("order-arrived").click()

    async def there() -> bool:
        known = await raised()
        return known is not None and known["state"] == "arrived"

    assert await eventually(there, within=30)


async def _says_that_it_was_a_mistake(page: Page, services: Services) -> None:
    box = await page.get_by_test_id("duress").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 40, box["y"] + 20)
    await page.mouse.down()
    await expect(page.get_by_test_id("duress-dots")).to_have_text("●●●○", timeout=PATIENT_MS)
    await page.mouse.up()
    await page.get_by_test_id("menu").click()
    await page.get_by_test_id("mistake").click()

    async def told() -> bool:
        alerts = [one for one in await services.listed("alerts") if one["kind"] == "duress"]
        assert [one["state"] for one in alerts] == ["raised"]
        return "said_mistaken" in [reason["code"] for reason in alerts[0]["reasons"]]

    assert await eventually(told, within=30)


async def _everything_is_credited_to(person: str, page: Page, services: Services) -> None:
    made = {row["id"] for row in await stored(page)}

    async def archived() -> list[dict[str, Any]]:
        query = "SELECT id::text, type, actor FROM archive.event"
        rows = [row for row in await services.rows(query) if row["id"] in made]
        return rows if len(rows) == len(made) else []

    rows = await eventually(archived, within=30)
    assert {row["actor"] for row in rows} == {person}
    assert "ronda.duress.mistaken.v1" in {row["type"] for row in rows}

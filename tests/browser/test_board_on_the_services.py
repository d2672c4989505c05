"""The board on the real services: a report from a phone to resolved, with the keyboard alone."""

from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from ronda.demo.phone import Phone, Sent
from tests.browser.sight import loaded, ready, watched
from tests.faults.world import World, world

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SITE = "gudang-logistik"
PATIENT_MS = 30_000


@pytest.mark.timeout(240)
async def test_a_report_is_seen_taken_sent_backup_and_resolved_with_the_keyboard_alone(
    context: BrowserContext, built_pages: None, faults: list[str], tmp_path: Path
) -> None:
    async with world(tmp_path, print) as place:
        phone = _phone(place)
        await phone.send(
            phone.event("ronda.shift.started.v1", {"crew": phone.crew, "members": phone.members})
        )
        page = await _board(context, faults, place)
        await phone.send(_report(phone))
        row = page.locator("[data-testid=alert-row]").first
        await expect(row).to_be_visible(timeout=PATIENT_MS)
        await row.focus()
        await _press(page, "acknowledge", "a")
        await expect(row).to_have_attribute("data-state", "acknowledged", timeout=PATIENT_MS)
        await _press(page, "dispatch", "b")
        await page.get_by_test_id("crew-option").first.wait_for()
        await page.keyboard.press("Control+Enter")
        await expect(row).to_have_attribute("data-state", "dispatched", timeout=PATIENT_MS)
        await _press(page, "arrive", "t")
        await expect(row).to_have_attribute("data-state", "arrived", timeout=PATIENT_MS)
        await _press(page, "resolve", "s")
        await page.get_by_test_id("outcome-option").first.wait_for()
        await page.keyboard.press("Space")  # nothing is chosen beforehand
        await page.keyboard.press("Control+Enter")
        await expect(row).to_have_attribute("data-state", "resolved", timeout=PATIENT_MS)
        await expect(_owner(page)).to_contain_text("op-papan")


def _phone(place: World) -> Phone:
    token = place.token("p-uji", "officer", "phone-uji")
    url = place.stack.url("checkin")
    return Phone(place.client, url, token, "phone-uji", "R-21", ["p-uji"], Sent())


def _report(phone: Phone) -> dict[str, object]:
    site = {"lat": -6.9130, "lon": 112.0660, "accuracy_m": 12}
    report = {"category": "suspicious_person", "text": "Dua orang", "position": site}
    return phone.event("ronda.incident.reported.v1", report, site=SITE)


async def _board(context: BrowserContext, faults: list[str], place: World) -> Page:
    """Signed in as an operator; strangers' addresses, errors and broken policies fail the test."""
    page = await context.new_page()
    url = f"{place.stack.url('alerts')}/board/"
    watched(page, url, faults)
    await page.goto(f"{url}#token={place.token('op-papan', 'operator')}")
    await loaded(page, PATIENT_MS)
    return page


async def _press(page: Page, verb: str, key: str) -> None:
    await ready(page, verb)
    await page.keyboard.press(key)


def _owner(page: Page) -> Locator:
    return page.get_by_test_id("detail")

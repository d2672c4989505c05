"""Two boards on the real services: one happening is one row, and one of two takers wins."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from ronda.demo.phone import Phone, Sent
from tests.browser.sight import loaded, ready, watched
from tests.faults.world import World, world
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SITE = "gudang-logistik"
PATIENT_MS = 30_000
ROW = "[data-testid=alert-row]"


@pytest.mark.timeout(240)
async def test_five_reports_of_one_fire_are_one_row_and_of_two_takers_one_reads_the_others_name(
    context: BrowserContext, built_pages: None, faults: list[str], tmp_path: Path
) -> None:
    async with world(tmp_path, print) as place:
        sari, joko = (
            await _board(context, faults, place, "sari"),
            await _board(context, faults, place, "joko"),
        )
        await _phone(place, "1").send(_fire(_phone(place, "1")))
        answered = time.perf_counter()
        await expect(sari.locator(ROW)).to_have_count(1, timeout=PATIENT_MS)
        took = time.perf_counter() - answered
        sys.stdout.write(f"seen {took:.2f} s after the service answered\n")
        for number in "2345":
            phone = _phone(place, number)
            await phone.send(_fire(phone))
        await expect(sari.locator(ROW)).to_contain_text("5 laporan", timeout=PATIENT_MS)
        await expect(sari.locator(ROW)).to_have_count(1)
        await _taken_by_one(place, sari, joko)


async def _taken_by_one(place: World, sari: Page, joko: Page) -> None:
    """T13: both press at once; the loser's row has the winner's name."""
    for page in (sari, joko):
        await page.locator(ROW).focus()
        await ready(page, "acknowledge")
    await asyncio.gather(sari.keyboard.press("a"), joko.keyboard.press("a"))
    for page in (sari, joko):
        row = page.locator(ROW)
        await expect(row).to_have_attribute("data-state", "acknowledged", timeout=PATIENT_MS)
    owners: list[str] = []

    async def owned() -> bool:
        owners.append(await _owner(place))
        return owners[-1] in {"sari", "joko"}

    assert await eventually(owned)
    loser = joko if owners[-1] == "sari" else sari
    await expect(loser.locator(ROW)).to_contain_text(owners[-1], timeout=PATIENT_MS)
    await expect(loser.get_by_role("dialog")).to_have_count(0)
    names = [line["by"] for line in await _story(place) if line["what"] == "acknowledged"]
    assert names == [owners[-1]]


async def _owner(place: World) -> str:
    owner = (await _alert(place))["owner"]
    return str(owner["name"]) if owner else ""


async def _story(place: World) -> list[dict[str, str]]:
    return list((await _alert(place))["timeline"])


async def _alert(place: World) -> dict[str, Any]:
    token = place.token("sari", "operator")
    answer = await place.client.get(
        f"{place.stack.url('alerts')}/v1/alerts", headers={"Authorization": f"Bearer {token}"}
    )
    [alert] = answer.json()["items"]
    return dict(alert)


def _phone(place: World, number: str) -> Phone:
    device = f"phone-{number}"
    token = place.token(f"p-uji-{number}", "officer", device)
    url = place.stack.url("checkin")
    return Phone(place.client, url, token, device, "R-21", [f"p-uji-{number}"], Sent())


def _fire(phone: Phone) -> dict[str, object]:
    fix = {"lat": -6.9130, "lon": 112.0660, "accuracy_m": 12}
    report = {"category": "fire", "text": "Asap di belakang", "position": fix}
    return phone.event("ronda.incident.reported.v1", report, site=SITE)


async def _board(context: BrowserContext, faults: list[str], place: World, name: str) -> Page:
    """Somebody's board, in a profile of their own."""
    assert context.browser is not None
    profile = await context.browser.new_context(viewport={"width": 1366, "height": 768})
    page = await profile.new_page()
    url = f"{place.stack.url('alerts')}/board/"
    watched(page, url, faults)
    await page.goto(f"{url}#token={place.token(name, 'operator')}")
    await loaded(page, PATIENT_MS)
    return page

"""The app is there with no network at all, days later too, and small enough for a slow one."""

import sys

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import ROOT
from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import all_sent, enrol, ready_offline, reopened, start_duty

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DIST = ROOT / "services" / "checkin" / "web" / "dist"


async def test_a_cold_start_without_network_shows_the_round(
    app: Page, app_url: str, phone: BrowserContext
) -> None:
    await ready_offline(app)
    await all_sent(app)
    await phone.set_offline(True)
    await app.close()
    page = await reopened(app, app_url)
    await page.get_by_test_id("next").wait_for()
    took = await page.evaluate("performance.now()")
    sys.stdout.write(f"the round was there after {took:.0f} ms\n")
    await expect(page.get_by_test_id("stop")).to_have_count(3)
    await page.get_by_test_id("check-in").click()
    await expect(page.get_by_test_id("by-hand")).to_be_visible()


async def test_the_task_list_says_how_old_it_is(
    app: Page, app_url: str, phone: BrowserContext
) -> None:
    await ready_offline(app)
    await phone.set_offline(True)
    await app.add_init_script("const now = Date.now; Date.now = () => now() + 13 * 3600 * 1000;")
    await app.goto(app_url)
    await app.reload()
    await expect(app.get_by_test_id("as-of")).to_contain_text("Daftar tugas per")


async def test_three_days_later_there_is_a_round_without_network(
    bare: Page, app_url: str, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    checkin.assignment = samples.assignment(checkin.now(), days=6)
    await enrol(bare, app_url)
    await start_duty(bare)
    await ready_offline(bare)
    await phone.set_offline(True)
    await bare.add_init_script("const now = Date.now; Date.now = () => now() + 3 * 86_400_000;")
    await bare.reload()
    due = bare.get_by_test_id("next")
    await expect(due).to_contain_text("Gudang Logistik KPU")
    await expect(due).to_contain_text("mnt")


async def test_the_checklist_is_there_without_network(
    app: Page, phone: BrowserContext, app_url: str
) -> None:
    await ready_offline(app)
    await phone.set_offline(True)
    page = await reopened(app, app_url)
    await page.get_by_test_id("check-in").click()
    await page.get_by_test_id("by-hand").click()
    await page.get_by_test_id("by-hand-go").click()
    await expect(page.get_by_test_id("line")).to_have_count(5)


async def test_duty_begins_and_an_order_stands_without_network(
    bare: Page, app_url: str, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await enrol(bare, app_url)
    await expect(bare.get_by_test_id("duty-crew")).to_have_value(samples.CREW)
    await ready_offline(bare)
    await phone.set_offline(True)
    await start_duty(bare)
    await expect(bare.get_by_test_id("queue-count")).to_contain_text("1 antre")
    await phone.set_offline(False)
    checkin.tell(samples.order_item(checkin.now()))
    await bare.get_by_test_id("order").wait_for()
    await phone.set_offline(True)
    await bare.reload()
    await expect(bare.get_by_test_id("order")).to_contain_text("R-21 menuju Kantor KPU")


async def test_a_long_round_is_grouped_and_searched(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    checkin.assignment = samples.assignment(checkin.now(), more_sites=60)
    for site in checkin.assignment["sites"][-30:]:
        site["district"] = "Soko"
    await enrol(bare, app_url)
    await start_duty(bare)
    districts = bare.get_by_test_id("district")
    await expect(districts.locator("h2")).to_have_text(["Tuban", "Soko"])
    await bare.get_by_test_id("find-stop").fill("soko")
    await expect(districts.locator("h2").last).to_have_text("Soko")
    await bare.get_by_test_id("find-stop").fill("pos 07")
    await expect(bare.get_by_test_id("stop")).to_have_count(1)


async def test_a_phone_that_is_nearly_full_says_so(bare: Page, app_url: str) -> None:
    await bare.add_init_script(
        "StorageManager.prototype.estimate = async () => ({usage: 81, quota: 100});"
    )
    await enrol(bare, app_url)
    await expect(bare.get_by_test_id("status")).to_contain_text("Memori HP hampir penuh")


async def test_the_licences_of_the_parts_are_there_without_network_too(
    app: Page, phone: BrowserContext
) -> None:
    await ready_offline(app)
    await phone.set_offline(True)
    await app.get_by_test_id("menu").click()
    async with phone.expect_page() as opened:
        await app.get_by_test_id("licenses").click()
    text = await (await opened.value).inner_text("body")
    for part in ("preact", "idb", "qr", "Permission is hereby granted"):
        assert part in text


async def test_the_app_asks_the_phone_not_to_throw_its_data_away(bare: Page, app_url: str) -> None:
    await bare.add_init_script(
        "window.asked = 0;"
        "StorageManager.prototype.persist = async () => { window.asked += 1; return true; };"
    )
    await bare.goto(app_url)
    await bare.get_by_test_id("enrol").wait_for()
    assert await bare.evaluate("window.asked") == 1


async def test_it_can_be_installed(bare: Page, app_url: str, checkin: FakeCheckin) -> None:
    await bare.goto(app_url)
    manifest = await bare.evaluate(
        "fetch(document.querySelector('link[rel=manifest]').href).then(got => got.json())"
    )
    assert manifest["display"] == "standalone"
    assert app_url.endswith(manifest["start_url"])
    for icon in manifest["icons"]:
        assert (DIST / icon["src"]).stat().st_size > 0
    session = await bare.context.new_cdp_session(bare)
    await ready_offline(bare)
    answer = await session.send("Page.getInstallabilityErrors")
    # Playwright's profiles are incognito, which is no fault of the app.
    errors = [error["errorId"] for error in answer["installabilityErrors"]]
    assert [error for error in errors if error != "in-incognito"] == []

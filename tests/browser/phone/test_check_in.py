"""How a visit begins: the code at the door, a tag, the position, or a hand."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from tests.browser.conftest import ARGUMENTS, PATIENCE_MS
from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.film import film
from tests.browser.phone.sight import PHONE, all_sent, enrol, start_duty
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_by_position_alone(app: Page, checkin: FakeCheckin) -> None:
    await app.get_by_test_id("check-in").click()
    await expect(app.get_by_test_id("where")).to_contain_text("Dalam radius 100 m ✓")
    await app.get_by_test_id("by-position").click()
    await app.get_by_test_id("finish").wait_for()
    await all_sent(app)
    (into,) = checkin.of_type("visit.checked_in")
    assert into["data"]["method"] == "gps"
    assert into["subject"] == "gudang-logistik"


async def test_a_poor_position_is_waited_for_and_then_recorded_as_poor(
    app: Page, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await phone.set_geolocation({**samples.GUDANG, "accuracy": 400})
    await app.get_by_test_id("check-in").click()
    await expect(app.get_by_test_id("where")).to_contain_text("Akurasi 400 m")
    await app.clock.install()
    await app.get_by_test_id("by-position").click()
    await expect(app.get_by_test_id("by-position")).to_contain_text("Mencari posisi")
    await app.clock.run_for(14_000)
    assert checkin.of_type("visit.checked_in") == []
    await app.clock.run_for(2_000)
    await app.get_by_test_id("finish").wait_for()
    await app.clock.run_for(1_000)
    assert await eventually(lambda: checkin.of_type("visit.checked_in"))
    assert checkin.of_type("visit.checked_in")[0]["data"]["position"]["accuracy_m"] == 400


# A browser with Web NFC, and a tag that is near at once.
TAG_READER = """window.NDEFReader = class extends EventTarget {
  async scan() {
    const data = new DataView(new TextEncoder().encode(window.tag).buffer);
    const message = {records: [{recordType: "text", data}]};
    setTimeout(() => this.dispatchEvent(Object.assign(new Event("reading"), {message})), 50);
  }
};"""


@pytest_asyncio.fixture(loop_scope="session")
async def seeing(tmp_path: Path, executable: Path, app_url: str) -> AsyncIterator[BrowserContext]:
    """A phone whose camera looks at the code of the warehouse."""
    reel = tmp_path / "code.mjpeg.y4m"
    reel.write_bytes(film(samples.code_of("gudang-logistik")))
    async with async_playwright() as playwright:
        own = await playwright.chromium.launch(
            executable_path=str(executable),
            args=[
                *ARGUMENTS,
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={reel}",
            ],
        )
        profile = await own.new_context(viewport=PHONE, permissions=["camera"])
        profile.set_default_timeout(PATIENCE_MS)
        yield profile
        await own.close()


async def test_the_camera_reads_the_code_at_the_site(
    seeing: BrowserContext, app_url: str, checkin: FakeCheckin
) -> None:
    page = await seeing.new_page()
    await enrol(page, app_url)
    await start_duty(page)
    await page.get_by_test_id("check-in").click()
    await page.get_by_test_id("finish").wait_for()
    assert await eventually(lambda: checkin.of_type("visit.checked_in"))
    (into,) = checkin.of_type("visit.checked_in")
    assert into["data"]["method"] == "qr"
    assert into["data"]["code"] == samples.code_of("gudang-logistik")
    assert into["subject"] == "gudang-logistik"


async def touched(page: Page, url: str, text: str) -> None:
    """Someone on duty looks for the code of the warehouse, and touches a tag with this text."""
    await page.add_init_script(f"window.tag = {json.dumps(text)};")
    await page.add_init_script(TAG_READER)
    await enrol(page, url)
    await start_duty(page)
    await page.get_by_test_id("check-in").click()


async def test_a_tag_is_read_where_the_browser_can(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await touched(bare, app_url, samples.code_of("gudang-logistik"))
    await bare.get_by_test_id("finish").wait_for()
    await all_sent(bare)
    assert checkin.of_type("visit.checked_in")[0]["data"]["method"] == "nfc"


async def test_what_is_no_code_of_a_site_is_said_to_be_none(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await touched(bare, app_url, "https://ronda.example/menu")
    await expect(bare.get_by_text("Bukan kode lokasi Ronda")).to_be_visible()
    await all_sent(bare)
    assert checkin.of_type("visit.checked_in") == []


async def test_a_site_that_is_not_on_the_list_is_recorded_all_the_same(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await touched(bare, app_url, samples.code_of("tps-901"))
    await expect(bare.get_by_text("Lokasi tps-901 tidak ada di daftar.")).to_be_visible()
    await bare.get_by_test_id("other-site").click()
    await bare.get_by_test_id("finish").wait_for()
    await all_sent(bare)
    assert checkin.of_type("visit.checked_in")[0]["subject"] == "tps-901"


async def test_the_browsers_own_detector_is_preferred(seeing: BrowserContext, app_url: str) -> None:
    page = await seeing.new_page()
    await page.add_init_script("""window.BarcodeDetector = class {
      static async getSupportedFormats() { return ["qr_code"]; }
      async detect() { return [{rawValue: "RONDA1:kpu-tuban:x:-:k:s"}]; }
    };""")
    await enrol(page, app_url)
    await start_duty(page)
    await page.locator("[data-testid=stop][data-site=kpu-tuban]").click()
    await expect(page.locator("h1")).to_have_text("Kantor KPU Kabupaten Tuban")


async def test_the_code_of_another_site_is_offered(
    seeing: BrowserContext, app_url: str, checkin: FakeCheckin
) -> None:
    page = await seeing.new_page()
    await enrol(page, app_url)
    await start_duty(page)
    await page.locator("[data-testid=stop][data-site=kpu-tuban]").click()
    await page.get_by_test_id("other-site").click()
    await page.get_by_test_id("finish").wait_for()
    await all_sent(page)
    assert checkin.of_type("visit.checked_in")[0]["subject"] == "gudang-logistik"

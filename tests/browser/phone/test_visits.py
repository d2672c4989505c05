"""A visit from the code at the door to the text for the command."""

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
from tests.browser.phone.sight import (
    PHONE,
    all_sent,
    check_in_by_hand,
    enrol,
    fill_visit,
    finish_visit,
    start_duty,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_short_visit_is_recorded_and_says_so(app: Page, checkin: FakeCheckin) -> None:
    await check_in_by_hand(app, "gudang-logistik")
    await expect(app.get_by_test_id("short")).to_contain_text("Tetap dicatat dengan tanda")
    await fill_visit(app)
    await finish_visit(app)
    await all_sent(app)
    (out,) = checkin.of_type("visit.checked_out")
    (into,) = checkin.of_type("visit.checked_in")
    assert out["data"]["checkin"] == into["id"]
    assert out["data"]["dwell_s"] < 300
    assert into["data"]["method"] == "manual"
    assert len(out["data"]["checklist"]) == 5


async def test_an_untouched_line_blocks_only_the_end_and_is_named(
    app: Page, checkin: FakeCheckin
) -> None:
    await check_in_by_hand(app, "gudang-logistik")
    lines = app.get_by_test_id("line")
    for at in (0, 1, 3, 4):
        await lines.nth(at).locator("[data-value=unseen]").click()
    await app.locator("[data-testid=situation] [data-value=waspada]").click()
    await app.get_by_test_id("finish").click(force=True)
    await expect(app.get_by_test_id("missing")).to_have_text("Belum diisi: CCTV")
    assert checkin.of_type("visit.checked_out") == []
    await lines.nth(2).locator("[data-value=bad]").click()
    await lines.nth(2).locator("input").fill("7 dari 8 menyala")
    await finish_visit(app)
    await all_sent(app)
    (out,) = checkin.of_type("visit.checked_out")
    assert out["data"]["checklist"][2] == {
        "item": "cctv",
        "answer": "bad",
        "remark": "7 dari 8 menyala",
    }


async def test_what_was_found_and_said_is_in_the_record_and_in_the_text_to_copy(
    app: Page, checkin: FakeCheckin
) -> None:
    await check_in_by_hand(app, "gudang-logistik")
    await fill_visit(app)
    for _ in range(5):
        await app.get_by_test_id("guards-more").click()
    await app.get_by_test_id("dialogue").fill("Penjaga mendengar motor pukul 20.00")
    await app.get_by_test_id("add-weakness").click()
    await app.get_by_test_id("weakness-text").fill("CCTV tembok belakang mati")
    await app.get_by_test_id("weakness-add").click()
    await app.get_by_test_id("advice").check()
    await finish_visit(app)
    await all_sent(app)
    (weakness,) = checkin.of_type("vulnerability.reported")
    (out,) = checkin.of_type("visit.checked_out")
    assert weakness["data"]["kind"] == "cctv_blind"
    assert weakness["data"]["owner"] == "KPU"
    assert weakness["data"]["checkin"] == out["data"]["checkin"]
    assert weakness["deviceseq"] < out["deviceseq"]
    assert out["data"]["guards_met"] == 5
    assert out["data"]["advice_given"] is True
    await app.get_by_test_id("copy").click()
    text = await app.evaluate("navigator.clipboard.readText()")
    for words in (
        "izin melaporkan giat patroli dialogis tahapan masa kampanye",
        "Sasaran: Gudang Logistik KPU; cek: Tiga gembok baik",
        "Petugas jaga ditemui: 5 pers",
        "Penjaga mendengar motor pukul 20.00",
        "1) CCTV tembok belakang mati, penanggung jawab KPU",
        "Situasi: aman terkendali",
    ):
        assert words in text


async def test_what_others_found_there_is_shown(app: Page, checkin: FakeCheckin) -> None:
    task = {"id": "t-1", "version": 1, "at": checkin.now().isoformat(), "what": "assigned"}
    task |= {"kind": "task", "task_kind": "vulnerability", "state": "open", "site": "kpu-tuban"}
    task |= {"text": "Lampu halaman mati", "owner_name": "KPU", "due_at": None}
    checkin.tell(task)
    await check_in_by_hand(app, "kpu-tuban")
    await expect(app.get_by_test_id("known")).to_contain_text("Lampu halaman mati · KPU")
    checkin.tell({**task, "version": 2, "state": "done"})
    await expect(app.get_by_test_id("known")).to_have_count(0)


async def test_a_rehearsal_says_so_on_every_screen_and_in_every_event(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    checkin.assignment["operation"]["purpose"] = "exercise"
    await enrol(bare, app_url)
    await start_duty(bare)
    for screen in ("tasks", "scan", "queue", "activity"):
        await bare.get_by_test_id(f"tab-{screen}").click()
        await expect(bare.get_by_test_id("drill")).to_have_text("GLADI (LATIHAN)")
    await all_sent(bare)
    assert {event["purpose"] for event in checkin.received} == {"exercise"}


async def test_a_draft_survives_a_restart(app: Page, app_url: str) -> None:
    await check_in_by_hand(app, "kpu-tuban")
    await app.get_by_test_id("dialogue").fill("Rapat selesai pukul 22.00")
    await app.locator("[data-testid=situation] [data-value=aman]").click()
    await app.reload()
    await expect(app.get_by_test_id("dialogue")).to_have_value("Rapat selesai pukul 22.00")


async def test_a_second_check_in_waits_for_the_open_visit(app: Page) -> None:
    await check_in_by_hand(app, "kpu-tuban")
    await app.get_by_test_id("back").click()
    await app.get_by_test_id("tab-scan").click()
    await app.get_by_test_id("abandon").click()
    await expect(app.get_by_test_id("by-hand")).to_be_visible()


async def test_by_position_alone(app: Page, checkin: FakeCheckin) -> None:
    await app.get_by_test_id("check-in").click()
    await expect(app.get_by_test_id("where")).to_contain_text("Dalam radius 100 m ✓")
    await app.get_by_test_id("by-position").click()
    await app.get_by_test_id("finish").wait_for()
    await all_sent(app)
    (into,) = checkin.of_type("visit.checked_in")
    assert into["data"]["method"] == "gps"
    assert into["subject"] == "gudang-logistik"


async def test_the_end_of_duty_warns_of_what_is_unsent(
    app: Page, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await phone.set_offline(True)
    await check_in_by_hand(app, "kpu-tuban")
    await app.get_by_test_id("back").click()
    await app.get_by_test_id("menu").click()
    await app.get_by_test_id("duty").click()
    await expect(app.get_by_test_id("unsent")).to_contain_text("Masih 1 belum terkirim")
    await app.get_by_test_id("end-duty").click()
    await phone.set_offline(False)
    await all_sent(app)
    (ended,) = checkin.of_type("shift.ended")
    assert ended["data"] == {"crew": samples.CREW, "unsent": 1}


async def test_a_crew_of_one_is_stopped_where_a_site_is_at_risk(bare: Page, app_url: str) -> None:
    await enrol(bare, app_url)
    await expect(bare.get_by_test_id("duty-crew")).to_have_value(samples.CREW)
    await bare.get_by_test_id("neutral").check()
    for name in ("Bayu", "Cahyo"):
        await bare.get_by_text(name).click()
    await expect(bare.get_by_test_id("why-not")).to_contain_text("minimal 2")
    await expect(bare.get_by_test_id("start-duty")).to_have_attribute("aria-disabled", "true")


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


async def test_a_tag_is_read_where_the_browser_can(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    code = json.dumps(samples.code_of("gudang-logistik"))
    await bare.add_init_script(f"window.tag = {code};")
    await bare.add_init_script(TAG_READER)
    await enrol(bare, app_url)
    await start_duty(bare)
    await bare.get_by_test_id("check-in").click()
    await bare.get_by_test_id("finish").wait_for()
    await all_sent(bare)
    assert checkin.of_type("visit.checked_in")[0]["data"]["method"] == "nfc"


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

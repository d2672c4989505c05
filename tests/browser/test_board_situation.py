"""Who may change the situation does so with a reason, and sees what holds and why."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake_alerts import FakeAlerts
from tests.browser.fake_situation import an_override
from tests.browser.sight import from_menu, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def opened(page: Page, url: str) -> None:
    await sign_in(page, url, "agus")
    await from_menu(page, "menu-situation")
    await page.get_by_test_id("situation-reason").wait_for()


@pytest.mark.parametrize(("token", "offered"), [("sari", 0), ("wati", 0), ("agus", 1)])
async def test_only_who_may_change_the_situation_is_offered_to(
    page: Page, url: str, token: str, offered: int
) -> None:
    await sign_in(page, url, token)
    await page.get_by_test_id("menu").click()
    await page.get_by_test_id("menu-journal").wait_for()
    await expect(page.get_by_test_id("menu-situation")).to_have_count(offered)


async def test_a_phase_is_changed_with_a_reason_and_the_header_follows(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await opened(page, url)
    confirm = page.get_by_test_id("dialog-confirm")
    await page.get_by_test_id("situation-value").select_option("quiet_period")
    await expect(page.get_by_test_id("situation-meaning")).to_contain_text("Masa tenang")
    await expect(confirm).to_have_attribute("aria-disabled", "true")
    await page.get_by_test_id("situation-hours").fill("12")
    await page.get_by_test_id("situation-reason").fill("surat KPU nomor 7")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("dialog-situation")).to_have_count(0)
    await expect(page.locator(".where")).to_contain_text("Masa tenang")
    ((kind, body),) = fake.room.asked
    assert (kind, body["reason"]) == ("situation", "surat KPU nomor 7")
    (change,) = body["changes"]
    assert (change["what"], change["of"], change["value"]) == ("phase", None, "quiet_period")
    assert change["until"] is not None


async def test_a_site_gets_another_class_and_a_person_a_stand_in(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await opened(page, url)
    await page.get_by_test_id("situation-site_class").click()
    await page.get_by_test_id("situation-of").fill("Gudang Logistik KPU")
    await page.get_by_test_id("situation-value").select_option("khusus")
    await page.get_by_test_id("situation-reason").fill("massa di depan")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("dialog-situation")).to_have_count(0)
    await from_menu(page, "menu-situation")
    await page.get_by_test_id("situation-stand_in").click()
    await page.get_by_test_id("situation-of").fill("AKP Made Contoh, Kasat Samapta")
    await page.get_by_test_id("situation-deputy").fill("Bripka Arya Contoh")
    await page.get_by_test_id("situation-reason").fill("sakit")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("dialog-situation")).to_have_count(0)
    made = [body["changes"][0] for _, body in fake.room.asked]
    assert [(each["what"], each["of"], each["value"], each["until"]) for each in made] == [
        ("site_class", "gudang", "khusus", None),
        ("stand_in", "p-1006", "p-1021", None),
    ]


async def test_what_holds_now_is_listed_with_who_and_why_and_can_be_ended(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.situation |= {"phase": "quiet_period", "phase_name": "Masa tenang"}
    fake.situation["overrides"] = [an_override(fake, what="phase", value="quiet_period")]
    await opened(page, url)
    live = page.get_by_test_id("overrides")
    for words in ("Masa tenang", "AKBP Agus", "perintah Kapolres"):
        await expect(live).to_contain_text(words)
    await page.get_by_test_id("override-end").click()
    await expect(page.get_by_test_id("situation-meaning")).to_contain_text("menurut rencana")
    await page.get_by_test_id("situation-reason").fill("sudah lewat")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("dialog-situation")).to_have_count(0)
    await expect(page.locator(".where")).to_contain_text("Masa kampanye")
    assert fake.room.asked[0][1]["changes"][0]["value"] is None


async def test_a_refusal_is_shown_in_words_and_what_was_written_stays(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.situation_refusal = "Batas waktu sudah lewat"
    await opened(page, url)
    await page.get_by_test_id("situation-value").select_option("voting")
    await page.get_by_test_id("situation-reason").fill("hari H")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("dialog-situation")).to_contain_text("Batas waktu sudah lewat")
    await expect(page.get_by_test_id("situation-reason")).to_have_value("hari H")
    await expect(page.locator(".where")).to_contain_text("Masa kampanye")

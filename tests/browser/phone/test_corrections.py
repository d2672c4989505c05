"""What was answered on a visit is put right afterwards, by an event of its own."""

import re

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import (
    all_sent,
    check_in_by_hand,
    fill_visit,
    finish_visit,
    report,
    stored,
    tile,
)

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def visited(app: Page) -> None:
    """A finished visit of the warehouse, with two guards; its text is on the screen."""
    await check_in_by_hand(app, "gudang-logistik")
    await fill_visit(app)
    for _ in range(2):
        await app.get_by_test_id("guards-more").click()
    await app.get_by_test_id("dialogue").fill("Nihil")
    await finish_visit(app)


@pytest.mark.parametrize("offline", [False, True])
async def test_the_answers_are_sent_anew_and_name_what_they_amend(
    app: Page, phone: BrowserContext, checkin: FakeCheckin, offline: bool
) -> None:
    await visited(app)
    await all_sent(app)
    await phone.set_offline(offline)
    await app.get_by_test_id("edit").click()
    await expect(app.get_by_test_id("guards")).to_have_text(re.compile("^2"))
    await expect(app.get_by_test_id("dialogue")).to_have_value("Nihil")
    await app.get_by_test_id("guards-more").click()
    await app.locator("[data-item=cctv] [data-value=bad]").click()
    await app.locator("[data-item=cctv] input").fill("7 dari 8 menyala")
    await app.locator("[data-testid=situation] [data-value=waspada]").click()
    await app.get_by_test_id("send-correction").click()

    text = app.get_by_test_id("giat")
    await expect(text).to_contain_text("CCTV bermasalah (7 dari 8 menyala)")
    await expect(text).to_contain_text("Petugas jaga ditemui: 3")
    await expect(text).to_contain_text("Situasi: waspada")
    await expect(text).to_contain_text(re.compile(r"Isian dikoreksi \d\d\.\d\d WIB\."))
    await expect(app.get_by_test_id("giat-from")).to_contain_text(
        re.compile(r"· dikoreksi \d\d\.\d\d$")
    )
    await phone.set_offline(False)
    await all_sent(app)
    first, second = checkin.of_type("visit.checked_out")
    assert second["data"] == {
        **{name: value for name, value in first["data"].items() if name != "position"},
        "amends": first["id"],
        "guards_met": 3,
        "situation": "waspada",
        "checklist": [
            {"item": "cctv", "answer": "bad", "remark": "7 dari 8 menyala"}
            if answer["item"] == "cctv"
            else answer
            for answer in first["data"]["checklist"]
        ],
    }
    assert len(checkin.of_type("visit.checked_in")) == 1


async def test_a_second_correction_amends_the_same_check_out(
    app: Page, checkin: FakeCheckin
) -> None:
    await visited(app)
    for words in ("Motor pukul 20.00", "Motor pukul 21.00"):
        await app.get_by_test_id("edit").click()
        await app.get_by_test_id("dialogue").fill(words)
        await app.get_by_test_id("send-correction").click()
        await expect(app.get_by_test_id("giat")).to_contain_text(words)
    await all_sent(app)
    first, *corrections = checkin.of_type("visit.checked_out")
    assert [one["data"]["amends"] for one in corrections] == [first["id"], first["id"]]
    await app.get_by_test_id("tab-queue").click()
    await expect(app.get_by_text("Koreksi kunjungan · Gudang Logistik KPU")).to_have_count(2)


async def test_nothing_new_is_nothing_to_send(app: Page) -> None:
    await visited(app)
    await app.get_by_test_id("edit").click()
    send = app.get_by_test_id("send-correction")
    await expect(send).to_have_attribute("aria-disabled", "true")
    await app.get_by_test_id("guards-more").click()
    await expect(send).to_have_attribute("aria-disabled", "false")
    await app.get_by_test_id("guards-less").click()
    await send.click(force=True)
    await app.get_by_test_id("drop-correction").click()
    await app.get_by_test_id("giat").wait_for()
    rows = await stored(app)
    assert len([row for row in rows if "checked_out" in row["type"]]) == 1


async def test_a_correction_that_was_begun_survives_a_restart_and_is_dropped_by_hand(
    app: Page,
) -> None:
    await visited(app)
    await app.get_by_test_id("edit").click()
    await app.get_by_test_id("dialogue").fill("Motor pukul 20.00")
    await app.reload()
    await expect(app.get_by_test_id("dialogue")).to_have_value("Motor pukul 20.00")
    await app.get_by_test_id("drop-correction").click()
    await app.get_by_test_id("tab-activity").click()
    await app.get_by_test_id("edit").click()
    await expect(app.get_by_test_id("dialogue")).to_have_value("Nihil")


async def test_lapor_is_three_taps_from_a_correction_too(app: Page) -> None:
    await visited(app)
    await app.get_by_test_id("edit").click()
    await report(app, "intrusion")
    await expect(app.get_by_test_id("screen-correct")).to_be_visible()
    assert len([row for row in await stored(app) if "incident" in row["type"]]) == 1
    await expect(tile(app, "intrusion")).to_have_count(0)

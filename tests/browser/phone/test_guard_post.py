"""A guard post: every hour one tap, which can be taken back for ten seconds."""

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import all_sent, enrol, start_duty, stored

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def at_the_post(page: Page, url: str, checkin: FakeCheckin) -> None:
    """A guard of the warehouse begins the watch."""
    checkin.assignment = samples.as_guard_post(checkin.assignment, checkin.now())
    await enrol(page, url)
    await start_duty(page)
    await all_sent(page)


async def test_one_tap_is_a_nil_report_written_at_once(
    bare: Page, app_url: str, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await at_the_post(bare, app_url, checkin)
    await expect(bare.get_by_test_id("guard-post")).to_contain_text("Jaga Gudang Logistik KPU")
    await phone.set_offline(True)
    await bare.get_by_test_id("nil").click()
    await expect(bare.get_by_test_id("nil-written")).to_contain_text("Nihil, aman pukul")
    written = [row["event"] for row in await stored(bare) if "visit" in row["type"]]
    assert [event["type"] for event in written] == [
        "ronda.visit.checked_in.v1",
        "ronda.visit.checked_out.v1",
    ]
    assert written[1]["data"]["nil_report"] is True
    assert written[1]["data"]["situation"] == "aman"
    await phone.set_offline(False)
    await all_sent(bare)
    assert len(checkin.of_type("visit.checked_out")) == 1


async def test_ten_seconds_long_it_can_be_taken_back_and_the_visit_is_owed_again(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await at_the_post(bare, app_url, checkin)
    await expect(bare.get_by_test_id("progress")).to_have_text("0 dari 3 lokasi")
    await bare.clock.install()
    await bare.get_by_test_id("nil").click()
    await expect(bare.get_by_test_id("progress")).to_have_text("1 dari 3 lokasi")
    await bare.get_by_test_id("undo").wait_for()
    await bare.clock.run_for(9_000)
    await bare.get_by_test_id("undo").click()
    await expect(bare.get_by_test_id("progress")).to_have_text("0 dari 3 lokasi")
    await expect(bare.get_by_test_id("nil")).to_be_visible()
    await all_sent(bare)
    (into,) = checkin.of_type("visit.checked_in")
    (taken,) = checkin.of_type("visit.withdrawn")
    assert taken["data"] == {"checkin": into["id"], "crew": samples.CREW}
    assert taken["subject"] == into["subject"]


async def test_after_ten_seconds_it_stands_and_the_next_hour_is_not_reported_early(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await at_the_post(bare, app_url, checkin)
    await bare.clock.install()
    await bare.get_by_test_id("nil").click()
    await bare.get_by_test_id("undo").wait_for()
    await bare.clock.run_for(10_000)
    await expect(bare.get_by_test_id("undo")).to_have_count(0)
    card = bare.get_by_test_id("guard-post")
    await expect(card).to_contain_text("50 mnt lagi")
    await expect(card.get_by_test_id("nil")).to_have_count(0)
    await card.get_by_test_id("check-in").click()
    await expect(bare.get_by_test_id("screen-scan")).to_be_visible()
    await all_sent(bare)
    assert checkin.of_type("visit.withdrawn") == []

"""What the post asks of a crew: an order, and whether all is well."""

from datetime import timedelta

import pytest
from playwright.async_api import BrowserContext, Geolocation, Page, expect

from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import all_sent
from tests.browser.phone.test_duress import STUBS
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

KPU: Geolocation = {"latitude": -6.9016, "longitude": 112.0499, "accuracy": 18}


async def test_an_order_is_answered_step_by_step_and_remembered(
    app: Page, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    order = samples.order_item(checkin.now())
    checkin.tell(order)
    card = app.get_by_test_id("order")
    await expect(card).to_contain_text("R-21 menuju Kantor KPU")
    await phone.set_offline(True)
    await app.get_by_test_id("order-accepted").click()
    await app.get_by_test_id("order-en_route").click()
    await phone.set_offline(False)
    await all_sent(app)
    await app.reload()
    await expect(card).to_have_attribute("data-step", "en_route")
    await app.get_by_test_id("order-arrived").click()
    await all_sent(app)
    answers = [event for event in checkin.received if ".dispatch." in event["type"]]
    assert [event["type"].split(".")[2] for event in answers] == ["accepted", "en_route", "arrived"]
    assert {event["data"]["alert"] for event in answers} == {order["id"]}


async def test_an_order_that_cannot_be_followed_is_declined(
    app: Page, checkin: FakeCheckin
) -> None:
    checkin.tell(samples.order_item(checkin.now()))
    await app.get_by_test_id("order-declined").click()
    await expect(app.get_by_test_id("order")).to_have_count(0)
    assert await eventually(lambda: checkin.of_type("dispatch.declined"))


async def test_a_second_order_for_the_same_alert_is_shown_and_sounds_again(
    app: Page, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await app.evaluate(STUBS)
    order = samples.order_item(checkin.now())
    checkin.tell(order)
    await app.get_by_test_id("order-declined").click()
    card = app.get_by_test_id("order")
    await expect(card).to_have_count(0)
    calls = await app.evaluate("window.loud")
    again = {**order["order"], "at": (checkin.now() + timedelta(minutes=9)).isoformat()}
    checkin.tell({**order, "version": 4, "order": again})
    await expect(card).to_have_attribute("data-step", "sent")
    assert await app.evaluate("window.loud") > calls
    await app.get_by_test_id("order-accepted").click()
    await expect(card).to_have_attribute("data-step", "accepted")
    await all_sent(app)
    answers = [event for event in checkin.received if ".dispatch." in event["type"]]
    assert [event["type"].split(".")[2] for event in answers] == ["declined", "accepted"]


async def test_a_double_tap_that_accepts_an_order_does_not_set_out_too(
    app: Page, checkin: FakeCheckin
) -> None:
    checkin.tell(samples.order_item(checkin.now()))
    await app.get_by_test_id("order-accepted").dblclick()
    await expect(app.get_by_test_id("order-en_route")).to_be_enabled()
    await all_sent(app)
    answers = [event["type"] for event in checkin.received if ".dispatch." in event["type"]]
    assert answers == ["ronda.dispatch.accepted.v1"]


async def test_an_order_to_another_crew_is_not_shown_to_the_crew_on_duty(
    app: Page, checkin: FakeCheckin
) -> None:
    other = samples.order_item(checkin.now())
    other["order"] = {**other["order"], "crew": "R-07"}
    checkin.tell(other, samples.nudge_item(checkin.now()))
    await app.get_by_test_id("nudge").wait_for()
    await expect(app.get_by_test_id("order")).to_have_count(0)


async def test_an_order_fills_the_width_above_every_screen_but_a_report(
    app: Page, checkin: FakeCheckin
) -> None:
    checkin.tell(samples.order_item(checkin.now()))
    card = app.get_by_test_id("order")
    for screen in ("tasks", "scan", "queue", "activity"):
        await app.get_by_test_id(f"tab-{screen}").click()
        box = await card.bounding_box()
        assert box is not None
        assert box["width"] >= 360 - 2 * 16
    await app.get_by_test_id("order-accepted").click()
    for answer in ("order-en_route", "order-arrived"):
        await expect(app.get_by_test_id(answer)).to_be_visible()
    await app.get_by_test_id("report").click()
    await expect(card).to_have_count(0)


async def test_near_the_place_only_the_arrival_is_offered(
    app: Page, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    checkin.tell(samples.order_item(checkin.now()))
    await app.get_by_test_id("order-accepted").click()
    await expect(app.get_by_test_id("order-here")).to_have_count(0)
    await phone.set_geolocation(KPU)
    await expect(app.get_by_test_id("order-here")).to_be_visible()
    await expect(app.get_by_test_id("order-en_route")).to_have_count(0)
    await app.get_by_test_id("order-arrived").click()
    await all_sent(app)
    assert len(checkin.of_type("dispatch.arrived")) == 1


async def test_the_question_whether_all_is_well_says_who_asks_and_is_answered_once(
    app: Page, checkin: FakeCheckin
) -> None:
    asked = samples.nudge_item(checkin.now(), text="Gudang gelap?")
    checkin.tell(asked)
    card = app.get_by_test_id("nudge")
    await expect(card).to_contain_text("Ipda Sari bertanya: apakah Anda aman?")
    await expect(card).to_contain_text("Gudang gelap?")
    await app.get_by_test_id("safe").click()
    await expect(card).to_have_count(0)
    await all_sent(app)
    (answer,) = checkin.of_type("welfare.answered")
    assert answer["data"]["nudge"] == asked["id"]
    assert answer["data"]["crew"] == samples.CREW
    assert answer["data"]["position"]["lat"] == samples.GUDANG["latitude"]
    await app.reload()
    await app.get_by_test_id("stop").first.wait_for()
    await expect(card).to_have_count(0)


async def test_a_question_that_a_mate_answered_goes_away(app: Page, checkin: FakeCheckin) -> None:
    asked = samples.nudge_item(checkin.now(), reason="silent_site", by=None, site="kpu-tuban")
    checkin.tell(asked)
    card = app.get_by_test_id("nudge")
    await expect(card).to_contain_text("Posko bertanya")
    await expect(card).to_contain_text("Belum ada kabar dari Kantor KPU Kabupaten Tuban.")
    checkin.tell({**asked, "version": 2, "what": "ended", "state": "answered"})
    await expect(card).to_have_count(0)
    assert checkin.of_type("welfare.answered") == []


async def test_a_question_whose_time_is_over_can_still_be_answered(
    app: Page, checkin: FakeCheckin
) -> None:
    asked = samples.nudge_item(checkin.now(), reason="silent_site", by=None, site="ppk-soko")
    checkin.tell({**asked, "version": 2, "what": "ended", "state": "lapsed"})
    await expect(app.get_by_test_id("nudge")).to_contain_text("Belum ada kabar dari PPK Soko.")
    await app.get_by_test_id("safe").click()
    assert await eventually(lambda: checkin.of_type("welfare.answered"))


async def test_an_order_comes_down_to_a_full_phone(app: Page, checkin: FakeCheckin) -> None:
    await all_sent(app)
    await app.evaluate("""() => {
      IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError") };
    }""")
    checkin.tell(samples.order_item(checkin.now()))
    await expect(app.get_by_test_id("order")).to_be_visible()

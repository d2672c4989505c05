"""A finger that taps twice, or a camera that sees twice, does one thing once, however long the
phone takes to write it down."""

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import (
    all_sent,
    check_in_by_hand,
    enrol,
    fill_visit,
    start_duty,
    stored,
    tile,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CODE = samples.code_of("gudang-logistik")
# Transactions that write events are told of as complete only when the test lets them be.
SLOW = """() => {
  const waiting = [];
  let slow = false;
  window.waits = () => waiting.length > 0;
  window.commit = on => {
    slow = on;
    for (const go of waiting.splice(0)) go();
  };
  const listen = IDBTransaction.prototype.addEventListener;
  IDBTransaction.prototype.addEventListener = function (kind, told, ...more) {
    const events = kind === "complete" && this.objectStoreNames.contains("photos");
    const late = event => slow ? waiting.push(() => told(event)) : told(event);
    return listen.call(this, kind, events ? late : told, ...more);
  };
}"""
NFC = """window.NDEFReader = class extends EventTarget {
  async scan() { window.see = code => {
    const data = new DataView(new TextEncoder().encode(code).buffer);
    const message = {records: [{recordType: "text", data}]};
    this.dispatchEvent(Object.assign(new Event("reading"), {message}));
  }; }
};"""


@pytest_asyncio.fixture(loop_scope="session")
async def slow(app: Page) -> Page:
    """A phone whose writes a test can hold up."""
    await all_sent(app)
    await app.evaluate(SLOW)
    return app


async def tapped_twice(button: Locator) -> None:
    """Two taps before anything is written, and then it is."""
    await button.evaluate("button => { window.commit(true); button.click(); button.click(); }")
    await written(button.page)


async def true_of(page: Page, expression: str) -> None:
    """Waits for something of the page; its policy forbids Playwright's own way."""

    async def true() -> bool:
        return bool(await page.evaluate(f"Boolean({expression})"))

    assert await eventually(true)


async def written(page: Page) -> None:
    """What was held up is written."""
    await true_of(page, "window.waits()")
    await page.evaluate("window.commit(false)")


async def types(page: Page) -> list[str]:
    """The stored events, by the part of their type that differs."""
    return [row["type"].removeprefix("ronda.").removesuffix(".v1") for row in await stored(page)]


async def test_a_report_sent_twice_is_one(slow: Page) -> None:
    await slow.get_by_test_id("tab-queue").click()
    await slow.get_by_test_id("report").click()
    await tile(slow, "fire").click()
    await tapped_twice(slow.get_by_test_id("send"))
    await expect(slow.get_by_test_id("screen-queue")).to_be_visible()
    assert (await types(slow)).count("incident.reported") == 1


async def test_a_code_that_is_seen_again_while_the_visit_is_written_is_one_check_in(
    bare: Page, app_url: str
) -> None:
    await bare.add_init_script(NFC)
    await enrol(bare, app_url)
    await start_duty(bare)
    await all_sent(bare)
    await bare.evaluate(SLOW)
    await bare.get_by_test_id("check-in").click()
    await true_of(bare, "window.see")
    await bare.evaluate(
        "code => { window.commit(true); for (let n = 0; n < 7; n += 1) window.see(code); }", CODE
    )
    await written(bare)
    await bare.get_by_test_id("finish").wait_for()
    assert (await types(bare)).count("visit.checked_in") == 1


async def test_a_visit_that_is_finished_twice_has_one_end(app: Page) -> None:
    await check_in_by_hand(app, "kpu-tuban")
    await fill_visit(app)
    await app.evaluate(SLOW)
    await tapped_twice(app.get_by_test_id("finish"))
    await app.get_by_test_id("giat").wait_for()
    assert (await types(app)).count("visit.checked_out") == 1


async def test_a_key_that_is_pressed_while_a_visit_ends_does_not_open_it_again(app: Page) -> None:
    await check_in_by_hand(app, "kpu-tuban")
    await fill_visit(app)
    await app.evaluate(SLOW)
    await app.get_by_test_id("finish").evaluate("end => { window.commit(true); end.click(); }")
    await true_of(app, "window.waits()")
    await app.get_by_test_id("dialogue").fill("Sampai besok")
    await app.evaluate("window.commit(false)")
    await app.get_by_test_id("giat").wait_for()
    await app.reload()
    await app.get_by_test_id("tab-tasks").click()
    await app.get_by_test_id("stop").first.wait_for()
    await expect(app.get_by_test_id("open-visit")).to_have_count(0)


async def test_an_order_that_is_accepted_twice_has_one_answer(
    slow: Page, checkin: FakeCheckin
) -> None:
    checkin.tell(samples.order_item(checkin.now()))
    await tapped_twice(slow.get_by_test_id("order-accepted"))
    await slow.get_by_test_id("order-en_route").wait_for()
    assert [kind for kind in await types(slow) if "dispatch" in kind] == ["dispatch.accepted"]


async def test_duty_that_is_begun_and_ended_twice_begins_and_ends_once(
    bare: Page, app_url: str
) -> None:
    await enrol(bare, app_url)
    await bare.get_by_test_id("neutral").check()
    await bare.evaluate(SLOW)
    await tapped_twice(bare.get_by_test_id("start-duty"))
    await bare.get_by_test_id("menu").click()
    await bare.get_by_test_id("duty").click()
    await tapped_twice(bare.get_by_test_id("end-duty"))
    await bare.get_by_test_id("open-duty").wait_for()
    assert await types(bare) == ["shift.started", "shift.ended"]


async def test_a_nil_report_tapped_twice_is_one(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    checkin.assignment = samples.as_guard_post(checkin.assignment, checkin.now())
    await enrol(bare, app_url)
    await start_duty(bare)
    await all_sent(bare)
    await bare.evaluate(SLOW)
    await tapped_twice(bare.get_by_test_id("nil"))
    await bare.get_by_test_id("nil-written").wait_for()
    assert (await types(bare)).count("visit.checked_out") == 1


async def test_what_is_written_while_a_picture_is_stored_stays(app: Page) -> None:
    await check_in_by_hand(app, "kpu-tuban")
    content = await app.screenshot()
    await app.evaluate(SLOW)
    await app.evaluate("window.commit(true)")
    picture = {"name": "foto.png", "mimeType": "image/png", "buffer": content}
    await app.get_by_test_id("photo").set_input_files(picture)  # type: ignore[arg-type]
    await true_of(app, "window.waits()")
    await app.get_by_test_id("dialogue").fill("Rapat selesai pukul 22.00")
    await app.evaluate("window.commit(false)")
    await expect(app.get_by_test_id("photos")).to_have_text("1 foto")
    await expect(app.get_by_test_id("dialogue")).to_have_value("Rapat selesai pukul 22.00")

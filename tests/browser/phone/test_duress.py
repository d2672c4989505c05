"""Darurat: two seconds of contact, one event, and nothing else that anybody could notice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import pytest
from PIL import Image, ImageChops
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import all_sent, queued, report, stop_clock, stored
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

BACKLOG = 200
# Chromium's edge of a rounded corner differs by a step of 255 from one painting to the next.
SEEN = 2
# The page's timers run on a clock that the test moves, so 1.9 s are 1.9 s on any machine.
STUBS = """() => {
  window.loud = 0;
  navigator.vibrate = () => { window.loud += 1; return true; };
  window.AudioContext = class { constructor() { window.loud += 1; } };
  window.Notification = class { constructor() { window.loud += 1; } };
}"""
# As many events as a long night leaves, put where the app would have written them.
FILL = """count => new Promise((done, failed) => {
  const asked = indexedDB.open("ronda");
  asked.onsuccess = () => {
    const work = asked.result.transaction(["events", "kept"], "readwrite");
    const all = work.objectStore("events").getAll();
    all.onsuccess = () => {
      const model = all.result[0];
      for (let n = 1; n <= count; n += 1) {
        const seq = model.seq + n;
        const id = model.id.slice(0, -4) + String(n).padStart(4, "0");
        const event = {...model.event, id, deviceseq: seq};
        const {text, sentAt, ...bare} = model;
        work.objectStore("events").put({...bare, id, seq, event, state: "saved"});
      }
      work.objectStore("kept").put(model.seq + count, "sequence");
    };
    work.oncomplete = () => { asked.result.close(); done(); };
    work.onerror = () => failed(work.error);
  };
})"""


@asynccontextmanager
async def pressed(page: Page) -> AsyncIterator[None]:
    """A finger on the button while the block runs."""
    box = await page.get_by_test_id("duress").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    await page.mouse.down()
    yield
    await page.mouse.up()


async def hold(page: Page, milliseconds: int) -> None:
    """Holds the button for so long by the page's clock."""
    async with pressed(page):
        await page.clock.run_for(milliseconds)


def difference(one: bytes, other: bytes) -> int:
    """Of two pictures: the largest step between two pixels, of 255."""
    pictures = [Image.open(BytesIO(content)).convert("RGB") for content in (one, other)]
    steps = ImageChops.difference(*pictures).tobytes()
    return max(steps)


async def test_a_hold_that_ends_before_two_seconds_is_nothing(app: Page) -> None:
    await all_sent(app)
    await stop_clock(app)
    await hold(app, 1_900)
    assert [row for row in await stored(app) if "duress" in row["type"]] == []
    await expect(app.get_by_test_id("duress")).to_contain_text("Tahan 2 detik")


async def test_two_seconds_are_exactly_one_event_and_the_phone_stays_silent(
    app: Page, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await app.evaluate(STUBS)
    await app.clock.install()
    async with pressed(app):
        await app.clock.run_for(2_000)
        assert await eventually(lambda: checkin.of_type("duress.raised"))
        await app.clock.run_for(3_000)
    raised = checkin.of_type("duress.raised")
    assert len(raised) == 1
    assert raised[0]["data"]["position"]["lat"] == samples.GUDANG["latitude"]
    checkin.tell(samples.order_item(checkin.now()))
    await expect(app.get_by_test_id("order")).to_be_visible()
    assert await app.evaluate("window.loud") == 0


async def test_leaving_the_button_cancels(app: Page) -> None:
    await all_sent(app)
    await app.clock.install()
    async with pressed(app):
        await app.clock.run_for(1_000)
        await app.mouse.move(300, 300)
        await app.clock.run_for(2_000)
    assert [row for row in await stored(app) if "duress" in row["type"]] == []


async def test_the_keyboard_holds_too(app: Page, checkin: FakeCheckin) -> None:
    await all_sent(app)
    await app.clock.install()
    await app.get_by_test_id("duress").focus()
    await app.keyboard.down("Enter")
    await app.clock.run_for(2_000)
    await app.keyboard.up("Enter")
    assert await eventually(lambda: checkin.of_type("duress.raised"))


async def test_the_screen_shows_nothing_but_the_dots(app: Page, phone: BrowserContext) -> None:
    await all_sent(app)
    await phone.set_offline(True)
    await report(app)
    await expect(app.get_by_test_id("connection")).to_have_attribute("data-state", "offline")
    # What was said of the report goes by itself after a moment.
    line = app.get_by_test_id("connection")
    await expect(line).to_have_text("Tanpa jaringan", timeout=10_000)
    await app.get_by_test_id("tab-activity").click()
    await app.mouse.move(180, 400)
    await app.clock.install()
    # Until the age of the queue is told in minutes: seconds would tick by themselves.
    await app.clock.run_for(62_000)
    await expect(app.get_by_test_id("queue-count")).to_contain_text("1 mnt")
    dots = app.get_by_test_id("duress-dots")
    words = await app.inner_text("main")
    before = await app.screenshot(mask=[dots], animations="disabled")
    await hold(app, 2_000)
    await app.mouse.move(180, 400)
    await expect(dots).to_have_text("●○○○")
    await app.clock.run_for(200)

    async def looks_as_before() -> bool:
        return difference(before, await app.screenshot(mask=[dots], animations="disabled")) <= SEEN

    assert await app.inner_text("main") == words
    assert await eventually(looks_as_before, within=5)
    await app.clock.run_for(10_000)
    await expect(dots).to_have_text("✕○○○")
    await app.get_by_test_id("tab-queue").click()
    await expect(app.get_by_test_id("item")).to_have_count(2)  # the start of duty, and the report


async def test_back_in_the_network_it_goes_first_and_alone(
    app: Page, app_url: str, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await app.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    await phone.set_offline(True)
    await app.evaluate(FILL, BACKLOG)
    await app.reload()
    await expect(app.get_by_test_id("queue-count")).to_contain_text(f"{BACKLOG} antre")
    async with pressed(app):

        async def raised() -> bool:
            return len(await queued(app, "duress")) == 1

        assert await eventually(raised)
    known = len(checkin.batches)
    duress = (await queued(app, "duress"))[0]["id"]
    await phone.set_offline(False)
    await all_sent(app)
    assert checkin.batches[known] == [duress]
    assert len(checkin.received) == 1 + BACKLOG + 1


async def test_the_dots_tell_how_far_it_got_and_positions_follow(
    app: Page, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await app.clock.install()
    await hold(app, 2_000)
    dots = app.get_by_test_id("duress-dots")
    await expect(dots).to_have_text("●●○○")
    event = checkin.of_type("duress.raised")[0]["id"]
    now = checkin.now()
    await app.clock.run_for(1_500)
    checkin.tell(samples.report_item(now, event))
    await asyncio.sleep(0)
    await app.clock.run_for(1_500)
    await expect(dots).to_have_text("●●●○")
    checkin.tell(samples.report_item(now, event, version=2, owner=samples.read_by(now)))
    await app.clock.run_for(1_500)
    await expect(dots).to_have_text("●●●●")
    await app.clock.run_for(15_000)
    assert await eventually(lambda: len(checkin.of_type("position.recorded")) >= 2)
    await app.get_by_test_id("tab-queue").click()
    await expect(app.get_by_test_id("positions")).to_have_count(0)


async def test_for_a_minute_it_can_be_called_a_mistake_which_takes_nothing_back(
    app: Page, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await app.get_by_test_id("menu").click()
    await expect(app.get_by_test_id("mistake")).to_have_count(0)
    await app.keyboard.press("Escape")
    await app.clock.install()
    await hold(app, 2_000)
    dots = app.get_by_test_id("duress-dots")
    await expect(dots).to_have_text("●●○○")
    await app.get_by_test_id("menu").click()
    await app.get_by_test_id("mistake").click()
    assert await eventually(lambda: checkin.of_type("duress.mistaken"))
    (raised,) = checkin.of_type("duress.raised")
    (mistaken,) = checkin.of_type("duress.mistaken")
    assert mistaken["data"] == {"duress": raised["id"], "crew": samples.CREW}
    await expect(dots).to_have_text("●●○○")
    await app.get_by_test_id("menu").click()
    await expect(app.get_by_test_id("mistake")).to_have_count(0)
    await app.keyboard.press("Escape")
    await app.get_by_test_id("tab-queue").click()
    await expect(app.get_by_test_id("item")).to_have_count(1)  # the start of duty


async def test_a_minute_later_it_is_no_mistake_any_more(app: Page, phone: BrowserContext) -> None:
    await all_sent(app)
    await phone.set_offline(True)  # the server's clock would correct the one that the test moves
    await app.clock.install()
    await hold(app, 2_000)
    await expect(app.get_by_test_id("duress-dots")).to_have_text("●○○○")
    await app.clock.run_for(61_000)
    await app.get_by_test_id("menu").click()
    await expect(app.get_by_test_id("duty")).to_be_visible()
    await expect(app.get_by_test_id("mistake")).to_have_count(0)


async def test_an_order_calls_where_nobody_is_in_danger(app: Page, checkin: FakeCheckin) -> None:
    await all_sent(app)
    await app.evaluate(STUBS)
    checkin.tell(samples.order_item(checkin.now()))
    await app.get_by_test_id("order").wait_for()
    assert await app.evaluate("window.loud") >= 1


async def test_who_wants_no_motion_sees_none_while_holding(app: Page) -> None:
    await app.emulate_media(reduced_motion="reduce")
    async with pressed(app):
        await expect(app.locator(".duress.held")).to_be_visible()
        assert await app.evaluate("document.getAnimations().length") == 0

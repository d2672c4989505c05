"""When the phone looks where it is, and when it does not."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import PHONE, all_sent, enrol, start_duty
from tests.browser.phone.test_duress import hold
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Counts the watches that are open, and all that ever were.
WATCHES = """window.watches = new Set();
window.watched = 0;
const place = Geolocation.prototype;
const {watchPosition, clearWatch} = place;
place.watchPosition = function (...asked) {
  const id = watchPosition.apply(this, asked);
  window.watches.add(id);
  window.watched += 1;
  return id;
};
place.clearWatch = function (id) {
  window.watches.delete(id);
  clearWatch.call(this, id);
};"""


async def watches_now(page: Page, count: int) -> bool:
    """Whether so many watches are open."""
    return bool(await page.evaluate("window.watches.size") == count)


async def watches(page: Page, count: int) -> bool:
    """Whether so many watches are open, soon."""
    return await eventually(lambda: watches_now(page, count))


async def test_it_looks_on_duty_and_where_a_screen_needs_it(bare: Page, app_url: str) -> None:
    await bare.add_init_script(WATCHES)
    await enrol(bare, app_url)
    assert await watches(bare, 0)
    await start_duty(bare)
    assert await watches(bare, 1)
    await bare.get_by_test_id("menu").click()
    await bare.get_by_test_id("duty").click()
    await bare.get_by_test_id("end-duty").click()
    assert await watches(bare, 0)
    for screen in ("report", "tab-scan"):
        await bare.get_by_test_id(screen).click()
        assert await watches(bare, 1)
        await bare.get_by_test_id("back").click()
        assert await watches(bare, 0)


async def test_off_duty_an_officer_in_danger_is_followed_too(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await bare.add_init_script(WATCHES)
    await enrol(bare, app_url)
    await bare.clock.install()
    await hold(bare, 2_000)
    assert await eventually(lambda: checkin.of_type("duress.raised"))
    assert await watches(bare, 1)

    async def followed() -> bool:
        await bare.clock.run_for(5_000)
        return len(checkin.of_type("position.recorded")) >= 2

    assert await eventually(followed)
    position = checkin.of_type("position.recorded")[0]["data"]["position"]
    assert position["lat"] == samples.GUDANG["latitude"]
    await bare.context.set_offline(True)  # the server's clock would correct the one that is moved

    async def over() -> bool:
        await bare.clock.run_for(60_000)
        return await watches_now(bare, 0)

    assert await eventually(over)


async def test_a_hold_asks_for_no_leave_that_was_not_given(
    browser: Browser, app_url: str, checkin: FakeCheckin
) -> None:
    strict = await browser.new_context(viewport=PHONE, permissions=[])
    strict.set_default_timeout(PATIENCE_MS)
    page = await strict.new_page()
    await page.add_init_script(WATCHES)
    await enrol(page, app_url)
    await page.clock.install()
    await hold(page, 2_000)
    assert await eventually(lambda: checkin.of_type("duress.raised"))
    await expect(page.get_by_test_id("duress-dots")).to_have_text("●●○○")
    await all_sent(page)
    assert await page.evaluate("window.watched") == 0
    await strict.close()

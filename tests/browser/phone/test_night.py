"""Night: the black screen that stays awake, and the lamp of the camera."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from tests.browser.conftest import ARGUMENTS, PATIENCE_MS
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import PHONE, all_sent, enrol, start_duty, stop_clock, stored
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Remembers the locks that the browser really gave.
LOCKS = """window.locks = [];
const ask = WakeLock.prototype.request;
WakeLock.prototype.request = async function (...asked) {
  const lock = await ask.apply(this, asked);
  window.locks.push(lock);
  return lock;
};"""
HELD = "window.locks.filter(lock => !lock.released).length"
# Chromium's own camera has no lamp.
LAMP = """MediaStreamTrack.prototype.getCapabilities = () => ({torch: true});
window.lamp = [];
MediaStreamTrack.prototype.applyConstraints = async ({advanced}) => {
  if (window.lampIsBroken) throw new DOMException("no lamp", "OverconstrainedError");
  window.lamp.push(advanced[0].torch);
};"""


async def dimmed(page: Page) -> None:
    """⋮ → Layar redup."""
    await page.get_by_test_id("menu").click()
    await page.get_by_test_id("dim").click()
    await page.get_by_test_id("dimmed").wait_for()


async def test_a_dim_screen_is_black_shows_the_clock_alone_and_stays_awake_until_it_is_woken(
    bare: Page, app_url: str
) -> None:
    await bare.context.grant_permissions(["screen-wake-lock"])
    await bare.add_init_script(LOCKS)
    await enrol(bare, app_url)
    await start_duty(bare)
    await dimmed(bare)
    assert await eventually(lambda: bare.evaluate(f"{HELD} === 1"))
    dim = bare.get_by_test_id("dimmed")
    await expect(dim).to_have_css("background-color", "rgb(0, 0, 0)")
    await expect(dim).to_have_text("".join([await bare.inner_text(".dim-clock"), "○○○○Bangunkan"]))
    covered = "!document.elementFromPoint(40, 700).closest('.dock')"
    assert await bare.evaluate(covered)
    await bare.get_by_test_id("wake").tap()
    await expect(dim).to_have_count(0)
    assert await eventually(lambda: bare.evaluate(f"{HELD} === 0"))


async def test_keys_do_not_reach_what_the_dim_screen_hides(app: Page) -> None:
    await dimmed(app)
    await expect(app.get_by_test_id("wake")).to_be_focused()
    for _ in range(3):
        await app.keyboard.press("Tab")
        inside = (
            "document.activeElement === document.body || !!document.activeElement.closest('.dim')"
        )
        assert await app.evaluate(inside)


async def test_two_seconds_anywhere_on_the_dim_glass_call_for_help(
    app: Page, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await dimmed(app)
    await stop_clock(app)
    await app.mouse.move(60, 120)
    await app.mouse.down()
    await app.clock.run_for(1_900)
    await app.mouse.up()
    assert [row for row in await stored(app) if "duress" in row["type"]] == []
    await app.clock.resume()
    await app.mouse.down()
    await app.clock.run_for(2_000)
    await app.mouse.up()
    assert await eventually(lambda: checkin.of_type("duress.raised"))
    assert len(checkin.of_type("duress.raised")) == 1
    await expect(app.get_by_test_id("dimmed")).to_contain_text("●●○○")


async def test_a_hold_that_begins_on_the_wake_button_calls_for_help_too(
    app: Page, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await dimmed(app)
    await app.clock.install()
    await app.get_by_test_id("wake").hover()
    await app.mouse.down()
    await app.clock.run_for(2_000)
    assert await eventually(lambda: checkin.of_type("duress.raised"))
    await app.mouse.up()
    await expect(app.get_by_test_id("dimmed")).to_contain_text("●●○○")
    await app.mouse.down()
    await app.mouse.up()
    await expect(app.get_by_test_id("dimmed")).to_have_count(0)


@pytest_asyncio.fixture(loop_scope="session")
async def filming(executable: Path, app_url: str) -> AsyncIterator[BrowserContext]:
    """A phone with a camera that works."""
    async with async_playwright() as playwright:
        own = await playwright.chromium.launch(
            executable_path=str(executable),
            args=[
                *ARGUMENTS,
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
            ],
        )
        profile = await own.new_context(viewport=PHONE, permissions=["camera"])
        profile.set_default_timeout(PATIENCE_MS)
        yield profile
        await own.close()


async def test_the_lamp_is_offered_where_the_camera_has_one(
    filming: BrowserContext, app_url: str
) -> None:
    page = await filming.new_page()
    await enrol(page, app_url)
    await start_duty(page)
    await page.get_by_test_id("check-in").click()
    # Until the camera's picture is there.
    sees = "document.querySelector('video')?.videoWidth > 0"
    assert await eventually(lambda: page.evaluate(sees))
    await expect(page.get_by_test_id("torch")).to_have_count(0)

    await page.add_init_script(LAMP)
    await page.reload()
    torch = page.get_by_test_id("torch")
    await expect(torch).to_have_attribute("aria-pressed", "false")
    await torch.click()
    await expect(torch).to_have_attribute("aria-pressed", "true")
    await torch.click()
    await expect(torch).to_have_attribute("aria-pressed", "false")
    assert await page.evaluate("window.lamp") == [True, False]
    await page.evaluate("window.lampIsBroken = true")
    await torch.click()
    await expect(torch).to_have_count(0)
    await expect(page.get_by_test_id("by-hand")).to_be_visible()

"""A new version of the app waits until an officer takes it, and never for one who is at work."""

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import (
    all_sent,
    check_in_by_hand,
    fill_visit,
    finish_visit,
    ready_offline,
    report,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOOK = "navigator.serviceWorker.ready.then(it => it.update()).then(() => undefined)"
WAITING = "navigator.serviceWorker.ready.then(it => it.waiting?.state === 'installed')"
NEWER = "0123456789abcdef"


async def released(page: Page, checkin: FakeCheckin) -> None:
    """A new version is on the server, and this phone has fetched it."""
    checkin.release = NEWER
    await page.evaluate(LOOK)
    assert await eventually(lambda: page.evaluate(WAITING))


async def test_it_is_not_offered_during_a_visit_and_taken_by_hand_after_it(
    app: Page, checkin: FakeCheckin
) -> None:
    await ready_offline(app)
    await check_in_by_hand(app, "kpu-tuban")
    await all_sent(app)
    await app.evaluate("window.marker = 'the page as it was'")
    await released(app, checkin)
    await app.get_by_test_id("back").click()
    await expect(app.get_by_test_id("new-version")).to_have_count(0)
    await app.get_by_test_id("menu").click()
    await expect(app.get_by_test_id("update")).to_have_count(0)
    await app.keyboard.press("Escape")

    await app.get_by_test_id("open-visit").click()
    await fill_visit(app)
    await finish_visit(app)
    await all_sent(app)
    await expect(app.get_by_test_id("new-version")).to_be_visible()
    assert await app.evaluate("window.marker") == "the page as it was"
    await app.get_by_test_id("menu").click()
    await app.get_by_test_id("update").click()

    async def anew() -> bool:
        return await app.evaluate("window.marker") is None

    assert await eventually(anew)
    assert await app.evaluate("caches.keys()") == [f"ronda-app-{NEWER}"]
    await app.get_by_test_id("tab-tasks").click()
    await expect(app.get_by_test_id("next")).to_be_visible()  # still on duty
    await app.get_by_test_id("menu").click()
    await expect(app.get_by_test_id("update")).to_have_count(0)


async def test_it_is_not_offered_while_something_waits_to_be_sent(
    app: Page, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await ready_offline(app)
    await all_sent(app)
    await released(app, checkin)
    await expect(app.get_by_test_id("new-version")).to_be_visible()
    await phone.set_offline(True)
    await report(app)
    await expect(app.get_by_test_id("new-version")).to_have_count(0)
    await phone.set_offline(False)
    await all_sent(app)
    await expect(app.get_by_test_id("new-version")).to_be_visible()

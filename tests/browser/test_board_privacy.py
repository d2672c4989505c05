"""Whose past the board can show: nobody's. Tracks and searches are the archive's, with a reason."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import from_menu, row, show, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# What stands or happens now, and what the post itself wrote. A person's track or history would be
# a look at a past: that needs a reason and a record of it, and this page has neither.
READS = {
    "/v1/session",
    "/v1/situation",
    "/v1/stream",
    "/v1/alerts",
    "/v1/alerts/{id}/recommendations",
    "/v1/notifications",
    "/v1/sites",
    "/v1/units",
    "/v1/visits",
    "/v1/presence",
    "/v1/coverage",
    "/v1/tasks",
    "/v1/journal",
    "/v1/handover",
    "/v1/readiness",
    "/v1/performance",
}


async def test_the_board_asks_for_nobodys_past(page: Page, url: str, fake: FakeAlerts) -> None:
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).path))
    await sign_in(page, url, "sari")
    for tab in ("areas", "tasks", "units", "checks", "sites"):
        await show(page, tab)
    await page.get_by_test_id("site-row").first.get_by_role("button").click()
    await row(page, fake, 1043).click()
    for tab in ("reports", "proof", "time"):
        await page.get_by_test_id(f"tab-{tab}").click()
    await page.keyboard.press("b")
    await page.get_by_test_id("dialog-dispatch").wait_for()
    await page.keyboard.press("Escape")
    for panel in ("journal", "handover", "readiness", "performance"):
        await from_menu(page, f"menu-{panel}")
        await page.get_by_test_id(f"dialog-{panel}").wait_for()
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id(f"dialog-{panel}")).to_have_count(0)
    paths = {re.sub(r"/[0-9a-f]{8}-[0-9a-f-]+", "/{id}", path) for path in asked}
    assert {path for path in paths if path.startswith("/v1/")} == READS

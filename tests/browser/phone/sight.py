"""What a test does and looks for on the phone."""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Error, Locator, Page, ViewportSize, expect

from tests.browser.phone.samples import CODE, CREW
from tests.waiting import eventually

PHONE: ViewportSize = {"width": 360, "height": 740}

# The app's own words for its database; a test reads what a restart would find.
_STORED = """name => new Promise((done, failed) => {
  const asked = indexedDB.open("ronda");
  asked.onerror = () => failed(asked.error);
  asked.onsuccess = () => {
    const all = asked.result.transaction(name).objectStore(name).getAll();
    all.onsuccess = () => { asked.result.close(); done(JSON.stringify(all.result)); };
  };
})"""


async def enrol(page: Page, url: str) -> None:
    """Opens the app with a code in the address and enrols, up to the screen that starts duty."""
    await page.goto(f"{url}#enrol={CODE}")
    await page.get_by_test_id("enrol").click()
    await page.get_by_test_id("screen-duty").wait_for()


async def start_duty(page: Page) -> None:
    """The crew begins its duty; afterwards its round is on the screen."""
    await expect(page.get_by_test_id("duty-crew")).to_have_value(CREW)
    await page.get_by_test_id("neutral").check()
    await page.get_by_test_id("start-duty").click()
    await page.get_by_test_id("stop").first.wait_for()


async def stop_clock(page: Page) -> None:
    """The page's time stands still, but for what the test lets go by; else the time that the test
    itself takes goes by too."""
    await page.clock.install()
    await page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=1))


async def kill(page: Page) -> None:
    """The phone's system ends the app without a word."""
    session = await page.context.new_cdp_session(page)
    async with page.expect_event("crash"):
        # It never answers: there is nobody left who could.
        dying = asyncio.ensure_future(session.send("Page.crash"))
    with suppress(Error):
        await page.close()
    dying.cancel()


async def reopened(page: Page, url: str) -> Page:
    """The app, started again on the same phone, on its tasks."""
    fresh = await page.context.new_page()
    await fresh.goto(url)
    await fresh.get_by_test_id("status").wait_for()
    return fresh


async def ready_offline(page: Page) -> None:
    """Waits until the service worker keeps the app, so that it starts with no network."""
    await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")


async def stored(page: Page, name: str = "events") -> list[dict[str, Any]]:
    """What is in one of the app's stores now."""
    rows: list[dict[str, Any]] = json.loads(await page.evaluate(_STORED, name))
    return sorted(rows, key=lambda row: row.get("seq", 0))


async def _kept(page: Page) -> list[Any]:
    values: list[Any] = json.loads(await page.evaluate(_STORED, "kept"))
    return values


async def queued(page: Page, short: str = "") -> list[dict[str, Any]]:
    """The stored events that the server has not answered for, of a type or of all."""
    rows = await stored(page)
    return [row for row in rows if row["state"] == "saved" and short in row["type"]]


async def report(page: Page, category: str = "suspicious_person") -> None:
    """Lapor in three taps."""
    await page.get_by_test_id("report").click()
    await tile(page, category).click()
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("screen-report")).to_have_count(0)


async def report_with_photo(page: Page, category: str = "suspicious_person") -> None:
    """A report with a picture of what the phone shows now."""
    content = await page.screenshot()
    await page.get_by_test_id("report").click()
    await tile(page, category).click()
    picture = {"name": "foto.png", "mimeType": "image/png", "buffer": content}
    await page.get_by_test_id("photo").set_input_files(picture)  # type: ignore[arg-type]
    await expect(page.get_by_test_id("photos")).to_be_visible()
    await page.get_by_test_id("send").click()
    await expect(page.get_by_test_id("screen-report")).to_have_count(0)


def tile(page: Page, category: str) -> Locator:
    """The tile of a category."""
    return page.locator(f"[data-testid=tile][data-category={category}]")


async def check_in_by_hand(page: Page, site: str) -> None:
    """Check-in without a code, from the tasks."""
    await page.get_by_test_id("tab-scan").click()
    await page.get_by_test_id("by-hand").click()
    await page.locator("input[type=search]").last.fill(site)
    await page.locator(f"[data-testid=site][data-site={site}]").last.click()
    await page.get_by_test_id("by-hand-go").click()
    await page.get_by_test_id("finish").wait_for()


async def fill_visit(page: Page, situation: str = "aman") -> None:
    """Touches every line of the checklist and says what the situation is."""
    for line in await page.get_by_test_id("line").all():
        await line.locator("[data-value=good]").click()
    await page.locator(f"[data-testid=situation] [data-value={situation}]").click()


async def draft_stored(page: Page) -> None:
    """Waits until what was said last of the open visit, its situation, is in the database."""

    async def said() -> bool:
        return any(isinstance(row, dict) and row.get("situation") for row in await _kept(page))

    assert await eventually(said)


async def finish_visit(page: Page) -> None:
    """Ends the open visit; the text of its report is on the screen then."""
    await page.get_by_test_id("finish").click()
    await page.get_by_test_id("giat").wait_for()


async def all_sent(page: Page) -> None:
    """Waits until nothing of the phone waits for the server."""

    async def nothing() -> bool:
        return not await queued(page)

    assert await eventually(nothing)

"""`python -m tests.browser.pictures`: pictures of the board for the README, into `docs/`."""

import asyncio
from pathlib import Path

from playwright.async_api import Page, ViewportSize, async_playwright

from ronda import browser as chromium
from ronda import pages
from tests.browser.conftest import ARGUMENTS
from tests.browser.fake_alerts import FakeAlerts, running
from tests.browser.sight import row, sign_in

ROOT = Path(__file__).parents[2]
SIZE: ViewportSize = {"width": 1366, "height": 768}
CHOSEN = 1044


async def _taken(executable: Path) -> None:
    fake = FakeAlerts()
    async with running(fake) as url, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(executable), args=list(ARGUMENTS)
        )
        for theme in ("dark", "light"):
            context = await browser.new_context(viewport=SIZE)
            page = await context.new_page()
            await sign_in(page, f"{url}/board/", "sari")
            await _arranged(page, fake, theme)
            name = "board.png" if theme == "dark" else "board-light.png"
            await page.screenshot(path=ROOT / "docs" / name)
            await context.close()
        await browser.close()


async def _arranged(page: Page, fake: FakeAlerts, theme: str) -> None:
    if theme == "light":
        await page.get_by_test_id("theme").click()
    await row(page, fake, CHOSEN).click()
    await page.mouse.move(900, 700)
    await page.get_by_test_id("timeline").wait_for()


def main() -> None:
    """Builds the pages where needed, then takes the pictures."""
    pages.build(ROOT)
    executable = chromium.find()
    if executable is None:
        raise SystemExit("no Chromium; `python -m ronda.browser` installs one")
    asyncio.run(_taken(executable))


if __name__ == "__main__":
    main()

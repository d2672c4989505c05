"""A Chromium, the built board, and a fake service for each test to be seen against."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright

from ronda import browser as chromium
from ronda import pages
from tests.browser.fake_alerts import FakeAlerts, running
from tests.browser.sight import sign_in, watched

ROOT = Path(__file__).parents[2]
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# A kiosk: the page may sound without a press.
ARMED = "--autoplay-policy=no-user-gesture-required"
PATIENCE_MS = 15_000
KIOSK: ViewportSize = {"width": 1366, "height": 768}


@pytest.fixture(scope="session")
def built_pages() -> None:
    """The pages as they are now."""
    pages.build(ROOT)


@pytest.fixture(scope="session")
def executable() -> Path:
    """The Chromium of this machine."""
    found = chromium.find()
    if found is None:
        pytest.fail("no Chromium; `python -m ronda.browser` installs one")
    return found


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(executable: Path) -> AsyncIterator[Browser]:
    """One Chromium for all tests of this folder."""
    async with async_playwright() as playwright:
        running_browser = await playwright.chromium.launch(
            executable_path=str(executable), args=list(ARGUMENTS)
        )
        yield running_browser
        await running_browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def fake() -> FakeAlerts:
    """The service's double; its alerts are an invented evening."""
    return FakeAlerts()


@pytest_asyncio.fixture(loop_scope="session")
async def url(fake: FakeAlerts, built_pages: None) -> AsyncIterator[str]:
    """Where the fake serves the board."""
    async with running(fake) as base:
        yield f"{base}/board/"


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser profile of its own."""
    profile = await browser.new_context(viewport=KIOSK)
    profile.set_default_timeout(PATIENCE_MS)
    yield profile
    await profile.close()


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """For pages that a test opens itself: what must not happen on them until it has ended."""
    found: list[str] = []
    yield found
    assert found == []


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext, url: str) -> AsyncIterator[Page]:
    """An empty tab. The test fails if the page broke its policy, threw, or called a stranger."""
    tab = await context.new_page()
    faults = watched(tab, url)
    yield tab
    assert faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def board(page: Page, url: str) -> Page:
    """The board of Ipda Sari, loaded, with no pointer over it."""
    await sign_in(page, url, "sari")
    return page

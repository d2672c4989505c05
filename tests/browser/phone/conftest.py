"""The built app, a fake checkin, and a phone at the warehouse for each test."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page

from tests.browser.conftest import PATIENCE_MS
from tests.browser.phone.fake_checkin import FakeCheckin, running
from tests.browser.phone.samples import GUDANG
from tests.browser.phone.sight import PHONE, enrol, start_duty
from tests.browser.sight import watched


@pytest_asyncio.fixture(loop_scope="session")
async def checkin() -> FakeCheckin:
    """The service's double."""
    return FakeCheckin()


@pytest_asyncio.fixture(loop_scope="session")
async def app_url(checkin: FakeCheckin, built_pages: None) -> AsyncIterator[str]:
    """Where the fake serves the app."""
    async with running(checkin) as base:
        yield f"{base}/app/"


@pytest_asyncio.fixture(loop_scope="session")
async def phone(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A phone of its own: small, touched, and standing at the warehouse."""
    profile = await browser.new_context(
        viewport=PHONE,
        has_touch=True,
        is_mobile=True,
        geolocation=GUDANG,
        permissions=["geolocation", "clipboard-read", "clipboard-write"],
    )
    profile.set_default_timeout(PATIENCE_MS)
    yield profile
    await profile.close()


@pytest_asyncio.fixture(loop_scope="session")
async def bare(app_url: str, phone: BrowserContext) -> AsyncIterator[Page]:
    """A tab of a phone that is not enrolled. Fails if the app broke its policy, threw, or called a
    stranger."""
    page = await phone.new_page()
    faults = watched(page, app_url)
    yield page
    assert faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def app(bare: Page, app_url: str) -> Page:
    """The app of an enrolled phone whose crew is on duty."""
    await enrol(bare, app_url)
    await start_duty(bare)
    return bare

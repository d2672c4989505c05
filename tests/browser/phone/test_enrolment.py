"""A phone becomes somebody's: by a code that is scanned or typed, once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, Route, async_playwright, expect

from tests.browser.conftest import ARGUMENTS, PATIENCE_MS
from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.film import film
from tests.browser.phone.sight import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CODE = samples.CODE


@pytest_asyncio.fixture(loop_scope="session")
async def seeing_an_invitation(
    tmp_path: Path, executable: Path, app_url: str
) -> AsyncIterator[BrowserContext]:
    """A phone whose camera looks at what `ronda device enroll` prints."""
    reel = tmp_path / "code.mjpeg.y4m"
    reel.write_bytes(film(f"{app_url}#enrol={CODE}"))
    async with async_playwright() as playwright:
        own = await playwright.chromium.launch(
            executable_path=str(executable),
            args=[
                *ARGUMENTS,
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={reel}",
            ],
        )
        profile = await own.new_context(viewport=PHONE, permissions=["camera"])
        profile.set_default_timeout(PATIENCE_MS)
        yield profile
        await own.close()


async def test_the_invitation_is_read_by_the_camera(
    seeing_an_invitation: BrowserContext, app_url: str
) -> None:
    page = await seeing_an_invitation.new_page()
    await page.goto(app_url)
    await page.get_by_test_id("enrol-scan").click()
    await expect(page.get_by_test_id("enrol-code")).to_have_value(CODE)
    await page.get_by_test_id("enrol").click()
    await expect(page.get_by_test_id("screen-duty")).to_be_visible()


async def test_a_code_is_typed_as_people_type_where_no_camera_is_allowed(
    bare: Page, app_url: str
) -> None:
    await bare.goto(app_url)
    await bare.get_by_test_id("enrol-scan").click()
    await bare.get_by_test_id("enrol-code").fill(CODE.replace("-", " ").lower())
    await bare.get_by_test_id("enrol").click()
    await expect(bare.get_by_test_id("screen-duty")).to_be_visible()


async def test_a_code_that_will_not_do_is_explained(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await bare.goto(app_url)
    wrong = bare.get_by_test_id("enrol-wrong")
    await bare.get_by_test_id("enrol-code").fill("ABCD")
    await expect(bare.get_by_test_id("enrol")).to_have_attribute("aria-disabled", "true")
    await bare.get_by_test_id("enrol-code").fill("WXYZ-EFGH-JKMN-PQRS")
    await bare.get_by_test_id("enrol").click()
    await expect(wrong).to_have_text("Kode tidak dikenal. Periksa hurufnya.")
    checkin.owners[CODE] = {"kty": "EC", "crv": "P-256", "x": "another", "y": "phone"}
    await bare.get_by_test_id("enrol-code").fill(CODE)
    await bare.get_by_test_id("enrol").click()
    await expect(wrong).to_contain_text("Kode sudah dipakai HP lain")


async def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_key(
    bare: Page, app_url: str, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await bare.goto(f"{app_url}#enrol={CODE}")

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await phone.route("**/v1/enrolments", lose)
    await bare.get_by_test_id("enrol").click()
    await expect(bare.get_by_test_id("enrol-wrong")).to_contain_text("Coba lagi")
    assert CODE in checkin.owners
    await phone.unroute("**/v1/enrolments")
    await bare.reload()
    await bare.get_by_test_id("enrol").click()
    await expect(bare.get_by_test_id("screen-duty")).to_be_visible()

"""`python -m tests.browser.phone.pictures`: pictures of the field app, into `docs/app/`.

`… pictures icons` draws the app's PNG icons from its SVG instead.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from ronda import browser as chromium
from ronda import pages
from tests.browser.conftest import ARGUMENTS, ROOT
from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin, running
from tests.browser.phone.film import film
from tests.browser.phone.sight import (
    PHONE,
    all_sent,
    enrol,
    fill_visit,
    finish_visit,
    report,
    start_duty,
    tile,
)

DOCS = ROOT / "docs" / "app"
PUBLIC = ROOT / "services" / "checkin" / "web" / "public"
TABLET: ViewportSize = {"width": 820, "height": 1180}
ON_TABLET = "3-order 5-visit-end 6-report 7-queue"
CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


class _Album:
    """Takes one picture after the other of one phone."""

    def __init__(self, page: Page, folder: Path, wanted: str) -> None:
        self._page = page
        self._folder = folder
        self._wanted = wanted.split()

    async def take(self, name: str) -> None:
        """A picture, if this one is wanted."""
        if self._wanted and name not in self._wanted:
            return
        await self._page.evaluate("document.activeElement?.blur()")
        # What was said for a moment is gone, and nothing is under way.
        line = self._page.get_by_test_id("connection")
        if await line.count():
            await expect(line).not_to_have_text("Tersimpan di HP", timeout=10_000)
        await self._page.screenshot(path=self._folder / f"{name}.png")


async def _phone(browser: Browser, url: str, size: ViewportSize, theme: str) -> Page:
    context = await browser.new_context(
        viewport=size,
        has_touch=True,
        is_mobile=True,
        geolocation=samples.GUDANG,
        permissions=["geolocation", "camera"],
    )
    page = await context.new_page()
    await page.add_init_script(f"localStorage.setItem('ronda.theme', '{theme}')")
    await page.goto(url)
    await page.get_by_test_id("enrol").wait_for()
    return page


async def _night(
    browser: Browser, size: ViewportSize, folder: Path, theme: str, wanted: str
) -> None:
    fake = FakeCheckin()
    async with running(fake) as base:
        url = f"{base}/app/"
        page = await _phone(browser, url, size, theme)
        album = _Album(page, folder, wanted)
        await album.take("1-enrol")
        await enrol(page, url)
        await page.get_by_test_id("neutral").check()
        await album.take("2-duty")
        await start_duty(page)
        await all_sent(page)
        missed = next(t for t in fake.assignment["targets"] if t["site"] == "ppk-soko")
        fake.tell(samples.visit_item(fake.now(), missed, "missed"))
        await page.get_by_text("Terlewat").wait_for()
        await album.take("3-tasks")
        await page.locator("[data-testid=stop][data-site=kpu-tuban]").click()
        await page.get_by_test_id("other-site").wait_for()
        await album.take("4-scan")
        await page.get_by_test_id("tab-tasks").click()
        await _visit(page, album)
        await _reports(page, fake, album)
        await page.context.close()


async def _visit(page: Page, album: _Album) -> None:
    # The camera sees the code all the time, and nobody asked for another site.
    await page.get_by_test_id("tab-scan").click()
    await page.get_by_test_id("finish").wait_for()
    await fill_visit(page)
    for _ in range(5):
        await page.get_by_test_id("guards-more").click()
    cctv = page.locator("[data-testid=line][data-item=cctv]")
    await cctv.locator("[data-value=bad]").click()
    await cctv.locator("input").fill("7 dari 8 menyala")
    await page.evaluate("scrollTo(0, 0)")
    await album.take("5-visit")
    await page.get_by_test_id("dialogue").fill("Penjaga mendengar motor berputar pukul 20.00")
    await page.get_by_test_id("add-weakness").click()
    await page.get_by_test_id("weakness-text").fill("CCTV tembok belakang mati")
    await page.get_by_test_id("weakness-add").click()
    await page.get_by_test_id("finish").scroll_into_view_if_needed()
    await album.take("5-visit-end")
    await finish_visit(page)
    await album.take("8-giat")


async def _reports(page: Page, fake: FakeCheckin, album: _Album) -> None:
    await page.get_by_test_id("report").click()
    await tile(page, "suspicious_person").click()
    await album.take("6-report")
    await page.get_by_test_id("send").click()
    await all_sent(page)
    event = fake.of_type("incident.reported")[0]["id"]
    now = fake.now()
    crew = {
        "crew": "R-07",
        "at": now.isoformat(),
        "by": "Ipda Sari",
        "en_route_at": now.isoformat(),
    }
    fake.tell(samples.report_item(now, event, owner=samples.read_by(now), crews=[crew]))
    await page.context.set_offline(True)
    await report(page, "seal_broken")
    await page.get_by_test_id("tab-queue").click()
    await expect(page.get_by_text("Dibaca oleh Ipda Sari")).to_be_visible()
    await album.take("7-queue")
    await page.context.set_offline(False)
    await all_sent(page)
    fake.tell(samples.order_item(fake.now()))
    await page.get_by_test_id("tab-tasks").click()
    await page.get_by_test_id("order").wait_for()
    await album.take("3-order")


async def _taken(executable: Path, reel: Path) -> None:
    async with async_playwright() as playwright:
        arguments = [*ARGUMENTS, *CAMERA, f"--use-file-for-fake-video-capture={reel}"]
        browser = await playwright.chromium.launch(executable_path=str(executable), args=arguments)
        await _night(browser, PHONE, DOCS, "dark", "")
        await _night(browser, TABLET, DOCS / "tablet-light", "light", ON_TABLET)
        await browser.close()


async def _icons(executable: Path) -> None:
    drawing = (PUBLIC / "icon.svg").read_text(encoding="utf-8")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(executable), args=list(ARGUMENTS)
        )
        # A maskable icon is cut to any shape: its ground fills the square, its sign the middle.
        for name, size, inset, ground in (
            ("icon-192", 192, 0, "transparent"),
            ("icon-512", 512, 0, "transparent"),
            ("icon-mask-512", 512, 10, "black"),
        ):
            page = await browser.new_page(viewport={"width": size, "height": size})
            style = f"margin:0;padding:{inset}%;box-sizing:border-box;background:{ground}"
            await page.set_content(f'<body style="{style}">{drawing}</body>')
            await page.screenshot(path=PUBLIC / f"{name}.png", omit_background=True)
        await browser.close()


def main(arguments: list[str]) -> None:
    """Builds the pages where needed, then draws."""
    executable = chromium.find()
    if executable is None:
        raise SystemExit("no Chromium; `python -m ronda.browser` installs one")
    if arguments == ["icons"]:
        asyncio.run(_icons(executable))
        return
    pages.build(ROOT)
    (DOCS / "tablet-light").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        reel = Path(folder) / "code.y4m"
        reel.write_bytes(film(samples.code_of("gudang-logistik")))
        asyncio.run(_taken(executable, reel))


if __name__ == "__main__":
    main(sys.argv[1:])

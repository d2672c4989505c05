"""`python -m tests.browser.phone.pictures`: pictures of the field app, into `docs/app/`.

`docs/app/seen*.webp` show screens as people see them who tell colours apart otherwise.
`… pictures --all FOLDER` takes every screen in both themes, on a phone and a tablet, into another
folder, to be looked at. `… pictures icons` draws the app's PNG icons from its SVG instead.
"""

import asyncio
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
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
# The screens that tell a state, and how they are looked at: as they are, without colour, and by
# people who see red, green or blue otherwise.
TELLING = ("3-tasks", "6-report", "7-queue")
VISIONS = ("none", "achromatopsia", "deuteranopia", "protanopia", "tritanopia")
# A page has some fifty colours; all others are edges of letters.
COLOURS = 64
SHEET_SCREEN = (180, 370)
SHEET_QUALITY = 60


class _Album:
    """Takes one picture after the other of one phone; keeps what the sheet shows."""

    def __init__(self, page: Page, folder: Path, wanted: str, *, exact: bool = False) -> None:
        self._page = page
        self._folder = folder
        self._wanted = wanted.split()
        self._exact = exact
        self.seen: dict[str, list[bytes]] = {}

    async def take(self, name: str) -> None:
        """A picture, if this one is wanted."""
        if self._wanted and name not in self._wanted:
            return
        await self._page.evaluate("document.activeElement?.blur()")
        # What was said for a moment is gone, and nothing is under way.
        line = self._page.get_by_test_id("connection")
        if await line.count():
            await expect(line).not_to_have_text("Tersimpan di HP", timeout=10_000)
        shot = await self._page.screenshot()
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._exact:
            (self._folder / f"{name}.png").write_bytes(shot)
        else:
            (self._folder / f"{name}.webp").write_bytes(_small(shot))
        if name in TELLING:
            self.seen[name] = await self._seen_by_all()

    async def _seen_by_all(self) -> list[bytes]:
        session = await self._page.context.new_cdp_session(self._page)
        shots = []
        for vision in VISIONS:
            await session.send("Emulation.setEmulatedVisionDeficiency", {"type": vision})
            shots.append(await self._page.screenshot())
        await session.send("Emulation.setEmulatedVisionDeficiency", {"type": "none"})
        await session.detach()
        return shots

    def write_sheet(self, path: Path) -> None:
        """One row per screen, one column per vision."""
        width, height = SHEET_SCREEN
        sheet = Image.new("RGB", (width * len(VISIONS), height * len(self.seen)))
        for row, shots in enumerate(self.seen.values()):
            for column, shot in enumerate(shots):
                small = Image.open(io.BytesIO(shot)).convert("RGB").resize(SHEET_SCREEN)
                sheet.paste(small, (column * width, row * height))
        sheet.save(path, "WEBP", quality=SHEET_QUALITY, method=6)


def _small(shot: bytes) -> bytes:
    """The same picture in fewer colours: half the bytes, and looks the same."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    reduced = picture.quantize(COLOURS, dither=Image.Dither.NONE).convert("RGB")
    written = io.BytesIO()
    reduced.save(written, "WEBP", lossless=True, quality=100, method=6)
    return written.getvalue()


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
    browser: Browser, size: ViewportSize, theme: str, folder: Path, wanted: str = "", **how: Any
) -> _Album:
    fake = FakeCheckin()
    async with running(fake) as base:
        url = f"{base}/app/"
        page = await _phone(browser, url, size, theme)
        album = _Album(page, folder, wanted, **how)
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
        await _visit(page, fake, album)
        await _reports(page, fake, album)
        await _called(page, fake, album)
        await _small_things(page, album)
        await page.context.close()
    return album


async def _visit(page: Page, fake: FakeCheckin, album: _Album) -> None:
    # The camera sees the code all the time, and nobody asked for another site.
    fake.tell(samples.task_item(fake.now(), "gudang-logistik", "Lampu halaman belakang mati"))
    await page.get_by_test_id("tab-scan").click()
    await page.get_by_test_id("known").wait_for()
    await fill_visit(page)
    await page.get_by_test_id("known").locator("[data-value=bad]").click()
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
    fake.rejected["ronda.incident.reported.v1"] = (
        "Expected `str` of length <= 4000 - at `$.data.text`"
    )
    await report(page, "suspicious_vehicle")
    await all_sent(page)
    fake.rejected.clear()
    await page.context.set_offline(True)
    await report(page, "seal_broken")
    await page.get_by_test_id("tab-queue").click()
    await expect(page.get_by_text("Dibaca oleh Ipda Sari")).to_be_visible()
    await album.take("7-queue")
    await page.context.set_offline(False)
    await all_sent(page)


async def _called(page: Page, fake: FakeCheckin, album: _Album) -> None:
    await page.get_by_test_id("tab-tasks").click()
    fake.tell(samples.order_item(fake.now()))
    await page.get_by_test_id("order").wait_for()
    await album.take("3-order")
    await page.get_by_test_id("order-accepted").click()
    await all_sent(page)
    await expect(page.get_by_test_id("order-en_route")).to_be_enabled()
    await album.take("3-order-accepted")
    await page.get_by_test_id("order-arrived").click()
    fake.tell(samples.nudge_item(fake.now()))
    await page.get_by_test_id("nudge").wait_for()
    await album.take("3-nudge")
    await page.get_by_test_id("safe").click()


async def _small_things(page: Page, album: _Album) -> None:
    await page.get_by_test_id("tab-queue").click()
    await page.locator("[data-stage=rejected]").click()
    await album.take("7-item")
    await page.get_by_test_id("tab-tasks").click()
    await page.get_by_test_id("menu").click()
    await album.take("9-menu")
    await page.get_by_test_id("duty").click()
    await page.get_by_test_id("end-duty").wait_for()
    await album.take("2-duty-end")
    await page.get_by_test_id("back").click()
    await page.get_by_test_id("menu").click()
    await page.get_by_test_id("dim").click()
    await page.get_by_test_id("dimmed").wait_for()
    await album.take("9-dim")


async def _post(browser: Browser, size: ViewportSize, theme: str, folder: Path, **how: Any) -> None:
    """A guard of the warehouse, with a phone that somebody else was given."""
    fake = FakeCheckin()
    fake.assignment = samples.as_guard_post(fake.assignment, fake.now())
    async with running(fake) as base:
        url = f"{base}/app/"
        page = await _phone(browser, url, size, theme)
        album = _Album(page, folder, "", **how)
        await enrol(page, url)
        await page.get_by_text("Bripka Arya Rahmanto").click()
        await page.get_by_test_id("neutral").check()
        await album.take("2-duty-holder")
        await page.get_by_test_id("duty-holder").select_option("p-1012")
        await page.get_by_test_id("start-duty").click()
        await page.get_by_test_id("guard-post").wait_for()
        await all_sent(page)
        await album.take("3-post")
        await page.get_by_test_id("nil").click()
        await page.get_by_test_id("undo").wait_for()
        await album.take("3-post-written")
        await page.context.close()


async def _taken(executable: Path, reel: Path, folder: Path | None) -> None:
    async with async_playwright() as playwright:
        arguments = [*ARGUMENTS, *CAMERA, f"--use-file-for-fake-video-capture={reel}"]
        browser = await playwright.chromium.launch(executable_path=str(executable), args=arguments)
        if folder is None:
            await _for_docs(browser)
        else:
            for size, theme in ((PHONE, "dark"), (PHONE, "light"), (TABLET, "light")):
                place = folder / f"{size['width']}-{theme}"
                await _night(browser, size, theme, place, exact=True)
                await _post(browser, size, theme, place, exact=True)
        await browser.close()


async def _for_docs(browser: Browser) -> None:
    dark = await _night(browser, PHONE, "dark", DOCS)
    dark.write_sheet(DOCS / "seen.webp")
    await _post(browser, PHONE, "dark", DOCS)
    with tempfile.TemporaryDirectory() as elsewhere:
        telling = " ".join(TELLING)
        light = await _night(browser, PHONE, "light", Path(elsewhere), telling)
        light.write_sheet(DOCS / "seen-light.webp")
    await _night(browser, TABLET, "light", DOCS / "tablet-light", ON_TABLET)


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
    folder = Path(arguments[1]) if arguments[:1] == ["--all"] else None
    with tempfile.TemporaryDirectory() as scratch:
        reel = Path(scratch) / "code.y4m"
        reel.write_bytes(film(samples.code_of("gudang-logistik")))
        asyncio.run(_taken(executable, reel, folder))


if __name__ == "__main__":
    main(sys.argv[1:])

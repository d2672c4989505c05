"""`python -m tests.browser.phone.pictures`: pictures of the field app, into `docs/app/`.

`docs/app/*.webp` are dark, on a phone; `light/`, `tablet/` and `tablet-light/` hold the main
screens. `docs/app/seen*.webp` show screens as people see them who tell colours apart otherwise.
`… pictures --all FOLDER` takes every screen in both themes, on a phone and a tablet, into another
folder, to be looked at. `… pictures icons` draws the app's PNG icons from its SVG instead.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, ViewportSize, async_playwright

from ronda import browser as chromium
from ronda import pages
from tests.browser.conftest import ARGUMENTS, ROOT
from tests.browser.phone import samples, scenes
from tests.browser.phone.album import Album
from tests.browser.phone.film import film
from tests.browser.phone.sight import PHONE

DOCS = ROOT / "docs" / "app"
PUBLIC = ROOT / "services" / "checkin" / "web" / "public"
TABLET: ViewportSize = {"width": 800, "height": 1280}
MAIN = "3-tasks 5-visit 6-report 7-queue 8-giat"
ON_TABLET = "3-tasks 3-order 5-visit 5-visit-end 6-report 6-report-again 7-queue 8-giat 8-correct"
CAMERA = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")


async def _taken(executable: Path, reel: Path, folder: Path | None) -> None:
    async with async_playwright() as playwright:
        arguments = [*ARGUMENTS, *CAMERA, f"--use-file-for-fake-video-capture={reel}"]
        browser = await playwright.chromium.launch(executable_path=str(executable), args=arguments)
        if folder is None:
            await _for_docs(browser)
        else:
            for size in (PHONE, TABLET):
                for theme in ("dark", "light"):
                    album = Album(folder / f"{size['width']}-{theme}", exact=True)
                    await _every_screen(browser, size, theme, album)
        await browser.close()


async def _every_screen(browser: Browser, size: ViewportSize, theme: str, album: Album) -> None:
    for scene in (scenes.night, scenes.post, scenes.rehearsal):
        await scene(browser, size, theme, album)


async def _for_docs(browser: Browser) -> None:
    for old in DOCS.rglob("*.webp"):
        old.unlink()
    dark = Album(DOCS)
    await _every_screen(browser, PHONE, "dark", dark)
    dark.write_sheet(DOCS / "seen.webp")
    light = Album(DOCS / "light", MAIN)
    await scenes.night(browser, PHONE, "light", light)
    light.write_sheet(DOCS / "seen-light.webp")
    for theme, name in (("dark", "tablet"), ("light", "tablet-light")):
        await scenes.night(browser, TABLET, theme, Album(DOCS / name, ON_TABLET))


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

"""`python -m tests.browser.pictures [state…]`: pictures of the board, to be looked at.

`docs/board.png` and `docs/board-light.png` are the README's; every state goes to `docs/board/` at
1366×768, the chosen ones also at 1920×1080, each theme in its turn.
"""

import asyncio
import sys
from pathlib import Path

from playwright.async_api import Browser, ViewportSize, async_playwright

from ronda import browser as chromium
from ronda import pages
from tests.browser.conftest import ARGUMENTS
from tests.browser.fake_alerts import FakeAlerts, running
from tests.browser.scenes import SCENES, Scene
from tests.browser.sight import sign_in

ROOT = Path(__file__).parents[2]
SMALL: ViewportSize = {"width": 1366, "height": 768}
LARGE: ViewportSize = {"width": 1920, "height": 1080}
ARMED = "--autoplay-policy=no-user-gesture-required"


async def _taken(executable: Path, wanted: list[str]) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(executable), args=[*ARGUMENTS, ARMED]
        )
        for scene in SCENES:
            if not wanted or scene.name in wanted:
                await _scene(browser, scene)
        await browser.close()


async def _scene(browser: Browser, scene: Scene) -> None:
    for theme in scene.themes:
        for size in (SMALL, LARGE) if scene.large else (SMALL,):
            await _picture(browser, scene, theme, size)


async def _picture(browser: Browser, scene: Scene, theme: str, size: ViewportSize) -> None:
    fake = FakeAlerts()
    scene.prepare(fake)
    async with running(fake) as url:
        context = await browser.new_context(viewport=size)
        await context.add_init_script(f"localStorage.setItem('ronda.theme', '{theme}')")
        page = await context.new_page()
        await sign_in(page, f"{url}/board/{scene.query}", "sari")
        debugger = await context.new_cdp_session(page)
        seen = {"type": scene.vision}
        await debugger.send("Emulation.setEmulatedVisionDeficiency", seen)
        await scene.arrange(page, fake)
        await page.wait_for_timeout(500)  # Leaflet and uPlot draw on a later frame
        path = _path(scene.name, theme, size)
        path.parent.mkdir(exist_ok=True)
        await page.screenshot(path=path, animations="disabled")
        await context.close()


def _path(name: str, theme: str, size: ViewportSize) -> Path:
    wide = "-1920" if size is LARGE else ""
    if name == "board" and size is SMALL:
        return ROOT / "docs" / ("board.png" if theme == "dark" else "board-light.png")
    return ROOT / "docs" / "board" / f"{name}{wide}{'' if theme == 'dark' else '-light'}.png"


def main() -> None:
    """Builds the pages where needed, then takes the pictures."""
    pages.build(ROOT)
    executable = chromium.find()
    if executable is None:
        raise SystemExit("no Chromium; `python -m ronda.browser` installs one")
    asyncio.run(_taken(executable, sys.argv[1:]))


if __name__ == "__main__":
    main()

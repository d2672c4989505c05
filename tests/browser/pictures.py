"""`python -m tests.browser.pictures [state…]`: pictures of the board for the documentation.

`docs/board.webp` and `docs/board-light.webp` are the README's; every state goes to `docs/board/` at
1366×768, the chosen ones also in daylight or at 1920×1080. `… pictures --all FOLDER [state…]` takes
every state in both themes and at both sizes into another folder, to be looked at.
"""

import asyncio
import io
import sys
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, ViewportSize, async_playwright

from ronda import browser as chromium
from ronda import pages
from tests.browser.conftest import ARGUMENTS, ARMED
from tests.browser.fake_alerts import FakeAlerts, running
from tests.browser.scenes import BOTH, SCENES, Scene

ROOT = Path(__file__).parents[2]
SMALL: ViewportSize = {"width": 1366, "height": 768}
LARGE: ViewportSize = {"width": 1920, "height": 1080}
# The page has some fifty colours, the vivid ones of signs in few places; all others are edges of
# letters.
COLOURS = 56
VIVID = 24
SPREAD = 40


async def _taken(executable: Path, wanted: list[str], folder: Path | None) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(executable), args=[*ARGUMENTS, ARMED]
        )
        for scene in SCENES:
            if wanted and scene.name not in wanted:
                continue
            for theme, size in _kept(scene) if folder is None else _all():
                shot = await _picture(browser, scene, theme, size)
                path = _path(folder, scene.name, theme, size)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(_small(shot) if folder is None else shot)
        await browser.close()


def _kept(scene: Scene) -> list[tuple[str, ViewportSize]]:
    pictures = [(theme, SMALL) for theme in scene.themes]
    return [*pictures, ("dark", LARGE)] if scene.large else pictures


def _all() -> list[tuple[str, ViewportSize]]:
    return [(theme, size) for theme in BOTH for size in (SMALL, LARGE)]


async def _picture(browser: Browser, scene: Scene, theme: str, size: ViewportSize) -> bytes:
    fake = FakeAlerts()
    scene.furnish(fake)
    async with running(fake) as url:
        context = await browser.new_context(viewport=size)
        await context.add_init_script(
            f"localStorage.setItem('ronda.theme', '{theme}');"
            f"localStorage.setItem('ronda.language', '{scene.language}');{scene.script}"
        )
        page = await context.new_page()
        await scene.open(page, f"{url}/board/")
        debugger = await context.new_cdp_session(page)
        seen = {"type": scene.vision}
        await debugger.send("Emulation.setEmulatedVisionDeficiency", seen)
        await scene.arrange(page, fake)
        await page.wait_for_timeout(500)  # Leaflet and uPlot draw on a later frame
        shot = await page.screenshot(animations="disabled")
        await context.close()
        return shot


def _small(shot: bytes) -> bytes:
    """The same picture in its most frequent colours: a fifth of the bytes, and looks the same."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    counted = picture.getcolors(picture.width * picture.height) or []
    ordered = [each for _, each in sorted(counted, reverse=True) if isinstance(each, tuple)]
    vivid = [each for each in ordered if max(each) - min(each) > SPREAD]
    kept = dict.fromkeys(ordered[:COLOURS] + vivid[:VIVID])
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in kept for part in colour])
    reduced = picture.quantize(palette=palette, dither=Image.Dither.NONE).convert("RGB")
    written = io.BytesIO()
    reduced.save(written, "WEBP", lossless=True, quality=100, method=6)
    return written.getvalue()


def _path(folder: Path | None, name: str, theme: str, size: ViewportSize) -> Path:
    stem = f"{name}{'-1920' if size is LARGE else ''}{'' if theme == 'dark' else '-light'}"
    if folder is not None:
        return folder / f"{stem}.png"
    beside = ROOT / "docs"
    return (beside if stem in {"board", "board-light"} else beside / "board") / f"{stem}.webp"


def main() -> None:
    """Builds the pages where needed, then takes the pictures."""
    pages.build(ROOT)
    executable = chromium.find()
    if executable is None:
        raise SystemExit("no Chromium; `python -m ronda.browser` installs one")
    words = sys.argv[1:]
    folder = Path(words[1]) if words[:1] == ["--all"] and len(words) > 1 else None
    asyncio.run(_taken(executable, words if folder is None else words[2:], folder))


if __name__ == "__main__":
    main()

"""Takes pictures of one phone, and makes them small."""

import io
import re
from pathlib import Path

from PIL import Image
from playwright.async_api import Page, expect

# The screens that tell a state, and how they are looked at: as they are, without colour, and by
# people who see red, green or blue otherwise.
TELLING = ("3-tasks", "6-report", "7-queue")
VISIONS = ("none", "achromatopsia", "deuteranopia", "protanopia", "tritanopia")
# A page has some fifty colours; all others are edges of letters.
COLOURS = 64
SHEET_SCREEN = (180, 370)
SHEET_QUALITY = 60
SAID = re.compile("^(Tersimpan di HP|Belum diisi)")


class Album:
    """Takes one picture after the other; keeps what the sheet shows."""

    def __init__(self, folder: Path, wanted: str = "", *, exact: bool = False) -> None:
        self._folder = folder
        self._wanted = wanted.split()
        self._exact = exact
        self._page: Page | None = None
        self.seen: dict[str, list[bytes]] = {}

    def of(self, page: Page) -> None:
        """The next pictures are of this page."""
        self._page = page

    @property
    def page(self) -> Page:
        """Whose pictures are taken."""
        assert self._page is not None
        return self._page

    async def take(self, name: str, *, note: str = "") -> None:
        """A picture, if this one is wanted; `note` is what the status line says just then."""
        if self._wanted and name not in self._wanted:
            return
        await self.page.evaluate("document.activeElement?.blur()")
        line = self.page.get_by_test_id("connection")
        if note:
            await expect(line).to_contain_text(note)
        elif await line.count():
            # What was said for a moment is gone, and nothing is under way.
            await expect(line).not_to_have_text(SAID, timeout=10_000)
        shot = await self.page.screenshot()
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._exact:
            (self._folder / f"{name}.png").write_bytes(shot)
        else:
            (self._folder / f"{name}.webp").write_bytes(small(shot))
        if name in TELLING:
            self.seen[name] = await self._seen_by_all()

    async def _seen_by_all(self) -> list[bytes]:
        session = await self.page.context.new_cdp_session(self.page)
        shots = []
        for vision in VISIONS:
            await session.send("Emulation.setEmulatedVisionDeficiency", {"type": vision})
            shots.append(await self.page.screenshot())
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


def small(shot: bytes) -> bytes:
    """The same picture in fewer colours: half the bytes, and looks the same."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    reduced = picture.quantize(COLOURS, dither=Image.Dither.NONE).convert("RGB")
    written = io.BytesIO()
    reduced.save(written, "WEBP", lossless=True, quality=100, method=6)
    return written.getvalue()

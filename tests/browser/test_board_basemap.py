"""The deployment's base map: below the signs, in the board's colours, and never in their way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from services.alerts.adapters.http.map_tiles import MAP_TILES
from services.alerts.adapters.tiles_file import TilesFile
from tests.browser.fake_alerts import FakeAlerts, running
from tests.browser.sight import from_menu, sign_in, watched
from tests.browser.test_board_care import AXE, RULES
from tests.browser.test_words_and_colours import tokens
from tests.tiles import EXTENT, MVT, PNG, mvt, png, write_archive
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WHOLE = [(-64, -64), (EXTENT + 64, -64), (EXTENT + 64, EXTENT + 64), (-64, EXTENT + 64)]
SEA = mvt(
    {
        "water": [
            (3, {"kind": "ocean"}, WHOLE),
            (1, {"kind": "sea", "name": "Java Sea", "name:id": "Laut Jawa"}, [(900, 900)]),
            (1, {"kind": "bay", "name": "Teluk Contoh"}, [(2900, 2900)]),
        ]
    }
)
# What the middle of each tile looks like.
PIXELS = """() => [...document.querySelectorAll(".leaflet-tile-pane canvas.leaflet-tile-loaded")]
  .map(tile => [...tile.getContext("2d").getImageData(8, 8, 1, 1).data].join(" "))"""
WORDS = """
window.words = new Set();
const write = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
  window.words.add(text);
  return write.call(this, text, ...rest);
};
"""


@pytest.fixture
def sea(tmp_path: Path) -> TilesFile:
    """Vector tiles: water everywhere, with names."""
    return TilesFile.checked(write_archive(tmp_path / "sea.pmtiles", SEA, MVT))


@asynccontextmanager
async def opened(
    context: BrowserContext,
    fake: FakeAlerts,
    tiles: TilesFile | None,
    script: str = "",
    query: str = "",
) -> AsyncIterator[Page]:
    """The board of Ipda Sari with a base map; strangers asked and rules broken are faults."""
    fake.tiles = tiles
    async with running(fake) as base:
        tab = await context.new_page()
        faults = watched(tab, base)
        await tab.add_init_script(script or "0")
        await sign_in(tab, f"{base}/board/{query}", "sari")
        yield tab
        await tab.close()
        assert faults == []


async def shows(tab: Page, colour: str) -> bool:
    """Whether there are tiles and all have come to look like `#rrggbb`."""
    wanted = " ".join(str(part) for part in (*bytes.fromhex(colour[1:]), 255))

    async def drawn() -> bool:
        seen = await tab.evaluate(PIXELS)
        return bool(seen) and set(seen) == {wanted}

    return bool(await eventually(drawn))


@pytest.mark.usefixtures("built_pages")
async def test_pictures_are_drawn_below_the_signs_and_dimmed(
    context: BrowserContext, fake: FakeAlerts, tmp_path: Path
) -> None:
    archive = write_archive(tmp_path / "grey.pmtiles", png(10, 200, 90), PNG)
    async with opened(context, fake, TilesFile.checked(archive)) as tab:
        assert await shows(tab, "#0ac85a")
        drawn = tab.get_by_test_id("map")
        await expect(drawn).to_have_attribute("data-base", "true")
        await expect(drawn).to_have_attribute("data-sites", str(len(fake.sites)))
        kind = tab.get_by_test_id("map-kind")
        await expect(kind).to_contain_text("Peta dasar setempat")
        # Whose pictures these are, nobody can know but the archive.
        await expect(kind).to_contain_text("sumber tidak disebut")
        zoom = await drawn.get_attribute("data-zoom")
        assert zoom is not None
        assert float(zoom).is_integer()
        order = await tab.evaluate(
            """() => ["tile", "overlay"].map(name =>
              Number(getComputedStyle(document.querySelector(`.leaflet-${name}-pane`)).zIndex))"""
        )
        assert order[0] < order[1]
        pictures = tab.locator(".map-pictures")
        assert "opacity(0.2)" in await pictures.evaluate("e => getComputedStyle(e).filter")


@pytest.mark.usefixtures("built_pages")
async def test_vector_tiles_have_the_colours_of_the_theme_and_names_in_indonesian(
    context: BrowserContext, fake: FakeAlerts, sea: TilesFile
) -> None:
    async with opened(context, fake, sea, WORDS) as tab:
        assert await shows(tab, tokens()["dark"]["ground-water"])
        words = set(await tab.evaluate("[...window.words]"))
        assert {"Laut Jawa", "Teluk Contoh"} <= words
        assert "Java Sea" not in words
        await from_menu(tab, "theme")
        assert await shows(tab, tokens()["light"]["ground-water"])


@pytest.mark.usefixtures("built_pages")
async def test_without_a_base_map_none_of_its_code_is_asked_for(
    context: BrowserContext, fake: FakeAlerts, sea: TilesFile
) -> None:
    asked: dict[bool, list[str]] = {True: [], False: []}
    seen: list[str] = []
    context.on("request", lambda request: seen.append(request.url))
    for has_one in asked:
        seen.clear()
        async with opened(context, fake, sea if has_one else None) as tab:
            drawn = tab.get_by_test_id("map")
            await expect(drawn).to_have_attribute("data-base", str(has_one).lower())
            await expect(drawn).to_have_attribute("data-sites", str(len(fake.sites)))
        asked[has_one] = [url for url in seen if "/assets/basemap-" in url or MAP_TILES in url]
    assert len(asked[True]) >= 2
    assert asked[False] == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            '<a href="https://osm.example/">&copy; Para  Pemeta</a><img src="https://x.example/p">',
            "© Para Pemeta",
        ),
        ("<script>alert(1)</script>", "© OpenStreetMap"),
        (None, "© OpenStreetMap"),
    ],
)
@pytest.mark.usefixtures("built_pages")
async def test_whose_data_it_is_stands_on_the_map_as_plain_text(
    context: BrowserContext, fake: FakeAlerts, tmp_path: Path, said: str | None, shown: str
) -> None:
    metadata: dict[str, Any] = {"attribution": said} if said else {}
    archive = write_archive(tmp_path / "credit.pmtiles", SEA, MVT, metadata)
    async with opened(context, fake, TilesFile.checked(archive)) as tab:
        credit = tab.get_by_test_id("map-credit")
        await expect(credit).to_have_text(shown)
        assert await credit.locator("*").count() == 0


@pytest.mark.usefixtures("built_pages")
async def test_an_archive_that_does_not_come_leaves_the_schema(
    context: BrowserContext, fake: FakeAlerts, sea: TilesFile
) -> None:
    sea.path.unlink()
    async with opened(context, fake, sea) as tab:
        async with tab.expect_response(f"**{MAP_TILES}") as answer:
            await tab.reload()
        assert (await answer.value).status >= 400
        await expect(tab.get_by_test_id("map-kind")).to_have_text("Skema, posisi perkiraan")
        drawn = tab.get_by_test_id("map")
        await expect(drawn).to_have_attribute("data-sites", str(len(fake.sites)))
        await expect(drawn).to_have_attribute("data-base", "false")


@pytest.mark.usefixtures("built_pages")
async def test_a_board_that_was_opened_while_the_archive_was_away_gets_it_hours_later(
    context: BrowserContext, fake: FakeAlerts, sea: TilesFile
) -> None:
    away, asked = True, 0

    async def answer(route: Route) -> None:
        nonlocal asked
        asked += 1
        await (route.fulfill(status=503) if away else route.continue_())

    await context.route(f"**{MAP_TILES}", answer)
    await context.clock.install()
    async with opened(context, fake, sea) as tab:

        async def asked_often() -> bool:
            fake.tick()
            await context.clock.fast_forward(61_000)
            return asked > 8

        assert await eventually(asked_often)
        kind = tab.get_by_test_id("map-kind")
        await expect(kind).to_have_text("Skema, posisi perkiraan")
        away = False

        async def there() -> bool:
            fake.tick()
            await context.clock.fast_forward(61_000)
            return "Peta dasar" in await kind.inner_text()

        assert await eventually(there)


@pytest.mark.parametrize("query", ["", "?mode=wall"])
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.usefixtures("built_pages")
async def test_a_base_map_breaks_no_rule_of_axe_on_board_and_wall(
    context: BrowserContext, fake: FakeAlerts, sea: TilesFile, theme: str, query: str
) -> None:
    script = f"localStorage.setItem('ronda.theme', '{theme}')"
    async with opened(context, fake, sea, script, query) as tab:
        assert await shows(tab, tokens()[theme]["ground-water"])
        await tab.evaluate(AXE.read_text(encoding="utf-8"))
        assert await tab.evaluate(RULES) == []


@pytest.mark.usefixtures("built_pages")
async def test_tiles_that_fail_bring_the_grid_back_until_they_come(
    context: BrowserContext, fake: FakeAlerts, sea: TilesFile
) -> None:
    away = True
    asked = 0

    async def answer(route: Route) -> None:
        nonlocal asked
        asked += 1
        # What the archive says of itself comes, its tiles do not.
        if asked > 2 and away:
            await route.fulfill(status=503)
        else:
            await route.continue_()

    await context.route(f"**{MAP_TILES}", answer)
    async with opened(context, fake, sea) as tab:
        assert await eventually(lambda: asked > 3)
        drawn = tab.get_by_test_id("map")
        await expect(drawn).to_have_attribute("data-base", "false")
        await expect(tab.get_by_test_id("map-kind")).to_have_text("Skema, posisi perkiraan")
        await expect(drawn).to_have_attribute("data-sites", str(len(fake.sites)))
        away = False
        assert await shows(tab, tokens()["dark"]["ground-water"])
        await expect(drawn).to_have_attribute("data-base", "true")

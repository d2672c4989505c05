"""The map: only what the lists have too, nothing from elsewhere, and never in the way."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser import samples, samples_large
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import focused, row, show, sign_in
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_without_tiles_and_lines_the_map_is_a_schema_of_the_plans_own_sites(
    board: Page, fake: FakeAlerts
) -> None:
    await expect(board.get_by_test_id("map-kind")).to_have_text("Skema, posisi perkiraan")
    drawn = board.get_by_test_id("map")
    await expect(drawn).to_have_attribute("data-sites", str(len(fake.sites)))
    await expect(board.locator(".map-scale")).to_contain_text("km")
    await show(board, "sites")
    await expect(board.get_by_test_id("site-row")).to_have_count(len(fake.sites))


async def test_from_afar_a_district_is_one_count_and_there_are_few(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.sites = samples_large.many_sites(fake.now())
    await sign_in(page, url, "sari")
    drawn = page.get_by_test_id("map")
    await expect(drawn).to_have_attribute("data-sites", "2000")
    assert float(await drawn.get_attribute("data-zoom") or "99") < 11
    await expect(drawn).to_have_attribute("data-bubbles", "20")
    await show(page, "sites")
    await expect(page.get_by_test_id("sites")).to_have_attribute("aria-rowcount", "2001")


async def test_from_afar_a_districts_alerts_are_one_sign_below_its_count(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    """The middle of the map is between two districts of two sites each."""
    west, east = 111.2, 112.8
    model = fake.sites[0]
    fake.sites = [
        {**model, "id": f"{name}-{aside}", "district": name, "lat": -6.9, "lon": lon + aside / 20}
        for name, lon in (("Barat", west), ("Timur", east))
        for aside in (-1, 1)
    ]
    fake.alerts.clear()
    fake.put(
        samples.an_alert(
            fake.now(), 1080, severity="tinggi", site="Barat--1", lat=-6.9, lon=west - 0.05
        ),
        "raised",
    )
    await sign_in(page, url, "sari")
    drawn = page.get_by_test_id("map")
    await expect(drawn).to_have_attribute("data-bubbles", "2")
    box = await drawn.bounding_box()
    assert box is not None
    degree_px = 256 * 2 ** float(await drawn.get_attribute("data-zoom") or "0") / 360
    x = box["x"] + box["width"] / 2 - (east - west) / 2 * degree_px
    await page.mouse.click(x, box["y"] + box["height"] / 2 + 26)
    await expect(row(page, fake, 1080)).to_be_focused()


async def test_a_grave_alert_out_of_view_is_told_at_the_edge_and_the_map_stays_where_it_is(
    board: Page, fake: FakeAlerts
) -> None:
    drawn = board.get_by_test_id("map")
    await expect(drawn).to_have_attribute("data-sites", "9")
    zoom = await drawn.get_attribute("data-zoom")
    far = samples.an_alert(fake.now(), 1080, severity="kritis", lat=-6.9, lon=114.0)
    fake.put(far, "raised")
    arrow = board.get_by_test_id("edge-e")
    await expect(arrow).to_contain_text("1 di luar layar")
    assert await drawn.get_attribute("data-zoom") == zoom
    await arrow.click()
    await expect(arrow).to_have_count(0)


async def test_a_press_on_a_sign_chooses_the_same_alert_in_the_list(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    for alert in list(fake.alerts.values()):
        if alert.number != 1044:
            del fake.alerts[alert.id]
    fake.sites = [site for site in fake.sites if site["id"] == "ppk-soko"]
    await sign_in(page, url, "sari")
    drawn = page.get_by_test_id("map")
    await expect(drawn).to_have_attribute("data-sites", "1")
    box = await drawn.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.click(middle[0] + 4, middle[1] - 20)
    await expect(row(page, fake, 1044)).to_be_focused()
    await page.mouse.click(middle[0], middle[1])
    panel = page.get_by_test_id("site-panel")
    await expect(panel).to_contain_text("PPK Soko")
    await expect(panel).to_contain_text("Belum ada kabar")
    await expect(panel).to_contain_text("bukan aman")


async def test_a_new_alert_moves_neither_focus_nor_map(board: Page, fake: FakeAlerts) -> None:
    await row(board, fake, 1044).click()
    before = await focused(board)
    fake.put(samples.an_alert(fake.now(), 1081, severity="kritis"), "raised")
    await expect(board.get_by_test_id("show-new")).to_be_visible()
    assert await focused(board) == before
    await expect(board.get_by_test_id("detail")).to_have_attribute(
        "data-id", fake.by_number(1044).id
    )


async def test_who_follows_events_is_shown_a_new_grave_one_and_nothing_else_moves(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await sign_in(page, url, "sari")
    drawn = page.get_by_test_id("map")
    await expect(drawn).to_have_attribute("data-sites", "9")
    await page.get_by_test_id("follow").check()
    await row(page, fake, 1044).click()
    before, zoom = await focused(page), await drawn.get_attribute("data-zoom")
    fake.put(samples.an_alert(fake.now(), 1082, severity="sedang", lat=-6.9, lon=110.0), "raised")
    await expect(drawn).to_have_attribute("aria-label", re.compile("7 peringatan"))
    await expect(page.get_by_test_id("edge-e")).to_have_count(0)
    fake.put(samples.an_alert(fake.now(), 1083, severity="tinggi", lat=-6.9, lon=114.0), "raised")
    # What was in view before lies to the west now, and the new one does not lie outside.
    await expect(page.get_by_test_id("edge-w")).to_be_visible()
    await expect(page.get_by_test_id("edge-e")).to_have_count(0)
    assert await drawn.get_attribute("data-zoom") == zoom
    assert await focused(page) == before
    await expect(page.get_by_test_id("detail")).to_have_attribute(
        "data-id", fake.by_number(1044).id
    )
    await page.reload()
    await expect(page.get_by_test_id("follow")).to_be_checked()


async def test_a_map_that_is_behind_a_list_goes_to_the_event_when_it_is_looked_at(
    board: Page, fake: FakeAlerts
) -> None:
    await expect(board.get_by_test_id("map")).to_have_attribute("data-sites", "9")
    await board.get_by_test_id("follow").check()
    await show(board, "areas")
    fake.put(samples.an_alert(fake.now(), 1084, severity="kritis", lat=-6.9, lon=114.0), "raised")
    await expect(row(board, fake, 1084)).to_be_visible()
    await show(board, "map")
    await expect(board.get_by_test_id("edge-w")).to_be_visible()
    await expect(board.get_by_test_id("edge-e")).to_have_count(0)


async def test_p_goes_round_map_areas_and_sites(board: Page) -> None:
    for name in ("areas", "sites", "map"):
        await board.keyboard.press("p")
        await expect(board.get_by_test_id(f"tab-{name}")).to_have_attribute("aria-selected", "true")


async def test_the_lines_of_the_deployment_replace_the_grid(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.situation["map_url"] = "/v1/lines.geojson"
    asked: list[str] = []

    async def lines(route) -> None:  # type: ignore[no-untyped-def]
        asked.append(route.request.url)
        shape = {"type": "LineString", "coordinates": [[111.9, -7.0], [112.1, -6.9]]}
        await route.fulfill(json={"type": "Feature", "properties": {}, "geometry": shape})

    await page.route("**/v1/lines.geojson", lines)
    await sign_in(page, url, "sari")
    await expect(page.get_by_test_id("map-kind")).to_contain_text("Garis wilayah")
    assert await eventually(lambda: asked)
    await expect(page.locator(".leaflet-overlay-pane path")).to_have_count(1)

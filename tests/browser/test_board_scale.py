"""Whether the board stays quick with a whole district on it, and small on the way to the screen."""

import gzip
import json
import re

import pytest
from playwright.async_api import Page, expect

from tests.browser import samples, samples_large
from tests.browser.conftest import ROOT
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import row, shifts, show, sign_in

DIST = ROOT / "services" / "alerts" / "web" / "dist"
FIRST_LOAD_BYTES = 160_000


@pytest.mark.browser
def test_what_the_first_sight_of_the_map_needs_is_small(built_pages: None) -> None:
    index = (DIST / "index.html").read_text(encoding="utf-8")
    names = set(re.findall(r'src="/board/(assets/[^"]+\.js)"', index))
    names |= {path.relative_to(DIST).as_posix() for path in DIST.glob("assets/leaflet-*.js")}
    assert len(names) == 2
    # The base map's code is apart, for those who have one.
    assert len(list(DIST.glob("assets/basemap-*.js"))) == 1
    sizes = [len(gzip.compress((DIST / name).read_bytes(), 9)) for name in names]
    assert sum(sizes) <= FIRST_LOAD_BYTES


@pytest.mark.browser
def test_what_others_wrote_comes_with_its_licences(built_pages: None) -> None:
    package = json.loads((DIST.parent / "package.json").read_text(encoding="utf-8"))
    told = (DIST / "licenses.txt").read_text(encoding="utf-8")
    sections = told.split("\n\n----\n\n")
    # What brings no licence file, and what stands inside the build of another, is told as well.
    others = {"@protomaps/basemaps", "@mapbox/vector-tile", "pbf", "rbush", "fflate", "quickselect"}
    named = {section.partition("\n")[0] for section in sections}
    assert {*package["dependencies"], *others} <= named
    assert told.count("Copyright") >= len(package["dependencies"])


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_a_whole_district_with_three_hundred_alerts_is_drawn_in_few_elements(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await _crowded(page, url, fake)
    assert await shifts(page) == []
    for tab in ("map", "sites", "areas"):
        await show(page, tab)
        assert await page.locator("*").count() < 2_500, tab


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_a_new_alert_in_a_crowded_list_is_drawn_without_drawing_the_list_anew(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await _crowded(page, url, fake)
    changes = """() => new Promise(resolve => {
      let count = 0;
      const watcher = new MutationObserver(list => (count += list.length));
      const options = {childList: true, subtree: true};
      watcher.observe(document.querySelector("#queue-list"), options);
      window.stopCounting = () => (watcher.disconnect(), count);
      resolve();
    })"""
    await page.evaluate(changes)
    alert = samples.an_alert(fake.now(), 9_999, severity="kritis", next_due_at=fake.now())
    fake.put(alert, "raised")
    await expect(row(page, fake, 9_999)).to_be_visible()
    assert await page.evaluate("stopCounting()") < 60


async def _crowded(page: Page, url: str, fake: FakeAlerts) -> None:
    now = fake.now()
    fake.sites = samples_large.many_sites(now)
    for alert in samples_large.many_alerts(now):
        fake.alerts[alert.id] = alert
    await sign_in(page, url, "sari")
    await expect(page.get_by_test_id("open-count")).to_have_text("306 terbuka")

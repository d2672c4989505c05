"""What the real engine says beside its alerts reaches the board by the real stream."""

from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from ronda.demo.phone import Phone, Sent
from tests.browser.sight import loaded, show, watched
from tests.faults.world import TOKEN_TTL, world

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SITE = "gudang-logistik"
PATIENT_MS = 30_000


@pytest.mark.timeout(300)
async def test_a_vulnerability_and_a_doubtful_visit_are_seen_as_they_are_told(
    context: BrowserContext, built_pages: None, tmp_path: Path
) -> None:
    async with world(tmp_path, print) as place:
        token = place.token("p-uji", "officer", "phone-uji")
        phone = Phone(
            place.client, place.stack.url("checkin"), token, "phone-uji", "R-21", ["p-uji"], Sent()
        )
        page = await context.new_page()
        url = f"{place.stack.url('alerts')}/board/"
        faults = watched(page, url)
        unit = place.plan.operation.unit
        sari = place.stack.token(
            actor="sari", name="Sari", role="supervisor", unit=unit, ttl=TOKEN_TTL
        )
        await page.goto(f"{url}#token={sari}")
        await loaded(page, PATIENT_MS)

        # The list is not to be had any more: what comes now came by the stream.
        await page.route("**/v1/tasks*", lambda route: route.abort())
        await show(page, "tasks")
        weak = {"kind": "cctv", "text": "Pagar timur roboh", "stage": "PG"}
        await phone.send(phone.event("ronda.vulnerability.reported.v1", weak, site=SITE))
        row = page.get_by_test_id("task-row").filter(has_text="Pagar timur roboh")
        await expect(row).to_be_visible(timeout=PATIENT_MS)

        await show(page, "checks")
        site = place.plan.site_by_id[SITE]
        for north in (0.0, 1.5):
            fix = {"lat": site.lat + north, "lon": site.lon, "accuracy_m": 5}
            scan = {"method": "gps", "crew": "R-21", "position": fix}
            await phone.send(phone.event("ronda.visit.checked_in.v1", scan, site=SITE))
        doubts = page.get_by_test_id("doubts")
        await expect(doubts).to_contain_text("km/jam", timeout=PATIENT_MS)
        await expect(doubts).to_contain_text("Posisi di luar batas lokasi")
        assert faults == []

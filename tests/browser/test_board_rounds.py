"""When each site was visited last and is to be visited next, by the plan of a whole day."""

from datetime import datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from tests.browser import samples
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import show, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SITE, NAME = "ppk-palang", "PPK Palang"
TUBAN = timedelta(hours=7)


def hourly(fake: FakeAlerts) -> datetime:
    """Every hour from yesterday to tomorrow: made until an hour ago, then still to come. Returns
    now."""
    now = fake.now()
    fake.visits.clear()
    for hour in range(-24, 24):
        due_in = hour * 3600 + 1200.0
        state = "done" if hour < -1 else "missed" if hour == -1 else "due"
        visit = samples.a_visit(now, SITE, NAME, state, due_in)
        fake.visits[visit.id] = visit
    return now


def shown(now: datetime, minutes: float) -> str:
    """A moment so many minutes from now as the board writes it."""
    at = now + TUBAN + timedelta(minutes=minutes)
    return f"{at:%H.%M}"


async def test_a_site_with_many_visits_ahead_shows_its_last_and_its_next(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    now = hourly(fake)
    last, owed, next_due = (shown(now, minutes) for minutes in (-100, -40, 20))
    await sign_in(page, url, "sari")
    await show(page, "sites")
    line = page.locator(f"[data-testid=site-row][data-id={SITE}]")
    await expect(line).to_contain_text("Terlewat")
    await expect(line).to_contain_text(f"{owed} · lalu")
    await expect(line).to_contain_text(last)
    cut = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).length"
    assert await line.locator("td, td small").evaluate_all(cut) == 0
    await line.get_by_role("button").click()
    visits = page.get_by_test_id("site-visits").locator("li")
    await expect(visits.nth(0)).to_contain_text("Terakhir dikunjungi")
    await expect(visits.nth(0)).to_contain_text(last)
    await expect(visits.nth(1)).to_contain_text("Kunjungan berikut")
    await expect(visits.nth(1)).to_contain_text(next_due)
    # Then what has begun, the newest first; tomorrow's are not among them.
    await expect(visits.nth(2)).to_contain_text("Waktunya")
    await expect(visits.nth(3)).to_contain_text("Terlewat")
    await expect(visits.nth(4)).to_contain_text("Selesai")
    await expect(visits).to_have_count(7)


async def test_a_visit_whose_window_is_not_open_yet_is_not_due(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.visits.clear()
    visit = samples.a_visit(fake.now(), SITE, NAME, "due", 7200)
    fake.visits[visit.id] = visit
    await sign_in(page, url, "sari")
    await show(page, "sites")
    line = page.locator(f"[data-testid=site-row][data-id={SITE}]")
    await expect(line).to_contain_text("nanti")
    await expect(line).not_to_contain_text("Waktunya")


async def test_a_site_nobody_was_at_and_nobody_is_to_visit_says_so(board: Page) -> None:
    await show(board, "sites")
    await board.get_by_role("button", name="PPK Merakurak").click()
    visits = board.get_by_test_id("site-visits")
    await expect(visits).to_contain_text("belum pernah")
    await expect(visits).to_contain_text("belum dijadwalkan")

"""What is to be checked of presences: seen by the room, in words that accuse nobody."""

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, expect

from shared.events.task_samples import DOUBT, VULNERABILITY
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.samples_presence import a_doubt
from tests.browser.sight import show

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_doubts_stand_with_reason_site_phone_and_time(board: Page, fake: FakeAlerts) -> None:
    await expect(board.get_by_test_id("tab-checks")).to_contain_text("4")
    await show(board, "checks")
    doubts = board.get_by_test_id("doubt")
    await expect(doubts).to_have_count(3)
    await expect(doubts.first).to_contain_text("41,2 km dalam 6 menit")
    await expect(doubts.first).to_contain_text("Gudang Logistik KPU")
    await expect(doubts.nth(1)).to_contain_text("hp-014, hp-021")
    gap = board.get_by_test_id("gap")
    await expect(gap).to_contain_text("4 catatan belum sampai")
    await expect(gap).to_contain_text("hp-031")
    await doubts.first.get_by_role("button").click()
    await expect(board.get_by_test_id("site-panel")).to_have_attribute("data-id", "gudang")


async def test_a_site_shows_what_of_its_visits_is_to_be_checked(board: Page) -> None:
    await show(board, "sites")
    await board.get_by_role("button", name="Gudang Logistik KPU Tuban").click()
    checks = board.get_by_test_id("site-checks")
    await expect(checks.locator("li")).to_have_count(2)
    await expect(checks).to_contain_text("1,8 km dari titiknya")
    await board.get_by_role("button", name="PPK Palang").click()
    await expect(board.get_by_test_id("site-panel")).to_have_attribute("data-id", "ppk-palang")
    await expect(checks).to_have_count(0)


async def test_older_doubts_are_a_press_away(board: Page, fake: FakeAlerts) -> None:
    await show(board, "checks")
    await expect(board.get_by_test_id("older")).to_have_count(0)
    newest = a_doubt(fake.now(), "flagged", "kpu", "Kantor KPU Tuban", "Kode tidak dikenal")
    fake.presence = replace(fake.presence, doubts=[newest, *fake.presence.doubts])
    fake.tell_event("ronda.presence.doubted.v1", DOUBT)
    await expect(board.get_by_test_id("doubt").first).to_contain_text("Kode tidak dikenal")
    await expect(board.get_by_test_id("doubt")).to_have_count(3)
    await board.get_by_test_id("older").click()
    await expect(board.get_by_test_id("doubt")).to_have_count(4)
    await expect(board.get_by_test_id("older")).to_have_count(0)


async def test_a_task_of_any_kind_is_seen_at_once(board: Page, fake: FakeAlerts) -> None:
    await show(board, "tasks")
    await expect(board.get_by_test_id("task-row")).to_have_count(3)
    weak = replace(VULNERABILITY, text="Pagar roboh")
    fake.tell_event("ronda.vulnerability.assigned.v1", weak)
    await expect(board.get_by_test_id("task-row").filter(has_text="Pagar roboh")).to_be_visible()
    done = replace(weak, version=weak.version + 1, state="done")
    fake.tell_event("ronda.vulnerability.mitigated.v1", done)
    await expect(board.get_by_test_id("task-row").filter(has_text="Pagar roboh")).to_have_count(0)

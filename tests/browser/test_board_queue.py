"""The queue when it is long: filters that say what they hide, floods, folds, and regrouping."""

import msgspec
import pytest
from playwright.async_api import Page, expect

from shared.events.alert import Entry
from tests.browser import samples, samples_large
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import focused, numbers, ready, row, sign_in
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_search_leaves_what_fits_and_says_what_it_hides(
    board: Page, fake: FakeAlerts
) -> None:
    await board.keyboard.press("/")
    assert await focused(board) == "search"
    await board.keyboard.type("rengel")
    await expect(board.get_by_test_id("alert-row")).to_have_count(1)
    hidden = board.get_by_test_id("hidden-line")
    await expect(hidden).to_contain_text("5 tersembunyi, 2 kritis, 2 tinggi")
    await expect(board.get_by_test_id("urgent-slot")).to_contain_text("Gudang Logistik KPU")
    await board.get_by_test_id("clear-filter").click()
    await expect(board.get_by_test_id("alert-row")).to_have_count(6)
    await expect(hidden).to_have_count(0)


async def test_the_filter_by_severity_and_owner_is_a_key_away(
    board: Page, fake: FakeAlerts
) -> None:
    await board.keyboard.press("f")
    await board.get_by_test_id("filter-tinggi").click()
    await expect(board.get_by_test_id("alert-row")).to_have_count(2)
    await board.get_by_test_id("filter-mine").click()
    await expect(board.get_by_test_id("alert-row")).to_have_count(1)
    assert await numbers(board, fake, "work") == [1039]


async def test_an_alert_that_the_filter_hides_still_shows_in_the_slot_and_in_the_count(
    board: Page, fake: FakeAlerts
) -> None:
    await board.get_by_test_id("search").fill("palang")
    fake.put(samples.an_alert(fake.now(), 1099, kind="duress", severity="kritis"), "raised")
    await expect(board.get_by_test_id("urgent-slot")).to_contain_text("DARURAT PETUGAS")
    await expect(board.get_by_test_id("hidden-line")).to_contain_text("6 tersembunyi, 3 kritis")


async def test_three_hundred_open_alerts_draw_only_the_rows_that_can_be_seen(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    for alert in samples_large.many_alerts(fake.now()):
        fake.alerts[alert.id] = alert
    await sign_in(page, url, "sari")
    await expect(page.get_by_test_id("open-count")).to_have_text("306 terbuka")
    await expect(page.get_by_test_id("section-new")).to_have_attribute("data-count", "303")
    rows = page.get_by_test_id("alert-row")
    assert await rows.count() < 60
    await rows.first.click()
    for _ in range(30):
        await page.keyboard.press("j")
    chosen = page.locator("[data-testid=alert-row][aria-selected=true]")
    await expect(chosen).to_be_focused()
    await expect(chosen).to_be_in_viewport()
    await page.get_by_test_id("queue").hover()
    await page.mouse.wheel(0, 100_000)
    await expect(row(page, fake, 1030)).to_be_in_viewport()
    await expect(chosen).to_be_focused()


async def test_many_low_alerts_of_a_district_share_a_row_that_opens(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.sites = samples_large.many_sites(fake.now())
    for alert in samples_large.many_alerts(fake.now()):
        fake.alerts[alert.id] = alert
    await sign_in(page, url, "sari")
    await page.get_by_test_id("search").fill("tps")
    await page.get_by_test_id("queue").hover()
    await page.mouse.wheel(0, 100_000)
    fold = page.locator("[data-folded]").last
    await expect(fold).to_contain_text("yang serupa")
    await expect(fold).to_have_attribute("data-severity", "rendah")
    folded = await page.locator("[data-folded]").count()
    await fold.click()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("[data-folded]")).to_have_count(folded - 1)
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator("[data-folded]")).to_have_count(folded)


async def test_missed_visits_of_one_unit_in_one_district_share_a_row(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    missed = fake.by_number(1041)
    for number in range(3):
        other = samples.an_alert(
            fake.now(), 1200 + number, kind="visit_missed", severity="sedang", unit=missed.unit
        )
        fake.alerts[other.id] = msgspec.structs.replace(other, site=missed.site)
    await sign_in(page, url, "sari")
    await expect(page.locator("[data-folded='3']")).to_contain_text("+3 yang serupa")
    await expect(page.get_by_test_id("section-new")).to_have_attribute("data-count", "6")


async def test_a_flood_is_announced_and_keeps_every_grave_alert_in_reach(
    board: Page, fake: FakeAlerts
) -> None:
    now = fake.now()
    fake.sites = samples_large.many_sites(now)
    raised = [
        msgspec.structs.replace(alert, raised_at=now)
        for alert in samples_large.many_alerts(now, 300)
    ]
    for alert in raised:
        fake.put(alert, "raised")
    await expect(board.get_by_test_id("flood")).to_contain_text("Lonjakan peringatan: 303")
    await expect(board.locator(".rows.dense")).to_have_count(1)
    height = await board.get_by_test_id("alert-row").first.bounding_box()
    assert height is not None
    assert height["height"] == 32
    grave = [a for a in fake.alerts.values() if a.severity in {"kritis", "tinggi"}]
    await board.get_by_test_id("filter").click()
    await board.get_by_test_id("filter-kritis").click()
    await board.get_by_test_id("filter-tinggi").click()
    await expect(board.locator("[data-folded]")).to_have_count(0)
    sections = await board.locator("[data-count]").evaluate_all(
        "all => all.reduce((sum, one) => sum + Number(one.dataset.count), 0)"
    )
    assert sections == len(grave)


async def test_a_flood_ends_by_itself_when_it_is_over(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    for alert in samples_large.many_alerts(fake.now(), 20):
        fake.alerts[alert.id] = msgspec.structs.replace(alert, raised_at=fake.now())
    await sign_in(page, url, "sari")
    await expect(page.get_by_test_id("flood")).to_be_visible()
    fake.tick(ahead_s=660)
    await expect(page.get_by_test_id("flood")).to_have_count(0)


async def test_what_is_a_flood_for_one_is_none_for_three(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.operators = 3
    for alert in samples_large.many_alerts(fake.now(), 20):
        fake.alerts[alert.id] = msgspec.structs.replace(alert, raised_at=fake.now())
    await sign_in(page, url, "sari")
    fake.tick()
    await expect(page.get_by_test_id("flood")).to_have_count(0)
    fake.operators = 1
    fake.tick()
    await expect(page.get_by_test_id("flood")).to_be_visible()


async def test_a_flood_may_be_ended_by_hand_and_a_second_operator_called(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    for alert in samples_large.many_alerts(fake.now(), 20):
        fake.alerts[alert.id] = msgspec.structs.replace(alert, raised_at=fake.now())
    await sign_in(page, url, "sari")
    await page.get_by_test_id("call-second").click()
    assert await eventually(lambda: [each for each in fake.commands if each[0] == "call"])
    assert await eventually(lambda: [body["text"] for _, body in fake.room.asked])
    assert "operator kedua" in fake.room.asked[-1][1]["text"].lower()
    await page.get_by_test_id("end-flood").click()
    await expect(page.get_by_test_id("flood")).to_have_count(0)


async def test_a_merge_is_chosen_by_place_and_can_be_taken_back(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1043).click()
    await board.keyboard.press("g")
    await board.get_by_test_id("merge-option").first.check()
    await board.keyboard.press("Control+Enter")
    await expect(board.get_by_test_id("undo-bar")).to_be_visible()
    await expect(board.get_by_test_id("open-count")).to_have_text("5 terbuka")
    await expect(row(board, fake, 1043)).to_contain_text("3 laporan")
    await board.get_by_test_id("undo").click()
    await expect(board.get_by_test_id("open-count")).to_have_text("6 terbuka")
    await expect(row(board, fake, 1043)).to_contain_text("2 laporan")


async def test_a_report_that_does_not_belong_is_split_off_and_comes_back(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1043).click()
    before = [part.event for part in fake.by_number(1043).parts]
    await board.get_by_test_id("tab-reports").click()
    await board.get_by_test_id("split").last.click()
    await expect(board.get_by_test_id("undo-bar")).to_be_visible()
    assert await eventually(lambda: len(fake.by_number(1043).parts) == 1)
    await board.get_by_test_id("undo").click()
    assert await eventually(lambda: len(fake.by_number(1043).parts) == 2)
    assert [part.event for part in fake.by_number(1043).parts] == before


async def test_the_proof_names_every_event_of_the_archive(board: Page, fake: FakeAlerts) -> None:
    await row(board, fake, 1043).click()
    await board.get_by_test_id("tab-proof").click()
    for part in fake.by_number(1043).parts:
        await expect(board.get_by_test_id("proof")).to_contain_text(part.event)


async def test_an_emergency_that_was_pressed_by_mistake_asks_for_a_voice_and_stays_open(
    board: Page, fake: FakeAlerts
) -> None:
    now = fake.now()
    duress = samples.an_alert(now, 1099, kind="duress", severity="kritis")
    fake.put(duress, "raised")
    fake.change(duress, timeline=[*duress.timeline, Entry(at=now, what="mistaken", by="Budi")])
    await row(board, fake, 1099).click()
    await expect(board.get_by_test_id("mistake")).to_contain_text("verifikasi suara")
    await expect(row(board, fake, 1099)).to_have_attribute("data-state", "raised")


async def test_the_calls_of_an_alert_stand_below_its_story_with_what_became_of_them(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1043).click()
    calls = board.get_by_test_id("calls")
    await expect(calls).to_contain_text("Pawas · Ipda Dewi · sms")
    await expect(calls).to_contain_text("sampai")
    await expect(calls).to_contain_text("tidak sampai, telepon · 310")


async def test_posts_that_no_call_reached_are_named(board: Page, fake: FakeAlerts) -> None:
    fake.change(fake.by_number(1044), undelivered=["Kapolres", "kasat_samapta"])
    await row(board, fake, 1044).click()
    await expect(board.get_by_test_id("undelivered")).to_contain_text("Kapolres, Kasat samapta")


async def test_a_second_duress_press_of_the_same_officer_is_never_offered_for_a_merge(
    board: Page, fake: FakeAlerts
) -> None:
    fake.put(samples.an_alert(fake.now(), 1099, kind="duress", severity="kritis"), "raised")
    await row(board, fake, 1043).click()
    await ready(board, "merge")
    await board.keyboard.press("g")
    offered = board.get_by_test_id("merge-option")
    ids = await offered.evaluate_all("all => all.map(one => one.dataset.id)")
    assert fake.by_number(1099).id not in ids
    await board.keyboard.press("Escape")
    await row(board, fake, 1099).click()
    await expect(board.get_by_test_id("act-merge")).to_have_attribute("aria-disabled", "true")

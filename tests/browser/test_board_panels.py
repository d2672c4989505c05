"""What stands around the alerts: sites, tasks, crews, journal, reports by voice, watch, figures."""

import pytest
from msgspec import to_builtins
from msgspec.structs import replace
from playwright.async_api import BrowserContext, Page, expect

from services.alerts.domain.advising import advice_on
from services.alerts.domain.performance import Figure
from services.alerts.domain.task import advised
from shared.events.alert import Restriction
from shared.events.risk_samples import RISK
from tests.browser import samples
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.qr import read_code
from tests.browser.samples_room import CHECKPOINT
from tests.browser.sight import focus_reaches, from_menu, row, show, sign_in
from tests.builders import a_plan
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_site_shows_its_visits_and_what_is_open_there(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1044).click()
    await show(board, "sites")
    await board.get_by_role("button", name="Gudang Logistik KPU Tuban").click()
    panel = board.get_by_test_id("site-panel")
    await expect(panel).to_contain_text("Gangguan")
    await expect(panel).to_contain_text("Gudang logistik")
    await expect(panel.get_by_test_id("site-visits")).to_contain_text("Waktunya")
    await expect(panel).to_contain_text("CCTV belakang mati")
    await expect(board.get_by_test_id("detail")).to_have_attribute(
        "data-id", fake.by_number(1044).id
    )
    await board.get_by_test_id("close-site").click()
    await expect(panel).to_have_count(0)


async def test_tasks_stand_with_owner_and_time_the_overdue_first(
    board: Page, fake: FakeAlerts
) -> None:
    await show(board, "tasks")
    rows = board.get_by_test_id("task-row")
    await expect(rows.first).to_contain_text("CCTV belakang mati")
    await expect(rows.first).to_contain_text("Sekretariat KPU")
    await expect(rows.first).to_contain_text("lewat")
    await expect(board.get_by_test_id("tab-tasks")).to_contain_text("3")


async def test_a_task_is_given_to_somebody_and_done(board: Page, fake: FakeAlerts) -> None:
    await show(board, "tasks")
    await board.get_by_role("button", name="CCTV belakang mati").click()
    await board.get_by_test_id("task-assign").click()
    await board.get_by_test_id("task-owner").fill("Aipda Budi")
    await board.keyboard.press("Control+Enter")
    await expect(board.get_by_test_id("task-row").first).to_contain_text("Aipda Budi")
    await board.get_by_role("button", name="CCTV belakang mati").click()
    await board.get_by_test_id("task-done").click()
    await board.keyboard.press("Control+Enter")
    await expect(board.get_by_test_id("task-row")).to_have_count(2)
    assert [kind for kind, _ in fake.room.asked] == ["task assign", "task done"]


async def test_crews_stand_with_the_age_of_their_position(board: Page, fake: FakeAlerts) -> None:
    await show(board, "units")
    units = board.get_by_test_id("unit-row")
    await expect(units).to_have_count(5)
    await expect(units.filter(has_text="R-11")).to_contain_text("tanpa posisi")
    await expect(units.filter(has_text="Polsek Tuban 2")).to_contain_text("posisi lama")
    await expect(units.filter(has_text="R-21")).to_contain_text("Unjuk rasa")


async def test_the_journal_takes_a_line_and_shows_silences(board: Page, fake: FakeAlerts) -> None:
    await from_menu(board, "menu-journal")
    await expect(board.get_by_test_id("journal")).to_contain_text("Sirene layar dibisukan")
    await board.get_by_test_id("journal-text").fill("Genset diuji, baik.")
    await board.keyboard.press("Control+Enter")
    await expect(board.get_by_test_id("journal").locator("li").first).to_contain_text("Genset")
    await expect(board.get_by_test_id("journal-text")).to_have_value("")


async def test_a_report_by_voice_names_caller_site_and_kind_and_shows_what_is_alike(
    board: Page, fake: FakeAlerts
) -> None:
    await board.keyboard.press("l")
    await focus_reaches(board, "report-caller")
    await board.keyboard.type("Aipda Budi")
    confirm = board.get_by_test_id("dialog-confirm")
    await expect(confirm).to_have_attribute("aria-disabled", "true")
    await board.get_by_test_id("report-category").select_option("suspicious_object")
    await board.get_by_test_id("report-site").fill("Gudang Logistik KPU")
    await expect(board.get_by_test_id("alike")).to_contain_text("Benda mencurigakan")
    await board.get_by_test_id("report-text").fill("Tas di bawah pagar")
    await board.keyboard.press("Control+Enter")
    await expect(board.get_by_test_id("dialog-report")).to_have_count(0)
    (kind, body) = fake.room.asked[-1]
    assert kind == "report"
    assert (body["caller"], body["site"], body["via"]) == ("Aipda Budi", "gudang", "ht")


async def test_a_watch_is_prepared_and_only_accepted_by_who_opened_what_is_grave(
    board: Page, context: BrowserContext, url: str, fake: FakeAlerts
) -> None:
    await from_menu(board, "menu-handover")
    await board.get_by_test_id("attention").fill("Massa Jumat di Bawaslu")
    await board.keyboard.press("Control+Enter")
    await expect(board.get_by_test_id("prepared")).to_be_visible()
    await board.keyboard.press("Escape")
    await from_menu(board, "logout")

    await sign_in(board, url, "joko")
    await from_menu(board, "menu-handover")
    confirm = board.get_by_test_id("dialog-confirm")
    await expect(confirm).to_contain_text("4 belum dibaca")
    await expect(confirm).to_have_attribute("aria-disabled", "true")
    await board.keyboard.press("Control+Enter")
    assert fake.room.asked == []
    for line in await board.get_by_test_id("read-alert").all():
        await line.click()
    await expect(confirm).to_contain_text("Terima jaga")
    await confirm.click()
    await expect(board.get_by_test_id("dialog-handover")).to_have_count(0)
    await expect(row(board, fake, 1039)).to_contain_text("Kompol Joko")


async def test_the_handover_shows_the_archives_checkpoint_as_a_code_or_says_that_there_is_none(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    joko = {"actor": "joko", "name": "Kompol Joko", "role": "commander"}
    fake.prepare_handover(joko, "")
    await sign_in(page, url, "sari")
    await from_menu(page, "menu-handover")
    assert await read_code(page.get_by_test_id("qr")) == CHECKPOINT
    fake.room.checkpoint = None
    await page.keyboard.press("Escape")
    await from_menu(page, "menu-handover")
    await expect(page.get_by_test_id("dialog-handover")).to_contain_text("Belum ada segel")


async def test_the_watch_is_not_accepted_while_the_board_is_blind(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    joko = {"actor": "joko", "name": "Kompol Joko", "role": "commander"}
    fake.prepare_handover(joko, "")
    await sign_in(page, url, "sari")
    fake.streaming = False
    fake.cut()
    await page.get_by_test_id("stale-band").wait_for()
    await from_menu(page, "menu-handover")
    await page.get_by_test_id("read-alert").first.wait_for()
    for line in await page.get_by_test_id("read-alert").all():
        await line.click()
    confirm = page.get_by_test_id("dialog-confirm")
    await expect(confirm).to_have_attribute("aria-disabled", "true")
    await expect(page.get_by_test_id("dialog-handover")).to_contain_text("jaga belum bisa diterima")


async def test_help_from_the_province_wants_a_reason_and_a_unit_may_be_named(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1043).click()
    await board.keyboard.press("b")
    await board.get_by_test_id("crew-other").check()
    await board.get_by_test_id("crew-name").fill("SSK Brimob")
    await board.get_by_test_id("ladder").select_option("brimob_phh")
    confirm = board.get_by_test_id("dialog-confirm")
    await expect(confirm).to_have_attribute("aria-disabled", "true")
    await board.get_by_test_id("dispatch-note").fill("Massa merah, dua lapis Dalmas habis")
    await confirm.click()
    await expect(board.get_by_test_id("dispatches")).to_contain_text("SSK Brimob")
    await expect(board.get_by_test_id("timeline")).to_contain_text("Massa merah")
    assert fake.commands[0][2]["backup_type"] == "brimob_phh"


async def test_without_recommendations_the_crews_are_ordered_on_the_board(
    board: Page, fake: FakeAlerts
) -> None:
    fake.room.backup = None
    await row(board, fake, 1043).click()
    await board.keyboard.press("b")
    await expect(board.get_by_test_id("crew-option").first).to_have_attribute("data-crew", "R-07")
    await expect(board.get_by_test_id("ladder")).to_have_count(0)


async def test_readiness_names_the_holes_of_the_chain(board: Page, fake: FakeAlerts) -> None:
    await from_menu(board, "menu-readiness")
    await expect(board.get_by_test_id("holes")).to_contain_text("Padal Rengel: kosong")
    await board.keyboard.press("Escape")
    fake.room.readiness = replace(fake.room.readiness, items=[])
    await from_menu(board, "menu-readiness")
    await expect(board.get_by_test_id("ready-until")).to_contain_text("Lengkap sampai")


async def test_the_figures_have_n_and_no_percentage_below_twenty(
    board: Page, fake: FakeAlerts
) -> None:
    await from_menu(board, "menu-performance")
    figures = board.get_by_test_id("figure")
    await expect(figures).to_have_count(len(fake.room.performance.figures))
    await expect(board.locator("[data-id=taken_10s]")).to_contain_text("3 dari 5")
    await expect(board.locator("[data-id=share_kritis]")).to_contain_text("5,3% (n 38)")
    await expect(board.locator("[data-id=taken_60s]")).to_contain_text("tindak")
    await expect(board.locator("[data-id=minutes_blind]")).to_contain_text("1,6 mnt")
    await expect(board.get_by_test_id("curve").locator("canvas")).to_have_count(1)


async def test_rates_are_for_those_who_are_at_the_boards(board: Page, fake: FakeAlerts) -> None:
    fake.operators = 3
    fake.tick(lag_s=3.3)
    await expect(board.get_by_test_id("freshness")).to_contain_text("3,3")
    async with board.expect_request("**/v1/performance**") as asked:
        await from_menu(board, "menu-performance")
    assert "operators=3" in (await asked.value).url
    await expect(board.get_by_test_id("per-operators")).to_contain_text("3")


async def test_a_figure_that_the_page_has_no_words_for_is_shown_by_its_own_name(
    board: Page, fake: FakeAlerts
) -> None:
    fake.room.performance.figures.append(Figure("hours_awake", "count", 3, 3, "aim"))
    await from_menu(board, "menu-performance")
    await expect(board.locator("[data-id=hours_awake]")).to_contain_text("Hours awake")


async def test_a_part_of_the_page_that_breaks_leaves_queue_and_keys_alive(
    context: BrowserContext, url: str, fake: FakeAlerts
) -> None:
    page = await context.new_page()
    await sign_in(page, url, "sari")
    good = fake.room.readiness
    fake.room.readiness = {}
    await from_menu(page, "menu-readiness")
    await page.get_by_test_id("dialog-broken").wait_for()
    await page.keyboard.press("Escape")
    fake.put(samples.an_alert(fake.now(), 1099, severity="kritis"), "raised")
    await expect(page.get_by_test_id("open-count")).to_contain_text("7")
    await row(page, fake, 1043).click()
    await page.keyboard.press("a")
    await expect(row(page, fake, 1043)).to_have_attribute("data-state", "acknowledged")
    fake.room.readiness = good
    await from_menu(page, "menu-readiness")
    await page.get_by_test_id("dialog-readiness").wait_for()


async def test_the_wall_names_no_person_and_offers_nothing_to_press(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await sign_in(page, f"{url}?mode=wall", "sari")
    wall = page.get_by_test_id("wall")
    await expect(wall.get_by_test_id("urgent-slot")).to_contain_text("Benda mencurigakan")
    text = await wall.inner_text()
    for person in ("Sari", "Joko", "Budi", "Wira"):
        assert person not in text
    await page.keyboard.press("a")
    assert await eventually(lambda: fake.viewers)
    assert fake.commands == []


async def test_what_not_everybody_may_know_is_marked_and_not_on_the_wall(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    secret = next(each for each in fake.alerts.values() if each.category == "suspicious_object")
    restricted = Restriction(roles=["supervisor", "commander"], hidden_from=["polda-x/polsek"])
    fake.alerts[secret.id] = replace(secret, category="neutrality_breach", restricted=restricted)
    await sign_in(page, url, "sari")
    await row(page, fake, secret.number).click()
    await expect(page.get_by_test_id("restricted")).to_contain_text("Terbatas")
    await sign_in(page, f"{url}?mode=wall", "sari")
    await page.get_by_test_id("counts").wait_for()
    fake.put(replace(fake.alerts[secret.id], version=secret.version + 1), "updated")
    fake.tick()
    await expect(page.get_by_test_id("urgent-slot")).not_to_contain_text("Benda mencurigakan")
    assert "etralit" not in await page.get_by_test_id("wall").inner_text()


async def test_a_site_says_how_much_speaks_against_it_and_what(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    why = {"code": "vulnerability", "id": "Kerawanan: CCTV buta", "en": "Vulnerability: CCTV"}
    risk = {"score": 8, "band": "rendah", "reasons": [why | {"weight": 8}]}
    fake.sites[0] |= {"risk": risk, "flags": ["vulnerability"]}
    await sign_in(page, url, "sari")
    await show(page, "sites")
    await page.get_by_role("button", name="Gudang Logistik KPU Tuban").click()
    panel = page.get_by_test_id("site-panel")
    said = panel.get_by_test_id("site-risk")
    await expect(said).to_contain_text("Risiko rendah · 8 dari 100 Kerawanan: CCTV buta (8)")
    await expect(panel).to_contain_text("kerawanan terbuka")
    risk = {"score": 63, "band": "tinggi", "reasons": to_builtins(RISK.reasons)}
    fake.sites[0] |= {"risk": risk}
    fake.tell_event("ronda.risk.changed.v1", RISK)
    await expect(said).to_contain_text("Risiko tinggi · 63 dari 100 Kelas khusus (20)")
    await page.get_by_test_id("close-site").click()
    await expect(page.get_by_test_id("site-row").first).to_contain_text("Risiko tinggi")


async def test_an_advice_says_what_to_do_and_why(page: Page, url: str, fake: FakeAlerts) -> None:
    advice = advised(advice_on(RISK), a_plan(), fake.now()).task
    await sign_in(page, url, "sari")
    fake.tell_event("ronda.advice.issued.v1", advice)
    await show(page, "tasks")
    await page.get_by_role("button", name="Tambah kontrol di lokasi ini").click()
    dialog = page.get_by_test_id("dialog-task")
    await expect(dialog).to_contain_text("Skor risiko 63: tinggi")
    await expect(dialog).to_contain_text("Kerawanan: CCTV tembok belakang mati")

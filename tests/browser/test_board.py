"""What an operator sees and does on the board, against a double of the alerts service."""

import re

import msgspec
import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from tests.browser import samples, samples_room
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import (
    focus_reaches,
    from_menu,
    numbers,
    ready,
    row,
    show,
    sign_in,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_token_in_the_form_opens_the_board(page: Page, url: str) -> None:
    await page.goto(url)
    await page.get_by_test_id("login-token").fill("sari")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("person")).to_contain_text("Ipda Sari")


async def test_a_refused_token_is_told_with_its_reason(page: Page, url: str) -> None:
    await page.goto(url)
    await page.get_by_test_id("login-token").fill("yesterday")
    await page.get_by_test_id("login-submit").click()
    await expect(page.get_by_test_id("login-error")).to_contain_text("the token has expired")


async def test_a_token_in_the_address_signs_in_and_leaves_the_address(board: Page) -> None:
    await expect(board.get_by_test_id("person")).to_contain_text("Ipda Sari")
    assert "token" not in board.url


async def test_a_session_that_ends_leads_back_to_the_form(
    board: Page, context: BrowserContext, fake: FakeAlerts
) -> None:
    await context.clear_cookies()
    fake.cut()
    note = board.get_by_test_id("login-error")
    await expect(note).to_have_text(re.compile(r"Sesi berakhir \d\d\.\d\d\.\d\d\. Masuk lagi\."))


async def test_who_logs_out_sees_nothing_more(board: Page) -> None:
    await from_menu(board, "logout")
    await expect(board.get_by_test_id("login")).to_be_visible()
    await expect(board.get_by_test_id("alert-row")).to_have_count(0)


async def test_while_the_list_is_on_its_way_its_place_is_kept(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.lists_ready.clear()
    await page.goto(f"{url}#token=sari")
    await expect(page.locator(".ghost")).to_have_count(6)
    fake.lists_ready.set()
    await expect(page.get_by_test_id("alert-row")).to_have_count(6)


async def test_alerts_stand_in_three_sections_the_gravest_first(
    board: Page, fake: FakeAlerts
) -> None:
    assert await numbers(board, fake, "new") == [1043, 1044, 1041]
    assert await numbers(board, fake, "work") == [1039, 1036]
    assert await numbers(board, fake, "wait") == [1030]


async def test_an_officers_emergency_stands_before_every_severity(
    board: Page, fake: FakeAlerts
) -> None:
    now = fake.now()
    fake.put(samples.an_alert(now, 1099, kind="duress", severity="tinggi"), "raised")
    await expect(row(board, fake, 1099)).to_be_visible()
    assert (await numbers(board, fake, "new"))[0] == 1099
    await expect(board.get_by_test_id("urgent-slot")).to_contain_text("DARURAT PETUGAS")


async def test_an_acknowledged_alert_that_climbs_again_wants_to_be_taken(
    board: Page, fake: FakeAlerts
) -> None:
    taken = fake.by_number(1036)
    fake.change(taken, "ack_expired", next_due_kind="climb", next_post="Kabag Ops")
    await expect(board.get_by_test_id("section-new").get_by_test_id("alert-row")).to_have_count(4)
    assert 1036 in await numbers(board, fake, "new")


async def test_a_row_says_its_severity_in_a_letter_and_a_word(
    board: Page, fake: FakeAlerts
) -> None:
    for number, letter, word in ((1043, "K", "Kritis"), (1044, "T", "Tinggi"), (1036, "R", "Rend")):
        await expect(row(board, fake, number).locator("svg text")).to_have_text(letter)
        await expect(row(board, fake, number)).to_contain_text(word)


async def test_a_countdown_names_the_next_post_and_then_counts_up(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await page.clock.install()
    await sign_in(page, url, "sari")
    countdown = row(page, fake, 1043).get_by_test_id("countdown")
    await expect(countdown).to_have_text(re.compile(r"^0:0\d$"))
    await expect(row(page, fake, 1043)).to_contain_text("ke Kapolres")
    await expect(countdown).to_have_attribute("data-stage", "soon")
    await page.clock.fast_forward(9_000)
    await expect(countdown).to_have_attribute("data-stage", "over")
    await expect(row(page, fake, 1043)).to_contain_text("lewat")
    await row(page, fake, 1043).click()
    await expect(page.get_by_test_id("countdown-sentence")).to_have_text(
        re.compile(r"^Lewat 0:\d\d$")
    )


async def test_a_wrong_clock_of_the_computer_changes_no_countdown(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await page.clock.install(time=fake.now().timestamp() + 3600)
    await sign_in(page, url, "sari")
    await expect(row(page, fake, 1041).get_by_test_id("countdown")).to_have_text(
        re.compile(r"^1[12]:\d\d$")
    )


async def test_the_first_person_cannot_agree_to_the_own_proposal_and_a_second_can(
    board: Page, context: BrowserContext, url: str, fake: FakeAlerts
) -> None:
    await row(board, fake, 1030).click()
    await board.keyboard.press("x")
    button = board.get_by_test_id("act-close")
    await expect(button).to_have_attribute("aria-disabled", "true")

    await from_menu(board, "logout")
    await sign_in(board, url, "joko")
    await row(board, fake, 1030).click()
    await expect(button).to_contain_text("Setujui penutupan")
    await button.click()
    await eventually(lambda: fake.by_number(1030).state == "closed")


async def test_a_note_joins_the_story_and_the_focus_goes_back_to_the_row(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1041).click()
    await board.keyboard.press("n")
    await board.keyboard.type("Jaga PPK tidak mengangkat telepon")
    await board.keyboard.press("Enter")
    await expect(board.get_by_test_id("timeline")).to_contain_text("tidak mengangkat telepon")
    await focus_reaches(board, "alert-row")


async def test_reopening_wants_a_reason(board: Page, fake: FakeAlerts) -> None:
    await row(board, fake, 1030).click()
    await board.keyboard.press("r")
    await board.keyboard.press("Control+Enter")
    assert fake.commands == []
    await board.get_by_test_id("reopen-reason").fill("Ada telepon kedua")
    await board.keyboard.press("Control+Enter")
    await eventually(lambda: fake.by_number(1030).state == "raised")
    assert fake.commands[0][2]["reason"] == "Ada telepon kedua"


async def test_resolving_an_officers_emergency_wants_the_voice_first(
    board: Page, fake: FakeAlerts
) -> None:
    now = fake.now()
    duress = samples.an_alert(now, 1099, kind="duress", severity="kritis")
    fake.put(samples.handled(duress, now))
    await row(board, fake, 1099).click()
    await board.keyboard.press("s")
    await board.locator("[data-outcome=handled_on_site]").check()
    confirm = board.get_by_test_id("dialog-confirm")
    await expect(confirm).to_have_attribute("aria-disabled", "true")
    await board.get_by_test_id("voice-check").check()
    await confirm.click()
    await eventually(lambda: fake.by_number(1099).state == "resolved")


async def test_who_may_only_look_has_nothing_to_press(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await sign_in(page, url, "wati")
    await row(page, fake, 1043).click()
    await expect(page.locator("[data-actions] [aria-disabled=true]")).to_have_count(8)
    await page.keyboard.press("a")
    await page.keyboard.press("n")
    await expect(page.get_by_test_id("note-field")).to_have_count(0)
    assert fake.commands == []


async def test_the_nearest_free_crew_stands_first_and_none_is_hidden(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1043).click()
    await board.keyboard.press("a")
    await ready(board, "dispatch")
    await board.keyboard.press("b")
    crews = board.get_by_test_id("crew-option")
    await expect(crews).to_have_count(5)
    assert await crews.evaluate_all("all => all.map(one => one.dataset.crew)") == [
        "R-07",
        "Polsek Soko 1",
        "Polsek Tuban 2",
        "R-21",
        "R-11",
    ]


async def test_a_report_shows_both_its_clocks_and_how_late_it_came(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1043).click()
    await board.get_by_test_id("tab-reports").click()
    late = board.get_by_test_id("parts").locator("li").nth(1)
    await expect(late).to_contain_text(" HP")
    await expect(late).to_contain_text(" server")
    await expect(late).to_contain_text("terlambat 25 mnt")


async def test_a_silent_site_and_a_status_of_the_future_are_never_shown_as_safe(
    page: Page, url: str
) -> None:
    async def of_the_future(route: Route) -> None:
        answer = await route.fetch()
        body = (await answer.text()).replace('"pemulihan"', '"dalam_pemeriksaan"')
        await route.fulfill(response=answer, body=body)

    await page.route("**/v1/sites", of_the_future)
    await sign_in(page, url, "sari")
    await show(page, "sites")
    for site in ("ppk-soko", "kpu"):
        line = page.locator(f"[data-testid=site-row][data-id={site}]")
        await expect(line).to_have_attribute("data-status", "unknown")
        await expect(line).to_contain_text("Belum ada kabar")
        await expect(line).not_to_contain_text("Aman")
    await expect(page.get_by_test_id("footer")).to_contain_text("Tanpa kabar 3")


async def test_the_areas_count_what_is_wrong_in_each_and_lead_to_their_sites(board: Page) -> None:
    await board.keyboard.press("p")
    soko = board.get_by_test_id("areas").locator("tr", has_text="Soko")
    assert await soko.locator("td").all_inner_texts() == ["1", "·", "1", "·", "0 dari 1"]
    await soko.get_by_role("button").click()
    await expect(board.get_by_test_id("site-row")).to_have_count(1)


async def test_the_coverage_is_that_of_the_day_and_a_percentage_where_there_is_enough(
    board: Page, fake: FakeAlerts
) -> None:
    await expect(board.get_by_test_id("footer")).to_contain_text("Cakupan 96,6% (84/87)")
    await expect(board.get_by_test_id("footer")).to_contain_text("Terlewat 3")


async def test_a_missed_visit_reaches_the_figures_without_a_reload(
    board: Page, fake: FakeAlerts
) -> None:
    await show(board, "sites")
    line = board.locator("[data-testid=site-row][data-id=ppk-soko]")
    await expect(line).to_contain_text("Hampir terlewat")
    at_risk = next(visit for visit in fake.visits.values() if visit.state == "at_risk")
    fake.room.coverage = samples_room.coverage(84, 4)
    fake.put_visit(msgspec.structs.replace(at_risk, version=2, state="missed"))
    await expect(board.get_by_test_id("footer")).to_contain_text("Terlewat 4")
    await expect(line).to_contain_text("Terlewat")


async def test_without_figures_of_the_day_none_are_shown(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.room.coverage = None
    await sign_in(page, url, "sari")
    await expect(page.get_by_test_id("footer")).to_contain_text("Terlewat –")


async def test_a_long_list_of_sites_draws_what_can_be_seen_and_counts_them_all(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    well = fake.sites[-1]
    fake.sites += [well | {"id": f"tps-{number}", "name": f"TPS {number}"} for number in range(300)]
    await sign_in(page, url, "sari")
    await show(page, "sites")
    rows = page.get_by_test_id("site-row")
    await expect(rows.first).to_contain_text("Gangguan")
    await expect(page.get_by_test_id("sites")).to_have_attribute("aria-rowcount", "310")
    assert await rows.count() < 60
    await page.get_by_role("region", name="Lokasi").hover()
    await page.mouse.wheel(0, 100_000)
    await expect(rows.last).to_have_attribute("aria-rowindex", "310")


async def test_an_alert_of_a_drill_says_so_in_its_row(board: Page, fake: FakeAlerts) -> None:
    fake.change(fake.by_number(1044), purpose="exercise")
    await expect(row(board, fake, 1044)).to_contain_text("GLADI")


async def test_an_alert_that_reaches_nobody_says_so(board: Page, fake: FakeAlerts) -> None:
    fake.change(fake.by_number(1044), post=None, next_post=None)
    await expect(row(board, fake, 1044)).to_contain_text("tanpa penerima")
    await row(board, fake, 1044).click()
    await expect(board.get_by_test_id("countdown-sentence")).to_contain_text(
        "Tidak ada yang bisa dihubungi"
    )


async def test_a_drill_says_so_on_the_screen(page: Page, url: str, fake: FakeAlerts) -> None:
    fake.situation["purpose"] = "exercise"
    await sign_in(page, url, "sari")
    await expect(page.get_by_test_id("drill")).to_have_text("GLADI (LATIHAN)")

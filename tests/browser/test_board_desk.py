"""What belongs to one alert, one person or one role stays there."""

import asyncio

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, Route, expect

from shared.events.alert import Closing, Dispatch
from tests.browser import samples
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import from_menu, row, show, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_note_that_was_begun_for_one_alert_is_not_sent_for_another(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1043).click()
    await board.get_by_test_id("note-field").fill("Dua orang di belakang gudang")
    await row(board, fake, 1044).click()
    await expect(board.get_by_test_id("note-field")).to_have_value("")


async def test_backup_is_not_sent_for_the_alert_that_was_chosen_meanwhile(
    board: Page, fake: FakeAlerts
) -> None:
    answer = asyncio.Event()

    async def late(route: Route) -> None:
        await answer.wait()
        await route.continue_()

    await board.route("**/recommendations", late)
    await row(board, fake, 1043).click()
    await board.keyboard.press("b")
    await row(board, fake, 1044).click()
    async with board.expect_response("**/recommendations"):
        answer.set()
    await board.keyboard.press("?")
    await board.get_by_test_id("dialog-keys").wait_for()
    await board.keyboard.press("Escape")
    await expect(board.locator("dialog")).to_have_count(0)


async def test_of_several_crews_on_their_way_each_can_be_marked_as_arrived(
    board: Page, fake: FakeAlerts
) -> None:
    sent = fake.by_number(1039)
    second = Dispatch(crew="R-07", at=fake.now(), by="Ipda Sari")
    fake.change(sent, dispatches=[*sent.dispatches, second])
    await row(board, fake, 1039).click()
    await expect(board.get_by_test_id("act-arrive")).to_contain_text("R-21")
    await board.locator("[data-testid=arrived][data-crew=R-07]").click()
    await expect(board.get_by_test_id("dispatches")).to_contain_text("Tiba di lokasi")
    assert [(verb, body["crew"]) for verb, _, body in fake.commands] == [("arrive", "R-07")]
    await expect(board.get_by_test_id("arrived")).to_have_count(0)


async def test_figures_of_another_window_are_not_shown_for_one_that_does_not_come(
    board: Page,
) -> None:
    await board.route("**/v1/performance?window=30d**", lambda route: route.abort())
    await from_menu(board, "menu-performance")
    await board.get_by_test_id("figure").first.wait_for()
    await board.get_by_test_id("window-30d").click()
    await board.get_by_test_id("again").wait_for()
    await expect(board.get_by_test_id("figure")).to_have_count(0)


async def test_only_incidents_offer_to_be_merged(board: Page, fake: FakeAlerts) -> None:
    await row(board, fake, 1043).click()
    await expect(board.get_by_test_id("act-merge")).to_have_attribute("aria-disabled", "false")
    for number in (1041, 1030):  # a missed visit; one that is resolved
        await row(board, fake, number).click()
        await expect(board.get_by_test_id("act-merge")).to_have_attribute("aria-disabled", "true")


@pytest.mark.parametrize(("token", "disabled"), [("sari", "true"), ("agus", "false")])
async def test_only_a_commander_is_offered_to_agree_to_a_closing(
    page: Page, url: str, fake: FakeAlerts, token: str, disabled: str
) -> None:
    resolved = fake.by_number(1030)
    proposal = Closing(
        actor="joko",
        name="Kompol Joko",
        at=fake.now(),
        lapses_at=fake.now() + samples.seconds(1_800),
        outcome="safe_unfounded",
    )
    fake.alerts[resolved.id] = replace(resolved, closing=proposal)
    await sign_in(page, url, token)
    await row(page, fake, 1030).click()
    close = page.get_by_test_id("act-close")
    await expect(close).to_contain_text("Setujui penutupan")
    await expect(close).to_have_attribute("aria-disabled", disabled)


async def test_who_may_only_look_is_offered_no_report(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await sign_in(page, url, "wati")
    await page.keyboard.press("l")
    await page.keyboard.press("?")
    await page.get_by_test_id("dialog-keys").wait_for()
    await page.keyboard.press("Escape")
    await page.get_by_test_id("menu").click()
    await expect(page.get_by_test_id("menu-journal")).to_be_visible()
    await expect(page.get_by_test_id("menu-report")).to_have_count(0)


async def test_the_next_person_finds_nothing_of_what_the_last_one_had_open(
    board: Page, url: str, fake: FakeAlerts
) -> None:
    await board.keyboard.press("/")
    await board.keyboard.type("soko")
    await expect(board.get_by_test_id("alert-row")).to_have_count(1)
    await show(board, "tasks")
    await from_menu(board, "logout")
    await board.get_by_test_id("login-token").fill("joko")
    await board.keyboard.press("Enter")
    await expect(board.get_by_test_id("alert-row")).to_have_count(6)
    await expect(board.get_by_test_id("tab-map")).to_have_attribute("aria-selected", "true")


async def test_a_grave_alert_that_comes_during_a_handover_is_to_be_read_too(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.prepare_handover({"actor": "joko", "name": "Kompol Joko", "role": "commander"}, "")
    await sign_in(page, url, "sari")
    await _read_everything(page)
    confirm = page.get_by_test_id("dialog-confirm")
    await expect(confirm).to_have_attribute("aria-disabled", "false")
    fake.put(samples.an_alert(fake.now(), 1099, severity="kritis"), "raised")
    await expect(confirm).to_contain_text("1 belum dibaca")
    await page.locator(f"[data-testid=read-alert][data-id='{fake.by_number(1099).id}']").click()
    await confirm.click()
    await expect(page.get_by_test_id("dialog-handover")).to_have_count(0)


async def test_a_refused_acceptance_may_be_asked_for_again_with_a_key_of_its_own(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.prepare_handover({"actor": "joko", "name": "Kompol Joko", "role": "commander"}, "")
    await sign_in(page, url, "sari")
    await _read_everything(page)
    fake.silent = True  # the board does not hear of it before it has asked
    fake.put(samples.an_alert(fake.now(), 1099, severity="kritis"), "raised")
    confirm = page.get_by_test_id("dialog-confirm")
    await confirm.click()
    await expect(page.get_by_test_id("dialog-handover")).to_contain_text("Ditolak")
    fake.silent = False
    fake.put(replace(fake.by_number(1099), version=2))
    await page.locator(f"[data-testid=read-alert][data-id='{fake.by_number(1099).id}']").click()
    await confirm.click()
    await expect(page.get_by_test_id("dialog-handover")).to_have_count(0)
    keys = [body["key"] for kind, body in fake.room.asked if kind == "accept"]
    assert len(set(keys)) == len(keys) == 2


async def test_a_prepared_handover_is_prepared_anew_with_what_was_written(
    board: Page, fake: FakeAlerts
) -> None:
    await from_menu(board, "menu-handover")
    await board.get_by_test_id("attention").fill("Massa Jumat")
    await board.get_by_test_id("dialog-confirm").click()
    await board.get_by_test_id("prepared").wait_for()
    await board.get_by_test_id("dialog-confirm").click()
    await expect(board.get_by_test_id("attention")).to_have_value("Massa Jumat")
    await board.get_by_test_id("attention").fill("Massa Jumat, 300 orang")
    await board.get_by_test_id("dialog-confirm").click()
    await expect(board.get_by_test_id("prepared")).to_be_visible()
    assert fake.room.handover is not None
    assert fake.room.handover.attention == "Massa Jumat, 300 orang"


async def test_a_prepared_handover_is_withdrawn_and_its_words_stay_in_the_form(
    board: Page, fake: FakeAlerts
) -> None:
    await from_menu(board, "menu-handover")
    await board.get_by_test_id("attention").fill("Massa Jumat")
    await board.get_by_test_id("dialog-confirm").click()
    await expect(board.get_by_test_id("prepared")).to_contain_text("Pawas diberi tahu")
    await board.get_by_test_id("handover-withdraw").click()
    await expect(board.get_by_test_id("attention")).to_have_value("Massa Jumat")
    assert [kind for kind, _ in fake.room.asked] == ["withdraw"]
    assert fake.room.handover is not None
    assert fake.room.handover.withdrawn is not None


async def test_whoever_withdraws_too_late_is_told_so(board: Page, fake: FakeAlerts) -> None:
    await from_menu(board, "menu-handover")
    await board.get_by_test_id("dialog-confirm").click()
    await board.get_by_test_id("handover-withdraw").wait_for()
    assert fake.room.handover is not None
    fake.room.handover = replace(fake.room.handover, incoming=fake.room.handover.outgoing)
    await board.get_by_test_id("handover-withdraw").click()
    await expect(board.get_by_test_id("dialog-handover")).to_contain_text("accepted already")


@pytest.mark.parametrize(("token", "offered"), [("sari", 0), ("agus", 1)])
async def test_what_somebody_else_prepared_is_withdrawn_by_a_commander_alone(
    page: Page, url: str, fake: FakeAlerts, token: str, offered: int
) -> None:
    fake.prepare_handover({"actor": "joko", "name": "Kompol Joko", "role": "commander"}, "")
    await sign_in(page, url, token)
    await from_menu(page, "menu-handover")
    await page.get_by_test_id("read-alert").first.wait_for()
    await expect(page.get_by_test_id("handover-withdraw")).to_have_count(offered)


async def test_on_paper_the_seal_stands_alone(page: Page, url: str, fake: FakeAlerts) -> None:
    fake.prepare_handover({"actor": "joko", "name": "Kompol Joko", "role": "commander"}, "")
    await sign_in(page, url, "sari")
    await from_menu(page, "menu-handover")
    await page.get_by_test_id("qr").wait_for()
    await page.emulate_media(media="print")
    await expect(page.get_by_test_id("qr")).to_be_visible()
    await expect(page.get_by_test_id("board")).to_be_hidden()
    await expect(page.get_by_test_id("dialog-confirm")).to_be_hidden()


async def _read_everything(page: Page) -> None:
    await from_menu(page, "menu-handover")
    lines = page.get_by_test_id("read-alert")
    await lines.first.wait_for()
    for line in await lines.all():
        await line.click()

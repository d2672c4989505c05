"""The board while things change, races are lost, and answers or the stream do not come."""

import asyncio
import re

import msgspec
import pytest
from playwright.async_api import Browser, Page, Route, expect

from shared.events.alert import Owner
from tests.browser import samples
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import numbers, row, shifts, sign_in
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_new_alert_is_seen_without_a_reload(board: Page, fake: FakeAlerts) -> None:
    fake.put(samples.an_alert(fake.now(), 1050), "raised")
    await expect(row(board, fake, 1050)).to_be_visible()
    await expect(board.get_by_test_id("open-count")).to_have_text("7 terbuka")


async def test_a_closed_alert_leaves_the_queue(board: Page, fake: FakeAlerts) -> None:
    closed = fake.by_number(1030)
    fake.change(closed, "closed", state="closed")
    await expect(board.get_by_test_id("alert-row")).to_have_count(5)


async def test_an_older_version_never_replaces_a_newer_one(board: Page, fake: FakeAlerts) -> None:
    old = fake.by_number(1044)
    newer = fake.change(old, site_name="PPK Soko, gudang belakang")
    await expect(row(board, fake, 1044)).to_contain_text("gudang belakang")
    fake.put(old)
    fake.put(samples.an_alert(fake.now(), 1051))
    await expect(row(board, fake, 1051)).to_be_visible()
    fake.alerts[newer.id] = newer
    await expect(row(board, fake, 1044)).to_contain_text("gudang belakang")


async def test_rows_stand_still_under_the_pointer_and_the_slot_does_not(
    board: Page, fake: FakeAlerts
) -> None:
    third = row(board, fake, 1041)
    await third.hover()
    before = await third.bounding_box()
    now = fake.now()
    for number in range(2000, 2019):
        fake.put(samples.an_alert(now, number, severity="kritis"), "raised")
    fake.put(samples.an_alert(now, 2019, kind="duress", severity="kritis"), "raised")
    await expect(board.get_by_test_id("show-new")).to_contain_text("20 peringatan baru")
    await expect(board.get_by_test_id("urgent-slot")).to_contain_text("DARURAT PETUGAS")
    assert await third.bounding_box() == before
    assert await numbers(board, fake, "new") == [1043, 1044, 1041]
    assert await shifts(board) == []

    await board.get_by_test_id("show-new").click()
    await expect(board.get_by_test_id("alert-row")).to_have_count(26)
    assert (await numbers(board, fake, "new"))[0] == 2019


async def test_rows_stand_still_under_the_focus_until_space_is_pressed(
    board: Page, fake: FakeAlerts
) -> None:
    await board.keyboard.press("j")
    fake.put(samples.an_alert(fake.now(), 1060, severity="kritis"), "raised")
    await expect(board.get_by_test_id("show-new")).to_contain_text("1 peringatan baru")
    assert 1060 not in await numbers(board, fake, "new")
    await board.keyboard.press("Space")
    await expect(row(board, fake, 1060)).to_be_visible()
    await expect(row(board, fake, 1043)).to_be_focused()


async def test_new_rows_come_by_themselves_after_the_pointer_has_left(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1041).hover()
    fake.put(samples.an_alert(fake.now(), 1061), "raised")
    await expect(board.get_by_test_id("show-new")).to_be_visible()
    await board.get_by_test_id("map").hover()
    await expect(row(board, fake, 1061)).to_be_visible()


async def test_time_alone_never_changes_the_order(page: Page, url: str, fake: FakeAlerts) -> None:
    await page.clock.install()
    await sign_in(page, url, "sari")
    before = [await numbers(page, fake, section) for section in ("new", "work", "wait")]
    for _ in range(20):
        fake.tick()
        await page.clock.fast_forward(15_000)
    assert [await numbers(page, fake, section) for section in ("new", "work", "wait")] == before


async def test_the_slower_of_two_operators_reads_who_took_it(
    page: Page, browser: Browser, url: str, fake: FakeAlerts
) -> None:
    await page.clock.install()
    await sign_in(page, url, "sari")
    other = await browser.new_context()
    theirs = await other.new_page()
    await sign_in(theirs, url, "joko")
    fake.silent = True  # neither screen hears of the other before it has pressed
    for screen in (theirs, page):
        await row(screen, fake, 1043).click()
        await screen.keyboard.press("a")
        await eventually(lambda: fake.by_number(1043).owner)
    conflict = row(page, fake, 1043).get_by_test_id("row-conflict")
    await expect(conflict).to_have_text(re.compile(r"^Sudah diambil Kompol Joko \d\d\.\d\d\.\d\d$"))
    owner = fake.by_number(1043).owner
    assert owner is not None
    assert owner.actor == "joko"
    await expect(row(page, fake, 1043)).to_be_focused()
    await page.clock.fast_forward(5_000)
    await expect(conflict).to_have_count(0)
    await expect(row(page, fake, 1043)).to_contain_text("Diambil oleh Kompol Joko")
    await other.close()


async def test_a_climb_in_the_same_second_does_not_refuse_the_taker(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1044).click()
    fake.silent = True
    fake.change(fake.by_number(1044), "escalated", level=2, post="Kasat Samapta")
    await board.keyboard.press("a")
    await expect(row(board, fake, 1044)).to_contain_text("Diambil oleh Ipda Sari")
    assert [body["version"] for _, _, body in fake.commands] == [1, 2]


async def test_without_an_answer_the_same_command_is_sent_again_and_said_to_be_uncertain(
    board: Page, fake: FakeAlerts
) -> None:
    fake.answering.clear()
    fake.silent = True
    await row(board, fake, 1043).click()
    await board.keyboard.press("a")
    await expect(row(board, fake, 1043)).to_contain_text("Mengambil")
    await expect(row(board, fake, 1043)).to_contain_text("Belum pasti, dicoba lagi")
    fake.answering.set()
    await expect(row(board, fake, 1043)).to_contain_text("Diambil oleh Ipda Sari")
    keys = {body["key"] for _, _, body in fake.commands}
    assert len(fake.commands) >= 2
    assert len(keys) == 1


async def test_a_refusal_is_shown_with_what_the_server_says(board: Page, fake: FakeAlerts) -> None:
    await row(board, fake, 1043).click()
    detail = "role 'operator' may not do this"
    fake.refuse_next(403, detail)
    await board.keyboard.press("a")
    await expect(board.get_by_test_id("notice")).to_have_text(f"Ditolak: {detail}")


async def test_a_button_is_dead_for_a_moment_after_somebody_else_changed_it(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await page.clock.install()
    await sign_in(page, url, "sari")
    await row(page, fake, 1039).click()
    await page.clock.pause_at(fake.now().timestamp() + 1)
    sent = fake.by_number(1039)
    arrived = [msgspec.structs.replace(crew, arrived_at=fake.now()) for crew in sent.dispatches]
    fake.change(sent, "arrived", state="arrived", dispatches=arrived)

    async def seen() -> bool:
        await page.clock.run_for(10)
        return "Bantuan tiba" in await page.get_by_test_id("detail").inner_text()

    await eventually(seen)
    await page.keyboard.press("s")
    await page.clock.run_for(10)
    await expect(page.get_by_test_id("dialog-resolve")).to_have_count(0)
    await page.clock.run_for(500)
    await page.clock.resume()
    await page.keyboard.press("s")
    await expect(page.get_by_test_id("dialog-resolve")).to_be_visible()


async def test_silence_is_shown_as_lag_then_as_a_loss_that_freezes_the_countdowns(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await page.clock.install()
    await sign_in(page, url, "sari")
    freshness = page.get_by_test_id("freshness")
    await expect(freshness).to_have_attribute("data-state", "live")
    fake.silent = True
    await page.clock.fast_forward(14_000)
    await expect(freshness).to_have_attribute("data-state", "lag")
    await expect(page.get_by_test_id("stale-band")).to_have_count(0)
    await page.clock.fast_forward(18_000)
    await expect(page.get_by_test_id("stale-band")).to_contain_text("Terputus · data per")
    await expect(page).to_have_title("? Ronda")
    countdown = row(page, fake, 1041).get_by_test_id("countdown")
    await expect(countdown).to_have_attribute("data-stage", "frozen")
    frozen = await countdown.inner_text()
    await page.clock.fast_forward(60_000)
    await expect(countdown).to_have_text(frozen)
    assert await shifts(page) == []

    fake.silent = False
    fake.tick()
    await expect(freshness).to_have_attribute("data-state", "live")
    await expect(page).to_have_title(re.compile("Ronda$"))


async def test_a_service_that_is_behind_is_shown_as_lag_although_it_talks(
    board: Page, fake: FakeAlerts
) -> None:
    fake.tick(lag_s=20)
    await expect(board.get_by_test_id("freshness")).to_have_text("Tertinggal 20 dtk")


async def test_a_service_that_does_not_know_yet_how_far_it_is_behind_is_not_called_live(
    board: Page, fake: FakeAlerts
) -> None:
    fake.tick(lag_s=None)
    freshness = board.get_by_test_id("freshness")
    await expect(freshness).to_have_text("Belum tentu mutakhir")
    await expect(freshness).to_have_attribute("data-state", "lag")
    fake.tick()
    await expect(freshness).to_have_attribute("data-state", "live")


async def test_a_stream_that_comes_back_goes_on_where_it_was_and_misses_nothing(
    board: Page, fake: FakeAlerts
) -> None:
    fake.streaming = False
    fake.cut()
    await expect(board.get_by_test_id("stale-band")).to_be_visible()
    owner = Owner(actor="joko", name="Kompol Joko", role="commander", at=fake.now())
    taken = fake.by_number(1044)
    fake.change(taken, state="acknowledged", owner=owner, next_due_kind="ack_expiry")
    fake.change(fake.by_number(1030), state="closed")
    fake.streaming = True
    await expect(board.get_by_test_id("stale-band")).to_have_count(0, timeout=15_000)
    await expect(row(board, fake, 1044)).to_contain_text("Diambil oleh Kompol Joko")
    await expect(row(board, fake, 1044)).to_have_class(re.compile("changed"))
    await expect(row(board, fake, 1030)).to_have_count(0)
    assert fake.resumed_from[-1] is not None


async def test_a_list_that_fails_is_asked_for_again_and_until_then_the_board_is_not_live(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.lists_fail = True
    await page.goto(f"{url}#token=sari")
    await page.get_by_test_id("retry").wait_for()
    await expect(page.get_by_test_id("freshness")).to_have_attribute("data-state", "lag")
    await expect(page.get_by_test_id("urgent-slot")).not_to_contain_text("Tidak ada")
    await expect(page.get_by_test_id("open-count")).to_have_text("– terbuka")
    fake.lists_fail = False
    await expect(row(page, fake, 1043)).to_be_visible()
    await expect(page.get_by_test_id("freshness")).to_have_attribute("data-state", "live")


async def test_without_a_list_after_the_stream_came_back_the_board_becomes_a_lost_one(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    await page.clock.install()
    await sign_in(page, url, "sari")
    fake.lists_fail = True
    fake.change(fake.by_number(1030), state="closed")
    fake.cut()
    freshness = page.get_by_test_id("freshness")
    await page.clock.fast_forward(2_000)
    await expect(freshness).to_have_attribute("data-state", "lag")
    for _ in range(4):
        fake.tick()
        await page.clock.fast_forward(8_000)
    await expect(page.get_by_test_id("stale-band")).to_contain_text("data per")
    fake.lists_fail = False

    async def live() -> bool:
        fake.tick()
        await page.clock.fast_forward(2_000)
        return await freshness.get_attribute("data-state") == "live"

    assert await eventually(live)
    await expect(row(page, fake, 1030)).to_have_count(0)


async def test_the_wall_counts_nothing_before_it_knows(
    page: Page, url: str, fake: FakeAlerts
) -> None:
    fake.lists_fail = True
    await page.goto(f"{url}?mode=wall#token=sari")
    await expect(page.get_by_test_id("urgent-slot")).to_have_text("Memuat…")
    await expect(page.get_by_test_id("counts")).to_contain_text("–")
    await expect(page.get_by_test_id("counts")).not_to_contain_text("0")
    fake.lists_fail = False
    await expect(page.get_by_test_id("urgent-slot")).to_contain_text("Benda mencurigakan")


async def test_an_alert_that_came_while_two_lists_were_on_their_way_stays(
    board: Page, fake: FakeAlerts
) -> None:
    releases = [asyncio.Event(), asyncio.Event()]
    on_their_way = iter(releases)
    asked: list[str] = []

    async def late(route: Route) -> None:
        release = next(on_their_way)
        answer = await route.fetch()
        asked.append(route.request.url)
        await release.wait()
        await route.fulfill(response=answer)

    await board.route("**/v1/alerts?state=open", late)
    fake.cut()
    assert await eventually(lambda: len(asked) == 1)
    fake.cut()
    assert await eventually(lambda: len(asked) == 2)
    releases[0].set()
    fake.put(samples.an_alert(fake.now(), 1050), "raised")
    await expect(row(board, fake, 1050)).to_be_visible()
    releases[1].set()
    await expect(board.get_by_test_id("freshness")).to_have_attribute("data-state", "live")
    await expect(row(board, fake, 1050)).to_be_visible()


async def test_the_tab_tells_how_many_wait(page: Page, url: str, fake: FakeAlerts) -> None:
    await sign_in(page, url, "sari")
    await expect(page).to_have_title("‼ 1 KRITIS · Ronda")
    fake.change(fake.by_number(1043), state="closed")
    await expect(page).to_have_title("(2) Ronda")

"""R on what I have just taken gives it back, with a reason, for a minute; by the keyboard alone."""

import re

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, expect

from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import focus_reaches, ready, row
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def take(board: Page, fake: FakeAlerts, number: int = 1043) -> None:
    """Takes an alert and waits until R gives it back."""
    await row(board, fake, number).click()
    await board.keyboard.press("a")
    await ready(board, "release")


async def test_a_wrong_take_is_given_back_with_a_reason_and_the_climb_goes_on(
    board: Page, fake: FakeAlerts
) -> None:
    before = fake.by_number(1041)
    await take(board, fake, 1041)

    await board.keyboard.press("r")
    await focus_reaches(board, "release-reason")
    await board.keyboard.press("Control+Enter")
    await expect(board.get_by_test_id("dialog-release")).to_be_visible()
    await board.keyboard.type("Salah baris")
    await board.keyboard.press("Control+Enter")

    await eventually(lambda: fake.by_number(1041).state == "raised")
    verb, _, body = fake.commands[-1]
    assert (verb, body["reason"]) == ("release", "Salah baris")
    assert fake.by_number(1041).next_due_at == before.next_due_at
    await expect(row(board, fake, 1041)).to_have_attribute("data-state", "raised")
    await expect(board.get_by_test_id("countdown-sentence")).to_contain_text("Naik ke")
    await expect(board.get_by_test_id("timeline")).to_contain_text("Salah baris")
    await focus_reaches(board, "alert-row")


async def test_it_stands_in_the_place_of_reopening_and_moves_nothing(
    board: Page, fake: FakeAlerts
) -> None:
    await row(board, fake, 1043).click()
    keys = board.locator("[data-actions] kbd")
    letters = await keys.all_text_contents()
    place = await board.get_by_test_id("act-reopen").bounding_box()

    await board.get_by_test_id("act-acknowledge").focus()
    await take(board, fake)

    assert await keys.all_text_contents() == letters
    assert await board.get_by_test_id("act-release").bounding_box() == place
    await expect(board.get_by_test_id("act-release")).to_contain_text("Lepas")


async def test_after_a_minute_of_the_servers_clock_it_is_not_offered_any_more(
    board: Page, fake: FakeAlerts
) -> None:
    await take(board, fake)
    await board.get_by_test_id("act-release").focus()

    fake.tick(ahead_s=61)

    await expect(board.get_by_test_id("act-reopen")).to_have_attribute("aria-disabled", "true")
    await focus_reaches(board, "act-reopen")
    await board.keyboard.press("r")
    await expect(board.get_by_role("dialog")).to_have_count(0)


async def test_a_minute_that_ends_in_the_dialog_ends_there_too(
    board: Page, fake: FakeAlerts
) -> None:
    await take(board, fake)
    await board.keyboard.press("r")
    await board.get_by_test_id("release-reason").fill("Salah baris")
    left = board.get_by_test_id("release-left")
    await expect(left).to_have_text(re.compile(r"^Masih dapat dilepas (1:00|0:\d\d)$"))

    fake.tick(ahead_s=61)

    await expect(left).to_have_text("Tidak dapat dilepas lagi")
    await board.keyboard.press("Control+Enter")
    await expect(board.get_by_test_id("dialog-release")).to_be_visible()
    assert [verb for verb, _, _ in fake.commands] == ["acknowledge"]


async def test_what_somebody_else_took_is_not_mine_to_give_back(
    board: Page, fake: FakeAlerts
) -> None:
    await take(board, fake)
    mine = fake.by_number(1043)
    assert mine.owner is not None
    joko = replace(mine.owner, actor="joko", name="Kompol Joko")

    fake.change(mine, "acknowledged", owner=joko)

    await expect(board.get_by_test_id("act-reopen")).to_have_attribute("aria-disabled", "true")


async def test_what_the_server_does_not_give_back_says_why(board: Page, fake: FakeAlerts) -> None:
    await take(board, fake)
    fake.refuse_next(422, "It can be released only within 60 s of the take")
    await board.keyboard.press("r")
    await board.get_by_test_id("release-reason").fill("Salah baris")
    await board.keyboard.press("Control+Enter")

    await expect(board.get_by_test_id("notice")).to_contain_text("60 s")

"""The board without a pointer: from the login to the closing, in both languages."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import ROOT
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import focus_reaches, from_menu, keeps_focus, loaded, ready, row
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WORDS = {
    "id": ("Diambil oleh Ipda Sari", "Tiba di lokasi", "Tutup: menunggu orang kedua"),
    "en": ("Taken by Ipda Sari", "On scene", "Closing: waits for a second person"),
}

# For each dialog as it comes onto the page: can Escape close it by now?
_OPENINGS = """() => {
  window.openings = [];
  new MutationObserver(changes => {
    for (const node of changes.flatMap(change => [...change.addedNodes]))
      if (node.nodeName === "DIALOG") window.openings.push(node.open);
  }).observe(document.body, {childList: true, subtree: true});
}"""


@pytest.mark.parametrize("language", ["id", "en"])
async def test_one_alert_is_led_from_the_login_to_closing_by_the_keyboard_alone(
    page: Page, url: str, fake: FakeAlerts, language: str
) -> None:
    taken, arrived, waits = WORDS[language]
    await page.add_init_script(f"localStorage.setItem('ronda.language', '{language}')")
    await _log_in(page, url, fake)
    await expect(page.locator("html")).to_have_attribute("lang", language)

    await page.keyboard.press("j")
    await focus_reaches(page, "alert-row")
    await _press(page, "acknowledge", "a")
    await expect(row(page, fake, 1043)).to_contain_text(taken)

    await _press(page, "dispatch", "b")
    await expect(page.get_by_test_id("dialog-dispatch")).to_be_visible()
    await focus_reaches(page, "crew-option")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("dispatches")).to_contain_text("R-07")

    await _press(page, "arrive", "t")
    await expect(page.get_by_test_id("dispatches")).to_contain_text(arrived)

    await _press(page, "resolve", "s")
    await expect(page.get_by_test_id("dialog-resolve")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("dialog-resolve")).to_be_visible()
    await page.keyboard.press("Space")
    await page.keyboard.press("Control+Enter")
    await expect(row(page, fake, 1043)).to_have_attribute("data-state", "resolved")

    await _press(page, "note", "n")
    await focus_reaches(page, "note-field")
    await page.keyboard.type("CCTV")
    await page.keyboard.press("Enter")
    await focus_reaches(page, "alert-row")

    await _press(page, "close", "x")
    await expect(page.get_by_test_id("notice")).to_have_text(waits)
    await focus_reaches(page, "alert-row")
    did = [verb for verb, _, _ in fake.commands]
    assert did == ["acknowledge", "dispatch", "arrive", "resolve", "note", "close"]


async def test_escape_closes_a_dialog_from_the_moment_it_is_on_the_page(board: Page) -> None:
    await board.evaluate(_OPENINGS)
    await from_menu(board, "menu-handover")
    await board.get_by_test_id("attention").wait_for()
    # The one that waits for the answer, and the one that shows it in its place.
    assert await board.evaluate("window.openings") == [True, True]
    await board.keyboard.press("Escape")
    await expect(board.get_by_test_id("dialog-handover")).to_have_count(0)


async def _log_in(page: Page, url: str, fake: FakeAlerts) -> None:
    fake.ways = {"password": True, "sso": None}
    await page.goto(url)
    await expect(page.get_by_test_id("login-name")).to_be_focused()
    await page.keyboard.type("s.contoh")
    await page.keyboard.press("Tab")
    await page.keyboard.type("sari")
    await page.keyboard.press("Enter")
    await loaded(page)


async def _press(page: Page, verb: str, key: str) -> None:
    """A letter, once the action is allowed and the focus has not been lost to the empty page."""
    await ready(page, verb)
    await keeps_focus(page)
    await page.keyboard.press(key)


async def test_the_help_names_every_key_and_so_does_the_documentation(board: Page) -> None:
    await board.keyboard.press("?")
    help_page = board.get_by_test_id("dialog-keys")
    told = {
        key for text in await help_page.locator("kbd").all_inner_texts() for key in text.split()
    }
    source = ROOT / "services" / "alerts" / "web" / "src" / "keys.ts"
    letters = source.read_text(encoding="utf-8").partition("const LETTERS")[2].partition("};")[0]
    known = {key.upper() for key in re.findall(r'^  "?([a-z/?])"?: ', letters, re.MULTILINE)}
    manual = (ROOT / "docs" / "board.md").read_text(encoding="utf-8")
    section = manual.partition("## Keys")[2].partition("\n## ")[0]
    assert len(known) > 10
    assert known <= told
    assert set(re.findall(r"`([^`]+)`", section)) == told


async def test_letters_do_nothing_once_they_are_switched_off(board: Page, fake: FakeAlerts) -> None:
    await board.keyboard.press("?")
    await board.get_by_test_id("letters").uncheck()
    await board.keyboard.press("Escape")
    await row(board, fake, 1043).click()
    await board.keyboard.press("b")
    await board.keyboard.press("a")
    await board.get_by_test_id("act-acknowledge").click()
    await eventually(lambda: len(fake.commands) == 1)
    assert fake.commands[0][0] == "acknowledge"

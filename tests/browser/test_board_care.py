"""Whether everybody can use the board: axe's rules, small screens, still motion, both languages."""

from typing import Any, Literal

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser import samples
from tests.browser.conftest import KIOSK, ROOT
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.scenes import SCENES
from tests.browser.sight import from_menu, loaded, row, show, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
# The policy of the page forbids script tags, so axe comes in by the debugger.
RULES = """async () => {
  const options = {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    rules: {"target-size": {enabled: true}},
    resultTypes: ["violations"],
  };
  const {violations} = await axe.run(document, options);
  return violations.map(({id, nodes}) => `${id}: ${nodes.map(node => node.html).join(" | ")}`);
}"""
TOO_SMALL = """least => [...document.querySelectorAll("button, [role=option], input")]
  .filter(item => item.checkVisibility())
  .map(item => [item, item.type === "checkbox" && item.closest("label") || item])
  .map(([item, pressed]) => [item.outerHTML.slice(0, 90), pressed.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < least || box.width < least))
  .map(([html, box]) => `${html} ${box.width}x${box.height}`)"""

CUT = """() => [...document.querySelectorAll("button")]
  .filter(item => item.checkVisibility() && item.clientWidth > 1)
  .filter(item => item.scrollWidth > item.clientWidth + 1)
  .map(item => `${item.innerText} ${item.scrollWidth} > ${item.clientWidth}`)"""

LOOKS = [("dark", "id"), ("light", "en"), ("dark", "en"), ("light", "id")]
PANELS = ("handover", "journal", "report", "performance", "readiness", "keys")


@pytest.mark.parametrize(("theme", "language"), LOOKS)
async def test_no_screen_breaks_a_rule_of_axe(
    page: Page, url: str, fake: FakeAlerts, theme: str, language: str
) -> None:
    await page.add_init_script(
        f"localStorage.setItem('ronda.theme', '{theme}');"
        f"localStorage.setItem('ronda.language', '{language}');"
    )
    await page.goto(url)
    await page.get_by_test_id("login").wait_for()
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    broken: dict[str, Any] = {"login": await page.evaluate(RULES)}
    await page.get_by_test_id("login-token").fill("sari")
    await page.keyboard.press("Enter")
    await loaded(page)
    broken["board"] = await page.evaluate(RULES)

    duress = samples.an_alert(fake.now(), 1099, kind="duress", severity="kritis")
    fake.put(samples.handled(duress, fake.now()))
    await row(page, fake, 1099).click()
    broken["detail"] = await page.evaluate(RULES)
    for key, name in (("b", "dispatch"), ("s", "resolve"), ("r", "reopen"), ("?", "keys")):
        if name == "reopen":
            await row(page, fake, 1030).click()
        await page.keyboard.press(key)
        await page.get_by_test_id(f"dialog-{name}").wait_for()
        broken[name] = await page.evaluate(RULES)
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id(f"dialog-{name}")).to_have_count(0)
    await page.keyboard.press("p")
    broken["areas"] = await page.evaluate(RULES)
    await page.get_by_test_id("tab-reports").click()
    broken["reports"] = await page.evaluate(RULES)
    assert {screen: rules for screen, rules in broken.items() if rules} == {}


@pytest.mark.parametrize(("theme", "language"), LOOKS)
async def test_no_panel_breaks_a_rule_of_axe(
    page: Page, url: str, fake: FakeAlerts, theme: str, language: str
) -> None:
    await page.add_init_script(
        f"localStorage.setItem('ronda.theme', '{theme}');"
        f"localStorage.setItem('ronda.language', '{language}');"
    )
    joko = {"actor": "joko", "name": "Kompol Joko", "role": "commander"}
    fake.prepare_handover(joko, "Massa Jumat di Bawaslu")
    await sign_in(page, url, "sari")
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    broken: dict[str, Any] = {}
    for tab in ("sites", "areas", "tasks", "units"):
        await show(page, tab)
        broken[tab] = await page.evaluate(RULES)
    await show(page, "sites")
    await page.get_by_test_id("site-row").first.get_by_role("button").click()
    await page.get_by_test_id("filter").click()
    await page.get_by_test_id("search").fill("soko")
    broken["site and filter"] = await page.evaluate(RULES)
    await page.get_by_test_id("menu").click()
    broken["menu"] = await page.evaluate(RULES)
    await page.keyboard.press("Escape")
    for panel in PANELS:
        await from_menu(page, f"menu-{panel}")
        await page.get_by_test_id(f"dialog-{panel}").wait_for()
        if panel == "handover":
            await page.get_by_test_id("read-alert").first.click()
        if panel == "performance":
            await page.get_by_test_id("curve").locator("canvas").wait_for()
        broken[panel] = await page.evaluate(RULES)
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id(f"dialog-{panel}")).to_have_count(0)
    await page.goto(f"{url}?mode=wall")
    await page.get_by_test_id("wall").wait_for()
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    broken["wall"] = await page.evaluate(RULES)
    assert {screen: rules for screen, rules in broken.items() if rules} == {}


@pytest.mark.parametrize(("theme", "language"), LOOKS)
@pytest.mark.parametrize("name", ["handover-waits", "situation", "situation-ends"])
async def test_no_dialog_that_changes_the_watch_or_the_situation_breaks_a_rule_of_axe(
    page: Page, url: str, fake: FakeAlerts, name: str, theme: str, language: str
) -> None:
    await page.add_init_script(
        f"localStorage.setItem('ronda.theme', '{theme}');"
        f"localStorage.setItem('ronda.language', '{language}');"
    )
    scene = next(each for each in SCENES if each.name == name)
    scene.prepare(fake)
    await scene.open(page, url)
    await scene.arrange(page, fake)
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    assert await page.evaluate(RULES) == []
    assert await page.evaluate(CUT) == []


@pytest.mark.parametrize(("theme", "language"), LOOKS[:2])
async def test_no_state_that_is_seldom_seen_breaks_a_rule_of_axe(
    page: Page, url: str, fake: FakeAlerts, theme: str, language: str
) -> None:
    await page.add_init_script(
        f"localStorage.setItem('ronda.theme', '{theme}');"
        f"localStorage.setItem('ronda.language', '{language}');"
    )
    fake.situation["purpose"] = "exercise"
    now = fake.now()
    for number in range(2000, 2012):
        fake.put(samples.an_alert(now, number, severity="sedang", raised_at=now))
    await sign_in(page, url, "sari")
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    await page.get_by_test_id("flood").wait_for()
    broken: dict[str, Any] = {"flood and drill": await page.evaluate(RULES)}
    await row(page, fake, 1043).click()
    await page.get_by_test_id("tab-proof").click()
    broken["proof"] = await page.evaluate(RULES)
    await page.keyboard.press("g")
    await page.get_by_test_id("dialog-merge").wait_for()
    broken["merge"] = await page.evaluate(RULES)
    await page.keyboard.press("Escape")
    await show(page, "tasks")
    await page.get_by_test_id("task-row").first.get_by_role("button").first.click()
    await page.get_by_test_id("dialog-task").wait_for()
    broken["task"] = await page.evaluate(RULES)
    await page.keyboard.press("Escape")
    fake.streaming = False
    fake.cut()
    await page.get_by_test_id("stale-band").wait_for()
    broken["stale"] = await page.evaluate(RULES)
    assert {screen: rules for screen, rules in broken.items() if rules} == {}


async def test_everything_in_the_panels_is_large_enough_to_press(
    board: Page, fake: FakeAlerts
) -> None:
    small: dict[str, list[str]] = {}
    for panel in PANELS:
        await from_menu(board, f"menu-{panel}")
        await board.get_by_test_id(f"dialog-{panel}").wait_for()
        small[panel] = await board.evaluate(TOO_SMALL, 32)
        await board.keyboard.press("Escape")
    for tab in ("sites", "areas", "tasks", "units"):
        await show(board, tab)
        small[tab] = await board.evaluate(TOO_SMALL, 32)
    found = {name: [item for item in items if "link" not in item] for name, items in small.items()}
    assert {name: items for name, items in found.items() if items} == {}


async def test_everything_that_is_pressed_is_large_enough(board: Page, fake: FakeAlerts) -> None:
    await row(board, fake, 1043).click()
    small = await board.evaluate(TOO_SMALL, 32)
    links = [item for item in small if "link" not in item]
    assert links == []
    for verb in ("acknowledge", "dispatch", "arrive", "resolve", "close", "note", "reopen"):
        box = await board.get_by_test_id(f"act-{verb}").bounding_box()
        assert box is not None
        assert box["height"] >= 44


@pytest.mark.parametrize(("width", "height"), [(683, 384), (320, 568), (1366, 650), (1920, 1080)])
async def test_no_screen_scrolls_sideways(
    board: Page, fake: FakeAlerts, width: int, height: int
) -> None:
    await board.set_viewport_size({"width": width, "height": height})
    await row(board, fake, 1043).click()
    assert await board.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("size", [KIOSK, {"width": 1920, "height": 1080}])
async def test_text_of_twice_the_size_is_cut_nowhere_that_is_pressed(
    board: Page, fake: FakeAlerts, size: ViewportSize
) -> None:
    await board.set_viewport_size(size)
    await row(board, fake, 1043).click()
    await board.evaluate("document.documentElement.style.fontSize = '200%'")
    assert await board.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert await board.evaluate(CUT) == []


async def test_who_wants_no_motion_gets_none(page: Page, url: str, fake: FakeAlerts) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await sign_in(page, url, "sari")
    assert await page.evaluate("document.getAnimations().length") == 0
    await page.emulate_media(reduced_motion="no-preference")
    moving = """document.getAnimations().map(({effect}) =>
      [effect.target.classList.contains("sev"), effect.getComputedTiming().duration >= 1000])"""
    assert await page.evaluate(moving)
    assert all(sign and slow for sign, slow in await page.evaluate(moving))


async def test_the_language_is_switched_for_the_whole_page_and_kept(board: Page) -> None:
    await expect(board.locator("html")).to_have_attribute("lang", "id")
    await from_menu(board, "language-en")
    await expect(board.locator("html")).to_have_attribute("lang", "en")
    await expect(board.get_by_test_id("section-new")).to_contain_text("To be taken")
    await expect(board.get_by_test_id("queue")).to_contain_text("Suspicious object")
    await board.reload()
    await expect(board.get_by_test_id("section-new")).to_contain_text("To be taken")


@pytest.mark.parametrize(("start", "other"), [("dark", "light"), ("light", "dark")])
async def test_the_theme_is_switched_and_kept(
    page: Page, url: str, start: Literal["dark", "light"], other: str
) -> None:
    await page.goto(url)
    await page.evaluate(f"localStorage.setItem('ronda.theme', '{start}')")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", start)
    await page.get_by_test_id("theme").click()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", other)

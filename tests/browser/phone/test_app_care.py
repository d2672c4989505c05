"""Whether every officer can use the app: axe's rules, large targets, large text, still motion."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import ROOT
from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import (
    all_sent,
    check_in_by_hand,
    enrol,
    report,
    start_duty,
    stored,
    tile,
)
from tests.browser.phone.test_app_words_and_colours import strings
from tests.browser.test_board_care import RULES
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
LEAST_TARGET = 48
LEAST_GAP = 8
TARGETS = """[...document.querySelectorAll("button, a, select, input, textarea, .button")]
  .filter(item => item.checkVisibility() && !item.closest(".unseen"))
  .map(item => item.closest("label.tick") ?? item)
  .filter(item => !item.classList.contains("unseen"))"""
TOO_SMALL = f"""least => {TARGETS}
  .map(item => [item.outerHTML.slice(0, 90), item.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < least - .5 || box.width < least - .5))
  .map(([html, box]) => `${{html}} ${{box.width}}x${{box.height}}`)"""
# Segments, tabs and the rows of a list touch on purpose; the page scrolls on below the dock.
TOO_CLOSE = f"""least => {{
  const apart = {TARGETS}.filter(item => !item.closest(".segments, .tabs, .stops, .items"));
  const boxes = apart.map(item =>
    [item.outerHTML.slice(0, 70), item.getBoundingClientRect(), item.closest(".dock")]);
  const near = [];
  for (const [one, a, dock] of boxes) for (const [other, b, beside] of boxes) {{
    const x = Math.max(a.left - b.right, b.left - a.right);
    const y = Math.max(a.top - b.bottom, b.top - a.bottom);
    const isBeside = dock === beside && Math.max(x, y) >= 0;
    if (one < other && isBeside && Math.max(x, y) < least - .5) near.push(`${{one}} | ${{other}}`);
  }}
  return near;
}}"""
CLIPPED = """[...document.querySelectorAll("#page *")]
  .filter(item => item.scrollWidth > item.clientWidth + 1 && item.clientWidth > 0)
  .filter(item => getComputedStyle(item).display !== "inline")
  .filter(item => !item.closest(".unseen, select, input, textarea, video"))
  .map(item => `${item.outerHTML.slice(0, 90)} ${item.scrollWidth}>${item.clientWidth}`)"""
# The widest of the fonts that a phone may fall back to.
WIDEST_FONT = """document.documentElement.style.setProperty("--font", '"DejaVu Sans"')"""
# Between the edges of a card on a screen of 320, with what is around its text.
NARROWEST_CARD = 320 - 2 * (16 + 1 + 16)
TOO_WIDE = """([words, most]) => {
  const paint = document.createElement("canvas").getContext("2d");
  paint.font = '700 20px "DejaVu Sans"';
  return words.filter(word => paint.measureText(word).width > most);
}"""
SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"


async def walk(page: Page, url: str, checkin: FakeCheckin) -> AsyncIterator[str]:
    """Every screen of the app, one after the other, with something on it."""
    for part in (_begun, _called, _at_a_site, _told, _ended):
        async for screen in part(page, url, checkin):
            yield screen


async def _begun(page: Page, url: str, checkin: FakeCheckin) -> AsyncIterator[str]:
    await page.goto(url)
    await page.get_by_test_id("enrol").wait_for()
    yield "enrol"
    await enrol(page, url)
    await page.get_by_text("Bripka Arya Rahmanto").click()
    await page.get_by_test_id("duty-holder").wait_for()
    yield "duty"
    await page.get_by_text("Bripka Arya Rahmanto").click()
    await start_duty(page)


async def _called(page: Page, url: str, checkin: FakeCheckin) -> AsyncIterator[str]:
    task = samples.task_item(checkin.now(), "gudang-logistik", "Lampu halaman belakang mati")
    checkin.tell(samples.order_item(checkin.now()), samples.nudge_item(checkin.now()), task)
    await page.get_by_test_id("order").wait_for()
    yield "tasks"
    await page.get_by_test_id("safe").click()
    await page.get_by_test_id("order-accepted").click()
    yield "tasks, order accepted"
    await page.get_by_test_id("order-arrived").click()
    await page.get_by_test_id("menu").click()
    await page.get_by_test_id("dim").wait_for()
    yield "menu"
    await page.get_by_test_id("dim").click()
    await page.get_by_test_id("dimmed").wait_for()
    yield "dim"
    await page.get_by_test_id("wake").click()


async def _at_a_site(page: Page, url: str, checkin: FakeCheckin) -> AsyncIterator[str]:
    await page.get_by_test_id("tab-scan").click()
    await page.get_by_test_id("by-hand").click()
    yield "scan"
    await check_in_by_hand_again(page)
    await page.get_by_test_id("add-weakness").click()
    await page.locator("[data-testid=line] [data-value=bad]").first.click()
    yield "visit"


async def _told(page: Page, url: str, checkin: FakeCheckin) -> AsyncIterator[str]:
    await page.get_by_test_id("report").click()
    await page.get_by_test_id("others").click()
    await tile(page, "fire").click()
    yield "report"
    checkin.rejected["ronda.incident.reported.v1"] = "no such category"
    await page.get_by_test_id("send").click()
    await answered(page, "rejected")
    checkin.rejected.clear()
    await page.goto(f"{url}#queue")
    await report(page, "intrusion")
    await all_sent(page)
    await page.locator("[data-stage=rejected]").wait_for()
    yield "queue"
    await page.get_by_test_id("report").click()
    await page.get_by_test_id("send-added").wait_for()
    yield "second report"
    await page.get_by_test_id("cancel").click()
    await page.locator("[data-stage=rejected]").click()
    yield "item"


async def _ended(page: Page, url: str, checkin: FakeCheckin) -> AsyncIterator[str]:
    await page.goto(f"{url}#visit")
    for line in await page.get_by_test_id("line").all():
        await line.locator("[data-value=good]").click()
    await page.locator("[data-testid=situation] [data-value=aman]").click()
    await page.get_by_test_id("finish").click()
    await page.get_by_test_id("giat").wait_for()
    yield "activity"
    await page.get_by_test_id("edit").click()
    await page.locator("[data-testid=line] [data-value=bad]").first.click()
    yield "correction"
    checkin.assignment = samples.as_guard_post(checkin.assignment, checkin.now())
    await page.goto(url)
    await page.reload()
    await page.get_by_test_id("guard-post").wait_for()
    yield "tasks of a guard"


async def answered(page: Page, state: str) -> None:
    """Waits until an event of the phone is in this state."""

    async def there() -> bool:
        return any(row["state"] == state for row in await stored(page))

    assert await eventually(there)


async def check_in_by_hand_again(page: Page) -> None:
    """Check-in where the list of sites is open already."""
    await page.get_by_test_id("by-hand").click()
    await check_in_by_hand(page, "gudang-logistik")


async def speaking(page: Page, language: str) -> None:
    """The language that the officer chose before."""
    await page.add_init_script(f"localStorage.setItem('ronda.language', '{language}');")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("language", ["id", "en"])
async def test_no_screen_breaks_a_rule_of_axe_or_moves(
    bare: Page, app_url: str, checkin: FakeCheckin, language: str
) -> None:
    await speaking(bare, language)
    # Tall enough that the dock covers nothing: axe takes what it covers for a small target.
    await bare.set_viewport_size({"width": 360, "height": 3000})
    broken: dict[str, list[str]] = {}
    axe = AXE.read_text(encoding="utf-8")
    async for screen in walk(bare, app_url, checkin):
        await bare.evaluate(axe)
        for theme in ("light", "dark"):
            await bare.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            broken[f"{screen}, {theme}"] = await bare.evaluate(RULES)
        if await bare.evaluate("document.getAnimations().length"):
            broken[screen] = ["something moves"]
    assert {screen: rules for screen, rules in broken.items() if rules} == {}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("language", ["id", "en"])
async def test_everything_is_large_enough_apart_enough_and_fits(
    bare: Page, app_url: str, checkin: FakeCheckin, language: str
) -> None:
    await speaking(bare, language)
    wrong: dict[str, list[str]] = {}
    async for screen in walk(bare, app_url, checkin):
        await bare.evaluate(WIDEST_FONT)
        wrong[f"{screen}, small"] = await bare.evaluate(TOO_SMALL, LEAST_TARGET)
        wrong[f"{screen}, close"] = await bare.evaluate(TOO_CLOSE, LEAST_GAP)
        wrong[f"{screen}, clipped"] = await bare.evaluate(CLIPPED)
        for width, height in ((320, 568), (683, 384), (360, 740)):
            await bare.set_viewport_size({"width": width, "height": height})
            if await bare.evaluate(SIDEWAYS) > 0:
                wrong[f"{screen}, {width}"] = ["scrolls sideways"]
        await bare.evaluate("document.documentElement.style.fontSize = '200%'")
        wrong[f"{screen}, large text"] = await bare.evaluate(CLIPPED)
        if await bare.evaluate(SIDEWAYS) > 0:
            wrong[f"{screen}, large text, sideways"] = ["scrolls sideways"]
        for button in ("report", "send"):
            if await bare.get_by_test_id(button).count() and screen != "dim":
                await expect(bare.get_by_test_id(button)).to_be_in_viewport(ratio=0.95)
        await bare.evaluate("document.documentElement.style.fontSize = ''")
    found_wrong = {what: found for what, found in wrong.items() if found}
    assert found_wrong == {}, "\n".join(f"{k}: {v}" for k, v in found_wrong.items())


async def test_no_word_of_any_text_is_wider_than_a_card(bare: Page, app_url: str) -> None:
    await bare.goto(app_url)
    words = sorted({word for pair in strings().values() for text in pair for word in text.split()})
    assert await bare.evaluate(TOO_WIDE, [words, NARROWEST_CARD]) == []


async def test_every_state_is_told_by_words_and_signs_without_colour(
    app: Page, checkin: FakeCheckin
) -> None:
    checkin.rejected["ronda.incident.reported.v1"] = "no such category"
    await report(app)
    await answered(app, "rejected")
    await all_sent(app)
    await app.get_by_test_id("tab-queue").click()
    session = await app.context.new_cdp_session(app)
    colours = set()
    for kind in ("none", "achromatopsia", "deuteranopia", "protanopia", "tritanopia"):
        await session.send("Emulation.setEmulatedVisionDeficiency", {"type": kind})
        await expect(app.get_by_role("button", name="Ditolak")).to_contain_text("✕")
        await expect(app.get_by_role("button", name="Diterima server")).to_contain_text("●●")
        colours.add(await app.screenshot())
    assert len(colours) > 1  # the emulation was at work


async def test_the_language_is_switched_for_the_whole_app_and_kept(app: Page) -> None:
    await expect(app.locator("html")).to_have_attribute("lang", "id")
    await app.get_by_test_id("menu").click()
    await app.locator("[data-testid=language] [data-value=en]").click()
    await expect(app.locator("html")).to_have_attribute("lang", "en")
    await app.keyboard.press("Escape")
    await expect(app.get_by_test_id("report")).to_have_text("REPORT")
    await app.reload()
    await expect(app.get_by_test_id("report")).to_have_text("REPORT")
    await app.get_by_test_id("report").click()
    await expect(tile(app, "fire")).to_have_text("Fire")


async def test_the_theme_is_switched_and_kept(app: Page) -> None:
    await expect(app.locator("html")).to_have_attribute("data-theme", "dark")
    await app.get_by_test_id("menu").click()
    await app.locator("[data-testid=theme] [data-value=light]").click()
    await app.reload()
    await expect(app.locator("html")).to_have_attribute("data-theme", "light")

"""What a test looks for on the board, and how it signs in."""

from urllib.parse import urlsplit

from playwright.async_api import Locator, Page, expect

from tests.browser.fake_alerts import FakeAlerts
from tests.waiting import eventually

# The browser itself reports an answer of 401, 409 or 503 as an error; for us it is an answer.
_EXPECTED = "Failed to load resource"

_SHIFTS = """() => new Promise(resolve => {
  new PerformanceObserver(list =>
    resolve(list.getEntries().flatMap(entry => entry.sources.map(
      ({node, previousRect: {x, y}}) => `${node?.className || node?.nodeName} was at ${x} ${y}`
    )))
  ).observe({type: "layout-shift", buffered: true});
  setTimeout(() => resolve([]), 200);
})"""

# A browser that wants a press before it lets a page sound; this one does not.
MUTE = """
const Free = AudioContext;
window.AudioContext = class extends Free {
  constructor() { super(); void this.suspend(); }
};
"""


async def shifts(page: Page) -> list[str]:
    """What has moved on the page by itself since it was opened, and from where."""
    return list(await page.evaluate(_SHIFTS))


async def sign_in(page: Page, url: str, token: str) -> None:
    """Opens the board with a token in the address, until its lists are there."""
    await page.goto(f"{url}#token={token}")
    if "mode=wall" in url:
        await page.get_by_test_id("wall").wait_for()
        return
    await page.get_by_test_id("alert-row").first.wait_for()
    await loaded(page)


async def loaded(page: Page, patience_ms: float = 15_000) -> None:
    """Waits until the lists beside the queue are there."""
    middle = page.get_by_test_id("middle")
    await expect(middle).to_have_attribute("data-load", "ready", timeout=patience_ms)


async def from_menu(page: Page, entry: str) -> None:
    """Opens the menu behind the operator's name and presses one of its entries."""
    await page.get_by_test_id("menu").click()
    await page.get_by_test_id(entry).click()


async def show(page: Page, tab: str) -> None:
    """Brings a tab of the middle to the front: `map`, `areas`, `sites`, `tasks`, `checks`…"""
    await page.get_by_test_id(f"tab-{tab}").click()


def row(page: Page, fake: FakeAlerts, number: int) -> Locator:
    """The row of the alert that people call by this number."""
    return page.locator(f"[data-testid=alert-row][data-id='{fake.by_number(number).id}']")


async def numbers(page: Page, fake: FakeAlerts, section: str) -> list[int]:
    """The alerts of a section (`new`, `work`, `wait`) from top to bottom."""
    rows = page.get_by_test_id(f"section-{section}").get_by_test_id("alert-row")
    ids = await rows.evaluate_all("rows => rows.map(row => row.dataset.id)")
    return [fake.alerts[alert_id].number for alert_id in ids]


async def focused(page: Page) -> str:
    """The test id of what has the focus, or its element's name."""
    element = "document.activeElement"
    return str(await page.evaluate(f"{element}.dataset.testid ?? {element}.tagName"))


async def focus_reaches(page: Page, test_id: str) -> None:
    """Waits until this has the focus; the page moves it a moment after it has drawn."""

    async def there() -> bool:
        return await focused(page) == test_id

    assert await eventually(there)


async def keeps_focus(page: Page) -> None:
    """Waits until something other than the empty page has the focus."""

    async def kept() -> bool:
        return await focused(page) != "BODY"

    assert await eventually(kept)


async def ready(page: Page, verb: str) -> None:
    """Waits until the chosen alert allows an action and no command is under way."""
    await expect(page.get_by_test_id(f"act-{verb}")).to_have_attribute("aria-disabled", "false")


def watched(page: Page, url: str, faults: list[str] | None = None) -> list[str]:
    """What must not happen on the page, written down as it happens; into a list that is given."""
    faults = [] if faults is None else faults
    host = urlsplit(url).netloc

    def on_request(address: str) -> None:
        if urlsplit(address).netloc != host:
            faults.append(f"asked {address}")

    def on_console(kind: str, text: str) -> None:
        if kind == "error" and not text.startswith(_EXPECTED):
            faults.append(f"said {text}")

    page.on("request", lambda request: on_request(request.url))
    page.on("pageerror", lambda error: faults.append(f"threw {error}"))
    page.on("console", lambda message: on_console(message.type, message.text))
    return faults

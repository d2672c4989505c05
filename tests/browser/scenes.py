"""The states of the board that are worth a picture, and how each comes about."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from playwright.async_api import Page

from tests.browser import samples, samples_large
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.sight import from_menu, row, show

Arrange = Callable[[Page, FakeAlerts], Awaitable[None]]
BOTH = ("dark", "light")


async def _nothing(page: Page, fake: FakeAlerts) -> None:
    del page, fake


@dataclass(frozen=True)
class Scene:
    """A state: what the service has before, and what the operator does then."""

    name: str
    arrange: Arrange = _nothing
    prepare: Callable[[FakeAlerts], None] = lambda fake: None
    themes: tuple[str, ...] = ("dark",)
    large: bool = False
    query: str = ""
    vision: str = "none"
    """What Chromium emulates: how somebody sees who sees colours otherwise, or none."""


def _day(fake: FakeAlerts) -> None:
    """A day of rounds behind, two hours ahead."""
    now = fake.now()
    for number in range(96):
        due = -22 * 3600 + number * 900.0
        state = "missed" if number in {23, 41, 42} else "done" if due < 0 else "due"
        visit = samples.a_visit(now, f"ppk-{number}", f"PPK {number}", state, due)
        fake.visits[visit.id] = visit


async def _chosen(page: Page, fake: FakeAlerts) -> None:
    await row(page, fake, 1043).click()
    await page.mouse.move(900, 760)


async def _duress(page: Page, fake: FakeAlerts) -> None:
    alert = samples.an_alert(
        fake.now(), 1099, kind="duress", severity="kritis", undelivered=["Kapolres"]
    )
    fake.put(alert, "raised")
    await row(page, fake, 1099).click()
    await page.mouse.move(900, 760)


def _many(fake: FakeAlerts) -> None:
    now = fake.now()
    fake.sites = samples_large.many_sites(now)
    for alert in samples_large.many_alerts(now):
        fake.alerts[alert.id] = alert


def _flood(fake: FakeAlerts) -> None:
    now = fake.now()
    fake.sites = samples_large.many_sites(now)
    for alert in samples_large.many_alerts(now, 60):
        fake.alerts[alert.id] = msgspec.structs.replace(alert, raised_at=now)


def _drill(fake: FakeAlerts) -> None:
    fake.situation["purpose"] = "exercise"
    for alert in list(fake.alerts.values()):
        fake.alerts[alert.id] = msgspec.structs.replace(alert, purpose="exercise")


async def _site(page: Page, fake: FakeAlerts) -> None:
    await _chosen(page, fake)
    await show(page, "sites")
    await page.get_by_test_id("site-row").get_by_role("button", name="Gudang Logistik").click()


async def _stale(page: Page, fake: FakeAlerts) -> None:
    await row(page, fake, 1043).click()
    await page.mouse.move(900, 760)
    fake.streaming = False
    fake.cut()
    await page.get_by_test_id("stale-band").wait_for()


async def _dispatch(page: Page, fake: FakeAlerts) -> None:
    await row(page, fake, 1043).click()
    await page.keyboard.press("b")
    await page.get_by_test_id("dialog-dispatch").wait_for()


async def _merge(page: Page, fake: FakeAlerts) -> None:
    await row(page, fake, 1043).click()
    await page.keyboard.press("g")
    await page.get_by_test_id("dialog-merge").wait_for()


async def _handover(page: Page, fake: FakeAlerts) -> None:
    joko = {"actor": "joko", "name": "Kompol Joko", "role": "commander"}
    fake.prepare_handover(joko, "Massa Jumat di Bawaslu; kunci gudang dipegang Aipda Budi.")
    await from_menu(page, "menu-handover")
    await page.get_by_test_id("read-alert").first.click()


async def _menu(page: Page, fake: FakeAlerts) -> None:
    await _chosen(page, fake)
    await page.get_by_test_id("menu").click()


def _opened(entry: str) -> Arrange:
    async def arrange(page: Page, fake: FakeAlerts) -> None:
        await row(page, fake, 1043).click()
        await from_menu(page, f"menu-{entry}")
        await page.get_by_test_id(f"dialog-{entry}").wait_for()

    return arrange


async def _performance(page: Page, fake: FakeAlerts) -> None:
    await _opened("performance")(page, fake)
    await page.get_by_test_id("curve").locator("canvas").wait_for()


def _tab(name: str) -> Arrange:
    async def arrange(page: Page, fake: FakeAlerts) -> None:
        await _chosen(page, fake)
        await show(page, name)

    return arrange


SCENES = [
    Scene("board", _chosen, prepare=_day, themes=BOTH, large=True),
    Scene("board-grey", _chosen, vision="achromatopsia"),
    Scene("board-deutan", _chosen, vision="deuteranopia"),
    Scene("board-protan", _chosen, themes=(), vision="protanopia"),
    Scene("board-tritan", _chosen, themes=(), vision="tritanopia"),
    Scene("summary"),
    Scene("duress", _duress, themes=BOTH),
    Scene("areas", _tab("areas")),
    Scene("site", _site),
    Scene("tasks", _tab("tasks")),
    Scene("units", _tab("units")),
    Scene("checks", _tab("checks"), themes=BOTH),
    Scene("dispatch", _dispatch),
    Scene("merge", _merge),
    Scene("menu", _menu),
    Scene("performance", _performance, themes=BOTH),
    Scene("readiness", _opened("readiness")),
    Scene("journal", _opened("journal")),
    Scene("report", _opened("report")),
    Scene("handover", _handover),
    Scene("many", prepare=_many, large=True),
    Scene("flood", prepare=_flood),
    Scene("drill", _chosen, prepare=_drill),
    Scene("stale", _stale, themes=BOTH),
    Scene("wall", query="?mode=wall", themes=BOTH, large=True),
]

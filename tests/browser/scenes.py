"""The states of the board that are worth a picture, and how each comes about."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import msgspec
from playwright.async_api import Page

from services.alerts.adapters.tiles_file import TilesFile
from services.alerts.domain.site_status import Sign, standing
from shared.events.alert import Closing, Owner
from tests.browser import samples, samples_large, samples_room
from tests.browser.fake_alerts import FakeAlerts
from tests.browser.fake_situation import an_override
from tests.browser.sight import MUTE, from_menu, ready, row, show, sign_in
from tests.tiles import MVT, mvt, write_archive

# A browser in which no call of the page opens the sound: what `MUTE` is where it needs no press.
STILL_MUTE = MUTE + "AudioContext.prototype.resume = () => new Promise(() => undefined);"

Arrange = Callable[[Page, FakeAlerts], Awaitable[None]]
BOTH = ("dark", "light")
SILENT = ("ppk-rengel", "ppk-plumpang")
LONG_S = 10_800
"""Of what was not seen for so long nobody knows how it stands."""


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
    person: str = "sari"
    shown: str = ""
    """The test id after which the page stands, where it is not the loaded board of a person."""
    language: str = "id"
    script: str = ""
    """What the page runs first."""

    def furnish(self, fake: FakeAlerts) -> None:
        """Gives the service a day's rounds and what this state wants beside them."""
        _day(fake)
        self.prepare(fake)

    async def open(self, page: Page, url: str) -> None:
        """Brings the page to where the operator begins."""
        if self.shown:
            await page.goto(f"{url}{self.query}#token={self.person}" if self.person else url)
            await page.get_by_test_id(self.shown).first.wait_for()
        else:
            await sign_in(page, f"{url}{self.query}", self.person)


def _day(fake: FakeAlerts) -> None:
    """A day of rounds behind, two hours ahead; the silent sites were last seen hours ago."""
    now = fake.now()
    for number in range(96):
        site = fake.sites[number % len(fake.sites)]
        due = -22 * 3600 + number * 900.0
        state = "missed" if number in {23, 41, 42} else "done" if due < 0 else "due"
        if site["id"] not in SILENT or due < -LONG_S:
            visit = samples.a_visit(now, site["id"], site["name"], state, due)
            fake.visits[visit.id] = visit
    states = [visit.state for visit in fake.visits.values()]
    made = states.count("done") + states.count("recovered")
    fake.room.coverage = samples_room.coverage(made, states.count("missed"))
    _stand(fake)


def _stand(fake: FakeAlerts) -> None:
    """How each site stands, as the service would say by its alerts and its last visit."""
    now = fake.now()
    for site in fake.sites:
        here = [alert for alert in fake.alerts.values() if alert.site == site["id"]]
        seen = [e.visited_at for e in fake.visits.values() if e.site == site["id"] and e.visited_at]
        sign = Sign(seen_at=max(seen), situation="aman", situation_at=max(seen))
        found = standing(sign, here, samples.seconds(LONG_S), now)
        site |= {"status": found.status, "since": found.since}


def _calm(fake: FakeAlerts) -> None:
    """Nothing is open, and every site was seen today."""
    fake.alerts.clear()
    fake.room.tasks.clear()
    fake.crews = [crew | {"busy_with": None} for crew in fake.crews]
    late = {"missed", "at_risk"}
    fake.visits = {each.id: each for each in fake.visits.values() if each.state not in late}
    for name in SILENT:
        visit = samples.a_visit(fake.now(), name, name, "done", -1800)
        fake.visits[visit.id] = visit
    _stand(fake)


async def _chosen(page: Page, fake: FakeAlerts) -> None:
    await row(page, fake, 1043).click()
    await page.mouse.move(900, 760)


async def _duress(page: Page, fake: FakeAlerts) -> None:
    fake.put(samples.a_duress(fake.now(), 1099, undelivered=["Kasat Samapta"]), "raised")
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


async def _handover_waits(page: Page, fake: FakeAlerts) -> None:
    await from_menu(page, "menu-handover")
    await page.get_by_test_id("attention").fill("Massa Jumat di Bawaslu")
    await page.get_by_test_id("dialog-confirm").click()
    await page.get_by_test_id("handover-withdraw").wait_for()


async def _situation(page: Page, fake: FakeAlerts) -> None:
    await from_menu(page, "menu-situation")
    await page.get_by_test_id("situation-site_class").click()
    await page.get_by_test_id("situation-of").fill("Gudang Logistik KPU")
    await page.get_by_test_id("situation-value").select_option("khusus")
    await page.get_by_test_id("situation-reason").fill("Massa bergerak ke gudang")


def _changed(fake: FakeAlerts) -> None:
    fake.situation["overrides"] = [
        an_override(fake, what="phase", value="quiet_period"),
        an_override(fake, what="stand_in", of="p-1006", value="p-1021", reason="Sakit"),
    ]


async def _situation_ends(page: Page, fake: FakeAlerts) -> None:
    await from_menu(page, "menu-situation")
    await page.get_by_test_id("override-end").first.click()


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


async def _pressed(page: Page, fake: FakeAlerts, number: int, key: str) -> None:
    await row(page, fake, number).click()
    await page.keyboard.press(key)


def _asked(number: int, key: str) -> Arrange:
    """A key that opens a dialog about an alert."""

    async def arrange(page: Page, fake: FakeAlerts) -> None:
        await _pressed(page, fake, number, key)
        await page.locator("dialog").wait_for()

    return arrange


async def _task(page: Page, fake: FakeAlerts) -> None:
    await show(page, "tasks")
    await page.get_by_role("button", name="CCTV belakang mati").click()
    await page.get_by_test_id("dialog-task").wait_for()


async def _conflict(page: Page, fake: FakeAlerts) -> None:
    fake.silent = True
    alert = fake.by_number(1043)
    owner = Owner(actor="joko", name="Kompol Joko", role="commander", at=fake.now())
    ends = fake.now() + samples.seconds(480)
    fake.change(
        alert, state="acknowledged", owner=owner, next_due_kind="ack_expiry", next_due_at=ends
    )
    await _pressed(page, fake, 1043, "a")
    await row(page, fake, 1043).get_by_test_id("row-conflict").wait_for()


async def _mistaken(page: Page, fake: FakeAlerts) -> None:
    await _pressed(page, fake, 1041, "a")
    await ready(page, "release")
    await page.keyboard.press("r")
    await page.get_by_test_id("dialog-release").wait_for()


async def _filter(page: Page, fake: FakeAlerts) -> None:
    await page.keyboard.press("f")
    await page.get_by_test_id("filter-tinggi").click()


def _proposed(fake: FakeAlerts) -> None:
    now, resolved = fake.now(), fake.by_number(1030)
    proposal = Closing(
        actor="joko",
        name="Kompol Joko",
        at=now,
        lapses_at=now + samples.seconds(1_500),
        outcome="safe_unfounded",
    )
    fake.alerts[resolved.id] = msgspec.structs.replace(
        resolved, closing=proposal, next_due_at=proposal.lapses_at, next_due_kind="close_lapse"
    )


async def _agree(page: Page, fake: FakeAlerts) -> None:
    await row(page, fake, 1030).click()


async def _stale_wall(page: Page, fake: FakeAlerts) -> None:
    fake.streaming = False
    fake.cut()
    await page.get_by_test_id("stale-band").wait_for()


def _loading(fake: FakeAlerts) -> None:
    fake.lists_ready.clear()


def _failing(fake: FakeAlerts) -> None:
    fake.lists_fail = True


def _ending(fake: FakeAlerts) -> None:
    fake.session_ends = fake.now() + samples.seconds(240)


def _wall_ending(fake: FakeAlerts) -> None:
    fake.session_ends = fake.now() + samples.seconds(3_300)


async def _ended(page: Page, fake: FakeAlerts) -> None:
    fake.signed_out = True
    fake.cut()
    await page.get_by_test_id("login").wait_for()


def _ground(fake: FakeAlerts) -> None:
    """A lake, a river and roads, the same in every tile and going on from one to the next."""
    tile = mvt(
        {
            "landuse": [(3, {"kind": "residential"}, [(500, 1800), (1700, 1700), (1600, 2900)])],
            "water": [
                (3, {"kind": "lake"}, [(900, 3200), (1300, 3100), (1500, 3600), (1100, 3800)]),
                (2, {"kind": "river"}, [(2600, -64), (2300, 1900), (2600, 4160)]),
            ],
            "roads": [
                (2, {"kind": "highway"}, [(-64, 1300), (1900, 1500), (4160, 1300)]),
                (2, {"kind": "major_road"}, [(1700, -64), (1900, 1500), (1700, 4160)]),
            ],
        }
    )
    archive = Path(mkdtemp(prefix="ronda-ground-")) / "ground.pmtiles"
    fake.tiles = TilesFile.checked(write_archive(archive, tile, MVT))


async def _grounded(page: Page, fake: FakeAlerts) -> None:
    await page.locator("[data-testid=map][data-base=true]").wait_for()
    await page.locator("canvas.leaflet-tile-loaded").first.wait_for()


def _tab(name: str) -> Arrange:
    async def arrange(page: Page, fake: FakeAlerts) -> None:
        await _chosen(page, fake)
        await show(page, name)

    return arrange


SCENES = [
    Scene("board", _chosen, themes=BOTH, large=True),
    Scene("board-grey", _chosen, vision="achromatopsia"),
    Scene("board-deutan", _chosen, vision="deuteranopia"),
    Scene("board-protan", _chosen, vision="protanopia"),
    Scene("board-tritan", _chosen, vision="tritanopia"),
    Scene("board-english", _chosen, language="en"),
    Scene("login", person="", shown="login"),
    Scene("loading", prepare=_loading, shown="map"),
    Scene("failed", prepare=_failing, shown="retry"),
    Scene("empty", prepare=_calm, shown="section-new"),
    Scene("mute", _chosen, script=STILL_MUTE),
    Scene("session-ends", _chosen, prepare=_ending),
    Scene("resolve", _asked(1039, "s")),
    Scene("reopen", _asked(1030, "r")),
    Scene("release", _mistaken),
    Scene("keys", _asked(1043, "?")),
    Scene("task", _task),
    Scene("conflict", _conflict),
    Scene("filter", _filter),
    Scene("second-person", _agree, prepare=_proposed, person="agus"),
    Scene("basemap", _grounded, prepare=_ground, themes=BOTH),
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
    Scene("handover-waits", _handover_waits),
    Scene("situation", _situation, person="agus"),
    Scene("situation-ends", _situation_ends, prepare=_changed, person="agus"),
    Scene("many", prepare=_many, large=True),
    Scene("flood", prepare=_flood),
    Scene("drill", _chosen, prepare=_drill),
    Scene("stale", _stale, themes=BOTH),
    Scene("wall", query="?mode=wall", themes=BOTH, large=True),
    Scene("wall-stale", _stale_wall, query="?mode=wall"),
    Scene("wall-ends", query="?mode=wall", prepare=_wall_ending),
    Scene("wall-ended", _ended, query="?mode=wall"),
    Scene("wall-basemap", _grounded, prepare=_ground, query="?mode=wall"),
]

"""The board on the real services: what an accused unit does not see, what the watch hands on."""

import hashlib
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from ronda.demo.phone import Phone, Sent
from services.archive.domain.note import read
from tests.browser.qr import read_code
from tests.browser.sight import from_menu, loaded, watched
from tests.faults.world import TOKEN_TTL, World, world
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SITE = "gudang-logistik"
PATIENT_MS = 30_000
ROW = "[data-testid=alert-row]"
# The smallest picture there is: 1 by 1, PNG.
PHOTO = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c63"
    "f8cfc0f01f0005000201ffa2e1c1d40000000049454e44ae426082"
)


@pytest.mark.timeout(300)
async def test_an_accusation_is_absent_for_the_accused_and_the_watch_is_handed_on_with_its_seal(
    context: BrowserContext, built_pages: None, faults: list[str], tmp_path: Path
) -> None:
    async with world(tmp_path, print) as place:
        phone = _phone(place)
        await _photo_sent(place, phone)
        accused = place.plan.site_by_id[SITE].unit
        theirs = await _board(context, faults, place, "op-polsek", "operator", accused)
        await phone.send(_report(phone, "suspicious_person", media=[_hash()]))
        await phone.send(_report(phone, "neutrality_breach"))
        boss = await _board(
            context, faults, place, "kasat", "supervisor", place.plan.operation.unit, rows=2
        )
        restricted = boss.locator(ROW, has_text="netralitas")
        await expect(restricted).to_have_count(1)
        await _is_absent(place, theirs, accused)
        await _links_lead_to_the_archive(boss)
        await _its_panels_open(boss)
        await _handed_over(context, faults, place)


async def _its_panels_open(page: Page) -> None:
    """Whatever the services themselves answer has its place and its words."""
    for panel, contents in (("performance", "figure"), ("readiness", "holes|ready-until")):
        await from_menu(page, f"menu-{panel}")
        shown = [f"[data-testid={content}]" for content in contents.split("|")]
        await page.locator(", ".join(shown)).first.wait_for()
        await page.keyboard.press("Escape")
        await expect(page.get_by_test_id(f"dialog-{panel}")).to_have_count(0)


async def _is_absent(place: World, page: Page, accused: str) -> None:
    """Of two reports the accused unit's board has the other one, by every way it has."""
    await expect(page.locator(ROW)).to_have_count(1, timeout=PATIENT_MS)
    await expect(page.locator(ROW)).not_to_contain_text("netralitas")
    await expect(page.get_by_test_id("open-count")).to_contain_text("1")
    await page.keyboard.press("/")
    await page.get_by_test_id("search").fill("netralitas")
    await expect(page.locator(ROW, has_text="netralitas")).to_have_count(0)
    await page.reload()
    await loaded(page, PATIENT_MS)
    await expect(page.locator(ROW)).to_have_count(1)
    await _is_told_to_nobody_there(place, accused)


async def _is_told_to_nobody_there(place: World, accused: str) -> None:
    posts = {post.id for post in place.plan.posts if post.unit == accused}
    hidden = await _numbered(place, "neutrality_breach")

    async def both_were_told() -> bool:
        told = {(each.alert == hidden, each.post in posts) for each in place.provider.deliveries}
        assert (True, True) not in told
        return {(True, False), (False, True)} <= told

    assert await eventually(both_were_told, within=60)


async def _command(place: World, verb: str, body: dict[str, str]) -> None:
    """As the one who leaves; by hand it would be too slow for this plan's short deadlines."""
    alert = await _numbered(place, "neutrality_breach")
    answer = await place.client.post(
        f"{place.stack.url('alerts')}/v1/alerts/{alert}/{verb}",
        json={"version": 1, "key": verb, **body},
        headers={"Authorization": f"Bearer {place.token('kasat', 'supervisor')}"},
    )
    assert answer.status_code == 200, answer.text


async def _numbered(place: World, category: str) -> str:
    token = place.token("kasat", "supervisor")
    answer = await place.client.get(
        f"{place.stack.url('alerts')}/v1/alerts", headers={"Authorization": f"Bearer {token}"}
    )
    [found] = [each["id"] for each in answer.json()["items"] if each["category"] == category]
    return str(found)


async def _links_lead_to_the_archive(page: Page) -> None:
    """A part's photo, its record and its proof are a press away, in a tab of their own."""
    await page.locator(ROW, has_text="mencurigakan").click()
    await page.get_by_test_id("tab-reports").click()
    assert await _followed(page, page.get_by_test_id("parts").locator("a").first) == PHOTO
    await page.get_by_test_id("tab-proof").click()
    links = page.get_by_test_id("proof").locator("a")
    assert b"ronda.incident.reported.v1" in await _followed(page, links.first)


async def _followed(page: Page, link: Locator) -> bytes:
    """What a new tab is answered that opens a link of the board, with the board's own session."""
    href = await link.get_attribute("href")
    assert href is not None
    bodies: list[bytes] = []

    async def there() -> bool:
        answer = await page.context.request.get(href)
        bodies.append(await answer.body())
        return answer.ok

    assert await eventually(there, within=30)
    return bodies[-1]


async def _handed_over(context: BrowserContext, faults: list[str], place: World) -> None:
    """T32: not with a grave alert unread; the ownership moves; the code is the checkpoint."""
    unit = place.plan.operation.unit
    leaving = await _board(context, faults, place, "kasat", "supervisor", unit, rows=2)
    grave = leaving.locator(ROW, has_text="netralitas")
    await _command(place, "acknowledge", {})
    await _command(place, "dispatch", {"crew": "R-21"})
    await expect(grave).to_have_attribute("data-state", "dispatched", timeout=PATIENT_MS)
    await from_menu(leaving, "menu-handover")
    await leaving.get_by_test_id("attention").fill("Massa Jumat")
    await leaving.get_by_test_id("dialog-confirm").click()
    await leaving.get_by_test_id("prepared").wait_for()
    checkpoints = place.stack.data / "checkpoints.txt"

    async def sealed() -> bool:
        return checkpoints.exists()

    assert await eventually(sealed, within=60)
    coming = await _board(context, faults, place, "iptu-joko", "supervisor", unit, rows=2)
    await from_menu(coming, "menu-handover")
    note = await read_code(coming.get_by_test_id("qr"))
    assert f"{note}\n" in checkpoints.read_text(encoding="utf-8")
    assert read(note).origin.startswith("ronda/")
    confirm = coming.get_by_test_id("dialog-confirm")
    await expect(confirm).to_have_attribute("aria-disabled", "true")
    for unread in await coming.get_by_test_id("read-alert").all():
        await unread.click()
    await expect(confirm).to_have_attribute("aria-disabled", "false")
    await confirm.click()
    await expect(coming.get_by_test_id("dialog-handover")).to_have_count(0)
    mine = coming.locator(ROW, has_text="netralitas")
    await expect(mine).to_contain_text("iptu-joko", timeout=PATIENT_MS)


def _phone(place: World) -> Phone:
    token = place.token("p-uji", "officer", "phone-uji")
    url = place.stack.url("checkin")
    return Phone(place.client, url, token, "phone-uji", "R-21", ["p-uji"], Sent())


def _report(phone: Phone, category: str, **data: object) -> dict[str, object]:
    report = {"category": category, "text": "Uji", **data}
    return phone.event("ronda.incident.reported.v1", report, site=SITE)


def _hash() -> str:
    return hashlib.sha256(PHOTO).hexdigest()


async def _photo_sent(place: World, phone: Phone) -> None:
    answer = await place.client.put(
        f"{phone.url}/v1/media/{_hash()}",
        content=PHOTO,
        headers={"Authorization": f"Bearer {phone.token}", "Content-Type": "image/png"},
    )
    assert answer.status_code == 201, answer.text


async def _board(
    context: BrowserContext,
    faults: list[str],
    place: World,
    name: str,
    role: str,
    unit: str,
    *,
    rows: int = 0,
) -> Page:
    """Somebody's board, in a profile of their own."""
    assert context.browser is not None
    profile = await context.browser.new_context(viewport={"width": 1366, "height": 768})
    page = await profile.new_page()
    url = f"{place.stack.url('alerts')}/board/"
    watched(page, url, faults)
    token = place.stack.token(actor=name, name=name, role=role, unit=unit, ttl=TOKEN_TTL)
    await page.goto(f"{url}#token={token}")
    await loaded(page, PATIENT_MS)
    if rows:
        await expect(page.locator(ROW)).to_have_count(rows, timeout=PATIENT_MS)
    return page

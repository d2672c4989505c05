"""What the phone shows in the course of invented nights, one picture after the other."""

from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.browser.phone import samples
from tests.browser.phone.album import Album
from tests.browser.phone.fake_checkin import FakeCheckin, running
from tests.browser.phone.sight import (
    all_sent,
    enrol,
    fill_visit,
    finish_visit,
    report,
    start_duty,
    tile,
)

_NO_CAMERA = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('refused'))"
_END = "scrollTo(0, document.documentElement.scrollHeight)"
# Far from every site of the night.
_ELSEWHERE = {"latitude": -6.95, "longitude": 112.0, "accuracy": 40}


async def _phone(
    browser: Browser, url: str, size: ViewportSize, theme: str, *, script: str = ""
) -> Page:
    context = await browser.new_context(
        viewport=size,
        has_touch=True,
        is_mobile=True,
        geolocation=samples.GUDANG,
        permissions=["geolocation", "camera"],
    )
    page = await context.new_page()
    await page.add_init_script(f"localStorage.setItem('ronda.theme', '{theme}'); {script}")
    await page.goto(url)
    await page.get_by_test_id("enrol").wait_for()
    return page


async def night(browser: Browser, size: ViewportSize, theme: str, album: Album) -> None:
    """A crew's night, from the enrolment of its phone to the end of duty."""
    fake = FakeCheckin()
    async with running(fake) as base:
        page = await _phone(browser, f"{base}/app/", size, theme)
        album.of(page)
        await _begun(page, f"{base}/app/", album)
        await _round(page, fake, album)
        await _visit(page, fake, album)
        await _corrected(page, album)
        await _reports(page, fake, album)
        await _called(page, fake, album)
        await _small_things(page, album)
        await _duress(page, album)
        await page.context.close()


async def _begun(page: Page, url: str, album: Album) -> None:
    await album.take("1-enrol")
    await page.get_by_test_id("enrol-code").fill("AAAA-AAAA-AAAA-AAAA")
    await page.get_by_test_id("enrol").click()
    await page.get_by_test_id("enrol-wrong").wait_for()
    await album.take("1-enrol-refused")
    await enrol(page, url)
    await page.get_by_test_id("neutral").check()
    await page.evaluate("scrollTo(0, 0)")
    await album.take("2-duty")
    for name in ("Bayu", "Cahyo"):
        await page.get_by_text(name).click()
    await page.evaluate(_END)
    await album.take("2-duty-stopped")
    for name in ("Bayu", "Cahyo"):
        await page.get_by_text(name).click()
    await start_duty(page)
    await all_sent(page)


async def _round(page: Page, fake: FakeCheckin, album: Album) -> None:
    missed = next(t for t in fake.assignment["targets"] if t["site"] == "ppk-soko")
    fake.tell(samples.visit_item(fake.now(), missed, "missed"))
    await page.get_by_text("Terlewat").wait_for()
    await album.take("3-tasks")
    await page.locator("[data-testid=stop][data-site=kpu-tuban]").click()
    await page.get_by_test_id("other-site").wait_for()
    await album.take("4-scan")
    await page.get_by_test_id("by-hand").click()
    await page.evaluate(_END)
    await album.take("4-scan-hand")
    await page.get_by_test_id("tab-tasks").click()


async def _visit(page: Page, fake: FakeCheckin, album: Album) -> None:
    # The camera sees the code all the time, and nobody asked for another site.
    fake.tell(samples.task_item(fake.now(), "gudang-logistik", "Lampu halaman belakang mati"))
    await page.get_by_test_id("tab-scan").click()
    await page.get_by_test_id("known").wait_for()
    await page.get_by_test_id("finish").click(force=True)
    await page.get_by_test_id("missing").wait_for()
    await album.take("5-visit-missing", note="Belum diisi")
    await fill_visit(page)
    await page.get_by_test_id("known").locator("[data-value=bad]").click()
    for _ in range(5):
        await page.get_by_test_id("guards-more").click()
    cctv = page.locator("[data-testid=line][data-item=cctv]")
    await cctv.locator("[data-value=bad]").click()
    await cctv.locator("input").fill("7 dari 8 menyala")
    await page.evaluate("scrollTo(0, 0)")
    await album.take("5-visit")
    await page.get_by_test_id("dialogue").fill("Penjaga mendengar motor berputar pukul 20.00")
    await page.get_by_test_id("add-weakness").click()
    await page.get_by_test_id("weakness-text").fill("CCTV tembok belakang mati")
    await page.evaluate(_END)
    await album.take("5-visit-weakness")
    await page.get_by_test_id("weakness-add").click()
    await page.evaluate(_END)
    await album.take("5-visit-end")
    await finish_visit(page)
    await album.take("8-giat")


async def _corrected(page: Page, album: Album) -> None:
    await page.get_by_test_id("edit").click()
    await page.get_by_test_id("guards-more").click()
    await page.evaluate("scrollTo(0, 0)")
    await album.take("8-correct")
    await page.get_by_test_id("send-correction").click()
    await page.get_by_test_id("giat-from").get_by_text("dikoreksi").wait_for()
    await page.evaluate(_END)
    await album.take("8-giat-corrected")


async def _reports(page: Page, fake: FakeCheckin, album: Album) -> None:
    await page.get_by_test_id("report").click()
    await tile(page, "suspicious_person").click()
    await album.take("6-report")
    await page.get_by_test_id("send").click()
    await all_sent(page)
    event = fake.of_type("incident.reported")[0]["id"]
    now = fake.now()
    crew = {
        "crew": "R-07",
        "at": now.isoformat(),
        "by": "Ipda Sari",
        "en_route_at": now.isoformat(),
    }
    fake.tell(samples.report_item(now, event, owner=samples.read_by(now), crews=[crew]))
    await page.get_by_test_id("report").click()
    await tile(page, "suspicious_vehicle").click()
    await album.take("6-report-again")
    fake.rejected["ronda.incident.reported.v1"] = (
        "Expected `str` of length <= 4000 - at `$.data.text`"
    )
    await page.get_by_test_id("send-added").click()
    await all_sent(page)
    fake.rejected.clear()
    await page.context.set_offline(True)
    await report(page, "seal_broken")
    await page.get_by_test_id("tab-queue").click()
    await expect(page.get_by_text("Dibaca oleh Ipda Sari")).to_be_visible()
    await album.take("7-queue")
    await page.context.set_offline(False)
    await all_sent(page)


async def _called(page: Page, fake: FakeCheckin, album: Album) -> None:
    await page.get_by_test_id("tab-tasks").click()
    fake.tell(samples.order_item(fake.now()))
    await page.get_by_test_id("order").wait_for()
    await album.take("3-order")
    await page.get_by_test_id("order-accepted").click()
    await all_sent(page)
    await expect(page.get_by_test_id("order-en_route")).to_be_enabled()
    await album.take("3-order-accepted")
    await page.get_by_test_id("order-arrived").click()
    fake.tell(samples.nudge_item(fake.now()))
    await page.get_by_test_id("nudge").wait_for()
    await album.take("3-nudge")
    await page.get_by_test_id("safe").click()


async def _small_things(page: Page, album: Album) -> None:
    await page.get_by_test_id("tab-queue").click()
    await page.locator("[data-stage=rejected]").click()
    await album.take("7-item")
    await page.get_by_test_id("back").click()
    await page.locator("[data-stage=read]").click()
    await album.take("7-item-read")
    await page.get_by_test_id("tab-tasks").click()
    await page.get_by_test_id("menu").click()
    await album.take("9-menu")
    await page.get_by_test_id("duty").click()
    await page.get_by_test_id("end-duty").wait_for()
    await page.context.set_offline(True)
    await report(page, "intrusion")
    await page.get_by_test_id("unsent").wait_for()
    await album.take("2-duty-end")
    await page.context.set_offline(False)
    await all_sent(page)
    await page.get_by_test_id("back").click()
    await page.get_by_test_id("menu").click()
    await page.get_by_test_id("dim").click()
    await page.get_by_test_id("dimmed").wait_for()
    await album.take("9-dim")
    await page.get_by_test_id("wake").click()


async def _duress(page: Page, album: Album) -> None:
    box = await page.get_by_test_id("duress").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    await page.mouse.down()
    await expect(page.get_by_test_id("duress-dots")).to_contain_text("●●", timeout=15_000)
    await page.mouse.up()
    await album.take("9-duress")


async def post(browser: Browser, size: ViewportSize, theme: str, album: Album) -> None:
    """A guard of the warehouse, with a phone that somebody else was given."""
    fake = FakeCheckin()
    fake.assignment = samples.as_guard_post(fake.assignment, fake.now())
    async with running(fake) as base:
        url = f"{base}/app/"
        page = await _phone(browser, url, size, theme)
        album.of(page)
        await enrol(page, url)
        await page.get_by_text("Bripka Arya Rahmanto").click()
        await page.get_by_test_id("neutral").check()
        await page.evaluate(_END)
        await album.take("2-duty-holder")
        await page.get_by_test_id("duty-holder").select_option("p-1012")
        await page.get_by_test_id("start-duty").click()
        await page.get_by_test_id("guard-post").wait_for()
        await all_sent(page)
        await album.take("3-post")
        await page.get_by_test_id("nil").click()
        await page.get_by_test_id("undo").wait_for()
        await album.take("3-post-written")
        await page.context.close()


async def rehearsal(browser: Browser, size: ViewportSize, theme: str, album: Album) -> None:
    """A rehearsal with nothing to do, far from every site, on a phone that lends no camera."""
    fake = FakeCheckin()
    fake.assignment["operation"]["purpose"] = "exercise"
    fake.assignment["targets"] = []
    async with running(fake) as base:
        url = f"{base}/app/"
        page = await _phone(browser, url, size, theme, script=_NO_CAMERA)
        album.of(page)
        await page.context.set_geolocation(_ELSEWHERE)  # type: ignore[arg-type]
        await enrol(page, url)
        await page.get_by_test_id("neutral").check()
        await page.get_by_test_id("start-duty").click()
        await page.get_by_test_id("screen-tasks").wait_for()
        await all_sent(page)
        await album.take("3-tasks-none")
        await page.get_by_test_id("tab-scan").click()
        await page.get_by_text("Kamera tidak tersedia").wait_for()
        await album.take("4-scan-blind")
        await page.get_by_test_id("tab-queue").click()
        await album.take("7-queue-empty")
        await page.get_by_test_id("tab-activity").click()
        await album.take("8-giat-none")
        await page.get_by_test_id("report").click()
        await album.take("6-report-nosite")
        await page.context.close()

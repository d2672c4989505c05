"""Lapor in three taps, and everything that comes back: who read it, orders, missed visits."""

import hashlib
import json
import re
import sys

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import (
    PHONE,
    all_sent,
    enrol,
    queued,
    report,
    start_duty,
    stored,
    tile,
)
from tests.browser.phone.test_duress import hold
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# A picture with words of its own in it, as a camera leaves them: they must not reach the server.
SECRET = b"GPS 6.9131 S"
PICTURE = """() => new Promise(done => {
  const canvas = document.createElement("canvas");
  canvas.width = 2400;
  canvas.height = 1200;
  const paint = canvas.getContext("2d");
  for (let n = 0; n < 400; n += 1) {
    paint.fillStyle = `hsl(${n * 7} 60% 50%)`;
    paint.fillRect((n * 97) % 2400, (n * 61) % 1200, 120, 90);
  }
  canvas.toBlob(blob => blob.arrayBuffer().then(bytes => done([...new Uint8Array(bytes)])),
    "image/jpeg", 0.9);
})"""
SLOWER = 4


@pytest.mark.parametrize("offline", [False, True])
async def test_three_taps_put_one_report_in_the_outbox(
    app: Page, phone: BrowserContext, offline: bool
) -> None:
    await all_sent(app)
    await phone.set_offline(offline)
    for made, screen in enumerate(("tasks", "scan", "queue", "activity"), start=1):
        await app.get_by_test_id(f"tab-{screen}").click()
        await app.get_by_test_id("report").click()
        await tile(app, "intrusion").click()
        await app.get_by_test_id("send").click()
        await expect(app.get_by_test_id(f"screen-{screen}")).to_be_visible()
        reports = [row for row in await stored(app) if "incident" in row["type"]]
        assert len(reports) == made
        told = reports[-1]["event"]
        assert told["subject"] == "gudang-logistik"
        assert told["data"]["position"]["accuracy_m"] == samples.GUDANG["accuracy"]


@pytest.mark.parametrize("offline", [False, True])
async def test_three_taps_from_a_visit_too(app: Page, phone: BrowserContext, offline: bool) -> None:
    await all_sent(app)
    await phone.set_offline(offline)
    await app.get_by_test_id("check-in").click()
    await app.get_by_test_id("by-hand").click()
    await app.get_by_test_id("by-hand-go").click()
    await app.get_by_test_id("finish").wait_for()
    await report(app)
    await expect(app.get_by_test_id("finish")).to_be_visible()
    assert len([row for row in await stored(app) if "incident" in row["type"]]) == 1


async def test_a_slow_phone_tells_how_fast_it_stores_a_report(
    app: Page, phone: BrowserContext
) -> None:
    await all_sent(app)
    await phone.set_offline(True)
    session = await phone.new_cdp_session(app)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    # From the tap to the end of the transaction, by the page's own clock.
    await app.evaluate("""() => {
      window.took = [];
      let tapped = 0;
      addEventListener("click", event => {
        if (event.target.closest("[data-testid=send]")) tapped = performance.now();
      }, true);
      const open = IDBDatabase.prototype.transaction;
      IDBDatabase.prototype.transaction = function (...asked) {
        const made = open.apply(this, asked);
        if (asked[1] === "readwrite" && asked[0].includes("photos")) {
          // The track writes too, now and then.
          made.addEventListener("complete", () => {
            if (tapped) window.took.push(performance.now() - tapped);
            tapped = 0;
          });
        }
        return made;
      };
    }""")
    for _ in range(20):
        await report(app)
    took = sorted(json.loads(await app.evaluate("JSON.stringify(window.took)")))
    assert len(took) == 20
    sys.stdout.write(f"19 of 20 reports were stored within {took[18]:.0f} ms\n")


async def test_the_site_can_be_changed_and_words_backup_and_a_picture_added(
    app: Page, checkin: FakeCheckin
) -> None:
    await app.get_by_test_id("report").click()
    await app.get_by_test_id("change-site").click()
    await app.locator("[data-testid=site][data-site=kpu-tuban]").click()
    await expect(app.get_by_test_id("place")).to_contain_text("Kantor KPU")
    await tile(app, "suspicious_vehicle").click()
    await app.get_by_test_id("note").fill("Mobil putih tanpa pelat")
    await app.get_by_test_id("backup").check()
    content = bytes(await app.evaluate(PICTURE))
    marked = content[:2] + b"\xff\xe1" + (len(SECRET) + 2).to_bytes(2) + SECRET + content[2:]
    picture = {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": marked}
    await app.get_by_test_id("photo").set_input_files(picture)  # type: ignore[arg-type]
    await expect(app.get_by_test_id("photos")).to_contain_text("1 foto")
    await app.get_by_test_id("send").click()
    assert await eventually(lambda: checkin.of_type("incident.reported") and checkin.media)
    sent = checkin.of_type("incident.reported")[0]
    assert sent["subject"] == "kpu-tuban"
    assert sent["data"]["text"] == "Mobil putih tanpa pelat"
    assert sent["data"]["backup"] is True
    (name,) = sent["data"]["media"]
    stored_picture = checkin.media[name]
    assert hashlib.sha256(stored_picture).hexdigest() == name
    assert SECRET in marked
    assert SECRET not in stored_picture
    assert b"Exif" not in stored_picture


async def test_the_other_kinds_are_one_tap_further(app: Page, checkin: FakeCheckin) -> None:
    await app.get_by_test_id("report").click()
    await expect(tile(app, "officer_duress")).to_have_count(0)
    await app.get_by_test_id("others").click()
    await expect(tile(app, "officer_duress")).to_have_count(0)
    await tile(app, "officer_attack").click()
    await app.get_by_test_id("send").click()
    assert await eventually(lambda: checkin.of_type("incident.reported"))


@pytest.mark.parametrize("offline", [False, True])
async def test_a_second_report_is_added_to_the_first_or_is_one_of_its_own_by_three_taps_too(
    app: Page, phone: BrowserContext, checkin: FakeCheckin, offline: bool
) -> None:
    await all_sent(app)
    await phone.set_offline(offline)
    await report(app, "suspicious_person")
    await app.get_by_test_id("report").click()
    await tile(app, "seal_broken").click()
    add = app.get_by_test_id("send-added")
    await expect(add).to_have_text(re.compile(r"^Tambah ke laporan \d\d\.\d\dOrang mencurigakan$"))
    await add.click()
    await expect(app.get_by_test_id("screen-report")).to_have_count(0)
    await report(app, "fire")
    first, second, third = [row["event"] for row in await stored(app) if "incident" in row["type"]]
    assert second["data"]["adds_to"] == first["id"]
    assert "adds_to" not in first["data"]
    assert "adds_to" not in third["data"]
    await phone.set_offline(False)
    await all_sent(app)
    assert checkin.of_type("incident.reported")[1]["data"]["adds_to"] == first["id"]
    await app.get_by_test_id("tab-queue").click()
    await app.locator(f"[data-id='{second['id']}']").click()
    await expect(app.get_by_text("Ditambahkan ke laporan")).to_be_visible()


async def test_a_minute_later_a_report_is_a_first_one_again(
    app: Page, phone: BrowserContext
) -> None:
    await all_sent(app)
    # Or the server would set the phone's clock right again.
    await phone.set_offline(True)
    await app.clock.install()
    await report(app)
    await app.clock.run_for(61_000)
    await app.get_by_test_id("report").click()
    await expect(app.get_by_test_id("send")).to_have_text("KIRIM")
    await expect(app.get_by_test_id("send-added")).to_have_count(0)


async def test_what_the_server_refused_is_nothing_to_add_to(
    app: Page, checkin: FakeCheckin
) -> None:
    checkin.rejected["ronda.incident.reported.v1"] = "no such category"
    await report(app)
    await all_sent(app)
    await app.get_by_test_id("report").click()
    await expect(app.get_by_test_id("send")).to_have_text("KIRIM")


async def test_a_correction_is_offered_to_be_added_however_late(
    app: Page, phone: BrowserContext
) -> None:
    await app.clock.install()
    await report(app, "fire")
    await all_sent(app)
    await phone.set_offline(True)  # the server's clock would correct the one that is moved
    await app.clock.run_for(120_000)
    await app.get_by_test_id("tab-queue").click()
    await app.get_by_test_id("item").first.click()
    await app.get_by_test_id("correct").click()
    await expect(app.get_by_test_id("send-added")).to_contain_text("Kebakaran")


async def test_it_is_shown_who_read_a_report_by_name(app: Page, checkin: FakeCheckin) -> None:
    await report(app)
    await app.get_by_test_id("tab-queue").click()
    row = app.get_by_test_id("item").first
    await expect(row).to_have_attribute("data-stage", "sent")
    event = checkin.of_type("incident.reported")[0]["id"]
    now = checkin.now()
    checkin.tell(samples.report_item(now, event))
    await expect(row).to_contain_text("●●●○ Diterima posko")
    crew = {"crew": "R-07", "at": now.isoformat(), "by": "Ipda Sari", "en_route_at": None}
    taken = samples.report_item(
        now, event, version=2, owner=samples.read_by(now), crews=[crew], state="dispatched"
    )
    checkin.tell(taken)
    await expect(row).to_contain_text("●●●● Dibaca oleh Ipda Sari")
    await expect(row).to_contain_text("R-07 dikirim")
    await app.reload()
    await expect(row).to_contain_text("Dibaca oleh Ipda Sari")


# The app was killed after it had stored an answer, before it told the queue of it.
HEARD = """item => new Promise(done => {
  const asked = indexedDB.open("ronda");
  asked.onsuccess = () => {
    const work = asked.result.transaction("kept", "readwrite");
    work.objectStore("kept").put({after: "1", items: [item]}, "inbox");
    work.oncomplete = () => { asked.result.close(); done(); };
  };
})"""


async def test_who_read_a_report_is_known_after_a_kill_too(app: Page, checkin: FakeCheckin) -> None:
    await report(app)
    await all_sent(app)
    event = checkin.of_type("incident.reported")[0]["id"]
    now = checkin.now()
    start = app.url.partition("#")[0]
    # A page of the same origin without the app, which would go on hearing and storing.
    await app.goto(f"{start}licenses.txt")
    await app.evaluate(HEARD, samples.report_item(now, event, owner=samples.read_by(now)))
    await app.goto(f"{start}#queue")
    await expect(app.get_by_test_id("item").first).to_contain_text("Dibaca oleh Ipda Sari")


async def test_a_missed_visit_and_its_recovery_are_shown(app: Page, checkin: FakeCheckin) -> None:
    target = next(t for t in checkin.assignment["targets"] if t["site"] == "ppk-soko")
    row = app.locator("[data-testid=stop][data-site=ppk-soko]")
    checkin.tell(samples.visit_item(checkin.now(), target, "missed"))
    await expect(row).to_contain_text("▲ Terlewat")
    checkin.tell({**samples.visit_item(checkin.now(), target, "recovered"), "version": 3})
    await expect(row).to_contain_text("Tercatat terlambat")


FULL = """() => {
  IDBObjectStore.prototype.add = () => { throw new DOMException("full", "QuotaExceededError") };
  IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError") };
}"""
BROKEN = """() => {
  IDBDatabase.prototype.transaction = () => { throw new DOMException("no", "InvalidStateError") };
}"""


@pytest.mark.parametrize("fault", [FULL, BROKEN], ids=["full", "broken"])
async def test_a_phone_that_can_store_nothing_still_reports_and_says_so(
    app: Page, phone: BrowserContext, checkin: FakeCheckin, fault: str
) -> None:
    await all_sent(app)
    await phone.set_offline(True)
    await app.evaluate(fault)
    await report(app)
    await expect(app.get_by_test_id("unstored")).to_have_text(
        "Belum tersimpan. Jangan tutup aplikasi."
    )
    await expect(app.get_by_test_id("connection")).not_to_have_text("Tersimpan di HP")
    await app.clock.install()
    await hold(app, 2_000)
    await phone.set_offline(False)
    assert await eventually(lambda: checkin.of_type("incident.reported"))
    assert await eventually(lambda: checkin.of_type("duress.raised"))
    await expect(app.get_by_test_id("queue-count")).to_have_count(0)
    await expect(app.get_by_test_id("unstored")).to_have_count(0)

    await app.reload()
    await report(app, "fire")
    assert await eventually(lambda: len(checkin.of_type("incident.reported")) == 2)
    numbers = [event["deviceseq"] for event in checkin.received]
    assert len(set(numbers)) == len(numbers)


async def test_a_phone_that_allows_neither_position_nor_camera_still_reports(
    browser: Browser, app_url: str, checkin: FakeCheckin
) -> None:
    strict = await browser.new_context(viewport=PHONE, permissions=[])
    strict.set_default_timeout(PATIENCE_MS)
    page = await strict.new_page()
    await enrol(page, app_url)
    await start_duty(page)
    await page.get_by_test_id("check-in").click()
    await expect(page.locator(".finder")).to_contain_text("Kamera tidak tersedia")
    await report(page)
    await all_sent(page)
    sent = checkin.of_type("incident.reported")[0]
    assert "position" not in sent["data"]
    assert await queued(page) == []
    await strict.close()

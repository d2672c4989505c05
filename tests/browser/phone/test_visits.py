"""A visit from its check-in to the text for the command."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import (
    all_sent,
    check_in_by_hand,
    draft_stored,
    enrol,
    fill_visit,
    finish_visit,
    kill,
    reopened,
    report,
    start_duty,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_short_visit_is_recorded_and_says_so(app: Page, checkin: FakeCheckin) -> None:
    await check_in_by_hand(app, "gudang-logistik")
    await expect(app.get_by_test_id("short")).to_contain_text("Tetap dicatat dengan tanda")
    await fill_visit(app)
    await finish_visit(app)
    await all_sent(app)
    (out,) = checkin.of_type("visit.checked_out")
    (into,) = checkin.of_type("visit.checked_in")
    assert out["data"]["checkin"] == into["id"]
    assert out["data"]["dwell_s"] < 300
    assert into["data"]["method"] == "manual"
    assert len(out["data"]["checklist"]) == 5


async def test_three_of_five_minutes_are_a_visit_of_three_minutes(
    app: Page, checkin: FakeCheckin
) -> None:
    await app.clock.install()
    await check_in_by_hand(app, "gudang-logistik")
    await app.clock.run_for(180_000)
    await expect(app.get_by_test_id("short")).to_have_text(
        re.compile(r"^Baru 3:0\d dari 5:00 mnt\. Tetap dicatat dengan tanda\.$")
    )
    await fill_visit(app)
    await finish_visit(app)
    await app.clock.run_for(1_000)
    assert await eventually(lambda: checkin.of_type("visit.checked_out"))
    (out,) = checkin.of_type("visit.checked_out")
    assert 180 <= out["data"]["dwell_s"] < 240


async def test_setting_the_phones_clock_back_makes_no_visit_shorter(app: Page) -> None:
    await app.clock.install()
    await check_in_by_hand(app, "gudang-logistik")
    await app.clock.run_for(120_000)
    await app.evaluate("(now => { Date.now = () => now() - 3600_000; })(Date.now)")
    await app.clock.run_for(60_000)
    await expect(app.get_by_test_id("dwell")).to_contain_text(re.compile("Di lokasi 3:0[0-9]"))


async def test_the_card_counts_to_the_end_that_it_names(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await enrol(bare, app_url)
    await start_duty(bare)
    target = checkin.assignment["targets"][0]
    card = bare.get_by_test_id("next")
    await expect(card).to_contain_text(ends(target, "due_at"))
    await expect(card).to_contain_text(re.compile(r"· sisa 1[12] mnt"))
    earlier = (checkin.now() - timedelta(minutes=5)).isoformat()
    checkin.assignment["targets"][0] = {**target, "due_at": earlier}
    await bare.reload()
    await expect(card).to_contain_text(ends(target, "grace_until"))
    await expect(card).to_contain_text(re.compile(r"· Hampir terlewat · sisa 2[67] mnt"))


def ends(target: dict[str, Any], name: str) -> str:
    """The end of a window as the phone writes it."""
    return f"–{datetime.fromisoformat(target[name]).astimezone(samples.ZONE):%H.%M}"


async def test_a_picture_of_a_visit_survives_a_restart_and_is_in_its_record(
    app: Page, checkin: FakeCheckin
) -> None:
    await check_in_by_hand(app, "kpu-tuban")
    picture = {"name": "foto.png", "mimeType": "image/png", "buffer": await app.screenshot()}
    await app.get_by_test_id("photo").set_input_files(picture)  # type: ignore[arg-type]
    await expect(app.get_by_test_id("photos")).to_have_text("1 foto")
    await app.reload()
    await expect(app.get_by_test_id("photos")).to_have_text("1 foto")
    await fill_visit(app)
    await finish_visit(app)
    assert await eventually(lambda: checkin.of_type("visit.checked_out") and checkin.media)
    (out,) = checkin.of_type("visit.checked_out")
    assert out["data"]["media"] == list(checkin.media)


async def test_an_untouched_line_blocks_only_the_end_and_is_named(
    app: Page, checkin: FakeCheckin
) -> None:
    await check_in_by_hand(app, "gudang-logistik")
    lines = app.get_by_test_id("line")
    for at in (0, 1, 3, 4):
        await lines.nth(at).locator("[data-value=unseen]").click()
    await app.get_by_test_id("finish").click(force=True)
    await expect(app.get_by_test_id("missing")).to_have_text("Belum diisi: CCTV")
    assert await app.locator("button[aria-disabled=true]").count() == 1
    await report(app)
    assert checkin.of_type("visit.checked_out") == []
    await lines.nth(2).locator("[data-value=bad]").click()
    await lines.nth(2).locator("input").fill("7 dari 8 menyala")
    await app.get_by_test_id("finish").click(force=True)
    await expect(app.get_by_test_id("missing")).to_have_text("Belum diisi: Situasi")
    await app.locator("[data-testid=situation] [data-value=waspada]").click()
    await finish_visit(app)
    await all_sent(app)
    (out,) = checkin.of_type("visit.checked_out")
    assert out["data"]["checklist"][2] == {
        "item": "cctv",
        "answer": "bad",
        "remark": "7 dari 8 menyala",
    }


async def test_what_was_found_and_said_is_in_the_record_and_in_the_text_to_copy(
    app: Page, checkin: FakeCheckin
) -> None:
    await check_in_by_hand(app, "gudang-logistik")
    await expect(app.get_by_test_id("guards")).to_have_text("–/6")
    await fill_visit(app)
    for _ in range(5):
        await app.get_by_test_id("guards-more").click()
    await app.get_by_test_id("dialogue").fill("Penjaga mendengar motor pukul 20.00")
    await app.get_by_test_id("add-weakness").click()
    await app.get_by_test_id("weakness-text").fill("CCTV tembok belakang mati")
    await app.get_by_test_id("weakness-add").click()
    await app.get_by_test_id("advice").check()
    await finish_visit(app)
    await all_sent(app)
    (weakness,) = checkin.of_type("vulnerability.reported")
    (out,) = checkin.of_type("visit.checked_out")
    assert weakness["data"]["kind"] == "cctv_blind"
    assert weakness["data"]["owner"] == "KPU"
    assert weakness["data"]["checkin"] == out["data"]["checkin"]
    assert weakness["deviceseq"] < out["deviceseq"]
    assert (out["data"]["guards_met"], out["data"]["guards_expected"]) == (5, 6)
    assert out["data"]["advice_given"] is True
    await app.get_by_test_id("copy").click()
    text = await app.evaluate("navigator.clipboard.readText()")
    for words in (
        "izin melaporkan giat patroli dialogis tahapan masa kampanye",
        "Sasaran: Gudang Logistik KPU; cek: Tiga gembok baik",
        "Petugas jaga ditemui: 5/6 pers",
        "Penjaga mendengar motor pukul 20.00",
        "1) CCTV tembok belakang mati, penanggung jawab KPU",
        "Situasi: aman terkendali",
    ):
        assert words in text


async def test_what_others_found_there_is_asked_for_and_answered(
    app: Page, checkin: FakeCheckin
) -> None:
    light = samples.task_item(checkin.now(), "kpu-tuban", "Lampu halaman mati")
    fence = samples.task_item(checkin.now(), "kpu-tuban", "Pagar belakang bolong")
    elsewhere = samples.task_item(checkin.now(), "ppk-soko", "Kotak rusak")
    checkin.tell(light, fence, elsewhere)
    await check_in_by_hand(app, "kpu-tuban")
    known = app.get_by_test_id("known")
    await expect(known.get_by_test_id("line")).to_have_count(2)
    await expect(known).to_contain_text("KPU")
    checkin.tell({**fence, "version": 2, "state": "done"})
    await expect(known.get_by_test_id("line")).to_have_count(1)
    await app.locator("[data-item=gerbang] [data-value=good]").click()
    await app.locator("[data-testid=situation] [data-value=aman]").click()
    await app.get_by_test_id("finish").click(force=True)
    await expect(app.get_by_test_id("missing")).to_have_text("Belum diisi: Lampu halaman mati")
    await known.locator("[data-value=bad]").click()
    await known.locator("input").fill("Lampu baru belum datang")
    await finish_visit(app)
    await expect(app.get_by_test_id("giat")).to_contain_text("Lampu halaman mati belum beres")
    await all_sent(app)
    (out,) = checkin.of_type("visit.checked_out")
    assert out["data"]["checklist"] == [
        {"item": "gerbang", "answer": "good"},
        {"item": f"task:{light['id']}", "answer": "bad", "remark": "Lampu baru belum datang"},
    ]


async def test_a_rehearsal_says_so_on_every_screen_and_in_every_event(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    checkin.assignment["operation"]["purpose"] = "exercise"
    await enrol(bare, app_url)
    await start_duty(bare)
    for screen in ("tasks", "scan", "queue", "activity"):
        await bare.get_by_test_id(f"tab-{screen}").click()
        await expect(bare.get_by_test_id("drill")).to_have_text("GLADI (LATIHAN)")
    await all_sent(bare)
    assert {event["purpose"] for event in checkin.received} == {"exercise"}


async def test_a_draft_survives_a_restart(app: Page, app_url: str) -> None:
    await check_in_by_hand(app, "kpu-tuban")
    await app.get_by_test_id("dialogue").fill("Rapat selesai pukul 22.00")
    await app.locator("[data-testid=situation] [data-value=aman]").click()
    await app.reload()
    await expect(app.get_by_test_id("dialogue")).to_have_value("Rapat selesai pukul 22.00")


async def test_a_second_check_in_waits_for_the_open_visit(app: Page, checkin: FakeCheckin) -> None:
    await check_in_by_hand(app, "kpu-tuban")
    await app.get_by_test_id("back").click()
    await app.get_by_test_id("tab-scan").click()
    await app.get_by_test_id("abandon").click()
    await expect(app.get_by_test_id("by-hand")).to_be_visible()
    await all_sent(app)
    (out,) = checkin.of_type("visit.checked_out")
    assert out["data"]["incomplete"] is True


async def test_the_end_of_duty_warns_of_what_is_unsent(
    app: Page, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await phone.set_offline(True)
    await check_in_by_hand(app, "kpu-tuban")
    await app.get_by_test_id("back").click()
    await app.get_by_test_id("menu").click()
    await app.get_by_test_id("duty").click()
    await expect(app.get_by_test_id("unsent")).to_contain_text("Masih 1 belum terkirim")
    await app.get_by_test_id("end-duty").click()
    await phone.set_offline(False)
    await all_sent(app)
    (ended,) = checkin.of_type("shift.ended")
    assert ended["data"] == {"crew": samples.CREW, "unsent": 2}


async def test_a_visit_that_is_open_at_the_end_of_duty_is_sent_as_far_as_it_got(
    app: Page, checkin: FakeCheckin
) -> None:
    await check_in_by_hand(app, "gudang-logistik")
    await app.locator("[data-item=cctv] [data-value=bad]").click()
    await app.get_by_test_id("dialogue").fill("Penjaga mendengar motor pukul 20.00")
    await app.get_by_test_id("add-weakness").click()
    await app.get_by_test_id("weakness-text").fill("CCTV tembok belakang mati")
    await app.get_by_test_id("weakness-add").click()
    await app.get_by_test_id("back").click()
    await app.get_by_test_id("menu").click()
    await app.get_by_test_id("duty").click()
    await expect(app.get_by_test_id("open-at-end")).to_contain_text("Gudang Logistik KPU")
    await app.get_by_test_id("end-duty").click()
    await app.get_by_test_id("open-duty").wait_for()
    await all_sent(app)
    (into,) = checkin.of_type("visit.checked_in")
    (out,) = checkin.of_type("visit.checked_out")
    assert out["data"] == {
        "checkin": into["id"],
        "situation": "waspada",
        "crew": samples.CREW,
        "incomplete": True,
        "checklist": [{"item": "cctv", "answer": "bad"}],
        "dialogue": "Penjaga mendengar motor pukul 20.00",
        "advice_given": False,
        "position": out["data"]["position"],
        "media": [],
    }
    (weakness,) = checkin.of_type("vulnerability.reported")
    assert weakness["data"]["checkin"] == into["id"]
    await app.get_by_test_id("tab-activity").click()
    await expect(app.get_by_test_id("giat")).to_contain_text("Penjaga mendengar motor")


async def test_a_vulnerability_that_is_half_written_outlives_a_kill_and_is_sent_at_the_end(
    app: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await check_in_by_hand(app, "gudang-logistik")
    await app.get_by_test_id("add-weakness").click()
    await app.get_by_test_id("weakness-text").fill("Gembok pintu samping longgar")
    await fill_visit(app)
    await draft_stored(app)
    await kill(app)
    fresh = await reopened(app, app_url)
    await fresh.get_by_test_id("open-visit").click()
    await expect(fresh.get_by_test_id("weakness-text")).to_have_value(
        "Gembok pintu samping longgar"
    )
    await finish_visit(fresh)
    await all_sent(fresh)
    (weakness,) = checkin.of_type("vulnerability.reported")
    assert weakness["data"]["text"] == "Gembok pintu samping longgar"


async def test_a_crew_of_one_is_stopped_where_a_site_is_at_risk(bare: Page, app_url: str) -> None:
    await enrol(bare, app_url)
    await expect(bare.get_by_test_id("duty-crew")).to_have_value(samples.CREW)
    await bare.get_by_test_id("neutral").check()
    for name in ("Bayu", "Cahyo"):
        await bare.get_by_text(name).click()
    await expect(bare.get_by_test_id("why-not")).to_contain_text("minimal 2")
    await expect(bare.get_by_test_id("start-duty")).to_have_attribute("aria-disabled", "true")

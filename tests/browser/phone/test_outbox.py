"""Nothing that was written down is lost or doubled, whatever page, network and server do."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin, Fault
from tests.browser.phone.sight import (
    all_sent,
    check_in_by_hand,
    draft_stored,
    enrol,
    fill_visit,
    finish_visit,
    kill,
    queued,
    ready_offline,
    reopened,
    report,
    report_with_photo,
    start_duty,
    stored,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

POINTS = 6
KILLED_AFTER = (2, 4)


async def test_a_round_made_offline_with_two_kills_arrives_once_and_in_order(
    app_url: str, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    checkin.assignment = samples.assignment(checkin.now(), more_sites=POINTS)
    page = await phone.new_page()
    await enrol(page, app_url)
    await start_duty(page)
    await ready_offline(page)
    await all_sent(page)
    await phone.set_offline(True)
    for point in range(1, POINTS + 1):
        await check_in_by_hand(page, f"pos-{point:02d}")
        await fill_visit(page)
        if point in KILLED_AFTER:  # in the middle of a visit, whose draft must still be there
            await draft_stored(page)
            await kill(page)
            page = await reopened(page, app_url)
            await page.get_by_test_id("open-visit").click()
            await expect(page.locator("[data-value=good][aria-pressed=true]")).to_have_count(1)
        if point % 3 == 0:
            await report(page)
        await finish_visit(page)
    written = await stored(page)
    assert [row["seq"] for row in written] == list(range(1, 1 + 2 * POINTS + POINTS // 3 + 1))
    assert len(checkin.received) == 1

    await phone.set_offline(False)
    await all_sent(page)
    assert [event["deviceseq"] for event in checkin.received] == [row["seq"] for row in written]
    assert set(checkin.accepted.values()) == {1}
    rounds = [event["subject"] for event in checkin.of_type("visit.checked_out")]
    assert rounds == [f"pos-{point:02d}" for point in range(1, POINTS + 1)]
    assert len(checkin.of_type("incident.reported")) == POINTS // 3
    await page.get_by_test_id("tab-queue").click()
    stages = await page.get_by_test_id("item").evaluate_all(
        "rows => rows.map(r => r.dataset.stage)"
    )
    assert stages == ["sent"] * len(written)


async def test_a_server_that_stumbles_costs_time_and_nothing_else(
    app: Page, checkin: FakeCheckin
) -> None:
    faults: tuple[Fault, ...] = ("500", "503", "lost", "half")
    for made, fault in enumerate(faults, start=1):
        await app.get_by_test_id("tab-tasks").click()
        checkin.faults.append(fault)
        await report(app)
        await app.get_by_test_id("tab-queue").click()
        await _sent_without_a_word_of_failure(app)
        assert len(checkin.of_type("incident.reported")) == made
    for event in checkin.received:
        assert checkin.signatures[event["id"]] == {event["signature"]}


async def _sent_without_a_word_of_failure(app: Page) -> None:
    row = app.get_by_test_id("item").first
    lit: list[int] = []

    async def sent() -> bool:
        assert "gagal" not in (await app.inner_text("body")).lower()
        lit.append(int(await row.locator(".dots").get_attribute("data-lit") or 0))
        return await row.get_attribute("data-stage") == "sent"

    assert await eventually(sent)
    assert lit == sorted(lit)


async def test_an_officer_who_looks_at_the_phone_need_not_wait_for_the_next_try(
    app: Page, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await app.clock.install()
    await app.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    checkin.faults.append("500")
    await report(app)
    await expect(app.get_by_test_id("connection")).to_have_attribute("data-state", "waiting")
    assert len(await queued(app, "incident")) == 1  # no timer runs: it would wait for ever
    await app.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert await eventually(lambda: checkin.of_type("incident.reported"))


async def test_a_batch_that_is_too_large_is_sent_in_smaller_ones(
    app: Page, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await phone.set_offline(True)
    for _ in range(5):
        await report(app)
    checkin.most = 2
    await phone.set_offline(False)
    await all_sent(app)
    assert len(checkin.of_type("incident.reported")) == 5
    assert set(checkin.accepted.values()) == {1}
    assert [event["deviceseq"] for event in checkin.received] == [1, 2, 3, 4, 5, 6]


async def test_a_kill_while_the_answer_is_on_its_way_doubles_nothing(
    app: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    checkin.answering.clear()
    await report(app)
    assert await eventually(lambda: checkin.of_type("incident.reported"))
    await kill(app)
    checkin.answering.set()
    again = await reopened(app, app_url)
    await all_sent(again)
    reported = checkin.of_type("incident.reported")
    assert len(reported) == 1
    assert checkin.accepted[reported[0]["id"]] == 2
    assert len(checkin.signatures[reported[0]["id"]]) == 1


async def test_an_answer_that_names_only_some_events_keeps_the_others(
    app: Page, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    await phone.set_offline(True)
    await report(app, "fire")
    await report(app, "intrusion")
    held = [row["id"] for row in await queued(app)]
    taken = checkin.take

    def forgetful(events: list[dict[str, object]], actor: str) -> tuple[int, object]:
        status, answer = taken(events, actor)
        answer["results"] = [one for one in answer["results"] if one["id"] != held[1]]
        return status, answer

    checkin.take = forgetful  # type: ignore[method-assign]
    await phone.set_offline(False)

    async def only_second() -> bool:
        return [row["id"] for row in await queued(app)] == [held[1]]

    assert await eventually(only_second)
    checkin.take = taken  # type: ignore[method-assign]
    await app.get_by_test_id("tab-queue").click()
    await app.get_by_test_id("send-now").click()
    await all_sent(app)


async def test_what_was_rejected_stays_with_its_reason_and_can_be_corrected(
    app: Page, checkin: FakeCheckin
) -> None:
    checkin.rejected["ronda.incident.reported.v1"] = "the category has no name"
    await report(app)
    await app.get_by_test_id("tab-queue").click()
    row = app.locator("[data-testid=item][data-stage=rejected]")
    await expect(row).to_contain_text("Ditolak: isinya tidak dapat dipakai server")
    await expect(app.get_by_test_id("rejected-count")).to_have_text("1 ditolak")
    await expect(app.get_by_text("semua terkirim")).to_have_count(0)
    await expect(app.get_by_text("Semua sudah terkirim")).to_have_count(0)
    checkin.rejected.clear()
    await row.click()
    await expect(app.get_by_text("the category has no name")).to_be_visible()
    await app.get_by_test_id("mend").click()
    await app.get_by_test_id("send").click()
    await app.get_by_test_id("tab-queue").click()
    await expect(app.locator("[data-testid=item][data-stage=sent]").first).to_be_visible()
    await expect(row).to_have_count(1)
    await row.click()
    await app.get_by_test_id("dismiss").click()
    await expect(row).to_have_count(0)
    await expect(app.get_by_test_id("rejected-count")).to_have_count(0)
    await expect(app.get_by_text("Semua sudah terkirim")).to_be_visible()


async def test_positions_and_pictures_that_were_rejected_are_not_told_as_received(
    app: Page, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    checkin.rejected["ronda.position.recorded.v1"] = "no such place"

    async def no(sha256: str, content: bytes) -> tuple[int, dict[str, object]]:
        return 413, {"status": 413, "title": "No", "detail": "too large"}

    checkin.keep_photo = no  # type: ignore[method-assign]
    await report_with_photo(app)
    await app.get_by_test_id("tab-queue").click()
    pictures, points = app.get_by_test_id("pictures"), app.get_by_test_id("positions")
    await expect(pictures).to_contain_text("✕○ 1 ditolak: terlalu besar")
    await expect(pictures).not_to_contain_text("Diterima server")
    await app.clock.install()
    await app.reload()

    async def tracked() -> bool:
        await app.clock.run_for(5_000)
        return await points.count() == 1

    assert await eventually(tracked)
    await expect(points).to_contain_text("1 ditolak")
    await expect(points).not_to_contain_text("Diterima server")
    for kind in ("pictures", "positions"):
        await app.get_by_test_id(f"dismiss-{kind}").click()
        await expect(app.get_by_test_id(kind)).to_have_count(0)
    await expect(app.get_by_test_id("rejected-count")).to_have_count(0)


async def test_count_and_age_of_the_queue_are_on_every_screen(
    app: Page, phone: BrowserContext
) -> None:
    await all_sent(app)
    await phone.set_offline(True)
    await report(app)
    for screen in ("tasks", "scan", "queue", "activity"):
        await app.get_by_test_id(f"tab-{screen}").click()
        await expect(app.get_by_test_id("queue-count")).to_contain_text("1 antre")
        await expect(app.get_by_test_id("connection")).to_have_attribute("data-state", "offline")
    await app.get_by_test_id("report").click()
    await expect(app.get_by_test_id("queue-count")).to_contain_text("1 antre")


@pytest.mark.parametrize("wrong_by", [timedelta(hours=1), timedelta(hours=-1)])
async def test_a_phone_clock_that_is_an_hour_wrong_is_corrected_by_the_server(
    bare: Page, app_url: str, checkin: FakeCheckin, wrong_by: timedelta
) -> None:
    shift = int(wrong_by.total_seconds() * 1000)
    await bare.add_init_script(f"const now = Date.now; Date.now = () => now() + {shift};")
    await enrol(bare, app_url)
    await start_duty(bare)
    await report(bare)
    await all_sent(bare)
    now = datetime.now(UTC)
    for event in checkin.received:
        assert abs(datetime.fromisoformat(event["time"]) - now) < timedelta(seconds=30)
    for sent in checkin.sent_at:
        assert abs(datetime.fromisoformat(sent) - now) < timedelta(seconds=30)


async def test_a_revoked_phone_says_so_and_keeps_what_it_has(
    app: Page, app_url: str, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await all_sent(app)
    checkin.revoked = True
    await app.evaluate(
        """() => new Promise(done => {
          const asked = indexedDB.open("ronda");
          asked.onsuccess = () => {
            const work = asked.result.transaction("kept", "readwrite");
            work.objectStore("kept").delete("tokens");
            work.oncomplete = () => { asked.result.close(); done(); };
          };
        })"""
    )
    await app.reload()
    await report(app)
    await expect(app.get_by_test_id("connection")).to_have_attribute("data-state", "revoked")
    assert len(await queued(app, "incident")) == 1

    checkin.owners.clear()
    await app.get_by_test_id("menu").click()
    await app.get_by_test_id("enrol-again").click()
    await app.get_by_test_id("enrol-code").fill(samples.CODE)
    await app.get_by_test_id("enrol").click()
    # Its events were made and signed by the phone that it was: the server says what it thinks.
    await app.get_by_test_id("tab-queue").click()
    row = app.locator("[data-testid=item][data-stage=rejected]")
    await expect(row).to_contain_text("tanda tangan HP tidak cocok")


async def test_two_tabs_of_one_phone_send_each_event_once(
    app: Page, app_url: str, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    other = await reopened(app, app_url)
    await asyncio.gather(report(app, "fire"), report(other, "intrusion"))
    await all_sent(app)
    assert set(checkin.accepted.values()) == {1}
    assert [row["seq"] for row in await stored(app)] == [1, 2, 3]

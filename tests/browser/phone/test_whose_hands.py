"""A phone that goes from hand to hand: each event counts for who held it then."""

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.phone import samples
from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import (
    all_sent,
    check_in_by_hand,
    enrol,
    fill_visit,
    finish_visit,
    report,
    stored,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OWNER = samples.ENROLLED["actor"]


async def take_over(page: Page, person: str) -> None:
    """The crew without the phone's owner begins its duty, with the phone in these hands."""
    await expect(page.get_by_test_id("duty-crew")).to_have_value(samples.CREW)
    await page.get_by_text("Bripka Arya Rahmanto").click()
    await page.get_by_test_id("neutral").check()
    await expect(page.get_by_test_id("why-not")).to_contain_text("memegang HP")
    await expect(page.get_by_test_id("start-duty")).to_have_attribute("aria-disabled", "true")
    await page.get_by_test_id("duty-holder").select_option(person)
    await page.get_by_test_id("start-duty").click()
    await page.get_by_test_id("stop").first.wait_for()


async def hand_over(page: Page) -> None:
    """The crew ends its duty, and the form of the next one is open."""
    for _ in range(2):  # once for the end, once for the new form
        await page.get_by_test_id("menu").click()
        await page.get_by_test_id("duty").click()
        if await page.get_by_test_id("end-duty").count():
            await page.get_by_test_id("end-duty").click()
    await page.get_by_test_id("start-duty").wait_for()


async def test_what_waits_in_the_queue_counts_for_who_made_it(
    bare: Page, app_url: str, phone: BrowserContext, checkin: FakeCheckin
) -> None:
    await enrol(bare, app_url)
    await take_over(bare, "p-1012")
    await all_sent(bare)
    await phone.set_offline(True)
    await report(bare, "fire")
    await hand_over(bare)
    await take_over(bare, "p-1013")
    await report(bare, "intrusion")
    await phone.set_offline(False)
    await all_sent(bare)
    credited = [
        (event["type"].split(".")[1], event["data"].get("category"), checkin.credited[event["id"]])
        for event in sorted(checkin.received, key=lambda event: event["deviceseq"])
        if "position" not in event["type"]
    ]
    assert credited == [
        ("shift", None, "p-1012"),
        ("incident", "fire", "p-1012"),
        ("shift", None, "p-1012"),
        ("shift", None, "p-1013"),
        ("incident", "intrusion", "p-1013"),
    ]


async def test_the_shift_survives_a_restart(bare: Page, app_url: str, checkin: FakeCheckin) -> None:
    await enrol(bare, app_url)
    await take_over(bare, "p-1012")
    await bare.reload()
    await bare.get_by_test_id("stop").first.wait_for()
    await report(bare)
    await all_sent(bare)
    (told,) = checkin.of_type("incident.reported")
    assert checkin.credited[told["id"]] == "p-1012"


async def test_the_owner_in_the_crew_needs_no_word_about_it(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await enrol(bare, app_url)
    await expect(bare.get_by_test_id("duty-crew")).to_have_value(samples.CREW)
    await expect(bare.get_by_test_id("duty-holder")).to_have_count(0)
    await bare.get_by_test_id("neutral").check()
    await bare.get_by_test_id("start-duty").click()
    await all_sent(bare)
    assert set(checkin.credited.values()) == {OWNER}


async def test_a_person_whom_the_post_does_not_know_stops_nothing(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    (shift,) = checkin.assignment["crews"][0]["shifts"]
    shift["members"] = [*shift["members"], {"id": "p-9999", "name": "Dewi Lestari"}]
    await enrol(bare, app_url)
    await take_over(bare, "p-9999")
    await expect(bare.get_by_test_id("unlisted")).to_contain_text("belum mencatat Dewi Lestari")
    await report(bare)
    await all_sent(bare)
    assert await eventually(lambda: checkin.of_type("incident.reported"))
    assert set(checkin.credited.values()) == {OWNER}
    assert {row["shift"]["person"] for row in await stored(bare)} == {"p-9999"}


async def test_another_crew_brings_its_own_people(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    (mine,) = checkin.assignment["crews"]
    (shift,) = mine["shifts"]
    people = [shift["members"][0], {"id": "p-2001", "name": "Dimas Prakoso", "rank": "Bripda"}]
    other = {**mine, "crew": "R-07", "shifts": [{**shift, "members": people}]}
    checkin.assignment["crews"].append(other)
    await enrol(bare, app_url)
    await expect(bare.get_by_test_id("duty-crew")).to_have_value(samples.CREW)
    await bare.get_by_test_id("duty-crew").select_option("R-07")
    await expect(bare.get_by_text("Briptu Bayu Saputra")).to_have_count(0)
    await bare.get_by_test_id("neutral").check()
    await bare.get_by_test_id("start-duty").click()
    await all_sent(bare)
    (started,) = checkin.of_type("shift.started")
    assert started["data"]["members"] == [OWNER, "p-2001"]
    assert started["data"]["vehicle"] == "R-07"


async def test_the_text_of_a_visit_names_who_made_it_and_their_order(
    bare: Page, app_url: str, checkin: FakeCheckin
) -> None:
    await enrol(bare, app_url)
    await bare.get_by_test_id("duty-order").fill("Sprin/783/XI/2023")
    await take_over(bare, "p-1012")
    await check_in_by_hand(bare, "kpu-tuban")
    await fill_visit(bare)
    await finish_visit(bare)
    await hand_over(bare)
    await bare.get_by_test_id("duty-order").fill("Sprin/790/XI/2023")
    checkin.assignment["phase"] = {"code": "vote", "name": "Pemungutan suara"}
    await take_over(bare, "p-1013")
    await bare.get_by_test_id("tab-activity").click()
    text = bare.get_by_test_id("giat")
    for words in ("Sprint: Sprin/783/XI/2023", "dipimpin Bayu Saputra", "tahapan masa kampanye"):
        await expect(text).to_contain_text(words)

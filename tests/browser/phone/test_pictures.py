"""Pictures are large and the network is thin: they hold up nothing, and none holds up another."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page

from tests.browser.phone.fake_checkin import FakeCheckin
from tests.browser.phone.sight import all_sent, report, report_with_photo, stored
from tests.waiting import eventually

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_report_passes_a_picture_that_is_on_its_way(
    app: Page, checkin: FakeCheckin
) -> None:
    arrived, may_end = asyncio.Event(), asyncio.Event()
    keep = checkin.keep_photo

    async def slow(sha256: str, content: bytes) -> tuple[int, Any]:
        arrived.set()
        await may_end.wait()
        return await keep(sha256, content)

    checkin.keep_photo = slow  # type: ignore[method-assign]
    await report_with_photo(app)
    await asyncio.wait_for(arrived.wait(), 15)
    await report(app, "fire")
    assert await eventually(lambda: len(checkin.of_type("incident.reported")) == 2)
    assert checkin.media == {}
    may_end.set()
    assert await eventually(lambda: len(checkin.media) == 1)


async def test_a_picture_that_never_arrives_stops_no_other(app: Page, checkin: FakeCheckin) -> None:
    keep = checkin.keep_photo
    refused: list[str] = []

    async def stubborn(sha256: str, content: bytes) -> tuple[int, Any]:
        if not refused or sha256 in refused:
            refused.append(sha256)
            return 500, {"status": 500, "title": "No"}
        return await keep(sha256, content)

    checkin.keep_photo = stubborn  # type: ignore[method-assign]
    await report_with_photo(app)
    assert await eventually(lambda: refused)
    await app.get_by_test_id("tab-activity").click()
    await report_with_photo(app, "fire")
    assert await eventually(lambda: len(checkin.media) == 1)
    await all_sent(app)
    assert len(checkin.of_type("incident.reported")) == 2
    assert sorted(row["state"] for row in await stored(app, "photos")) == ["saved", "sent"]


FULL = """() => {
  IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError") };
}"""


async def test_a_full_phone_sends_a_picture_once(app: Page, checkin: FakeCheckin) -> None:
    keep = checkin.keep_photo
    sent: list[str] = []

    async def counted(sha256: str, content: bytes) -> tuple[int, Any]:
        sent.append(sha256)
        await app.evaluate(FULL)
        return await keep(sha256, content)

    checkin.keep_photo = counted  # type: ignore[method-assign]
    await report_with_photo(app)
    assert await eventually(lambda: checkin.media)
    await app.get_by_test_id("tab-queue").click()
    await app.get_by_test_id("pictures").get_by_text("Diterima server").wait_for()
    await report(app, "fire")
    assert await eventually(lambda: len(checkin.of_type("incident.reported")) == 2)
    assert len(sent) == 1

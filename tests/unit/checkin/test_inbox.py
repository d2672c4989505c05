"""What comes down: to whom, in which state, and never more than there is room for."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.checkin.domain.inbox import Inbox, Place, items_of, of_actor, of_crew, of_site
from services.checkin.handlers.phone import Phone, read_cursor
from shared.events import alert as alerts
from shared.events.registry import decode, encode
from shared.events.samples import samples
from shared.events.task import VulnerabilityAssigned, VulnerabilityMitigated
from shared.events.welfare import WelfareEnded, WelfareNudged
from shared.problem import ProblemError
from tests.unit.checkin.builders import NOW, a_plan, a_sender
from tests.unit.checkin.fakes import FakeInbox, FakePlans

SAMPLES = samples()
ACKNOWLEDGED = SAMPLES["ronda.alert.acknowledged.v1"]
OWNER = alerts.Owner(actor="s.wulandari", name="Ipda Sari", role="operator", at=NOW)


def acknowledged(version: int = 3, **changes: Any) -> Any:
    assert isinstance(ACKNOWLEDGED, alerts.AlertAcknowledged)
    data = msgspec.structs.replace(
        ACKNOWLEDGED.data, version=version, owner=OWNER, state="acknowledged", **changes
    )
    return decode(encode(msgspec.structs.replace(ACKNOWLEDGED, data=data)))


def dispatched(version: int = 4, *, by_voice: bool = False) -> Any:
    order = alerts.Dispatch(crew="R-21", at=NOW, by="Ipda Sari", by_voice=by_voice)
    event = SAMPLES["ronda.alert.dispatched.v1"]
    assert isinstance(event, alerts.AlertDispatched)
    data = msgspec.structs.replace(event.data, version=version, dispatches=[order])
    return msgspec.structs.replace(event, data=data)


def sent(inbox: Inbox, *recipients: str, after: dict[int, int] | None = None) -> list[Any]:
    return [msgspec.json.decode(entry.item) for entry in inbox.since(recipients, after or {})]


def test_the_reporter_learns_by_name_who_took_the_report() -> None:
    inbox = Inbox()
    inbox.feed(acknowledged(), Place(0, 7))
    [item] = sent(inbox, of_actor("p-1021"))
    part = acknowledged().data.parts[0]
    assert (item["kind"], item["what"], item["state"]) == ("report", "acknowledged", "acknowledged")
    assert (item["owner"]["name"], item["reports"]) == ("Ipda Sari", [part.event])
    assert sent(inbox, of_actor("p-1"), of_crew("R-21")) == []


def test_the_reporter_learns_that_nobody_has_it_any_more() -> None:
    inbox = Inbox()
    inbox.feed(acknowledged(), Place(0, 7))
    event = SAMPLES["ronda.alert.released.v1"]
    assert isinstance(event, alerts.AlertReleased)
    free = msgspec.structs.replace(event.data, version=4)
    inbox.feed(msgspec.structs.replace(event, data=free), Place(0, 8))
    [item] = sent(inbox, of_actor("p-1021"))
    assert (item["what"], item["state"], item["owner"]) == ("released", "raised", None)


def test_what_is_told_by_voice_is_no_order_to_a_phone() -> None:
    inbox = Inbox()
    inbox.feed(dispatched(by_voice=True), Place(0, 8))
    assert sent(inbox, of_crew("R-21")) == []


def test_a_crew_gets_its_order_with_the_place_and_the_words_of_the_report() -> None:
    inbox = Inbox()
    inbox.feed(dispatched(), Place(0, 8))
    [item] = sent(inbox, of_crew("R-21"))
    assert (item["kind"], item["order"]["by"], item["lat"]) == ("order", "Ipda Sari", -6.9131)
    assert "Dua orang" in item["text"]
    assert item["order"].keys().isdisjoint({"accepted_at"})


def test_visits_go_to_their_crew_and_tasks_to_whoever_has_the_site() -> None:
    inbox = Inbox()
    inbox.feed(SAMPLES["ronda.visit.missed.v1"], Place(0, 1))
    inbox.feed(SAMPLES["ronda.vulnerability.assigned.v1"], Place(0, 2))
    [visit] = sent(inbox, of_crew("R-07"))
    [task] = sent(inbox, of_site("gudang-logistik"))
    assert (visit["kind"], visit["what"]) == ("visit", "missed")
    assert (task["kind"], task["owner_name"]) == ("task", "KPU")


def test_a_task_that_is_done_is_open_no_more() -> None:
    inbox = Inbox()
    opened = SAMPLES["ronda.vulnerability.assigned.v1"]
    done = SAMPLES["ronda.vulnerability.mitigated.v1"]
    assert isinstance(opened, VulnerabilityAssigned)
    assert isinstance(done, VulnerabilityMitigated)
    inbox.feed(opened, Place(0, 1))
    assert set(inbox.tasks) == {opened.data.id}
    finished = msgspec.structs.replace(done.data, state="done")
    inbox.feed(msgspec.structs.replace(done, data=finished), Place(0, 2))
    assert inbox.tasks == {}


def test_a_crew_is_asked_for_a_sign_of_life_until_somebody_answers() -> None:
    inbox = Inbox()
    asked = SAMPLES["ronda.welfare.nudged.v1"]
    assert isinstance(asked, WelfareNudged)
    inbox.feed(asked, Place(0, 1))
    [item] = sent(inbox, of_crew("R-21"))
    assert (item["kind"], item["what"], item["state"]) == ("nudge", "nudged", "asked")
    assert (item["by"], item["due_at"]) == ("Ipda Sari Wulandari", "2023-11-29T14:22:00Z")
    data = msgspec.structs.replace(
        asked.data, version=2, state="answered", answered_at=NOW, answered_by="p-1021"
    )
    inbox.feed(
        WelfareEnded(**{**msgspec.structs.asdict(asked), "data": data, "id": ACKNOWLEDGED.id}),
        Place(0, 2),
    )
    [item] = sent(inbox, of_crew("R-21"))
    assert (item["what"], item["state"], item["answered_by"]) == ("ended", "answered", "p-1021")
    assert sent(inbox, of_crew("R-07"), of_actor("p-1021")) == []


def test_an_older_version_never_takes_the_place_of_a_newer_one() -> None:
    inbox = Inbox()
    inbox.feed(acknowledged(version=9), Place(0, 1))
    inbox.feed(acknowledged(version=8), Place(0, 2))
    [item] = sent(inbox, of_actor("p-1021"))
    assert item["version"] == 9


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=40), st.integers(1, 9))
def test_there_is_never_more_than_the_limit_and_the_newest_is_there(
    steps: list[tuple[int, int]], limit: int
) -> None:
    inbox = Inbox(limit=limit)
    missed = SAMPLES["ronda.visit.missed.v1"]
    assert isinstance(missed, alerts.VisitMissed)
    for offset, (number, crew) in enumerate(steps):
        visit = msgspec.structs.replace(
            missed.data, id=f"{number}", crew=f"R-{crew}", version=offset
        )
        inbox.feed(msgspec.structs.replace(missed, data=visit), Place(0, offset))
        everybody = [of_crew(f"R-{each}") for each in range(4)]
        kept = [entry for one in everybody for entry in inbox.since([one], {})]
        assert len(kept) <= limit
        assert max(entry.place.offset for entry in kept) == offset


def test_every_example_that_alerts_sends_can_be_fed() -> None:
    inbox = Inbox()
    for offset, event in enumerate(SAMPLES.values()):
        inbox.feed(decode(encode(event)), Place(0, offset))
    assert sum(1 for event in SAMPLES.values() for _ in items_of(event)) > 10


def phone(inbox: FakeInbox) -> Phone:
    return Phone(FakePlans(a_plan()), inbox, lambda: NOW)


async def test_a_cursor_brings_only_what_is_new_and_never_goes_back() -> None:
    source = FakeInbox()
    desk = phone(source)
    source.feed(acknowledged(3), Place(2, 7))
    first = await desk.inbox(a_sender(), after=None, crew=None, wait_s=0)
    assert len(first.items) == 1
    again = await desk.inbox(a_sender(), after=first.cursor, crew=None, wait_s=0)
    assert again.items == []
    source.feed(acknowledged(4), Place(2, 8))
    news = await desk.inbox(a_sender(), after=again.cursor, crew=None, wait_s=0)
    assert [msgspec.json.decode(item)["version"] for item in news.items] == [4]
    # A replica that has read less gives back the cursor that it was given.
    behind = await phone(FakeInbox()).inbox(a_sender(), after=news.cursor, crew=None, wait_s=0)
    assert behind.cursor == news.cursor


@pytest.mark.parametrize("text", ["x", "1", "1-", "-1", "1-2.", "1-2;2-3", "1-" + "9" * 19, "٣-1"])
def test_a_cursor_that_we_did_not_give_out_is_refused(text: str) -> None:
    with pytest.raises(ProblemError):
        read_cursor(text)


async def test_another_units_crew_is_not_listened_to() -> None:
    with pytest.raises(ProblemError) as refused:
        await phone(FakeInbox()).inbox(a_sender(), after=None, crew="R-99", wait_s=0)
    assert refused.value.problem.status == 403


@pytest.mark.parametrize(
    "event_type", ["x", "ronda.alert.future.v9", "..", "ronda.welfare.nudged.v9"]
)
def test_a_type_of_the_future_is_passed_over_and_never_stops_the_fold(event_type: str) -> None:
    inbox = Inbox()
    event = msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": ACKNOWLEDGED.id,
            "source": "t",
            "type": event_type,
            "time": "2023-11-29T14:12:00Z",
            "actor": "p-1021",
            "data": {"due_at": "2023-11-29T14:22:00Z"},
        }
    )
    inbox.feed(decode(event), Place(0, 1))
    assert sent(inbox, of_actor("p-1021"), of_crew("R-21")) == []

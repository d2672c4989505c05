"""The watch changes hands by name; nothing grave stays unread, nothing held stays with who left."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.alerts.handlers import Watch
from services.alerts.handlers.watch import (
    AcceptBody,
    HandoverBody,
    JournalBody,
    VoiceReport,
    WithdrawBody,
)
from services.alerts.metrics import Metrics
from services.alerts.ports import Answer
from shared.events.incident import IncidentReported
from shared.events.watch import (
    Handover,
    JournalNoted,
    WatchHandedOver,
    WatchPrepared,
    WatchWithdrawn,
)
from shared.topics import AUDIT, INCIDENT
from tests.builders import NIGHT, WAREHOUSE, a_principal
from tests.unit.alerts.engine import Engine, problem

SARI, JOKO = a_principal("Ipda Sari"), a_principal("Ipda Joko")


@pytest.fixture
def watch(engine: Engine) -> Watch:
    metrics = Metrics(engine.registry.__class__())
    return Watch(store=engine.store, plans=engine.plans, clock=engine.clock, metrics=metrics)


def handover_of(answer: Answer) -> Handover:
    return msgspec.json.decode(answer.body, type=Handover)


async def prepared(watch: Watch) -> Handover:
    answer = await watch.prepare(HandoverBody(key="h", attention="massa besok pagi"), SARI)
    assert answer.status == 201
    return handover_of(answer)


async def accept(watch: Watch, made: Handover, by: Any = JOKO, **body: Any) -> Answer:
    return await watch.accept(made.id, AcceptBody(**{"key": "a"} | body), by)


async def withdraw(watch: Watch, made: Handover, by: Any = SARI, key: str = "w") -> Answer:
    return await watch.withdraw(made.id, WithdrawBody(key=key), by)


async def test_a_line_in_the_journal_is_told_once_for_one_key(engine: Engine, watch: Watch) -> None:
    body = JournalBody(text="Genset diuji", key="k1", site=WAREHOUSE)
    first = await watch.note(body, SARI)
    assert first.status == 201
    assert await watch.note(body, SARI) == first
    (told,) = engine.store.rows.outbox
    assert told.topic == AUDIT.name
    assert isinstance(told.event, JournalNoted)
    assert (told.event.data.text, told.event.data.by.name) == ("Genset diuji", SARI.name)


async def test_what_the_old_watch_holds_becomes_the_new_ones_by_name(
    engine: Engine, watch: Watch
) -> None:
    await engine.reported_one("suspicious_object")
    await engine.command("acknowledge", by=SARI)
    before = engine.store.alert()
    made = await prepared(watch)
    assert made.open == [before.id]
    answer = await accept(watch, made, read=[before.id])
    assert answer.status == 200
    assert handover_of(answer).incoming is not None
    after = engine.store.alert()
    assert after.owner is not None
    assert after.owner.actor == JOKO.actor
    assert after.next_due_at == before.next_due_at, "the deadline goes on from where it was"
    assert after.timeline[-1].what == "handed_over"
    assert isinstance(engine.store.rows.outbox[-1].event, WatchHandedOver)


async def test_nobody_takes_over_while_something_grave_is_unread(
    engine: Engine, watch: Watch
) -> None:
    await engine.reported_one("fire")
    made = await prepared(watch)
    answer = await accept(watch, made)
    assert answer.status == 422
    assert f"#{engine.store.alert().number}" in problem(answer)["extra"]["id"]
    assert (await accept(watch, made, key="b", read=[engine.store.alert().id])).status == 200


async def test_an_alert_that_climbs_answers_to_nobody_and_is_not_given_away(
    engine: Engine, watch: Watch
) -> None:
    await engine.reported_one("suspicious_object")
    made = await prepared(watch)
    await accept(watch, made, read=[engine.store.alert().id])
    assert engine.store.alert().owner is None


async def test_the_same_person_cannot_take_over_from_themselves(watch: Watch) -> None:
    made = await prepared(watch)
    assert (await accept(watch, made, by=SARI)).status == 403


async def test_only_the_first_takes_over_and_the_second_hears_the_name(watch: Watch) -> None:
    made = await prepared(watch)
    assert (await accept(watch, made)).status == 200
    late = await accept(watch, made, by=a_principal("Ipda Ratna"))
    assert late.status == 409
    assert problem(late)["extra"]["name"] == JOKO.name


async def test_what_was_prepared_is_withdrawn_once_and_stands_in_journal_and_record(
    engine: Engine, watch: Watch
) -> None:
    made = await prepared(watch)
    answer = await withdraw(watch, made)
    assert answer.status == 200
    assert await withdraw(watch, made) == answer
    events = engine.store.events()
    assert [type(each) for each in events] == [WatchPrepared, WatchWithdrawn, JournalNoted]
    assert isinstance(events[1], WatchWithdrawn)
    withdrawn = events[1].data
    assert (withdrawn.attention, withdrawn.open) == (made.attention, made.open)
    assert withdrawn.withdrawn is not None
    assert withdrawn.withdrawn.name == SARI.name
    ((_, line),) = engine.store.rows.journal.values()
    assert "dibatalkan" in msgspec.json.decode(line)["text"]


async def test_nobody_accepts_what_was_withdrawn_and_nobody_withdraws_what_was_accepted(
    watch: Watch,
) -> None:
    first = await prepared(watch)
    await withdraw(watch, first)
    late = await accept(watch, first)
    assert (late.status, problem(late)["extra"]["name"]) == (409, SARI.name)
    second = handover_of(await watch.prepare(HandoverBody(key="h2"), SARI))
    await accept(watch, second, key="b")
    late = await withdraw(watch, second, key="w2")
    assert (late.status, problem(late)["extra"]["name"]) == (409, JOKO.name)


async def test_only_the_one_who_prepared_it_or_a_commander_of_the_unit_withdraws_it(
    watch: Watch,
) -> None:
    made = await prepared(watch)
    assert (await withdraw(watch, made, by=JOKO)).status == 403
    stranger = a_principal("AKP Lain", role="commander", unit="polda-jatim/polres-lamongan")
    assert (await withdraw(watch, made, by=stranger)).status == 404
    commander = a_principal("AKBP Agus", role="commander")
    assert (await withdraw(watch, made, by=commander)).status == 200


async def test_what_is_prepared_anew_takes_the_place_of_what_waits(
    engine: Engine, watch: Watch
) -> None:
    first = await prepared(watch)
    second = handover_of(await watch.prepare(HandoverBody(key="h2"), SARI))
    assert (await accept(watch, first)).status == 409
    assert (await accept(watch, second, key="b")).status == 200
    told = [type(each) for each in engine.store.events()]
    assert told == [WatchPrepared, WatchWithdrawn, WatchPrepared, WatchHandedOver]


async def test_another_districts_handover_looks_like_none(watch: Watch) -> None:
    made = await prepared(watch)
    stranger = a_principal("Ipda Lain", unit="polda-jatim/polres-lamongan")
    assert (await accept(watch, made, by=stranger)).status == 404
    assert (await watch.accept("no-id", AcceptBody(key="x"), JOKO)).status == 404


async def test_what_is_told_by_voice_goes_the_way_of_a_phones_report(
    engine: Engine, watch: Watch
) -> None:
    body = VoiceReport(
        key="v1",
        category="suspicious_object",
        caller="Aipda Budi",
        told_at=NIGHT - timedelta(minutes=2),
        via="110",
        site=WAREHOUSE,
        text="tas tertinggal",
    )
    answer = await watch.report(body, SARI)
    assert answer.status == 201
    assert await watch.report(body, SARI) == answer
    (told,) = engine.store.rows.outbox
    assert told.topic == INCIDENT.name
    event = told.event
    assert isinstance(event, IncidentReported)
    assert (event.channel, event.subject, event.time) == ("operator", WAREHOUSE, body.told_at)
    assert event.data.text == "[110: Aipda Budi] tas tertinggal"
    await engine.reported(event)
    assert engine.store.alert().category == "suspicious_object"


async def test_a_report_by_voice_from_an_unknown_place_is_kept_with_a_flag(
    engine: Engine, watch: Watch
) -> None:
    body = VoiceReport(
        key="v", category="other", caller="warga", told_at=NIGHT, site="tidak-dikenal"
    )
    await watch.report(body, SARI)
    assert engine.store.rows.outbox[0].event.flags == "unknown_site"

"""Records from the field become alerts: once each, and whatever happens in between."""

import asyncio
from datetime import UTC, datetime, time, timedelta

import msgspec
import pytest

from services.alerts.ports import TryAgain, Unstorable
from shared.events.alert import Alert
from shared.events.envelope import Envelope
from shared.events.patrol import CheckIn, Fix, VisitCheckedIn
from shared.plan.model import Shift
from tests.builders import (
    GUARD,
    KPU,
    NIGHT,
    POLRES,
    TELEGRAM,
    WAREHOUSE,
    a_backup_request,
    a_checkin,
    a_duress,
    a_plan,
    a_record,
    a_shift_start,
    a_vulnerability,
    an_event,
    an_id,
    an_incident,
)
from tests.fake_store import Crash, FakeStore, FakeTransaction
from tests.unit.alerts.engine import Engine


async def test_a_report_raises_an_alert_and_pages_the_first_level(engine: Engine) -> None:
    await engine.reported(an_incident())

    alert = engine.store.alert()
    assert (alert.state, alert.severity, alert.level, alert.version) == ("raised", "sedang", 1, 1)
    assert (alert.site_name, alert.unit, alert.post) == (
        "Gudang Logistik",
        POLRES,
        "Operator Posko",
    )
    assert alert.next_due_at == engine.clock.now + timedelta(seconds=10)
    assert {(page.post, page.channel) for page in engine.store.pages()} == {
        ("operator", TELEGRAM),
        ("operator", "log"),
    }
    assert engine.types() == ["alert.raised"]


async def test_the_event_carries_the_alert_as_it_is_kept(engine: Engine) -> None:
    await engine.reported(an_incident())

    (published,) = engine.store.rows.outbox
    event = published.event
    assert event.data == engine.store.alert()
    assert (published.topic, published.key) == ("ronda.alert", WAREHOUSE)
    assert (event.source, event.subject, event.unit) == ("ronda/alerts", WAREHOUSE, POLRES)
    assert (event.channel, event.actor, event.purpose) == ("system", None, None)
    assert event.time == event.receivedtime == engine.clock.now


async def test_a_report_sent_twice_has_one_effect(engine: Engine) -> None:
    incident = an_incident()

    await engine.reported(incident, incident)
    await engine.reported(incident)

    assert engine.types() == ["alert.raised"]
    assert engine.metric("ronda_records_total", result="duplicate") == 2


async def test_a_batch_that_is_delivered_again_changes_nothing(engine: Engine) -> None:
    records = await engine.reported(an_incident(), an_incident("other", subject=KPU))
    before = msgspec.json.encode(engine.store.alerts())

    await engine.intake.on_records(records)

    assert msgspec.json.encode(engine.store.alerts()) == before
    assert engine.metric("ronda_records_total", result="replayed") == 2


async def test_a_crash_before_the_commit_leaves_nothing_and_the_retry_does_it_all(
    engine: Engine,
) -> None:
    record = engine.next_record(an_incident())
    engine.store.crash_before_commit = 1
    with pytest.raises(Crash):
        await engine.intake.on_records([record])
    assert engine.store.alerts() == []
    assert engine.store.rows.positions == {}
    assert engine.metric("ronda_records_total", result="taken") == 0

    await engine.intake.on_records([record])

    assert engine.types() == ["alert.raised"]
    assert engine.store.rows.positions == {("ronda.incident", 0): 1}


async def test_a_crash_after_the_commit_doubles_nothing(engine: Engine) -> None:
    record = engine.next_record(an_incident())
    engine.store.crash_after_commit = 1
    with pytest.raises(Crash):
        await engine.intake.on_records([record])

    await engine.intake.on_records([record])

    assert engine.types() == ["alert.raised"]
    assert max(engine.store.queued.values()) == 1


async def test_two_replicas_with_one_happening_raise_one_alert(engine: Engine) -> None:
    other = an_incident(
        actor="p-9", subject=None, report={"position": Fix(lat=-6.9130, lon=112.066)}
    )

    await asyncio.gather(
        engine.intake.on_records([a_record(an_incident(), 0, partition=0)]),
        engine.intake.on_records([a_record(other, 0, partition=1)]),
    )

    alert = engine.store.alert()
    assert len(alert.parts) == 2


async def test_an_undecodable_record_becomes_a_dead_letter_and_the_rest_goes_on(
    engine: Engine,
) -> None:
    records = await engine.reported(b"{nonsense", an_incident())

    ((letter, reason),) = engine.store.rows.dead_letters
    assert letter == records[0]
    assert reason
    assert engine.types() == ["alert.raised"]
    assert engine.store.rows.positions == {("ronda.incident", 0): 2}


async def test_an_event_of_the_future_is_counted_and_skipped(engine: Engine) -> None:
    envelope = Envelope(
        specversion="1.0",
        id=an_id("future"),
        source="ronda/app",
        time=NIGHT,
        type="ronda.incident.reported.v9",
        data=msgspec.Raw(b"{}"),
    )

    await engine.reported(envelope)

    assert engine.store.rows.dead_letters == []
    assert engine.metric("ronda_records_total", result="future") == 1
    assert engine.store.rows.positions == {("ronda.incident", 0): 1}


async def test_an_event_that_cannot_be_decided_is_laid_aside_and_the_others_count(
    engine: Engine,
) -> None:
    before_the_calendar = a_checkin(time=datetime.min.replace(tzinfo=UTC), receivedtime=NIGHT)

    await engine.reported(before_the_calendar, a_shift_start())

    ((letter, reason),) = engine.store.rows.dead_letters
    assert letter.offset == 0
    assert reason.startswith("cannot be decided")
    assert "R-21" in engine.store.rows.duties


async def test_only_the_guilty_of_a_batch_are_laid_aside_however_many_they_are() -> None:
    class Choosy(FakeTransaction):
        async def move(self, crew: str, fix: Fix, at: datetime) -> None:
            if crew == "R-99":
                raise Unstorable("the database takes no such value")
            await super().move(crew, fix, at)

    class ChoosyStore(FakeStore):
        def _begin(self) -> FakeTransaction:
            return Choosy(self)

    class ChoosyEngine(Engine):
        make_store = ChoosyStore

    engine = ChoosyEngine()
    shift = Shift(
        id="malam", crew="R-99", unit=POLRES, members=[GUARD], starts=time(19), ends=time(7)
    )
    engine.plans.plan = a_plan(shifts=[shift])
    # Where a crew is, is written once at the end of a batch, so that no single event fails.
    lost = CheckIn(method="qr", crew="R-99", position=Fix(lat=-6.9, lon=112.0, accuracy_m=5.0))
    bad = [an_event(VisitCheckedIn, lost, id=an_id(f"bad {n}")) for n in range(12)]
    batch = [*bad[:5], an_incident(), *bad[5:], a_shift_start()]
    records = await engine.reported(*batch)

    letters = [letter for letter, _ in engine.store.rows.dead_letters]
    assert letters == [record for record, event in zip(records, batch, strict=True) if event in bad]
    assert engine.types() == ["alert.raised"]
    assert "R-21" in engine.store.rows.duties
    assert engine.store.rows.positions == {("ronda.incident", 0): 1, ("ronda.patrol", 0): 13}


async def test_a_character_that_no_database_takes_costs_a_report_nothing(engine: Engine) -> None:
    record = engine.next_record(an_incident(report={"text": "dua orang \x00 naik motor \\u0000"}))
    assert b"\\u0000" in (record.value or b"")
    await engine.intake.on_records([record])

    assert engine.store.alert().parts[0].text == "dua orang \ufffd naik motor \\u0000"


async def test_what_a_retry_may_mend_is_raised_and_not_laid_aside(engine: Engine) -> None:
    record = engine.next_record(an_incident())

    class Away(type(engine.store)):  # type: ignore[misc]
        async def lock(self, *_: object) -> None:
            raise TryAgain("the database is away")

    engine.intake._store = Away()
    with pytest.raises(TryAgain):
        await engine.intake.on_records([record])


async def test_a_report_of_an_unknown_site_without_a_plan_waits_in_the_open(
    engine: Engine,
) -> None:
    engine.plans.plan = None

    await engine.reported(an_incident(subject="tak-dikenal", unit=None))

    alert = engine.store.alert()
    assert (alert.severity, alert.unit, alert.level) == ("sedang", "unknown", 0)
    assert {reason.code for reason in alert.reasons} == {"unknown_category", "nobody_reachable"}
    assert alert.next_due_kind == "climb"


async def test_an_alert_that_waited_for_a_plan_climbs_by_the_plan_that_comes(
    engine: Engine,
) -> None:
    plan, engine.plans.plan = engine.plans.plan, None
    await engine.reported(an_incident())
    engine.plans.plan = plan

    await engine.after(60)

    alert = engine.store.alert()
    assert (alert.level, alert.post, alert.policy) == (1, "Operator Posko", "biasa")
    assert "nobody_reachable" not in {reason.code for reason in alert.reasons}


async def test_a_late_report_is_judged_like_any_other_and_marked_with_its_age(
    engine: Engine,
) -> None:
    await engine.reported(an_incident(time=NIGHT - timedelta(minutes=41), receivedtime=NIGHT))

    alert = engine.store.alert()
    assert alert.parts[0].late_s == 41 * 60
    assert "late" in {reason.code for reason in alert.reasons}
    assert (alert.state, alert.level) == ("raised", 1)


async def test_an_sms_and_its_app_event_are_one_alert_in_either_order(engine: Engine) -> None:
    app = an_incident("fire")
    sms = an_incident("other", actor=None, device="sms-gw", subject=None, report={"copyof": app.id})

    await engine.reported(sms)
    await engine.reported(app)

    alert = engine.store.alert()
    assert [part.event for part in alert.parts] == [sms.id, app.id]
    assert alert.severity == "kritis"
    assert "independent_reports" not in {reason.code for reason in alert.reasons}


async def test_a_copy_of_a_closed_matter_joins_it_and_wakes_nobody(engine: Engine) -> None:
    app = an_incident()
    await engine.reported(app)
    await engine.command("acknowledge")
    await engine.command("resolve", outcome="safe_unfounded")
    await engine.command("close")
    pages = len(engine.store.pages())

    await engine.reported(an_incident("fire", report={"copyof": app.id}))

    alert = engine.store.alert()
    assert (alert.state, alert.severity, len(alert.parts)) == ("closed", "sedang", 2)
    assert len(engine.store.pages()) == pages


async def test_an_alert_that_was_resolved_meanwhile_is_not_joined(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await engine.reported(an_incident())
    stale = engine.store.alerts()
    await engine.command("acknowledge")
    await engine.command("resolve", outcome="safe_unfounded")

    async def before(_: FakeTransaction) -> list[Alert]:
        return stale

    monkeypatch.setattr(FakeTransaction, "open_alerts", before)
    await engine.reported(an_incident(actor="p-7"))

    assert [alert.state for alert in engine.store.alerts()] == ["resolved", "raised"]


async def test_duress_is_always_an_alert_of_its_own(engine: Engine) -> None:
    await engine.reported(an_incident("fire"))
    await engine.reported(a_duress(actor="p-1"), a_duress(actor="p-2"))

    alerts = engine.store.alerts()
    assert [(alert.kind, alert.severity) for alert in alerts] == [
        ("incident", "kritis"),
        ("duress", "kritis"),
        ("duress", "kritis"),
    ]


async def test_a_request_for_backup_joins_its_report_and_tells_the_level_that_knows(
    engine: Engine,
) -> None:
    incident = an_incident()
    await engine.reported(incident)
    await engine.command("acknowledge")
    pages = len(engine.store.pages())

    await engine.reported(a_backup_request(about=incident.id, subject=None))

    alert = engine.store.alert()
    assert alert.timeline[-1].what == "backup_requested"
    assert {page.post for page in engine.store.pages()[pages:]} == {"operator"}
    assert (alert.state, alert.next_due_kind) == ("acknowledged", "ack_expiry")


async def test_a_duress_whose_sms_came_first_is_one_alert_with_the_duties_of_duress(
    engine: Engine,
) -> None:
    duress = a_duress()
    await engine.reported(an_incident("other", actor=None, report={"copyof": duress.id}))

    await engine.reported(duress)

    alert = engine.store.alert()
    assert (alert.kind, alert.severity, len(alert.parts)) == ("duress", "kritis", 2)


async def test_who_cries_for_help_is_heard_though_the_matter_was_settled(engine: Engine) -> None:
    incident = an_incident()
    await engine.reported(incident)
    await engine.command("acknowledge")
    await engine.command("resolve", outcome="safe_unfounded")

    await engine.reported(a_backup_request(about=incident.id))

    assert [alert.state for alert in engine.store.alerts()] == ["resolved", "raised"]


async def test_a_request_for_backup_out_of_the_blue_is_an_alert(engine: Engine) -> None:
    await engine.reported(a_backup_request())

    assert engine.store.alert().category == "backup_request"


async def test_an_exercise_is_told_to_the_log_alone_and_never_joins_the_real_thing(
    engine: Engine,
) -> None:
    await engine.reported(an_incident())
    real = len(engine.store.pages())

    await engine.reported(an_incident(actor="p-2", purpose="exercise"))

    assert [alert.purpose for alert in engine.store.alerts()] == [None, "exercise"]
    assert {page.channel for page in engine.store.pages()[real:]} == {"log"}
    assert engine.store.events()[-1].purpose == "exercise"


async def test_an_open_vulnerability_raises_what_is_reported_later(engine: Engine) -> None:
    await engine.reported(a_vulnerability())
    await engine.reported(an_incident())

    alert = engine.store.alert()
    assert alert.severity == "tinggi"
    assert "CCTV tembok belakang mati" in alert.reasons[-1].id


async def test_an_exercised_vulnerability_weighs_on_nothing_real(engine: Engine) -> None:
    await engine.reported(a_vulnerability(purpose="exercise"))
    await engine.reported(an_incident())

    assert engine.store.alert().severity == "sedang"


async def test_a_part_names_the_photos_of_its_report(engine: Engine) -> None:
    photos = ["a" * 64, "b" * 64]
    await engine.reported(an_incident(report={"media": photos}))
    assert engine.store.alert().parts[0].media == photos

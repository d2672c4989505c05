"""The use case with fakes: answers in order, and all or nothing while Kafka is away."""

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from services.checkin.domain.incoming import Item, Rejection, lines_of_events
from services.checkin.handlers.intake import Intake, Result
from services.checkin.handlers.judging import Judge
from services.checkin.metrics import Metrics
from services.checkin.ports import Unavailable
from shared.checkpoint_codes import CodeBook
from shared.events.registry import decode_envelope
from tests.unit.checkin.builders import NOW, a_plan, a_sender, an_event, incoming
from tests.unit.checkin.fakes import FakeDevices, FakePlans, FakePublisher

REFUSED = Rejection("undecodable", "it is broken", None)


@pytest.fixture
def publisher() -> FakePublisher:
    return FakePublisher()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def intake(publisher: FakePublisher, registry: CollectorRegistry) -> Intake:
    return Intake(
        plans=FakePlans(a_plan()),
        judge=Judge(FakeDevices()),
        codes=CodeBook({}),
        publisher=publisher,
        metrics=Metrics(registry),
        clock=lambda: NOW,
    )


async def take(intake: Intake, *items: Item, sent_at: str | None = None) -> list[Result]:
    return await intake.take(items, sender=a_sender(), sent_at=sent_at)


async def test_each_event_is_answered_in_its_place(
    intake: Intake, publisher: FakePublisher
) -> None:
    good, unfit = incoming(), incoming(data={})
    first, second, third = await take(intake, unfit, REFUSED, good)
    assert (first.id, first.status, first.index) == (unfit.id, "rejected", 0)
    assert (second.id, second.reason, second.index) == (None, "it is broken", 1)
    assert third == Result(id=good.id, status="accepted")
    assert [decode_envelope(record.value).id for record in publisher.records] == [good.id]


async def test_while_kafka_is_away_nothing_counts_as_taken(
    intake: Intake, publisher: FakePublisher, registry: CollectorRegistry
) -> None:
    publisher.away = Unavailable("away", retry_after_s=5)
    with pytest.raises(Unavailable):
        await take(intake, incoming(), incoming(data={}))
    assert registry.get_sample_value("ronda_ingest_events_total", {"result": "accepted"}) == 0
    assert registry.get_sample_value("ronda_ingest_events_total", {"result": "rejected"}) == 0


async def test_what_is_rejected_anyway_is_answered_also_while_kafka_is_away(
    intake: Intake, publisher: FakePublisher
) -> None:
    publisher.away = Unavailable("away", retry_after_s=5)
    (result,) = await take(intake, REFUSED)
    assert result.status == "rejected"
    assert publisher.calls == 0


async def test_events_of_a_request_are_published_together_and_in_order(
    intake: Intake, publisher: FakePublisher
) -> None:
    body = b"\n".join(msgspec.json.encode(an_event(deviceseq=n)) for n in range(20))
    await take(intake, *lines_of_events(body))
    assert publisher.calls == 1
    sequence = [decode_envelope(record.value).deviceseq for record in publisher.records]
    assert sequence == list(range(20))


async def test_figures_count_results_reasons_and_flags(
    intake: Intake, registry: CollectorRegistry
) -> None:
    await take(intake, incoming(), incoming(subject="lain"), incoming(data={}), REFUSED)

    def figure(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"ronda_ingest_{name}_total", labels)

    assert figure("events", result="accepted") == 2
    assert figure("events", result="rejected") == 2
    assert figure("rejected_events", reason="data") == 1
    assert figure("rejected_events", reason="undecodable") == 1
    assert figure("flagged_events", flag="unknown_site") == 1
    assert figure("flagged_events", flag="unsigned") == 2
    assert registry.get_sample_value("ronda_ingest_request_events_sum") == 4


async def test_the_skew_comes_from_when_the_request_was_sent(
    intake: Intake, publisher: FakePublisher
) -> None:
    await take(intake, incoming(), sent_at="2023-11-29T14:12:25Z")
    assert decode_envelope(publisher.records[0].value).skew == 5


async def test_no_figure_names_a_device_a_person_or_a_site(
    intake: Intake, registry: CollectorRegistry
) -> None:
    await take(intake, incoming())
    words = {
        word
        for family in registry.collect()
        for sample in family.samples
        for word in sample.labels.values()
    }
    assert not words & {"d-0007", "p-1021", "gudang-logistik", "Sari Wulandari"}

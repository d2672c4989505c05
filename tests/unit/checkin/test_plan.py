"""Folding the plan from records: the newest complete one is in force."""

from typing import Any

from aiokafka import ConsumerRecord
from prometheus_client import CollectorRegistry

from services.checkin.adapters.plan import FoldedPlan
from services.checkin.metrics import Metrics
from shared.events.registry import encode
from shared.events.samples import samples
from shared.plan.pieces import to_events
from tests.unit.checkin.builders import NOW, a_plan


def record(value: bytes | None, offset: int = 0) -> Any:
    return ConsumerRecord("ronda.plan", 0, offset, 0, 1, None, value, None, 0, 0, ())


def version(folded: FoldedPlan) -> str | None:
    return folded.plan.version if folded.plan else None


def published(name: str) -> list[Any]:
    return [record(encode(event)) for event in to_events(a_plan(name), NOW, "test", "p")]


def test_a_plan_is_in_force_once_its_closing_event_is_there() -> None:
    registry = CollectorRegistry()
    folded = FoldedPlan(Metrics(registry))
    *pieces, closing = published("v1")
    folded.apply(pieces)
    assert version(folded) is None
    folded.apply([closing])
    assert version(folded) == "v1"
    folded.apply(published("v2"))
    assert version(folded) == "v2"
    labels = {"version": "v2", "operation": "contoh"}
    assert registry.get_sample_value("ronda_ingest_plan_info", labels) == 1


def test_a_record_that_is_no_event_or_no_plan_stops_nothing() -> None:
    folded = FoldedPlan(Metrics(CollectorRegistry()))
    *pieces, closing = published("v1")
    strangers = [record(None), record(b"nonsense"), record(b"\xff"), record(b"[" * 5_000)]
    others = [record(encode(event)) for event in samples().values()]
    folded.apply([*pieces, *strangers, *others, closing])
    assert version(folded) == "v1"

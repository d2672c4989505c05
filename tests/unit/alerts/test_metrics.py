"""A rule of Prometheus sees the first increase only of a counter that was there at zero."""

import pytest
from prometheus_client import CollectorRegistry

from services.alerts.metrics import Metrics
from shared.events.registry import EVENTS
from shared.topics import ALERT, topic_of
from tests.builders import TELEGRAM
from tests.unit.alerts.engine import Engine

DECISIONS = sorted(name for name in EVENTS if topic_of(name) is ALERT)


def sample(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


@pytest.mark.parametrize("decision", DECISIONS)
def test_every_decision_is_counted_from_zero(decision: str) -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    assert sample(registry, "ronda_alert_events_total", type=decision) == 0


@pytest.mark.parametrize("result", ["taken", "duplicate", "dead_letter"])
def test_every_result_of_a_record_is_counted_from_zero(result: str) -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    assert sample(registry, "ronda_records_total", result=result) == 0


@pytest.mark.parametrize("result", ["sent", "failed"])
async def test_channels_are_counted_from_zero_once_a_plan_names_them(
    engine: Engine, result: str
) -> None:
    labels = {"channel": TELEGRAM, "result": result}
    assert sample(engine.registry, "ronda_pages_total", **labels) is None
    await engine.after(0)
    assert sample(engine.registry, "ronda_pages_total", **labels) == 0

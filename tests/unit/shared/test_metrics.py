"""What a scrape shows of a service's own checks."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from shared.health import Health, Progress
from shared.metrics import (
    LATENCY_BUCKETS_S,
    DiskSpace,
    HealthChecks,
    LoopCounter,
    LoopHistogram,
)


@given(
    st.lists(st.floats(0, 10_000) | st.sampled_from(LATENCY_BUCKETS_S)),
    st.lists(st.tuples(st.sampled_from([202, 503]), st.integers(1, 500))),
)
def test_what_is_counted_on_the_loop_is_shown_as_the_library_shows_its_own(
    seconds: list[float], answers: list[tuple[int, int]]
) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    fast = LoopHistogram("wait_seconds", "How long", LATENCY_BUCKETS_S, ours)
    slow = Histogram("wait_seconds", "How long", buckets=LATENCY_BUCKETS_S, registry=theirs)
    tally = LoopCounter("answers", "Answers", "status", [202, 503], ours)
    counter = Counter("answers", "Answers", ["status"], registry=theirs)
    for status in (202, 503):
        counter.labels(status)
    for each in seconds:
        fast.observe(each)
        slow.observe(each)
    for status, number in answers:
        tally.add(status, number)
        counter.labels(status).inc(number)
    assert _lines(ours) == _lines(theirs)


def _lines(registry: CollectorRegistry) -> list[str]:
    """What is scraped, without the moments at which the library's instruments were made."""
    return [
        line for line in generate_latest(registry).decode().splitlines() if "_created" not in line
    ]


def test_what_nobody_named_is_not_counted() -> None:
    tally = LoopCounter("answers", "Answers", "status", [202], CollectorRegistry())
    with pytest.raises(KeyError):
        tally.add(418)


def test_a_check_of_readiness_that_fails_is_named_at_scrape_time() -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    registry, health = CollectorRegistry(), Health()
    HealthChecks(health, registry)
    outbox, ticker = Progress(lambda: now), Progress(lambda: now)
    health.watch("outbox", outbox)
    health.watch("ticker", ticker)
    outbox.made()
    ticker.made()
    assert _shown(registry) == {"outbox": 1, "ticker": 1}
    now += timedelta(minutes=1)
    ticker.made()
    assert _shown(registry) == {"outbox": 0, "ticker": 1}


def _shown(registry: CollectorRegistry) -> dict[str, float]:
    (family,) = registry.collect()
    assert family.name == "ronda_check_ok"
    return {sample.labels["check"]: sample.value for sample in family.samples}


def test_the_disk_says_how_much_of_it_is_free(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    DiskSpace(registry, tmp_path)
    size = registry.get_sample_value("ronda_disk_size_bytes")
    free = registry.get_sample_value("ronda_disk_free_bytes")
    assert size is not None
    assert free is not None
    assert 0 <= free <= size == shutil.disk_usage(tmp_path).total

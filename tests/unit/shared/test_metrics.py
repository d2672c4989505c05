"""What a scrape shows of a service's own checks."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from shared.health import Health, Progress
from shared.metrics import DiskSpace, HealthChecks


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

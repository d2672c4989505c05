"""Instruments that more than one service has; each builds them on a registry of its own."""

import shutil
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from math import inf
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from shared.health import Health

LATENCY_BUCKETS_S = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0),
)
"""Seconds. Fine below the promises (2 s to a notification, 1 s of lateness), coarse above."""

CONTENT_TYPE = CONTENT_TYPE_LATEST


def latency(name: str, help_text: str, registry: CollectorRegistry) -> Histogram:
    """A histogram of seconds with the buckets of our promises."""
    return Histogram(name, help_text, buckets=LATENCY_BUCKETS_S, registry=registry)


def render(registry: CollectorRegistry) -> bytes:
    """The registry in Prometheus' text format."""
    return generate_latest(registry)


class LoopHistogram(Collector):
    """A histogram for hot paths on the event loop: numbers without a lock, made into samples when
    somebody asks. Observing costs a fifth of what the library's own takes."""

    def __init__(
        self, name: str, help_text: str, bounds: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._said = name, help_text
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, value: float) -> None:
        """Counts a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """One histogram."""
        buckets: list[tuple[str, float]] = []
        below = 0
        for bound, count in zip((*self._bounds, inf), self._counts, strict=True):
            below += count
            buckets.append(("+Inf" if bound == inf else repr(float(bound)), below))
        yield HistogramMetricFamily(*self._said, buckets=buckets, sum_value=self._sum)


class LoopCounter(Collector):
    """A counter by one label, for hot paths on the event loop. Every label is there from the
    start, at zero; `add` raises KeyError for another one."""

    def __init__(
        self,
        name: str,
        help_text: str,
        label: str,
        values: Iterable[Hashable],
        registry: CollectorRegistry,
    ) -> None:
        self._said = name, help_text
        self._label = label
        self._counts = dict.fromkeys(values, 0)
        registry.register(self)

    def add(self, value: Hashable, number: int = 1) -> None:
        """Counts so many."""
        self._counts[value] += number

    def collect(self) -> Iterator[CounterMetricFamily]:
        """One counter."""
        family = CounterMetricFamily(*self._said, labels=[self._label])
        for value, count in self._counts.items():
            family.add_metric([str(value)], count)
        yield family


class ConsumerLag(Collector):
    """`ronda_consumer_lag_records` by topic and partition, read at scrape time."""

    def __init__(self, lag: Mapping[tuple[str, int], int], registry: CollectorRegistry) -> None:
        self._lag = lag
        registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge per assigned partition."""
        gauge = GaugeMetricFamily(
            "ronda_consumer_lag_records",
            "Records that this process has still to read",
            labels=["topic", "partition"],
        )
        for (topic, partition), records in sorted(self._lag.items()):
            gauge.add_metric([topic, str(partition)], records)
        yield gauge


class HealthChecks(Collector):
    """`ronda_check_ok` by check: what `/health/ready` says at scrape time, for rules to watch."""

    def __init__(self, health: Health, registry: CollectorRegistry) -> None:
        self._health = health
        registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge per check of readiness."""
        gauge = GaugeMetricFamily(
            "ronda_check_ok", "1 while this check of readiness is well", labels=["check"]
        )
        for name, check in self._health.readiness.items():
            gauge.add_metric([name], float(check().ok))
        yield gauge


class DiskSpace(Collector):
    """Size and free bytes of the disk that this program stands on, read at scrape time. Where all
    containers of a machine share it, it is also the disk of the broker and the database."""

    def __init__(self, registry: CollectorRegistry, place: Path = Path(__file__)) -> None:
        self._place = place
        registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Two gauges."""
        disk = shutil.disk_usage(self._place)
        yield GaugeMetricFamily("ronda_disk_size_bytes", "Size of our own disk", value=disk.total)
        yield GaugeMetricFamily("ronda_disk_free_bytes", "What is free of it", value=disk.free)

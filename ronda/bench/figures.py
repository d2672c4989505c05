"""The arithmetic of a benchmark: percentiles, ratios per pair, medians over pairs."""

import math
from collections.abc import Sequence
from statistics import median
from typing import Literal

from msgspec import Struct


class BenchError(RuntimeError):
    """A run that measured nothing, or something else than it says; `str()` says which."""


class Sample(Struct, frozen=True, kw_only=True):
    """One side of one pair.

    `rate` is events per second, `cpu_us` the microseconds of CPU per event of the processes that
    are measured, `database_us` those of PostgreSQL, `rss_mb` their memory in MB at the end, and
    the percentiles are milliseconds.
    """

    events: int
    rate: float
    cpu_us: float
    rss_mb: float
    database_us: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None


class Pair(Struct, frozen=True, kw_only=True):
    """Both sides, measured one right after the other."""

    ours: Sample
    floor: Sample


class Figure(Struct, frozen=True, kw_only=True):
    """What one benchmark found. `goal` bounds the ratio: from below for a rate, from above for a
    latency."""

    name: str
    title: str
    measure: Literal["rate", "p50_ms"]
    goal: float
    pairs: list[Pair]

    @property
    def ratios(self) -> list[float]:
        """Ours over the floor's, pair by pair."""
        return [
            value(pair.ours, self.measure) / value(pair.floor, self.measure) for pair in self.pairs
        ]

    @property
    def ratio(self) -> float:
        """The median of the ratios, which is not the ratio of the medians."""
        return median(self.ratios)

    @property
    def is_reached(self) -> bool:
        """Whether the ratio keeps to the goal."""
        return self.ratio >= self.goal if self.measure == "rate" else self.ratio <= self.goal

    def middle(self, side: Literal["ours", "floor"]) -> Sample:
        """Each value's median over the pairs."""
        samples = [getattr(pair, side) for pair in self.pairs]
        return Sample(
            events=round(median(sample.events for sample in samples)),
            rate=median(sample.rate for sample in samples),
            cpu_us=median(sample.cpu_us for sample in samples),
            rss_mb=median(sample.rss_mb for sample in samples),
            database_us=_median_of_known([sample.database_us for sample in samples]),
            p50_ms=_median_of_known([sample.p50_ms for sample in samples]),
            p99_ms=_median_of_known([sample.p99_ms for sample in samples]),
        )


class Timing(Struct, frozen=True, kw_only=True):
    """What one benchmark without a floor found: a value of each round. `goal` bounds their median,
    from below where more is better; it is meant for a machine that does nothing else."""

    name: str
    title: str
    unit: Literal["ms", "records/s"]
    goal: float
    rounds: list[float]

    @property
    def middle(self) -> float:
        """The median."""
        return median(self.rounds)

    @property
    def is_reached(self) -> bool:
        """Whether the median keeps to the goal."""
        return self.middle <= self.goal if self.unit == "ms" else self.middle >= self.goal


def value(sample: Sample, measure: Literal["rate", "p50_ms"]) -> float:
    """What a figure compares; raises `BenchError` where it is missing or nothing."""
    found = sample.rate if measure == "rate" else sample.p50_ms
    if not found:
        raise BenchError(f"a side was measured without its {measure}")
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them (0 to 1) do not exceed.

    Raises `BenchError` when there is none.
    """
    if not values:
        raise BenchError("nothing was measured")
    rank = max(1, math.ceil(share * len(values)))
    return sorted(values)[rank - 1]


def _median_of_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None

"""The intake's instruments. No label names a device, a person or a site."""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from services.checkin.domain.authenticity import DOUBTS, Doubt
from services.checkin.domain.flags import FLAGS
from services.checkin.domain.incoming import RejectionCode
from shared.metrics import LATENCY_BUCKETS_S, LoopCounter, LoopHistogram, latency

STATUSES = (202, 400, 401, 403, 405, 408, 413, 415, 429, 500, 503)
"""What the intake answers with."""
RESULTS = ("accepted", "rejected")
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class Metrics:
    """Built on a registry of the process, so that several services may share one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._latency_s = LoopHistogram(
            "ronda_ingest_seconds",
            "From a request's first byte to its answer",
            LATENCY_BUCKETS_S,
            registry,
        )
        self.request_events = LoopHistogram(
            "ronda_ingest_request_events", "Events in a request", _SIZES, registry
        )
        self.flush_records = Histogram(
            "ronda_ingest_flush_records",
            "Records that one flush to Kafka carried",
            buckets=_SIZES,
            registry=registry,
        )
        self.flush_s = latency(
            "ronda_ingest_flush_seconds", "From sending to the acknowledgement of all", registry
        )
        self.kafka_up = Gauge(
            "ronda_ingest_kafka_up", "1 while Kafka takes what we send", registry=registry
        )
        self.kafka_failures = Counter(
            "ronda_ingest_kafka_failures",
            "Flushes and probes that failed; each one makes a new producer",
            registry=registry,
        )
        self.pending_bytes = Gauge(
            "ronda_ingest_pending_bytes", "Taken and not yet acknowledged", registry=registry
        )
        self.turned_away = Counter(
            "ronda_door_refusals",
            "Enrolments and tokens refused because too many were asked for from one address",
            registry=registry,
        )
        self.trackers_ignored = Counter(
            "ronda_tracker_messages_ignored",
            "Messages of tracker apps that tell no position",
            registry=registry,
        )
        self.plan = Info("ronda_ingest_plan", "The plan in force", registry=registry)
        self._answers = LoopCounter(
            "ronda_ingest_answers", "Answers by HTTP status", "status", STATUSES, registry
        )
        self._events = LoopCounter(
            "ronda_ingest_events", "Events by what became of them", "result", RESULTS, registry
        )
        self._by_reason = LoopCounter(
            "ronda_ingest_rejected_events",
            "Rejected by reason",
            "reason",
            get_args(RejectionCode),
            registry,
        )
        self._by_doubt = LoopCounter(
            "ronda_ingest_quarantined_events", "Kept as evidence only", "reason", DOUBTS, registry
        )
        self._by_flag = LoopCounter(
            "ronda_ingest_flagged_events", "Accepted, by flag", "flag", FLAGS, registry
        )

    def accepted(self, flags_of_each: Sequence[tuple[str, ...]]) -> None:
        """Counts events that Kafka has."""
        self._events.add("accepted", len(flags_of_each))
        # Whole tuples are counted first: a batch has few different ones.
        tally = Tally(flags_of_each) if len(flags_of_each) > 1 else dict.fromkeys(flags_of_each, 1)
        for flags, number in tally.items():
            for flag in flags:
                self._by_flag.add(flag, number)

    def rejected(self, codes: Iterable[RejectionCode]) -> None:
        """Counts events that were refused for good."""
        for code in codes:
            self._events.add("rejected")
            self._by_reason.add(code)

    def quarantined(self, doubts: Iterable[Doubt]) -> None:
        """Counts events that are evidence and nothing else."""
        for doubt in doubts:
            self._by_doubt.add(doubt)

    def answered(self, status: int, seconds: float) -> None:
        """Counts an answer."""
        self._answers.add(status)
        self._latency_s.observe(seconds)

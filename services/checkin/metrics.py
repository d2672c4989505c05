"""The intake's instruments. No label names a device, a person or a site."""

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from services.checkin.domain.authenticity import DOUBTS, Doubt
from services.checkin.domain.flags import FLAGS
from services.checkin.domain.incoming import RejectionCode
from shared.metrics import latency

STATUSES = (202, 400, 401, 403, 405, 408, 413, 415, 429, 500, 503)
"""What the intake answers with."""
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class Metrics:
    """Built on a registry of the process, so that several services may share one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.latency_s = latency(
            "ronda_ingest_seconds", "From a request's first byte to its answer", registry
        )
        self.request_events = Histogram(
            "ronda_ingest_request_events", "Events in a request", buckets=_SIZES, registry=registry
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
        answers = Counter(
            "ronda_ingest_answers", "Answers by HTTP status", ["status"], registry=registry
        )
        events = Counter(
            "ronda_ingest_events", "Events by what became of them", ["result"], registry=registry
        )
        rejected = Counter(
            "ronda_ingest_rejected_events", "Rejected by reason", ["reason"], registry=registry
        )
        quarantined = Counter(
            "ronda_ingest_quarantined_events",
            "Kept as evidence only",
            ["reason"],
            registry=registry,
        )
        flagged = Counter(
            "ronda_ingest_flagged_events", "Accepted, by flag", ["flag"], registry=registry
        )
        self._by_status = {status: answers.labels(status) for status in STATUSES}
        self._accepted = events.labels("accepted")
        self._rejected = events.labels("rejected")
        self._by_reason = {code: rejected.labels(code) for code in get_args(RejectionCode)}
        self._by_doubt = {doubt: quarantined.labels(doubt) for doubt in DOUBTS}
        self._by_flag = {flag: flagged.labels(flag) for flag in FLAGS}

    def accepted(self, flags_of_each: Sequence[tuple[str, ...]]) -> None:
        """Counts events that Kafka has."""
        self._accepted.inc(len(flags_of_each))
        # Whole tuples are counted first: a batch has few different ones.
        tally = Tally(flags_of_each) if len(flags_of_each) > 1 else dict.fromkeys(flags_of_each, 1)
        for flags, number in tally.items():
            for flag in flags:
                self._by_flag[flag].inc(number)

    def rejected(self, codes: Iterable[RejectionCode]) -> None:
        """Counts events that were refused for good."""
        for code in codes:
            self._rejected.inc()
            self._by_reason[code].inc()

    def quarantined(self, doubts: Iterable[Doubt]) -> None:
        """Counts events that are evidence and nothing else."""
        for doubt in doubts:
            self._by_doubt[doubt].inc()

    def answered(self, status: int, seconds: float) -> None:
        """Counts an answer."""
        self._by_status[status].inc()
        self.latency_s.observe(seconds)

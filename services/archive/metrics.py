"""Instruments of the archive, on a registry that is handed in."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from shared.metrics import latency


class Metrics:
    """All instruments of the service; handlers count after the commit, never before."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.records = Counter(
            "ronda_archive_records_total",
            "Records archived, by topic and by what they are",
            ["topic", "status"],
            registry=registry,
        )
        self.repeated = Counter(
            "ronda_archive_repeated_total",
            "Records that came again after they had been archived, and were skipped",
            registry=registry,
        )
        self.missing = Counter(
            "ronda_archive_missing_total",
            "Offsets that the log no longer held when the archive came to them",
            ["topic"],
            registry=registry,
        )
        self.unstorable = Counter(
            "ronda_archive_unstorable_total",
            "Events whose row the database refused; their bytes are kept",
            registry=registry,
        )
        self.foreign = Gauge(
            "ronda_archive_foreign_partitions",
            "Partitions that are not read because their log is not the one that was archived",
            registry=registry,
        )
        self.commit = latency(
            "ronda_archive_commit_seconds", "One transaction, of all records of a poll", registry
        )
        self.freshness = latency(
            "ronda_archive_freshness_seconds",
            "From Kafka's append to the commit, of the oldest record of a partition's batch",
            registry,
        )
        self.end_to_end = latency(
            "ronda_archive_end_to_end_seconds",
            "From the server's receipt to the commit, of the oldest event of a partition's batch",
            registry,
        )
        self.looks = Counter(
            "ronda_archive_looks_total",
            "Searches that looked at a person's past and were recorded",
            registry=registry,
        )
        self.sealed_size = Gauge(
            "ronda_archive_sealed_segments",
            "Segments in the log as of the newest checkpoint of this process",
            registry=registry,
        )
        self.sealed_at = Gauge(
            "ronda_archive_sealed_timestamp_seconds",
            "When this process made its newest checkpoint; 0 before its first",
            registry=registry,
        )
        self.untold = Counter(
            "ronda_archive_checkpoints_untold_total",
            "Checkpoints that could not be told, by whom; the next one is told again",
            ["to"],
            registry=registry,
        )

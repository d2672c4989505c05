"""Instruments of alerts, on a registry that is handed in."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

from shared.events.registry import EVENTS
from shared.metrics import latency
from shared.topics import ALERT, topic_of

PAGE_RESULTS = ("sent", "failed", "bounced", "delivered")
RESULTS = ("taken", "duplicate", "replayed", "dead_letter", "future", "orphan")


class Metrics:
    """All instruments of the service; handlers count after the commit, never before."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.records = Counter(
            "ronda_records_total",
            "Records read, by what became of them",
            ["result"],
            registry=registry,
        )
        self.alert_events = Counter(
            "ronda_alert_events_total", "Decisions published", ["type"], registry=registry
        )
        self.report_to_alert = latency(
            "ronda_report_to_alert_seconds",
            "From the server's receipt of a report to the commit of its alert",
            registry,
        )
        self.report_to_page = latency(
            "ronda_report_to_page_seconds",
            "From the server's receipt of a report to the page, where its alert pages at once",
            registry,
        )
        self.timer_lateness = latency(
            "ronda_timer_lateness_seconds", "From a timer's due time to its decision", registry
        )
        self.timer_failures = Counter(
            "ronda_timer_failures_total",
            "Due alerts, visits or kinds of timers that could not be decided and stay due",
            registry=registry,
        )
        self.commands = Counter(
            "ronda_commands_total", "Commands answered", ["verb", "status"], registry=registry
        )
        self.pages = Counter(
            "ronda_pages_total", "Attempts to page", ["channel", "result"], registry=registry
        )
        self.sign_ins = Counter(
            "ronda_sign_ins_total", "Attempts to sign in", ["result"], registry=registry
        )
        self.undelivered = Gauge(
            "ronda_undelivered_calls",
            "Calls of open alerts that no channel has delivered; the watcher sets it",
            registry=registry,
        )
        self.barrier_age = Gauge(
            "ronda_barrier_age_seconds",
            "Age of the oldest barrier of a visit that the consumer has not passed yet",
            registry=registry,
        )
        self.unacknowledged_age = Gauge(
            "ronda_unacknowledged_age_seconds",
            "Age of the oldest alert that nobody has taken; the store's watcher sets it",
            registry=registry,
        )
        self.outbox_parked = Gauge(
            "ronda_outbox_parked",
            "Records in the outbox that are too large for their topic; the watcher sets it",
            registry=registry,
        )
        self.outbox_age = Gauge(
            "ronda_outbox_age_seconds",
            "Age of the oldest event that is not published yet; the outbox sets it",
            registry=registry,
        )
        self.unpaged_alerts = Gauge(
            "ronda_unpaged_alerts",
            "Alerts that wait for a person and that nobody was told of; the auditor sets it",
            registry=registry,
        )
        self.auditor_violations = Gauge(
            "ronda_auditor_violations",
            "Rows that break a promise of the engine, by the promise; the auditor sets it",
            ["check"],
            registry=registry,
        )
        self.auditor_last_run = Gauge(
            "ronda_auditor_last_run_timestamp_seconds",
            "When the auditor last looked at everything",
            registry=registry,
        )
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """A rule sees an increase only from a value that was there before."""
        for result in RESULTS:
            self.records.labels(result)
        for name in EVENTS:
            if topic_of(name) is ALERT:
                self.alert_events.labels(name)

    def begin_channels(self, channels: Iterable[str]) -> None:
        """The same for the channels, as soon as a plan names them."""
        for channel in channels:
            for result in PAGE_RESULTS:
                self.pages.labels(channel, result)

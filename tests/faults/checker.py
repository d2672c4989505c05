"""What was promised against what is there: pure, so that it can be shown to fail.

Evidence comes from four witnesses that share no code: the ledger of what the intake answered, an
independent reader of the topics, the archive's rows, and the log of the notification provider.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

ESCALATED = "ronda.alert.escalated.v1"
EXPIRED = "ronda.alert.ack_expired.v1"
# Deadlines and decisions are stored with microseconds; below one is rounding.
TOLERANCE = timedelta(microseconds=1)

Coordinates = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Promise:
    """An event that was answered `accepted`; `alerting` when it must end up in an alert."""

    event: str
    alerting: bool = False


@dataclass(frozen=True, slots=True)
class Archived:
    """One record as the archive shows it."""

    event: str | None
    status: str
    coordinates: Coordinates


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request that the provider accepted."""

    dedup: str
    alert: str
    cycle: int
    level: int
    post: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that the witnesses say; `decisions` are `ronda.alert.*` events as archived."""

    promises: Sequence[Promise]
    topics: Iterable[Coordinates]
    archive: Sequence[Archived]
    decisions: Sequence[Mapping[str, Any]]
    deliveries: Sequence[Delivery]


@dataclass(slots=True)
class Verdict:
    """Violations by kind; every list empty means that all promises were kept."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unrecorded: list[Coordinates] = field(default_factory=list)
    invented: list[Coordinates] = field(default_factory=list)
    without_alert: list[str] = field(default_factory=list)
    zero_notified: list[str] = field(default_factory=list)
    timers_twice: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    after_ack: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many violations of each kind."""
        return {name: len(getattr(self, name)) for name in self.__slots__}

    @property
    def clean(self) -> bool:
        """Whether nothing was violated."""
        return not any(self.counts().values())


def check(evidence: Evidence) -> Verdict:
    """Compares the witnesses."""
    verdict = Verdict()
    _check_archive(evidence, verdict)
    _check_topics(evidence, verdict)
    histories = _histories(evidence.decisions)
    _check_alerts(evidence, histories, verdict)
    for alert, history in histories.items():
        _check_versions(alert, history, verdict)
        _check_timers(alert, history, verdict)
    _check_deliveries(evidence, histories, verdict)
    return verdict


def _check_archive(evidence: Evidence, verdict: Verdict) -> None:
    rows = Counter(row.event for row in evidence.archive if row.status == "event")
    verdict.lost += [promise.event for promise in evidence.promises if not rows[promise.event]]
    verdict.doubled += [str(event) for event, count in rows.items() if count > 1]


def _check_topics(evidence: Evidence, verdict: Verdict) -> None:
    archived = Counter(row.coordinates for row in evidence.archive)
    on_topics = set(evidence.topics)
    verdict.unrecorded += sorted(on_topics - set(archived))
    verdict.invented += sorted(set(archived) - on_topics)
    verdict.doubled += [str(where) for where, count in archived.items() if count > 1]


def _histories(decisions: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    histories: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for decision in decisions:
        histories[decision["data"]["id"]].append(decision)
    for history in histories.values():
        history.sort(key=lambda decision: decision["data"]["version"])
    return histories


def _check_alerts(
    evidence: Evidence, histories: Mapping[str, Sequence[Mapping[str, Any]]], verdict: Verdict
) -> None:
    """Each alerting report belongs to exactly one alert."""
    homes: dict[str, set[str]] = defaultdict(set)
    for alert, history in histories.items():
        for decision in history:
            for part in decision["data"]["parts"]:
                homes[part["event"]].add(alert)
    alerting = [promise.event for promise in evidence.promises if promise.alerting]
    verdict.without_alert += [event for event in alerting if not homes[event]]
    verdict.doubled += [event for event in alerting if len(homes[event]) > 1]


def _check_versions(alert: str, history: Sequence[Mapping[str, Any]], verdict: Verdict) -> None:
    versions = [decision["data"]["version"] for decision in history]
    if versions != list(range(1, len(versions) + 1)):
        verdict.versions.append(f"{alert}: {versions}")


def _check_timers(alert: str, history: Sequence[Mapping[str, Any]], verdict: Verdict) -> None:
    acknowledged_cycle = 0
    climbed: set[tuple[int, int]] = set()
    for before, after in pairwise(history):
        was, now = before["data"], after["data"]
        if before["type"] == "ronda.alert.acknowledged.v1":
            acknowledged_cycle = was["cycle"]
        if not _by_a_timer(before, after):
            continue
        due = was["next_due_at"]
        if due is None or _moment(now["updated_at"]) + TOLERANCE < _moment(due):
            verdict.early.append(f"{alert} v{now['version']}: due {due}, {now['updated_at']}")
        if after["type"] == EXPIRED:
            continue
        if now["cycle"] <= acknowledged_cycle:
            verdict.after_ack.append(f"{alert} v{now['version']}")
        if (now["cycle"], now["level"]) in climbed:
            verdict.timers_twice.append(f"{alert} v{now['version']}")
        climbed.add((now["cycle"], now["level"]))


def _by_a_timer(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """An escalation within a cycle is a deadline's; a new cycle is begun by a severer report."""
    if after["type"] == EXPIRED:
        return True
    is_new_cycle: bool = after["data"]["cycle"] > before["data"]["cycle"]
    return after["type"] == ESCALATED and not is_new_cycle


def _check_deliveries(
    evidence: Evidence, histories: Mapping[str, Sequence[Mapping[str, Any]]], verdict: Verdict
) -> None:
    notified = {delivery.alert for delivery in evidence.deliveries}
    verdict.zero_notified += [alert for alert in histories if alert not in notified]


def repeated_pages(deliveries: Sequence[Delivery]) -> int:
    """Pages that the provider got again under the same key, as after a kill: at least once."""
    return len(deliveries) - len({delivery.dedup for delivery in deliveries})


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value)

"""What was promised against what is there: pure, so that it can be shown to fail.

Evidence comes from four witnesses that share no code: the ledger of what the intake answered, an
independent reader of the topics, the archive's rows, and the log of the notification provider.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

from tests.faults.dues import CheckIn, Due, task_complaints, visit_complaints
from tests.faults.histories import Event, gaps, histories, moment
from tests.faults.tellings import Told, repeats, second_keys, untold

ESCALATED = "ronda.alert.escalated.v1"
EXPIRED = "ronda.alert.ack_expired.v1"
LAPSED = "ronda.alert.close_lapsed.v1"
# Deadlines and decisions are stored with microseconds; below one is rounding.
TOLERANCE = timedelta(microseconds=1)

Coordinates = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Promise:
    """An event that was answered `accepted`; `alerting` when it must end up in an alert, and a
    `vulnerability` in a task. A `checkin` keeps the visit that is due there and then."""

    event: str
    alerting: bool = False
    vulnerability: bool = False
    checkin: CheckIn | None = None


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
    """Everything that the witnesses say.

    `decisions`, `visits` and `tasks` are the events of alerts of these kinds, as archived. `posts`
    are the ids of the posts by their names; `due` are the visits that fell due, by id.
    """

    promises: Sequence[Promise]
    topics: Iterable[Coordinates]
    archive: Sequence[Archived]
    decisions: Sequence[Event]
    deliveries: Sequence[Delivery]
    posts: Mapping[str, str] = field(default_factory=dict)
    visits: Sequence[Event] = ()
    due: Mapping[str, Due] = field(default_factory=dict)
    tasks: Sequence[Event] = ()


@dataclass(slots=True)
class Verdict:
    """Violations by kind; every list empty means that all promises were kept."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unrecorded: list[Coordinates] = field(default_factory=list)
    invented: list[Coordinates] = field(default_factory=list)
    without_alert: list[str] = field(default_factory=list)
    zero_notified: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    second_key: list[str] = field(default_factory=list)
    timers_twice: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    after_ack: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    visits: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)

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
    alerts = histories(evidence.decisions)
    _check_alerts(evidence, alerts, verdict)
    for alert, history in alerts.items():
        verdict.versions += gaps(alert, history)
        _check_timers(alert, history, verdict)
    _check_pages(evidence, alerts, verdict)
    checkins = [each.checkin for each in evidence.promises if each.checkin]
    verdict.visits += visit_complaints(evidence.visits, evidence.due, checkins, set(alerts))
    vulnerabilities = [each.event for each in evidence.promises if each.vulnerability]
    verdict.tasks += task_complaints(evidence.tasks, vulnerabilities, set(alerts))
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


def _check_alerts(
    evidence: Evidence, alerts: Mapping[str, Sequence[Event]], verdict: Verdict
) -> None:
    """Each alerting report belongs to exactly one alert."""
    homes: dict[str, set[str]] = defaultdict(set)
    for alert, history in alerts.items():
        for decision in history:
            for part in decision["data"]["parts"]:
                homes[part["event"]].add(alert)
    alerting = [promise.event for promise in evidence.promises if promise.alerting]
    verdict.without_alert += [event for event in alerting if not homes[event]]
    verdict.doubled += [event for event in alerting if len(homes[event]) > 1]


def _check_timers(alert: str, history: Sequence[Event], verdict: Verdict) -> None:
    acknowledged_cycle = 0
    climbed: set[tuple[int, int]] = set()
    for before, after in pairwise(history):
        was, now = before["data"], after["data"]
        if before["type"] == "ronda.alert.acknowledged.v1":
            acknowledged_cycle = was["cycle"]
        if not _by_a_timer(before, after):
            continue
        due = was["next_due_at"]
        if due is None or moment(now["updated_at"]) + TOLERANCE < moment(due):
            verdict.early.append(f"{alert} v{now['version']}: due {due}, {now['updated_at']}")
        if after["type"] in {EXPIRED, LAPSED}:
            continue
        if now["cycle"] <= acknowledged_cycle:
            verdict.after_ack.append(f"{alert} v{now['version']}")
        if repeats(after):
            continue
        if (now["cycle"], now["level"]) in climbed:
            verdict.timers_twice.append(f"{alert} v{now['version']}")
        climbed.add((now["cycle"], now["level"]))


def _by_a_timer(before: Event, after: Event) -> bool:
    """What a deadline brings: a level more, the last one again, or the end of an acknowledgement or
    of a proposal to close. A new cycle, and the end of a proposal too, may also be a report's."""
    was, now = before["data"], after["data"]
    if after["type"] == EXPIRED or repeats(after):
        return True
    if after["type"] == LAPSED:
        return bool(now["parts"] == was["parts"])
    return bool(after["type"] == ESCALATED and now["cycle"] == was["cycle"])


def _check_pages(
    evidence: Evidence, alerts: Mapping[str, Sequence[Event]], verdict: Verdict
) -> None:
    keys: dict[str, dict[Told, set[str]]] = defaultdict(lambda: defaultdict(set))
    for page in evidence.deliveries:
        keys[page.alert][page.cycle, page.level, page.post].add(page.dedup)
    for alert, history in alerts.items():
        if not keys[alert]:
            verdict.zero_notified.append(alert)
            continue
        verdict.untold += untold(alert, history, evidence.posts, keys[alert])
        verdict.second_key += second_keys(alert, history, keys[alert])


def repeated_pages(deliveries: Sequence[Delivery]) -> int:
    """Pages that the provider got again under the same key, as after a kill: at least once."""
    return len(deliveries) - len({delivery.dedup for delivery in deliveries})

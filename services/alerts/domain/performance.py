"""How the alarms themselves do: figures over a window, with their aims.

The figures and aims follow EEMUA 191 and ISA-18.2 (alarm rates, floods, priorities, standing and
repeating alarms) and the emergency centre's own targets for taking, sending and arriving.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from services.alerts.domain.backup import target
from shared.events.alert import Restriction, Severity
from shared.events.watch import JournalEntry, JournalKind

Level = Literal["aim", "watch", "act", "none"]
"""`none`: there is no aim, or too little to judge by."""
Unit = Literal["per_10min", "share", "count", "minutes"]

SPAN = timedelta(minutes=10)
FLOOD = 10
"""So many new alarms of one operator in ten minutes are a flood (EEMUA 191)."""
ENOUGH = 20
"""Fewer than so many alarms say nothing about shares."""
STANDING = timedelta(hours=24)
REPEAT_WITHIN = timedelta(minutes=15)
REPEATS = 3
TOP = 10


class Sent(Struct, frozen=True, kw_only=True):
    """A crew that was sent."""

    at: datetime
    arrived_at: datetime | None = None
    distance_m: float | None = None


class Line(Struct, frozen=True, kw_only=True):
    """A line of an alert's story."""

    at: datetime
    what: str
    level: int | None = None


class Told(Struct, frozen=True, kw_only=True):
    """What the figures need of an alert; decoded from the same bytes as the whole one."""

    id: str
    severity: Severity
    category: str
    site: str | None
    site_name: str | None
    received_at: datetime
    raised_at: datetime
    acknowledged_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    dispatches: list[Sent]
    timeline: list[Line]
    restricted: Restriction | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: `value` None where nothing was counted; `n` is what it was counted over."""

    id: str
    unit: Unit
    value: float | None
    n: int
    level: Level


@dataclass(frozen=True, slots=True)
class Span:
    """Ten minutes and how many alerts were raised in them."""

    at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Source:
    """Where alerts come from."""

    site: str | None
    name: str | None
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same kind of alert at the same place, again and again."""

    site: str | None
    category: str
    count: int


@dataclass(frozen=True, slots=True)
class Performance:
    """The panel's content for `since` to `until` and a number of operators."""

    since: datetime
    until: datetime
    operators: int
    figures: list[Figure]
    severities: dict[str, int]
    per_10min: list[Span]
    sources: list[Source]
    standing: list[str]
    repeats: list[Repeat]


def performance(
    alerts: Sequence[Told],
    since: datetime,
    until: datetime,
    *,
    operators: int = 1,
    journal: Sequence[JournalEntry] = (),
    standing: Sequence[Told] = (),
) -> Performance:
    """The figures of the alerts that were raised in a window, oldest first; `operators` ≥ 1.

    The journal tells how long screens were silent or blind. `standing` are those that are open for
    longer than `STANDING` at the end of the window, whenever they were raised.
    """
    spans = _spans(alerts, since, until)
    severities = Counter(alert.severity for alert in alerts)
    repeats = _repeats(alerts)
    figures = [
        *_rates(spans, operators),
        *_shares(severities, len(alerts)),
        *_times(alerts, until),
        *_climbs(alerts),
        Figure("standing", "count", len(standing), len(standing), _below(len(standing), 4, 10)),
        Figure("repeats", "count", len(repeats), len(alerts), _below(len(repeats), 0, 3)),
        _minutes("blind", journal, since, until, lambda minutes: _below(minutes, 0, 0)),
        _minutes("silence", journal, since, until, lambda minutes: "none"),
        _share("safe_share", [a.outcome == "safe_unfounded" for a in alerts if a.outcome]),
    ]
    return Performance(
        since,
        until,
        operators,
        figures,
        dict[str, int](severities.items()),
        spans,
        _sources(alerts),
        [each.id for each in standing],
        repeats,
    )


def _spans(alerts: Iterable[Told], since: datetime, until: datetime) -> list[Span]:
    counts = Counter(int((alert.raised_at - since) / SPAN) for alert in alerts)
    number = max(1, -int((since - until) // SPAN))
    return [Span(since + index * SPAN, counts[index]) for index in range(number)]


def _rates(spans: Sequence[Span], operators: int) -> Iterable[Figure]:
    counts = [span.count / operators for span in spans]
    mean, worst = sum(counts) / len(counts), max(counts)
    flood = sum(count >= FLOOD for count in counts) / len(counts)
    yield Figure("raised_rate", "per_10min", mean, len(spans), _below(mean, 1, 2))
    yield Figure("worst_10min", "per_10min", worst, len(spans), _below(worst, 10, 10))
    yield Figure("flood_share", "share", flood, len(spans), _below(flood, 0.01, 0.05))


def _shares(severities: Counter[Severity], total: int) -> Iterable[Figure]:
    rest = severities["sedang"] + severities["rendah"]
    yield _part("share_kritis", severities["kritis"], total, lambda x: _below(x, 0.05, 0.10))
    yield _part("share_tinggi", severities["tinggi"], total, lambda x: _below(x, 0.15, 0.20))
    yield _part("share_rest", rest, total, lambda x: _above(x, 0.80, 0.75))


def _times(alerts: Sequence[Told], until: datetime) -> Iterable[Figure]:
    grave = [alert for alert in alerts if alert.severity in {"tinggi", "kritis"}]
    middle = [alert for alert in alerts if alert.severity == "sedang"]
    yield _share("taken_10s", _taken(grave, 10, until), 0.90, 0.80)
    yield _share("taken_20s", _taken(grave, 20, until), 0.95, 0.80)
    yield _share("taken_60s", _taken(middle, 60, until), 0.95, 0.80)
    for severity, seconds in (("kritis", 60), ("tinggi", 180)):
        sent = [_sent_within(alert, seconds) for alert in alerts if alert.severity == severity]
        known = [each for each in sent if each is not None]
        yield _share(f"dispatched_{severity}", known, 0.90, 0.75)
    yield _share("arrived", _arrivals(alerts, until), 0.90, 0.75)


def _taken(alerts: Iterable[Told], seconds: float, until: datetime) -> list[bool]:
    """Each alert that was taken, or could have been by now."""
    limit = timedelta(seconds=seconds)
    return [
        alert.acknowledged_at is not None and alert.acknowledged_at - alert.raised_at <= limit
        for alert in alerts
        if alert.acknowledged_at is not None or until - alert.raised_at > limit
    ]


def _sent_within(alert: Told, seconds: float) -> bool | None:
    """From taken to sent; None where nobody was sent, which may have been right."""
    if not alert.dispatches or alert.acknowledged_at is None:
        return None
    return alert.dispatches[0].at - alert.acknowledged_at <= timedelta(seconds=seconds)


def _arrivals(alerts: Iterable[Told], until: datetime) -> list[bool]:
    """From the report to the first crew on scene, by how far it had to go."""
    found = []
    for alert in alerts:
        arrivals = [each for each in alert.dispatches if each.arrived_at is not None]
        if arrivals:
            first = min(arrivals, key=lambda each: each.arrived_at or until)
            took = (first.arrived_at or until) - alert.received_at
            found.append(took <= target(first.distance_m or 0.0))
    return found


def _climbs(alerts: Sequence[Told]) -> Iterable[Figure]:
    climbed = [any(line.what == "escalated" for line in alert.timeline) for alert in alerts]
    expired = [any(line.what == "ack_expired" for line in alert.timeline) for alert in alerts]
    last = sum(any(line.what == "repeated" for line in alert.timeline) for alert in alerts)
    yield _share("climbed", climbed, low=0.10)
    yield _share("ack_expired", expired, low=0.02)
    yield Figure("last_step", "count", last, len(alerts), _below(last, 0, 0))


def _share(
    name: str,
    found: Sequence[bool],
    aim: float | None = None,
    watch: float = 0.0,
    *,
    low: float | None = None,
) -> Figure:
    def level(share: float) -> Level:
        if low is not None:
            return "aim" if share <= low else "watch"
        return "none" if aim is None else _above(share, aim, watch)

    return _part(name, sum(found), len(found), level)


def _part(name: str, count: int, total: int, level: Callable[[float], Level]) -> Figure:
    share = count / total if total else None
    judged = level(share) if share is not None and total >= ENOUGH else "none"
    return Figure(name, "share", share, total, judged)


def _minutes(
    kind: JournalKind,
    journal: Iterable[JournalEntry],
    since: datetime,
    until: datetime,
    level: Callable[[float], Level],
) -> Figure:
    """How long it was so on any screen: what holds on five of them at once is counted once."""
    spans = [_lasted(entry) for entry in journal if entry.kind == kind]
    total, reached = timedelta(), since
    for begins, ends in sorted(spans):
        total += max(min(ends, until) - max(begins, reached), timedelta())
        reached = max(reached, ends)
    minutes = total / timedelta(minutes=1)
    return Figure(f"minutes_{kind}", "minutes", minutes, len(spans), level(minutes))


def _lasted(entry: JournalEntry) -> tuple[datetime, datetime]:
    """A silence is written down when it begins, blindness when the screen sees again."""
    length = timedelta(seconds=entry.seconds or 0)
    return (entry.at - length, entry.at) if entry.kind == "blind" else (entry.at, entry.at + length)


def _below(value: float, aim: float, watch: float) -> Level:
    if value <= aim:
        return "aim"
    return "watch" if value <= watch else "act"


def _above(value: float, aim: float, watch: float) -> Level:
    if value >= aim:
        return "aim"
    return "watch" if value >= watch else "act"


def _sources(alerts: Sequence[Told]) -> list[Source]:
    counts = Counter((alert.site, alert.site_name) for alert in alerts)
    return [
        Source(site, name, count, count / len(alerts))
        for (site, name), count in counts.most_common(TOP)
    ]


def _repeats(alerts: Sequence[Told]) -> list[Repeat]:
    moments: dict[tuple[str | None, str], list[datetime]] = defaultdict(list)
    for alert in alerts:
        moments[alert.site, alert.category].append(alert.raised_at)
    return [
        Repeat(site, category, len(times))
        for (site, category), times in moments.items()
        if _crowded(sorted(times))
    ]


def _crowded(times: Sequence[datetime]) -> bool:
    return any(
        last - first <= REPEAT_WITHIN
        for first, last in zip(times, times[REPEATS - 1 :], strict=False)
    )

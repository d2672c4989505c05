"""Who was to be told of an alert by its own history, and whose phone it reached, under which key.

Nobody goes on calling once somebody has taken an alert, so what was to be told less than `SOON`
before that may have stayed untold.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.faults.histories import Event, moment

SOON = timedelta(seconds=30)
TELLING = ("raised", "escalated", "repeated")
EXPIRED = "ack_expired"
RELEASED = "released"

Told = tuple[int, int, str]
"""Cycle, level and post."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A level that was told; `posts` are names, None for a copy, whose posts no event names."""

    cycle: int
    level: int
    at: datetime
    posts: tuple[str, ...] | None


def repeats(decision: Event) -> bool:
    """Whether a decision tells the last level once more."""
    return any(entry["what"] == "repeated" for entry in _new_entries(decision))


def untold(
    alert: str,
    history: Sequence[Event],
    posts: Mapping[str, str],
    keys: Mapping[Told, set[str]],
) -> list[str]:
    """The levels, and the posts of a level, that no page reached though there was time for it."""
    reached = {told for told, dedups in keys.items() if dedups}
    missing = []
    for telling in _tellings(history):
        if _was_over_soon(telling, history):
            continue
        cycle, level = telling.cycle, telling.level
        if not any(told[:2] == (cycle, level) for told in reached):
            missing.append(f"{alert}: cycle {cycle}, level {level}")
            continue
        missing += [
            f"{alert}: cycle {cycle}, level {level}, {name}"
            for name in telling.posts or ()
            if (cycle, level, posts[name]) not in reached
        ]
    return missing


def second_keys(alert: str, history: Sequence[Event], keys: Mapping[Told, set[str]]) -> list[str]:
    """Posts that one telling of a level reached under more than one key."""
    tellings = Counter((telling.cycle, telling.level) for telling in _tellings(history))
    for decision in history:
        for entry in _new_entries(decision):
            if entry["what"] in {EXPIRED, RELEASED}:
                # Whoever let it expire hears so too, in the cycle that it begins; and whoever was
                # not reached before a take that was given back.
                tellings[decision["data"]["cycle"], entry["level"]] += 1
    return [
        f"{alert}: {told}: {sorted(dedups)}"
        for told, dedups in keys.items()
        if len(dedups) > tellings[told[:2]]
    ]


def _tellings(history: Sequence[Event]) -> Iterator[Telling]:
    highest = 0
    empty: set[int] = set()
    for decision in history:
        alert, entries = decision["data"], _new_entries(decision)
        empty |= {entry["level"] for entry in entries if entry["what"] == "empty_step"}
        told = next((entry for entry in entries if entry["what"] in TELLING), None)
        if told is None or not told.get("level"):
            continue
        at = moment(alert["updated_at"])
        for level in range(highest + 1, told["level"]):
            if level not in empty:
                yield Telling(told["cycle"], level, at, None)
        yield Telling(told["cycle"], told["level"], at, tuple((alert["post"] or "").split(", ")))
        highest = max(highest, told["level"])


def _new_entries(decision: Event) -> list[Event]:
    alert = decision["data"]
    return [entry for entry in alert["timeline"] if entry["at"] == alert["updated_at"]]


def _was_over_soon(telling: Telling, history: Sequence[Event]) -> bool:
    """Whether somebody took the alert, or another cycle began, before a page needed to arrive."""
    for decision in history:
        alert = decision["data"]
        at = moment(alert["updated_at"])
        if at <= telling.at:
            continue
        if alert["cycle"] != telling.cycle or alert["next_due_kind"] != "climb":
            return at < telling.at + SOON
    return False

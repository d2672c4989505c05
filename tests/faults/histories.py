"""What became of a thing, version by version, as its events tell."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Event = Mapping[str, Any]


def histories(events: Sequence[Event]) -> dict[str, list[Event]]:
    """The events of each thing, in the order of their versions."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event["data"]["id"]].append(event)
    for history in found.values():
        history.sort(key=lambda event: event["data"]["version"])
    return found


def gaps(thing: str, history: Sequence[Event]) -> list[str]:
    """A complaint, unless the versions go from 1 on without a hole or a double."""
    versions = [event["data"]["version"] for event in history]
    return [] if versions == list(range(1, len(versions) + 1)) else [f"{thing}: {versions}"]


def moment(value: str) -> datetime:
    """A time of an event."""
    return datetime.fromisoformat(value)

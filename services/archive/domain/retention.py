"""How long each class of data is kept, and what a hold keeps beyond that."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.topics import POSITION

CLASSES: Mapping[str, str] = {
    "tracks": "ronda.position.",
    "notifications": "ronda.notification.",
    "shifts": "ronda.shift.",
    "looks": "ronda.access.",
}
"""The events of each class, by the prefix of their types."""
SAY_NOTHING = ("tracks", "shifts", "looks")
"""Of these no event says who may know of another."""
TOPICS: Mapping[str, str] = {"tracks": POSITION.name}
"""Topics of one class alone: what nobody can read there is of it too."""
DEFAULT = "tracks=90d"
AUTHORITY = "RONDA_ARCHIVE_RETENTION"


class Term(NamedTuple):
    """A class of data and how long it is kept after it was appended."""

    data_class: str
    kept: timedelta

    @property
    def prefix(self) -> str:
        """What the types of its events begin with."""
        return CLASSES[self.data_class]

    @property
    def topic(self) -> str | None:
        """The topic that holds nothing but events of it, where there is one."""
        return TOPICS.get(self.data_class)

    @property
    def reason(self) -> str:
        """What an erasure at its end says."""
        return f"retention: {self.data_class} are kept {self.kept.days} days"

    def cutoff(self, now: datetime) -> datetime:
        """What was appended before this is due."""
        return now - self.kept


def terms(text: str) -> list[Term]:
    """Reads `tracks=90d,shifts=730d`; empty keeps everything. Raises `ValueError` naming a part."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        match = re.fullmatch(r"([a-z]+)=(\d{1,5})d", part)
        if match is None or match[1] not in CLASSES or int(match[2]) < 1:
            known = ", ".join(CLASSES)
            raise ValueError(f"{part!r} is not CLASS=DAYSd, with a class of {known}")
        found.append(Term(match[1], timedelta(days=int(match[2]))))
    return found

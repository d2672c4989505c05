"""Whether somebody is well: the room asks a crew, the crew's phone answers."""

from typing import Literal

from msgspec import Struct

from shared.events.envelope import Event, EventId, Name, Timestamp
from shared.events.patrol import Fix

NudgeState = Literal["asked", "answered", "lapsed"]
NudgeReason = Literal["operator", "silent_site"]


class Nudge(Struct, frozen=True, kw_only=True):
    """A crew is asked for a sign of life; the whole of it, as every event about it carries it.

    `by` is the name of whoever asked, None the system. `site` is the silent one that it is asked
    for, where there is one. A nudge lapses at `due_at`; `alert` is what that raised. An answer
    counts whenever it comes.
    """

    id: EventId
    version: int
    crew: Name
    unit: Name
    state: NudgeState
    reason: NudgeReason
    by: str | None
    text: str | None
    site: Name | None
    site_name: str | None
    asked_at: Timestamp
    due_at: Timestamp
    answered_at: Timestamp | None
    answered_by: Name | None
    alert: EventId | None


class WelfareAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """*Saya aman*: the nudge that it answers."""

    nudge: EventId
    crew: Name | None = None
    position: Fix | None = None


class WelfareNudged(Event, frozen=True, kw_only=True, tag="ronda.welfare.nudged.v1"):
    data: Nudge


class WelfareEnded(Event, frozen=True, kw_only=True, tag="ronda.welfare.ended.v1"):
    """It was answered, or nobody did in time."""

    data: Nudge


class WelfareAnswered(Event, frozen=True, kw_only=True, tag="ronda.welfare.answered.v1"):
    data: WelfareAnswer

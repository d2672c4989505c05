"""A crew on duty, as far as its phones tell."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.events.alert import Alert
from shared.events.patrol import Fix
from shared.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Duty:
    """A crew on duty, and the newest position that any of its devices sent."""

    crew: str
    unit: str
    since: datetime
    members: tuple[str, ...]
    lat: float | None = None
    lon: float | None = None
    position_at: datetime | None = None

    @property
    def place(self) -> Fix | None:
        """Where it was last, if it ever said."""
        if self.lat is None or self.lon is None:
            return None
        return Fix(lat=self.lat, lon=self.lon)


ELSEWHERE = "elsewhere"
"""In place of an alert that whoever asks may not know of."""


def busy_crews(
    alerts: Iterable[Alert], may_know: Callable[[Alert], bool] = lambda alert: True
) -> dict[str, str]:
    """By crew the newest unresolved alert that it was sent to and has not declined; `alerts` are
    the newest first. `may_know` says of which alerts the id is told. Who was told by voice is not
    known to have heard it."""
    return {
        dispatch.crew: alert.id if may_know(alert) else ELSEWHERE
        for alert in reversed(list(alerts))
        if alert.state not in {"resolved", "closed"}
        for dispatch in alert.dispatches
        if dispatch.declined_at is None and not dispatch.by_voice
    }


def is_commanded(
    crew: str | None, duty: Duty | None, plan: Plan | None, may_command: Callable[[str], bool]
) -> bool:
    """Whether a crew is on duty, or in the plan, where somebody may command."""
    if duty is not None:
        return may_command(duty.unit)
    shifts = plan.shifts if plan else []
    return any(shift.crew == crew and may_command(shift.unit) for shift in shifts)


def is_of(actor: str | None, crew: str, duty: Duty | None, plan: Plan | None) -> bool:
    """Whether a person is of a crew: on duty with it as its phones tell, or by the plan, where word
    of its duty is still on the way or was overtaken by its end."""
    if duty is not None and actor in duty.members:
        return True
    shifts = plan.shifts if plan else []
    return any(shift.crew == crew and actor in shift.members for shift in shifts)

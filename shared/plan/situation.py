"""The situation: live overrides of the plan's defaults, folded from the plan's topic."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.events.envelope import Envelope, Event
from shared.events.situation import Override, SituationChange, SituationChanged
from shared.plan.model import Situation

_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LiveOverride:
    """An override and since when it holds."""

    since: datetime
    change: SituationChange

    def holds(self, now: datetime) -> bool:
        """Whether it is in force; one that has ended leaves what the plan says."""
        return self.change.value is not None and (
            self.change.until is None or now < self.change.until
        )


@dataclass(slots=True)
class SituationFold:
    """The overrides of the events fed so far, in offset order; a new plan leaves them as they are.

    A repeat that comes after a newer change of the same thing changes nothing.
    """

    _newest: dict[tuple[Override, str | None], LiveOverride] = field(default_factory=dict)
    _cleared_at: datetime = _BEGINNING

    def feed(self, event: Event | Envelope) -> bool:
        """Takes the next event; whether it was one of these. Other types change nothing."""
        if not isinstance(event, SituationChanged):
            return False
        if event.data.what == "everything":
            self._cleared_at = max(self._cleared_at, event.time)
        else:
            key = (event.data.what, event.data.of)
            known = self._newest.get(key)
            if known is None or known.since <= event.time:
                self._newest[key] = LiveOverride(event.time, event.data)
        return True

    def at(self, now: datetime) -> Situation:
        """What differs from the plan at a moment."""
        live = list(self.live(now))
        return Situation(
            phase=_value(live, "phase"),
            logistics_stage=_value(live, "logistics_stage"),
            site_classes=_values(live, "site_class"),
            stand_ins=_values(live, "stand_in"),
        )

    def live(self, now: datetime) -> Iterator[LiveOverride]:
        """The overrides that are in force at a moment."""
        for override in self._newest.values():
            if override.since > self._cleared_at and override.holds(now):
                yield override

    def since(self, now: datetime) -> datetime | None:
        """When the situation last became another one, by then; None where it never did."""
        moments = [self._cleared_at] if self._cleared_at > _BEGINNING else []
        for override in self._newest.values():
            moments.append(override.since)
            until = override.change.until
            if until is not None and until <= now:
                moments.append(until)
        return max(moments, default=None)


def _value(live: list[LiveOverride], what: Override) -> str | None:
    return next((each.change.value for each in live if each.change.what == what), None)


def _values(live: list[LiveOverride], what: Override) -> dict[str, str]:
    return {
        each.change.of: each.change.value
        for each in live
        if each.change.what == what and each.change.of and each.change.value
    }

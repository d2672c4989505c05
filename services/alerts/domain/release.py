"""*Lepas*: whoever took an alert by mistake gives it back, and it climbs on as if nobody had."""

from dataclasses import dataclass

from services.alerts.domain.command import Case, Result, illegal, lacking
from services.alerts.domain.decision import Change, Refusal, decided
from services.alerts.domain.escalation import RELEASE_WITHIN, resumed
from services.alerts.domain.paging import Call
from shared.events.alert import AlertReleased, Owner, Reason

SECONDS = int(RELEASE_WITHIN.total_seconds())


@dataclass(frozen=True, slots=True)
class Release:
    """Gives the alert back, while nothing but the take has happened to it.

    `unheard` are the posts of its present level that were called and are not reached yet; nobody
    went on calling them once it was taken, so they are called anew. The others know of it.
    """

    reason: str | None
    unheard: frozenset[str] = frozenset()

    def apply(self, case: Case) -> Result:
        """A take that is given back was none: it does not count as one."""
        alert = case.alert
        if (refusal := self._refused(case)) is not None:
            return refusal
        change = case.change("dilepas", "released").entered(case.line("released", self.reason))
        if alert.owner is not None and alert.acknowledged_at == alert.owner.at:
            change = change.to(acknowledged_at=None)
        change = self._calling(resumed(change, case.chain, case.now), case)
        return decided(change, AlertReleased, case.now)

    def _refused(self, case: Case) -> Refusal | None:
        alert = case.alert
        if alert.state != "acknowledged" or alert.owner is None:
            return illegal(alert, "dilepas", "released")
        if alert.owner.actor != case.by.actor:
            return _not_yours(alert.owner)
        if alert.interrupted is None or case.now > alert.interrupted.until:
            return _too_late()
        if not self.reason:
            return lacking("reason", "Sebutkan alasannya", "Say why it is released")
        return None

    def _calling(self, change: Change, case: Case) -> Change:
        level = case.alert.level
        people = tuple(p for p in case.chain.people(level) if p.post in self.unheard)
        why = case.deed("Dilepas", "Released")
        return change.calling(Call(level, people, why)) if people else change


def _not_yours(owner: Owner) -> Refusal:
    reason = Reason(
        code="not_the_owner",
        id=f"Hanya {owner.name}, yang mengambilnya, dapat melepasnya",
        en=f"Only {owner.name}, who took it, can release it",
    )
    return Refusal("not_allowed", reason, winner=owner)


def _too_late() -> Refusal:
    reason = Reason(
        code="too_late",
        id=f"Hanya dapat dilepas dalam {SECONDS} detik sejak diambil",
        en=f"It can be released only within {SECONDS} s of the take",
    )
    return Refusal("illegal", reason)

"""*Panggil operator kedua*: in a flood one person at the screen is not enough."""

from dataclasses import dataclass
from datetime import timedelta

from services.alerts.domain.command import Case, Result, illegal, lacking
from services.alerts.domain.decision import Unchanged, decided
from services.alerts.domain.escalation import TERMINAL
from services.alerts.domain.paging import Call, names
from shared.events.alert import AlertUpdated, Reason

ROOM = ("operator", "posko")
"""Kinds of post that stand for the room; in a plan without one the first level is called."""
AGAIN = timedelta(minutes=2)
CALLED = "operator_called"


@dataclass(frozen=True, slots=True)
class CallOperator:
    """The room's posts are told that whoever is at the board needs somebody beside them; it shows
    the alert that is the reason, and changes neither its state nor its deadline."""

    def apply(self, case: Case) -> Result:
        """Legal while the alert is open; again within `AGAIN` it calls nobody anew."""
        alert, chain = case.alert, case.chain
        if alert.state in TERMINAL:
            return illegal(alert, "dijadikan alasan memanggil operator", "a reason to call")
        if any(line.what == CALLED and case.now - line.at < AGAIN for line in alert.timeline):
            return Unchanged(alert)
        people = chain.posts(ROOM) or chain.people(chain.reachable(1) or 0)
        if not people:
            return lacking("operator", "Tidak ada operator lain dalam rencana", "Nobody to call")
        change = case.change("memanggil operator kedua", "a second operator was called")
        why = Reason(
            code="second_operator",
            id=f"Operator kedua diminta oleh {case.by.name}: datang ke posko",
            en=f"{case.by.name} asks for a second operator: come to the room",
        )
        call = Call(max(alert.level, 1), people, why, mark=f"o{alert.version + 1}")
        line = case.line(CALLED, names(people))
        return decided(change.calling(call).entered(line), AlertUpdated, case.now)

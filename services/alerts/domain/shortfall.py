"""What a visit lacked of what its rule asks for: time on site, people, answers."""

from shared.events.alert import Reason
from shared.events.patrol import VisitCheckedOut
from shared.plan.model import VisitRule

_INCOMPLETE = Reason(
    code="incomplete", id="Laporan keluar tidak diselesaikan", en="The check-out was not finished"
)


def shortfalls(
    rule: VisitRule, people: int | None, dwell_s: float | None, event: VisitCheckedOut | None
) -> list[Reason]:
    """Every one of them; without a check-out, what asks for one is lacking."""
    lacked = [*_crew(rule, people)]
    if event is None:
        return [*lacked, *_no_checkout(rule)]
    stay = [_INCOMPLETE] if event.data.incomplete else _dwell(rule, dwell_s)
    return [*lacked, *stay, *_checklist(rule, event)]


def _crew(rule: VisitRule, people: int | None) -> list[Reason]:
    if (people or 0) >= rule.min_people:
        return []
    came = "?" if people is None else str(people)
    return [
        Reason(
            code="people",
            id=f"{came} dari {rule.min_people} petugas",
            en=f"{came} of {rule.min_people} people",
        )
    ]


def _no_checkout(rule: VisitRule) -> list[Reason]:
    if not rule.min_dwell_s and not rule.checklist:
        return []
    return [Reason(code="no_checkout", id="Belum ada laporan keluar", en="No check-out yet")]


def _dwell(rule: VisitRule, dwell_s: float | None) -> list[Reason]:
    if (dwell_s or 0.0) >= rule.min_dwell_s:
        return []
    stayed, wanted = f"{dwell_s or 0.0:.0f}", f"{rule.min_dwell_s:.0f}"
    return [
        Reason(
            code="dwell",
            id=f"Di lokasi {stayed} dari {wanted} detik",
            en=f"{stayed} of {wanted} seconds on site",
        )
    ]


def _checklist(rule: VisitRule, event: VisitCheckedOut) -> list[Reason]:
    seen = {each.item for each in event.data.checklist if each.answer != "unseen"}
    open_items = [each.item for each in rule.checklist if each.item not in seen]
    if not open_items:
        return []
    named = ", ".join(open_items)[:200]
    return [
        Reason(
            code="checklist",
            id=f"Tidak diperiksa: {named}",
            en=f"Not looked at: {named}",
        )
    ]

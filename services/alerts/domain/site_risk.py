"""What speaks against a site now, as reasons without a number.

There is no score yet: one that nobody has checked against what happened later would be believed
because it is a number. What it would be made of is known, and is said.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from services.alerts.domain.triage import BALLOTS
from shared.events.alert import Alert, Reason
from shared.events.task import Task
from shared.plan.model import RISK_CLASSES, Plan, Site
from shared.plan.phases import is_tense

_CLASS_EN = dict(
    zip(RISK_CLASSES, ("less vulnerable", "vulnerable", "very vulnerable", "special"), strict=True)
)
TEXT_CHARACTERS = 120


class Risk(Struct, frozen=True, kw_only=True):
    """Reasons, those of the plan first; `score` is None as long as nothing computes one."""

    score: int | None
    reasons: list[Reason]


def site_risk(
    site: Site,
    plan: Plan,
    open_alerts: Sequence[Alert],
    tasks: Sequence[Task],
    *,
    phase: str | None,
    stage: str | None,
) -> Risk:
    """What is known against a site: its class, the phase, what it keeps, what is open there."""
    return Risk(
        score=None,
        reasons=[
            *_of_class(site),
            *_of_phase(phase, plan),
            *_of_logistics(site, plan, stage),
            *_of_alerts(open_alerts),
            *_of_tasks(tasks),
        ],
    )


def flags(risk: Risk) -> list[str]:
    """What a person should look at now: the codes of what is open, each once."""
    lasting = {"class", "phase", "logistics_stage"}
    return list(dict.fromkeys(each.code for each in risk.reasons if each.code not in lasting))


def _of_class(site: Site) -> Iterable[Reason]:
    if site.risk_class != RISK_CLASSES[0]:
        known = _CLASS_EN.get(site.risk_class, site.risk_class)
        words = site.risk_class.replace("_", " ")
        yield Reason(code="class", id=f"Kelas {words}", en=f"Class: {known}")


def _of_phase(phase: str | None, plan: Plan) -> Iterable[Reason]:
    if is_tense(phase, plan):
        name = next((each.name for each in plan.phases if each.code == phase), phase)
        yield Reason(code="phase", id=f"Tahapan {name}", en=f"Phase {phase}")


def _of_logistics(site: Site, plan: Plan, stage: str | None) -> Iterable[Reason]:
    kind = plan.site_type_by_id.get(site.type)
    if kind is not None and kind.keeps_logistics and stage in BALLOTS:
        yield Reason(
            code="logistics_stage", id=f"Menyimpan logistik: {stage}", en=f"Keeps ballots: {stage}"
        )


def _of_alerts(alerts: Sequence[Alert]) -> Iterable[Reason]:
    kinds = {each.kind for each in alerts if each.state != "resolved"}
    if "visit_missed" in kinds:
        yield Reason(code="visit_missed", id="Kontrol terlewat", en="A visit was missed")
    if "silent" in kinds:
        yield Reason(code="silent", id="Tanpa kabar", en="No word from it")


def _of_tasks(tasks: Sequence[Task]) -> Iterable[Reason]:
    for task in tasks:
        if task.kind == "vulnerability":
            said = task.text[:TEXT_CHARACTERS]
            yield Reason(code="vulnerability", id=f"Kerawanan: {said}", en=f"Vulnerability: {said}")
    if any(task.state == "overdue" for task in tasks):
        yield Reason(
            code="task_overdue", id="Tindak lanjut lewat batas", en="A follow-up is overdue"
        )

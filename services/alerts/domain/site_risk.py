"""What speaks against a site now: reasons, what each weighs, and the band of their sum.

The weights are judgement, not statistics, so they are one table that a commander can read. The
most that each group can add makes 100 together: the score is the sum of what is shown, never cut.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from services.alerts.domain.severity import ENGLISH, SEVERITIES
from services.alerts.domain.triage import BALLOTS
from shared.events.alert import Alert, Severity
from shared.events.risk import RiskBand, RiskReason, SiteRisk
from shared.events.task import Task
from shared.plan.model import RISK_CLASSES, Plan, Site
from shared.plan.phases import is_tense

CLASS_WEIGHTS: Mapping[str, int] = dict(zip(RISK_CLASSES, (0, 8, 14, 20), strict=True))
OWN_CLASS_WEIGHT = 8
"""A class that only this plan knows."""
PHASE_WEIGHT = 15
BALLOTS_WEIGHT = 10
MISSED_WEIGHT = 10
SILENT_WEIGHT = 10
VULNERABILITY_WEIGHTS = (8, 5, 2)
"""The first, the second, the third; of more nothing is new but their names."""
OVERDUE_WEIGHT = 5
ALERT_WEIGHTS: Mapping[Severity, int] = {"rendah": 2, "sedang": 6, "tinggi": 10, "kritis": 15}
"""The worst that is not closed; being resolved it is still recent."""

BANDS: tuple[RiskBand, ...] = ("rendah", "sedang", "tinggi")
RISES_AT = (0, 30, 60)
FALLS_BELOW = (0, 25, 50)
"""Lower than where it rises, or a site on the border would change its band with every word."""

TEXT_CHARACTERS = 120
_CLASS_EN = dict(
    zip(RISK_CLASSES, ("less vulnerable", "vulnerable", "very vulnerable", "special"), strict=True)
)
_SHOWN_ELSEWHERE = frozenset({"class", "phase", "logistics_stage", "alert"})


class Risk(Struct, frozen=True, kw_only=True):
    """The score with its band and its reasons, those of the plan first."""

    score: int
    band: RiskBand
    reasons: list[RiskReason]


def site_risk(
    site: Site,
    plan: Plan,
    alerts: Sequence[Alert],
    tasks: Sequence[Task],
    *,
    phase: str | None,
    stage: str | None,
    before: RiskBand,
) -> Risk:
    """What is known against a site: its class, the phase, what it keeps, which of the open `alerts`
    and `tasks` there are of this operation. What not everybody may know of weighs nothing: a score
    would tell it.
    """
    purpose = plan.operation.purpose
    known = [each for each in alerts if each.restricted is None and each.purpose == purpose]
    reasons = [
        *_of_class(site),
        *_of_phase(phase, plan),
        *_of_logistics(site, plan, stage),
        *_of_absence(known),
        *_of_happenings(known),
        *_of_tasks([task for task in tasks if task.purpose == purpose]),
    ]
    score = sum(reason.weight for reason in reasons)
    return Risk(score=score, band=band_after(before, score), reasons=reasons)


def band_after(before: RiskBand, score: int) -> RiskBand:
    """The band of a score, for a site that stood in `before`."""
    kept = max(rank for rank in range(BANDS.index(before) + 1) if score >= FALLS_BELOW[rank])
    reached = max(rank for rank, least in enumerate(RISES_AT) if score >= least)
    return BANDS[max(kept, reached)]


def moved(known: SiteRisk | None, site: Site, risk: Risk, now: datetime) -> SiteRisk | None:
    """What is to be told of a site; None while it stays in its band."""
    before = standing_band(known)
    if risk.band == before:
        return None
    return SiteRisk(
        version=known.version + 1 if known else 1,
        site=site.id,
        site_name=site.name,
        unit=site.unit,
        band=risk.band,
        previous=before,
        score=risk.score,
        # However many vulnerabilities are open there, an event holds what adds to the score.
        reasons=[reason for reason in risk.reasons if reason.weight > 0],
        changed_at=now,
    )


def standing_band(known: SiteRisk | None) -> RiskBand:
    """Where a site stands; what was never told of is in the lowest band."""
    return known.band if known else BANDS[0]


def flags(risk: Risk) -> list[str]:
    """What a person should look at now: the codes of what is open, each once."""
    return list(dict.fromkeys(r.code for r in risk.reasons if r.code not in _SHOWN_ELSEWHERE))


def _of_class(site: Site) -> Iterable[RiskReason]:
    if site.risk_class != RISK_CLASSES[0]:
        known = _CLASS_EN.get(site.risk_class, site.risk_class)
        words = site.risk_class.replace("_", " ")
        weight = CLASS_WEIGHTS.get(site.risk_class, OWN_CLASS_WEIGHT)
        yield _reason("class", weight, f"Kelas {words}", f"Class: {known}")


def _of_phase(phase: str | None, plan: Plan) -> Iterable[RiskReason]:
    if is_tense(phase, plan):
        name = next((each.name for each in plan.phases if each.code == phase), phase)
        yield _reason("phase", PHASE_WEIGHT, f"Tahapan {name}", f"Phase {name}")


def _of_logistics(site: Site, plan: Plan, stage: str | None) -> Iterable[RiskReason]:
    kind = plan.site_type_by_id.get(site.type)
    if kind is not None and kind.keeps_logistics and stage in BALLOTS:
        yield _reason(
            "logistics_stage",
            BALLOTS_WEIGHT,
            f"Menyimpan logistik: {stage}",
            f"Keeps ballots: {stage}",
        )


def _of_absence(alerts: Sequence[Alert]) -> Iterable[RiskReason]:
    kinds = {each.kind for each in alerts if each.state != "resolved"}
    if "visit_missed" in kinds:
        yield _reason("visit_missed", MISSED_WEIGHT, "Kontrol terlewat", "A visit was missed")
    if "silent" in kinds:
        yield _reason("silent", SILENT_WEIGHT, "Tanpa kabar", "No word from it")


def _of_happenings(alerts: Sequence[Alert]) -> Iterable[RiskReason]:
    found = [each.severity for each in alerts if each.kind in ("incident", "duress")]
    if found:
        worst = max(found, key=SEVERITIES.index)
        said, english = f"Peringatan terbuka: {worst}", f"Open alert: {ENGLISH[worst]}"
        yield _reason("alert", ALERT_WEIGHTS[worst], said, english)


def _of_tasks(tasks: Sequence[Task]) -> Iterable[RiskReason]:
    weights = iter(VULNERABILITY_WEIGHTS)
    for task in tasks:
        if task.kind == "vulnerability":
            text = task.text[:TEXT_CHARACTERS]
            said, english = f"Kerawanan: {text}", f"Vulnerability: {text}"
            yield _reason("vulnerability", next(weights, 0), said, english)
    if any(task.state == "overdue" for task in tasks):
        said, english = "Tindak lanjut lewat batas", "A follow-up is overdue"
        yield _reason("task_overdue", OVERDUE_WEIGHT, said, english)


def _reason(code: str, weight: int, said: str, english: str) -> RiskReason:
    return RiskReason(code=code, id=said, en=english, weight=weight)

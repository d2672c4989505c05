"""What to do about a site before something happens there, by what weighs most against it."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from services.alerts.domain.site_risk import BANDS
from services.alerts.domain.task import Advice
from shared.events.alert import Reason
from shared.events.risk import SiteRisk

ABOUT_RISK = "site_risk"
"""How a task says that it is such an advice."""
WITHIN = timedelta(hours=6)
STEPS = 3

_STEPS: Mapping[str, tuple[str, str]] = {
    "class": ("tambah kontrol di lokasi ini", "add visits to this site"),
    "phase": ("tambah penjaga selama tahapan ini", "post more guards during this phase"),
    "logistics_stage": ("jaga tempat logistik tanpa putus", "guard the ballots without a break"),
    "visit_missed": ("lakukan kontrol yang terlewat", "make the visit that was missed"),
    "silent": ("hubungi penjaga, atau kirim unit", "call the guards, or send a crew"),
    "alert": ("siapkan unit cadangan di dekatnya", "hold a crew in reserve nearby"),
    "vulnerability": ("tutup kerawanan yang terbuka", "mend the open vulnerabilities"),
    "task_overdue": ("selesaikan yang lewat batas", "finish what is overdue"),
}


def calls_for_advice(change: SiteRisk) -> bool:
    """Whether a site rose into the highest band."""
    return change.band == BANDS[-1]


def advice_on(change: SiteRisk) -> Advice:
    """The steps against what weighs most, the heaviest first, and why."""
    weights: Counter[str] = Counter()
    for reason in change.reasons:
        weights[reason.code] += reason.weight
    steps = [_STEPS[code] for code, _ in weights.most_common() if code in _STEPS][:STEPS]
    said, english = ("; ".join(words) for words in zip(*steps, strict=True))
    return Advice(
        cause=f"{ABOUT_RISK}:{change.version}",
        site=change.site,
        about=ABOUT_RISK,
        text=_sentence(said),
        reasons=(
            Reason(code="advice", id=_sentence(said), en=_sentence(english)),
            Reason(
                code="risk",
                id=f"Skor risiko {change.score}: {change.band}",
                en=f"Risk score {change.score}: high",
            ),
            *(Reason(code=each.code, id=each.id, en=each.en) for each in change.reasons),
        ),
        due_at=change.changed_at + WITHIN,
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]

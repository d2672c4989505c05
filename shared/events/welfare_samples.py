"""Examples of what takes something back, and of a question after somebody's welfare."""

from datetime import UTC, datetime, timedelta

from shared.events.identity import derived_id
from shared.events.incident import Mistake
from shared.events.patrol import Fix, Withdrawal
from shared.events.welfare import Nudge, WelfareAnswer

_NIGHT = datetime(2023, 11, 29, 14, 12, tzinfo=UTC)

NUDGE = Nudge(
    id=derived_id(_NIGHT, "sample", "nudge"),
    version=1,
    crew="R-21",
    unit="polda-jatim/polres-tuban",
    state="asked",
    reason="operator",
    by="Ipda Sari Wulandari",
    text="Posisi diam 40 menit",
    site=None,
    site_name=None,
    asked_at=_NIGHT,
    due_at=_NIGHT + timedelta(minutes=10),
    answered_at=None,
    answered_by=None,
    alert=None,
)
ANSWER = WelfareAnswer(
    nudge=NUDGE.id, crew="R-21", position=Fix(lat=-6.9131, lon=112.0662, accuracy_m=18.0)
)
WITHDRAWAL = Withdrawal(checkin=derived_id(_NIGHT, "sample", "VisitCheckedIn"), crew="R-21")
MISTAKE = Mistake(duress=derived_id(_NIGHT, "sample", "DuressRaised"), crew="R-21")

"""What one event shows of whether its sender is where it says. Speed between points, a code that
two phones show or that comes back, are judged by alerts, which knows more than one event."""

from datetime import datetime
from typing import Self

from msgspec import Struct

from shared.checkpoint_codes import CodeBook
from shared.events.patrol import Fix
from shared.plan.geometry import is_within
from shared.plan.model import Site

FLAGS = {
    "outside_geofence": "the position is farther from the site than its radius plus the accuracy",
    "low_accuracy": "the position may be off by more than 100 m",
    "mock_location": "the phone says that a program makes up its position",
    "stale_position": "the position was fixed more than 2 min before or after the event",
    "no_position": "a check-in without a position",
    "no_code": "a check-in by QR or NFC without the code",
    "bad_code": "the code is none that this deployment has signed",
    "other_site_code": "the code is genuine, and another site's",
    "expired_code": "the code is genuine, and was no longer good at the time of the event",
}
"""What presence adds to the flags; a missing factor is a flag and refuses nothing."""

POOR_ACCURACY_M = 100
STALE_AFTER_S = 120
CODE_GRACE_S = 60
"""A display shows the next code a moment late, and phones' clocks are corrected to the second."""
CHECK_IN = "ronda.visit.checked_in.v1"
_SCANNED = frozenset({"qr", "nfc"})
_ON_THE_WAY = frozenset(
    {
        "ronda.dispatch.accepted.v1",
        "ronda.dispatch.declined.v1",
        "ronda.dispatch.en_route.v1",
    }
)
"""Their subject is where the sender is going; everything else is said of where the sender is."""


class View(Struct, frozen=True, gc=False):
    """What of an event's data is looked at, whatever its type."""

    position: Fix | None = None
    category: str | None = None
    method: str | None = None
    code: str | None = None

    @classmethod
    def of(cls, data: object) -> Self:
        """Of decoded data; a field that its type does not have is nothing, whatever was sent."""
        return cls(
            position=getattr(data, "position", None),
            category=getattr(data, "category", None),
            method=getattr(data, "method", None),
            code=getattr(data, "code", None),
        )


def presence_flags(
    event_type: str,
    view: View,
    *,
    moment: datetime,
    age_s: float,
    now: datetime,
    subject: str | None,
    site: Site | None,
    codes: CodeBook,
) -> list[str]:
    """The flags of place and code: `moment` is the event's time by the phone, `age_s` how long ago
    that was with the phone's clock corrected, `site` its subject where the plan knows it."""
    marks: list[str] = []
    if view.position is not None:
        marks += _of_the_place(view.position, None if event_type in _ON_THE_WAY else site, moment)
    if event_type == CHECK_IN:
        marks += ["no_position"] if view.position is None else []
        marks += _of_the_code(view, now, age_s, subject, codes)
    return marks


def _of_the_place(fix: Fix, site: Site | None, moment: datetime) -> list[str]:
    accuracy_m = fix.accuracy_m or 0
    marks: list[str] = []
    if site is not None and not is_within(fix, site, site.radius_m, accuracy_m):
        marks.append("outside_geofence")
    if accuracy_m > POOR_ACCURACY_M:
        marks.append("low_accuracy")
    if fix.mock:
        marks.append("mock_location")
    if fix.fixed_at is not None and abs((moment - fix.fixed_at).total_seconds()) > STALE_AFTER_S:
        marks.append("stale_position")
    return marks


def _of_the_code(
    view: View, now: datetime, age_s: float, subject: str | None, codes: CodeBook
) -> list[str]:
    if view.code is None:
        return ["no_code"] if view.method in _SCANNED else []
    code = codes.genuine(view.code)
    if code is None:
        return ["bad_code"]
    marks: list[str] = []
    if code.site != subject:
        marks.append("other_site_code")
    if code.expires_at is not None:
        good_s = (now - code.expires_at).total_seconds() - CODE_GRACE_S
        marks += ["expired_code"] if age_s < good_s else []
    return marks

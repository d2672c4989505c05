"""What an alert and its pages say of how they came to be, held against what the engine promises.

Only what their own versions and lines show is judged, never two clocks against each other.
"""

from collections import Counter
from datetime import datetime

from services.alerts.domain.escalation import is_climbing
from services.alerts.domain.paging import Page
from services.alerts.domain.second_operator import CALLED
from shared.events.alert import Alert

TAKEN = frozenset({"acknowledged", "dispatched"})
NO_LEVEL = frozenset({"backup_requested", CALLED})
"""What is told although somebody has the alert: these calls are no levels of the climb."""


def is_told_too_late(page: Page) -> bool:
    """Whether a level was told in a cycle that a person had ended; the page shows the alert as it
    was when it was told."""
    shown = page.alert
    if shown.timeline and shown.timeline[-1].what in NO_LEVEL:
        return False
    ended = any(line.what in TAKEN and line.cycle == page.cycle for line in shown.timeline)
    return shown.cycle == page.cycle and (ended or not is_climbing(shown))


def climbed_twice(alert: Alert) -> bool:
    """Whether one deadline was acted upon twice: a cycle came to one level more than once."""
    lines = Counter((line.cycle, line.level) for line in alert.timeline if line.what == "escalated")
    return any(times > 1 for times in lines.values())


def is_ahead(alert: Alert, now: datetime) -> bool:
    """Whether it was decided at a time that has not come yet."""
    return alert.updated_at > now

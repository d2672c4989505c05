"""What must hold of the alerts core after every step of every history."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from services.alerts.domain.alert import needs_two
from services.alerts.domain.severity import SEVERITIES
from shared.events.alert import Alert
from shared.events.envelope import Event
from shared.plan.model import Plan
from tests.fake_store import FakeStore

HOLDING = {"acknowledged", "dispatched", "arrived"}


class Truths:
    """Checks the committed rows; each method raises AssertionError with what it found."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store

    def hold(self) -> None:
        """Everything that can be said of one moment and of the whole history."""
        for alert in self._store.alerts():
            self._has_its_deadline(alert)
            self._was_told_to_somebody(alert)
        for versions in self._histories().values():
            self._is_a_history(versions)
            self._no_level_after_a_person_took_it(versions)
            self._closed_by_enough_people(versions)
        assert max(self._store.queued.values(), default=0) <= 1, "a page was queued twice"
        ids = Counter(event.id for event in self._store.events())
        twice = [event_id for event_id, times in ids.items() if times > 1]
        assert not twice, f"event ids used twice: {twice}"

    def every_report_in_one_alert(self, reports: Sequence[Event]) -> None:
        """A report has exactly one effect."""
        parts = Counter(part.event for alert in self._store.alerts() for part in alert.parts)
        for report in reports:
            assert parts[report.id] == 1, f"{report.id} is part of {parts[report.id]} alerts"

    def nothing_early(self, since: int, now: datetime) -> None:
        """What a tick decided was due."""
        deadlines = {
            (alert.id, alert.version): alert.next_due_at
            for versions in self._histories().values()
            for alert in versions
        }
        for event in self._store.events()[since:]:
            if not isinstance(event.data, Alert) or event.actor or event.data.version == 1:
                continue
            due = deadlines[event.data.id, event.data.version - 1]
            assert due is not None, "decided by a clock, without a deadline"
            assert due <= event.time <= now, f"{event.type} is early by {due - event.time}"

    def nothing_overdue(self, now: datetime) -> None:
        """After a tick nothing waits that was due."""
        for alert in self._store.alerts():
            assert alert.next_due_at is None or alert.next_due_at > now, "a timer was left"

    def end_at_the_top(self, plan: Plan | None) -> None:
        """After a long silence, whoever is untaken has been told up to the last level."""
        assert plan is not None
        for alert in self._store.alerts():
            if alert.state in {"resolved", "closed"}:
                continue
            assert alert.next_due_kind == "climb", "an acknowledgement held for ever"
            last = len(plan.policy_by_id[alert.policy].steps)
            assert alert.level == last, f"stopped at level {alert.level} of {last}"
            assert "repeated" in {entry.what for entry in alert.timeline}

    def _histories(self) -> dict[str, list[Alert]]:
        histories: dict[str, list[Alert]] = defaultdict(list)
        for event in self._store.events():
            if isinstance(event.data, Alert):
                histories[event.data.id].append(event.data)
        return histories

    def _has_its_deadline(self, alert: Alert) -> None:
        armed = (alert.next_due_at is not None, alert.next_due_kind)
        if alert.state in {"resolved", "closed"}:
            wanted = (True, "close_lapse") if alert.closing else (False, None)
            assert armed == wanted, f"{alert.state} with the timer {armed}"
        elif alert.state == "raised":
            assert armed == (True, "climb"), f"raised with the timer {armed}"
        else:
            assert armed[0], f"{alert.state} without a timer"
            assert armed[1] in {"climb", "ack_expiry"}, f"{alert.state} with the timer {armed}"
        if alert.next_due_kind == "ack_expiry" or alert.state == "acknowledged":
            assert alert.owner is not None, "held by nobody"

    def _was_told_to_somebody(self, alert: Alert) -> None:
        """Level 0 lasts only until the first deadline, and no deadline is ever left."""
        told = {page.level for page in self._store.pages() if page.alert.id == alert.id}
        assert alert.level == 0 or alert.level in told, f"level {alert.level} was not told"

    def _is_a_history(self, versions: Sequence[Alert]) -> None:
        assert [alert.version for alert in versions] == list(range(1, len(versions) + 1))
        kept = next(alert for alert in self._store.alerts() if alert.id == versions[0].id)
        assert versions[-1] == kept, "the newest event is not what is kept"
        for before, after in pairwise(versions):
            kept_owner = before.owner is None or after.owner is not None
            assert kept_owner or after.timeline[-1].what == "released", "the owner was lost"
            assert before.cycle <= after.cycle <= before.cycle + 1
            worse = SEVERITIES.index(after.severity) >= SEVERITIES.index(before.severity)
            assert worse, "the severity was lowered"

    def _no_level_after_a_person_took_it(self, versions: Sequence[Alert]) -> None:
        taken: dict[int, Alert] = {}
        for alert in versions:
            if alert.next_due_kind != "climb":
                taken.setdefault(alert.cycle, alert)
        for alert in versions:
            first = taken.get(alert.cycle)
            assert first is None or alert.version <= first.version or alert.level <= first.level
        for page in self._store.pages():
            first = taken.get(page.cycle)
            by_hand = page.why.startswith("Operator kedua diminta")
            if first is not None and page.alert.id == first.id and not by_hand:
                assert page.alert.version < first.version, "paged after somebody took it"

    def _closed_by_enough_people(self, versions: Sequence[Alert]) -> None:
        for before, after in pairwise(versions):
            if after.state != "closed" or before.state == "closed" or not needs_two(after):
                continue
            assert before.closing is not None, "closed without a proposal"
            closer = after.timeline[-1].by
            assert closer != before.closing.name, "closed by one person"

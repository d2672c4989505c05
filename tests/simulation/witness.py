"""What must hold after every step, whatever happened. Looks at what is new since the last look."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import islice

import msgspec

from services.alerts.domain.alert import needs_two
from services.alerts.domain.correlation import belongs
from services.alerts.domain.promises import NO_LEVEL, climbed_twice, is_ahead, is_told_too_late
from services.alerts.domain.report import report_of
from services.alerts.domain.severity import SEVERITIES
from services.alerts.domain.watch import is_waiting
from services.alerts.ports import Page
from shared.events.alert import Alert, Visit
from shared.events.envelope import Event
from shared.events.presence import SequenceGap
from shared.events.task import Task
from shared.events.watch import Handover
from shared.events.welfare import Nudge
from shared.plan.model import Plan
from tests.fake_store import FakeStore
from tests.fake_watch_rows import alarm_due, handovers

BY_THE_CLOCK = {"escalated", "repeated", "ack_expired", "nobody_reachable"}


class Witness:
    """Raises AssertionError with what it found."""

    def __init__(self, store: FakeStore, plan: Plan, reports: Mapping[str, Event]) -> None:
        self._store = store
        self._plan = plan
        self._reports = reports
        """What phones made, by event id."""
        self.alerts: dict[str, Alert] = {}
        self.tasks: dict[str, Task] = {}
        self.gaps: dict[str, SequenceGap] = {}
        self.visits: dict[str, Visit] = {}
        self.nudges: dict[str, Nudge] = {}
        self.handovers: dict[str, Handover] = {}
        self._ids: set[str] = set()
        self._parts: Counter[str] = Counter()
        self._taken: dict[tuple[str, int], tuple[int, int]] = {}
        self._broken_off: dict[str, datetime | None] = {}
        """When the climb would have gone on that the last take of an alert broke off."""
        self._told: dict[str, set[int]] = defaultdict(set)
        self._kept: dict[str, bytes] = {}
        self._settled_later: set[str] = set()
        """Alerts that were to be closed with what raised them, in one transaction."""
        self._seen_events = self._seen_pages = 0

    def look(self) -> None:
        """Everything that was committed since."""
        store = self._store
        pages = list(islice(store.rows.pages.values(), self._seen_pages, None))
        for row in pages:
            self._told[row.page.alert.id].add(row.page.level)
        events = store.rows.outbox[self._seen_events :]
        for published in events:
            self._heard(published.event)  # type: ignore[arg-type]
        for row in pages:
            self._is_not_told_too_late(row.page)
        self._seen_pages += len(pages)
        self._seen_events += len(events)
        self._is_what_is_kept("alert", store.rows.alerts, self.alerts)
        self._is_what_is_kept("task", store.rows.tasks, self.tasks)
        self._handovers_are_told_once()
        doubled = [dedup for dedup, times in store.queued.items() if times > 1]
        assert not doubled, f"queued twice: {doubled}"

    def nothing_overdue(self, now: datetime) -> None:
        """After a tick that nobody disturbed nothing waits that was due."""
        everything: list[Alert | Task] = [*self.alerts.values(), *self.tasks.values()]
        for timed in everything:
            due = timed.next_due_at
            assert due is None or due > now, f"{type(timed).__name__} {timed.id} was left"
        for track in self._store.rows.tracks.values():
            due = track.next_check_at
            assert due is None or due > now, f"the gap of {track.device} was left"
        for pending in self._store.rows.visits.values():
            # Whether the site of a missed one is silent is asked in the tick after.
            due = pending.next_check_at
            assert due is None or due >= now, f"the visit {pending.visit.id} was left"
        for handover in handovers(self._store.rows.handovers):
            due = alarm_due(handover)
            assert due is None or due > now, f"nobody hears of the handover {handover.id}"
        for nudge in self._store.nudges():
            waits = nudge.state == "asked" and nudge.due_at <= now
            assert not waits, f"the question to {nudge.crew} was left"

    def every_report_had_its_effect(self) -> None:
        """Each report is a part of one alert, each vulnerability is one task."""
        for event_id, event in self._reports.items():
            noun = event.type.split(".")[1]
            if noun in {"incident", "duress", "backup"}:
                times = self._parts[event_id]
                assert times == 1, f"{event.type} {event_id} is part of {times} alerts"
            if noun == "vulnerability" and event.purpose is None:
                assert event_id in self.tasks, "a vulnerability became no task"

    def every_report_is_found(self) -> None:
        """The index of parts names an alert that shows the report, whatever was merged or split."""
        for event, alert_id in self._store.rows.parts.items():
            alert = self.alerts[alert_id]
            shown = {each for part in alert.parts for each in (part.event, part.copyof)}
            assert event in shown or alert.parts_more, f"{event} is not in {alert_id}"

    def everybody_was_told(self) -> None:
        """The provider is well: nothing waits to be sent, and whatever climbs has reached one."""
        rows = self._store.rows.pages.values()
        waiting = [row.page.dedup for row in rows if row.due_at is not None]
        assert not waiting, f"pages were left: {waiting}"
        reached = {row.page.alert.id for row in rows if row.progress.accepted_at is not None}
        for alert in self.alerts.values():
            climbs = alert.next_due_kind == "climb" and alert.level > 0
            assert not climbs or alert.id in reached, f"nobody was told of {alert.id}"

    def visits_are_settled(self, scans: Iterable[Event], now: datetime) -> None:
        """Whoever was there in time missed nothing, and whoever was not has missed it."""
        for pending in self._store.rows.visits.values():
            visit = pending.visit
            if visit.grace_until > now:
                continue
            there = any(
                scan.subject == visit.site and visit.opens_at <= scan.time <= visit.grace_until
                for scan in scans
            )
            states = {"done", "recovered"} if there else {"missed", "recovered"}
            assert visit.state in states, f"{visit.state}, somebody was there: {there}"

    def gaps_are_what_is_missing(self, numbers: Mapping[str, set[int]]) -> None:
        """A device that misses nothing has no open gap, any other one has."""
        for device, came in numbers.items():
            missing = max(came) - min(came) + 1 - len(came)
            gap = self.gaps.get(device)
            is_open = gap is not None and gap.state == "open"
            assert is_open == (missing > 0), f"{device} misses {missing}, told: {gap}"

    def _heard(self, event: Event) -> None:
        assert event.id not in self._ids, f"the event id {event.id} was used twice"
        self._ids.add(event.id)
        data = getattr(event, "data", None)
        if isinstance(data, Alert):
            self._alert(event, data)
        elif isinstance(data, Task):
            self._task(event, data)
        elif isinstance(data, SequenceGap):
            known = self.gaps.get(data.device)
            assert data.version == (known.version if known else 0) + 1
            self.gaps[data.device] = data
        elif isinstance(data, Nudge):
            self._nudge(data)
        elif isinstance(data, Handover):
            self._handover(data)
        elif isinstance(data, Visit):
            known_visit = self.visits.get(data.id)
            later = known_visit is None or data.version > known_visit.version
            assert later, f"a visit was told to be {data.state} twice"
            self.visits[data.id] = data

    def _handover(self, handover: Handover) -> None:
        before = self.handovers.get(handover.id)
        assert before is None or is_waiting(before), "it was over, and ends again"
        waiting = [each for each in self.handovers.values() if is_waiting(each)]
        assert before is not None or not waiting, "two handovers wait at once"
        self.handovers[handover.id] = handover
        if handover.alert is not None:
            self._settled_later.add(handover.alert)

    def _handovers_are_told_once(self) -> None:
        """Each that nobody accepted has one alert, and no alert has none."""
        told = {each.id: each for each in self.alerts.values() if each.kind == "handover"}
        kept = handovers(self._store.rows.handovers)
        asking = [each.alert for each in kept if each.alert is not None]
        assert sorted(asking) == sorted(told), "a handover was told of twice, or not at all"
        for handover in kept:
            alarm = told.get(handover.alert or "")
            assert alarm is None or alarm.raised_at >= (handover.due_at or alarm.raised_at), "early"

    def _nudge(self, nudge: Nudge) -> None:
        before = self.nudges.get(nudge.id)
        assert nudge.version == (before.version if before else 0) + 1, "a version was lost"
        assert before is None or before.state != "answered", "it was answered, and ends again"
        others = [each for each in self.nudges.values() if each.state == "asked"]
        assert before is not None or not others, "a crew is asked twice at once"
        self.nudges[nudge.id] = nudge

    def _alert(self, event: Event, alert: Alert) -> None:
        before = self.alerts.get(alert.id)
        assert alert.version == (before.version if before else 0) + 1, "a version was lost"
        self.alerts[alert.id] = alert
        regrouped = alert.links != (before.links if before else [])
        if not regrouped:
            known = {part.event for part in before.parts} if before else set()
            self._parts.update(part.event for part in alert.parts if part.event not in known)
        self._is_armed(alert)
        assert not climbed_twice(alert), "a deadline was acted upon twice"
        assert not is_ahead(alert, event.time), "it was decided ahead of its time"
        told = alert.level == 0 or alert.level in self._told[alert.id]
        assert told, f"level {alert.level} was not told"
        taking = event.type == "ronda.alert.acknowledged.v1" and alert.next_due_kind == "climb"
        assert not taking, "a person took it, and it climbs on"
        if before is None:
            self._is_another_happening(alert)
            return
        self._follows(before, alert)
        self._is_not_early(event, before, alert)
        self._stays_taken(before, alert)
        self._goes_on(event, before, alert)

    def _is_armed(self, alert: Alert) -> None:
        armed = (alert.next_due_at is not None, alert.next_due_kind)
        if alert.state in {"resolved", "closed"}:
            allowed = {(True, "close_lapse")} if alert.closing else {(False, None)}
        elif alert.state == "raised":
            allowed = {(True, "climb")}
        else:
            allowed = {(True, "climb"), (True, "ack_expiry")}
        assert armed in allowed, f"{alert.state} with the timer {armed}"
        held = alert.next_due_kind == "ack_expiry" or alert.state == "acknowledged"
        assert not held or alert.owner is not None, "held by nobody"

    def _is_another_happening(self, alert: Alert) -> None:
        event = self._reports.get(alert.parts[0].event)
        if event is None or alert.kind != "incident" or alert.links:
            return
        report = report_of(event, self._plan, alert.raised_at)  # type: ignore[arg-type]
        for other in self.alerts.values():
            same = other.id != alert.id and belongs(report, other, self._plan)
            assert not same, "two alerts for one happening"

    def _follows(self, before: Alert, after: Alert) -> None:
        kept_owner = before.owner is None or after.owner is not None
        assert kept_owner or after.timeline[-1].what == "released", "the owner was lost"
        assert before.cycle <= after.cycle <= before.cycle + 1, "a cycle was skipped"
        worse = SEVERITIES.index(after.severity) >= SEVERITIES.index(before.severity)
        assert worse, "the severity was lowered"
        absorbed = after.outcome == "duplicate" and len(after.links) > 0
        if after.state == "closed" != before.state and needs_two(after) and not absorbed:
            assert before.closing is not None, "closed without a proposal"
            assert after.timeline[-1].by != before.closing.name, "closed by one person"

    def _is_not_early(self, event: Event, before: Alert, after: Alert) -> None:
        last = after.timeline[-1]
        acted = event.actor is not None or len(after.parts) != len(before.parts)
        if acted or last.what not in BY_THE_CLOCK or after.severity != before.severity:
            return
        if last == before.timeline[-1]:
            return
        assert before.next_due_at is not None, f"{last.what} by a clock without a deadline"
        assert before.next_due_at <= event.time, f"{last.what} came early"
        assert after.next_due_at is not None, "and was not armed again"
        assert after.next_due_at > event.time, f"{last.what} comes twice"

    def _stays_taken(self, before: Alert, after: Alert) -> None:
        if after.next_due_kind != "climb":
            self._taken.setdefault((after.id, after.cycle), (after.version, after.level))
            return
        taken = self._taken.get((after.id, after.cycle))
        assert taken is None, "it climbs although a person took it"

    def _goes_on(self, event: Event, before: Alert, after: Alert) -> None:
        """A climb that was broken off by mistake loses no time and no level."""
        if event.type == "ronda.alert.acknowledged.v1":
            self._broken_off[after.id] = before.next_due_at
        if event.type == "ronda.alert.released.v1":
            due = self._broken_off[after.id]
            assert due is not None, "released, and nobody had taken it"
            assert after.next_due_at == max(due, event.time), "the climb began anew"
            assert after.level == before.level, "it climbed by being released"
            assert after.owner is None, "it was released, and somebody holds it"

    def _is_not_told_too_late(self, page: Page) -> None:
        """Who holds an alert is told that backup is asked for; that is no level."""
        # As the auditor of a running engine sees it, which has no history to look at.
        assert not is_told_too_late(page), "a page shows that it is too late"
        exercised = page.alert.purpose is not None
        assert not exercised or page.channel == "log", "an exercise calls a real contact"
        taken = self._taken.get((page.alert.id, page.cycle))
        if taken is None or page.alert.version < taken[0]:
            return
        # By the plan of now the level that knows it may reach nobody: then the next one hears.
        highest = max(taken[1], 1) + 1
        cry = page.alert.timeline[-1].what in NO_LEVEL and page.level <= highest
        assert cry, "a level was told after a person took it"

    def _task(self, event: Event, task: Task) -> None:
        before = self.tasks.get(task.id)
        assert task.version == (before.version if before else 0) + 1, "a version was lost"
        self.tasks[task.id] = task
        if task.state == "done":
            assert task.next_due_at is None, "done, with a timer"
        else:
            assert task.next_due_at is not None, f"{task.state} without a timer"
        if task.state == "open":
            timer = task.next_due_at or task.due_at
            assert timer <= task.due_at, "open, with a timer after its time"
        if before is not None and task.lapses > before.lapses:
            assert before.next_due_at is not None, "overdue without a deadline"
            assert max(before.next_due_at, before.due_at) <= event.time, "overdue before its time"
            assert task.lapses == before.lapses + 1, "overdue twice at once"
        if task.state == "overdue":
            assert task.alert in self.alerts, "overdue, and nobody hears of it"
        elif before is not None and before.state == "overdue" and task.alert is not None:
            self._settled_later.add(task.alert)

    def _is_what_is_kept(
        self, what: str, rows: Mapping[str, bytes], told: Mapping[str, msgspec.Struct]
    ) -> None:
        assert rows.keys() == told.keys(), f"an {what} is kept that nobody was told of"
        for key, body in rows.items():
            kept = self._kept.get(key)
            if kept is not body:
                assert msgspec.json.encode(told[key]) == body, f"the newest {what} is another one"
                self._kept[key] = body
        for alert in self._settled_later:
            assert self.alerts[alert].state == "closed", "its cause is settled, and it still asks"
        self._settled_later.clear()

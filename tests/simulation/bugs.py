"""Engines with one bug each: a simulation that does not notice them proves nothing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from services.alerts.ports import DeviceTrack, Page, PendingVisit, TopicPartition
from shared.events.alert import Alert
from shared.events.envelope import Event
from shared.events.task import Task
from shared.events.watch import Handover
from shared.events.welfare import Nudge
from shared.topics import TopicSpec
from tests.builders import TELEGRAM
from tests.fake_store import FakeStore, FakeTransaction, Lock
from tests.unit.alerts.engine import Engine


class Tampers(FakeTransaction):
    """Something wrong is decided, and told and kept alike."""

    def alert_as(self, alert: Alert) -> Alert:
        """What becomes of an alert."""
        return alert

    def task_as(self, task: Task) -> Task:
        """What becomes of a task."""
        return task

    async def save_alert(self, alert: Alert) -> None:
        await super().save_alert(self.alert_as(alert))

    async def save_task(self, task: Task) -> None:
        await super().save_task(self.task_as(task))

    async def publish(self, topic: TopicSpec, key: str, event: Event) -> None:
        data = getattr(event, "data", None)
        if isinstance(data, Alert):
            event = replace(event, data=self.alert_as(data))
        if isinstance(data, Task):
            event = replace(event, data=self.task_as(data))
        await super().publish(topic, key, event)


class LosesATimer(Tampers):
    """A dispatched alert loses its deadline."""

    def alert_as(self, alert: Alert) -> Alert:
        if alert.state != "dispatched":
            return alert
        return replace(alert, next_due_at=None, next_due_kind=None)


class FiresEarly(FakeTransaction):
    """Alerts are claimed before their time, and said to be due."""

    async def due_alerts(self, now: datetime, limit: int) -> Sequence[Alert]:
        alerts = await super().due_alerts(now + timedelta(seconds=9), limit)
        return [replace(each, next_due_at=now) for each in alerts]


class FiresTwice(Tampers):
    """A timer that fired is armed for the same moment again."""

    def alert_as(self, alert: Alert) -> Alert:
        if alert.timeline[-1].what != "escalated":
            return alert
        return replace(alert, next_due_at=alert.updated_at)


class LeavesWhatIsDue(FakeTransaction):
    """Whatever is due for more than ten minutes is never looked at again."""

    async def due_alerts(self, now: datetime, limit: int) -> Sequence[Alert]:
        old = now - timedelta(minutes=10)
        alerts = await super().due_alerts(now, limit)
        return [each for each in alerts if each.next_due_at and each.next_due_at > old]


class ClimbsOn(Tampers):
    """An acknowledgement does not stop the climb."""

    def alert_as(self, alert: Alert) -> Alert:
        if alert.timeline[-1].what != "acknowledged":
            return alert
        due = alert.updated_at + timedelta(seconds=1)
        return replace(alert, next_due_at=due, next_due_kind="climb")


class BeginsTheClimbAnew(Tampers):
    """A release gives the level the time that it had already."""

    def alert_as(self, alert: Alert) -> Alert:
        if alert.timeline[-1].what != "released":
            return alert
        return replace(alert, next_due_at=alert.updated_at + timedelta(seconds=60))


class PagesAfterwards(FakeTransaction):
    """A level is told when somebody has just taken the alert."""

    async def save_alert(self, alert: Alert) -> None:
        await super().save_alert(alert)
        if alert.next_due_kind == "ack_expiry":
            page = next((row.page for row in self._store.rows.pages.values()), None)
            if page is not None:
                fields = {"alert": alert, "cycle": alert.cycle, "dedup": f"{alert.id}late"}
                await super().page(_page(page, fields))


class TellsNobody(FakeTransaction):
    """The pages of the second level are lost."""

    async def page(self, page: Page) -> None:
        if page.level != 2:
            await super().page(page)


class TellsTwice(FakeTransaction):
    """Each page is queued twice."""

    async def page(self, page: Page) -> None:
        await super().page(page)
        await super().page(page)


class AdmitsTwice(FakeTransaction):
    """The inbox forgets what it admitted."""

    async def admit(self, event_ids: Sequence[str]) -> set[str]:
        return set(event_ids)


class SkipsRecords(FakeTransaction):
    """Positions run ahead of what was taken in."""

    async def advance(self, positions: Mapping[TopicPartition, int]) -> None:
        await super().advance({place: offset + 1 for place, offset in positions.items()})


class KeepsNoAnswers(FakeTransaction):
    """A command's answer is not found under its key."""

    async def answer(self, key: str) -> None:
        return None


class LosesATasksTimer(Tampers):
    """An overdue task never asks again."""

    def task_as(self, task: Task) -> Task:
        return replace(task, next_due_at=None) if task.state == "overdue" else task


class HurriesTasks(FakeTransaction):
    """A task is due before the time that was given for it."""

    async def due_tasks(self, now: datetime, limit: int) -> Sequence[Task]:
        tasks = await super().due_tasks(now + timedelta(minutes=1), limit)
        return [replace(each, due_at=now, next_due_at=now) for each in tasks]


class ForgetsTasks(FakeTransaction):
    """No task is ever found due."""

    async def due_tasks(self, now: datetime, limit: int) -> Sequence[Task]:
        return []


class LeavesItsAlert(Tampers):
    """What is settled goes on asking."""

    def alert_as(self, alert: Alert) -> Alert:
        if alert.outcome != "recovered":
            return alert
        due = alert.updated_at + timedelta(minutes=15)
        return replace(alert, state="raised", outcome=None, next_due_at=due, next_due_kind="climb")


class ForgetsGaps(FakeTransaction):
    """No device is ever found to miss something."""

    async def due_tracks(self, now: datetime, limit: int) -> Sequence[DeviceTrack]:
        return []


class ForgetsVisits(FakeTransaction):
    """No visit is ever looked at."""

    async def due_visits(self, now: datetime, limit: int) -> Sequence[PendingVisit]:
        return []


class ForgetsCrews(FakeTransaction):
    """No crew that does not answer is ever found."""

    async def due_nudges(self, now: datetime, limit: int) -> Sequence[Nudge]:
        return []


class ForgetsHandovers(FakeTransaction):
    """No handover that nobody accepts is ever found."""

    async def due_handovers(self, now: datetime, limit: int) -> Sequence[Handover]:
        return []


class TellsOfHandoversAgain(FakeTransaction):
    """That a handover raised its alert is forgotten."""

    async def save_handover(self, made: Handover) -> None:
        await super().save_handover(replace(made, alert=None))


class AsksAgain(FakeTransaction):
    """A crew is asked although it still has to answer."""

    async def ask(self, nudge: Nudge) -> Nudge | None:
        await self.save_nudge(nudge)
        return None


class TakesExercisesForReal(FakeTransaction):
    """Pages of an exercise name real contacts."""

    async def page(self, page: Page) -> None:
        real = {"channel": TELEGRAM} if page.alert.purpose else {}
        await super().page(_page(page, real))


class LosesSplitReports(FakeTransaction):
    """After a merge or a split the reports are still found where they were."""

    async def move_parts(
        self, events: Sequence[str] | None, from_alert: str, to_alert: str
    ) -> None:
        return None


class LocksNothing(FakeStore):
    """Whoever wants a row has it."""

    async def lock(self, transaction: FakeTransaction, lock: Lock) -> None:
        await asyncio.sleep(0)

    def try_lock(self, transaction: FakeTransaction, lock: Lock) -> bool:
        return True


class TriagesAtOnce(FakeStore):
    """Two replicas triage at once, so neighbouring partitions do not see each other."""

    async def lock(self, transaction: FakeTransaction, lock: Lock) -> None:
        if lock[0] != "operation":
            await super().lock(transaction, lock)


class CommitsHalf(FakeStore):
    """Who is killed before the commit has committed all the same."""

    def _begin(self) -> FakeTransaction:
        transaction = super()._begin()
        if self.crash_before_commit:
            self.crash_before_commit, self.crash_after_commit = 0, 1
            transaction.publish = _nothing  # type: ignore[method-assign,assignment]
        return transaction


async def _nothing(*_: Any) -> None:
    return None


def _page(page: Page, fields: dict[str, Any]) -> Page:
    values = {name: getattr(page, name) for name in page.__dataclass_fields__}
    return Page(**values | fields)


def _engine(store: Callable[[], FakeStore]) -> type[Engine]:
    return type("BuggyEngine", (Engine,), {"make_store": store})


def _of(transaction: type[FakeTransaction]) -> type[Engine]:
    def begin(store: FakeStore) -> FakeTransaction:
        return transaction(store)

    return _engine(type(f"Store{transaction.__name__}", (FakeStore,), {"_begin": begin}))


BUGS: dict[str, type[Engine]] = {
    **{
        bug.__name__: _of(bug)
        for bug in (
            LosesATimer,
            FiresEarly,
            FiresTwice,
            LeavesWhatIsDue,
            ClimbsOn,
            BeginsTheClimbAnew,
            PagesAfterwards,
            TellsNobody,
            TellsTwice,
            AdmitsTwice,
            SkipsRecords,
            KeepsNoAnswers,
            LosesATasksTimer,
            HurriesTasks,
            ForgetsTasks,
            LeavesItsAlert,
            ForgetsGaps,
            ForgetsVisits,
            ForgetsCrews,
            ForgetsHandovers,
            TellsOfHandoversAgain,
            AsksAgain,
            TakesExercisesForReal,
            LosesSplitReports,
        )
    },
    **{bug.__name__: _engine(bug) for bug in (LocksNothing, TriagesAtOnce, CommitsHalf)},
}
"""By name, for `python -m tests.simulation --bug NAME`."""

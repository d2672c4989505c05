"""Random histories of the whole core; and proof that the machine notices what it is there for."""

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from services.alerts.ports import Page
from shared.events.alert import Alert
from tests.fake_store import FakeStore, FakeTransaction, Lock
from tests.unit.alerts.engine import Engine
from tests.unit.alerts.machine import CoreMachine

HISTORIES = int(os.environ.get("RONDA_HISTORIES", "40"))

PATIENT = settings(
    max_examples=HISTORIES,
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# Enough to find a bug; how small the history is in which it shows does not matter here.
SEEDED = settings(PATIENT, max_examples=300, derandomize=True, phases=[Phase.generate])


def test_whatever_happens_nothing_is_forgotten_doubled_early_or_lost() -> None:
    run_state_machine_as_test(CoreMachine, settings=PATIENT)


class SeededStore(FakeStore):
    """A store whose transactions have a bug."""

    bug: type[FakeTransaction] = FakeTransaction

    def _begin(self) -> FakeTransaction:
        return self.bug(self)


class ForgetsTimers(FakeTransaction):
    """A dispatched alert loses its deadline."""

    async def save_alert(self, alert: Alert) -> None:
        if alert.state == "dispatched":
            alert = msgspec.structs.replace(alert, next_due_at=None, next_due_kind=None)
        await super().save_alert(alert)


class PagesTwice(FakeTransaction):
    """The same page is queued twice."""

    async def page(self, page: Page) -> None:
        await super().page(page)
        await super().page(page)


class PagesNobody(FakeTransaction):
    """A page is lost."""

    async def page(self, page: Page) -> None:
        if page.level < 2:
            await super().page(page)


class ClaimsEarly(FakeTransaction):
    """Alerts are claimed before their time, and said to be due."""

    async def due_alerts(self, now: datetime, limit: int) -> Sequence[Alert]:
        alerts = await super().due_alerts(now + timedelta(seconds=5), limit)
        return [msgspec.structs.replace(each, next_due_at=now) for each in alerts]


class AdmitsTwice(FakeTransaction):
    """The inbox forgets what it admitted."""

    async def admit(self, event_ids: Sequence[str]) -> set[str]:
        return set(event_ids)


class ClimbsOn(FakeTransaction):
    """An acknowledgement does not stop the climb."""

    async def save_alert(self, alert: Alert) -> None:
        if alert.next_due_kind == "ack_expiry" and alert.next_due_at:
            due = alert.updated_at + timedelta(seconds=1)
            alert = msgspec.structs.replace(alert, next_due_at=due, next_due_kind="climb")
        await super().save_alert(alert)


class ForgetsPositions(FakeTransaction):
    """Positions are not kept, and the inbox is empty after every batch."""

    async def advance(self, positions: Any) -> None:
        self._new.inbox.clear()


class KeepsNoAnswers(FakeTransaction):
    """A command's answer is not found under its key."""

    async def answer(self, key: str) -> None:
        return None


class LocksNothing(FakeStore):
    """Whoever wants a row has it."""

    async def lock(self, transaction: FakeTransaction, lock: Lock) -> None:
        await asyncio.sleep(0)

    def try_lock(self, transaction: FakeTransaction, lock: Lock) -> bool:
        return True


def seeded(bug: type[FakeTransaction]) -> type[FakeStore]:
    """A store with a bug in its transactions."""
    return type(f"Store{bug.__name__}", (SeededStore,), {"bug": bug})


BUGS = [
    *map(
        seeded,
        (
            ForgetsTimers,
            PagesTwice,
            PagesNobody,
            ClaimsEarly,
            AdmitsTwice,
            ClimbsOn,
            ForgetsPositions,
            KeepsNoAnswers,
        ),
    ),
    LocksNothing,
]


@pytest.mark.parametrize("buggy", BUGS, ids=lambda store: store.__name__)
def test_the_machine_notices_a_seeded_bug(buggy: type[FakeStore]) -> None:
    class BuggyEngine(Engine):
        make_store = buggy

    class Machine(CoreMachine):
        engine = BuggyEngine

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Machine, settings=SEEDED)

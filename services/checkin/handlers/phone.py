"""What a phone asks for: its assignment, and what came down since it last asked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from http import HTTPStatus

from msgspec import Raw, Struct

from services.checkin.domain.assignment import (
    Assignment,
    assignment,
    crews_of,
    sites_of,
    visits_kept,
)
from services.checkin.domain.inbox import Entry, Item, of_actor, of_crew, of_site
from services.checkin.ports import InboxSource, PlanSource
from shared.auth import Principal
from shared.clock import Clock
from shared.plan.in_force import in_force
from shared.plan.model import DueVisit, Plan, Situation
from shared.problem import ProblemError

LONGEST_WAIT_S = 25.0
MAX_WAITING = 2_000
"""So many phones are held at once; the next is answered right away, with nothing."""
_CURSOR = re.compile(r"(?:\d{1,4}-\d{1,18}(?:\.\d{1,4}-\d{1,18}){0,63})?", re.ASCII)


class InboxPage(Struct, frozen=True, kw_only=True):
    """What is new, where to go on, and our clock."""

    items: list[Item]
    cursor: str
    now: datetime


class EncodedPage(Struct, frozen=True, kw_only=True):
    """An `InboxPage` whose items are JSON already."""

    items: list[Raw]
    cursor: str
    now: datetime


@dataclass(slots=True)
class Phone:
    """Answers from what this replica has folded; nothing of it is asked of another service."""

    plans: PlanSource
    source: InboxSource
    clock: Clock
    _waiting: int = field(default=0, init=False)
    _kept: tuple[Plan, Situation, date, list[DueVisit]] | None = field(default=None, init=False)
    """The last expansion and what it is of: phones ask every few minutes, and it changes daily."""

    def assignment(self, sender: Principal, crew: str | None) -> Assignment:
        """Raises `ProblemError` 403 for another unit's crew, 404 before there is a plan."""
        published = self.plans.plan
        if published is None:
            detail = "no operation plan is published yet"
            raise ProblemError(HTTPStatus.NOT_FOUND, detail, extra={"code": "no_plan"})
        now = self.clock()
        situation = self.plans.situation(now)
        plan = in_force(published, situation)
        return assignment(
            plan,
            situation,
            self._visits(published, situation, now),
            actor=sender.actor,
            unit=sender.unit,
            crews=_crews(plan, sender, crew),
            tasks=list(self.source.inbox.tasks.values()),
            now=now,
        )

    def _visits(self, plan: Plan, situation: Situation, now: datetime) -> list[DueVisit]:
        today, kept = now.astimezone(plan.timezone).date(), self._kept
        if kept is None or kept[0] is not plan or kept[1:3] != (situation, today):
            kept = self._kept = plan, situation, today, visits_kept(plan, situation, today)
        return kept[3]

    async def inbox(
        self, sender: Principal, *, after: str | None, crew: str | None, wait_s: float
    ) -> EncodedPage:
        """Raises `ProblemError` 400 for a cursor that is none, 403 for another unit's crew."""
        seen = read_cursor(after)
        recipients = list(self._recipients(sender, crew))
        found: list[Entry] = []

        def look() -> bool:
            found[:] = self.source.inbox.since(recipients, seen)
            return bool(found)

        # Without a cursor the phone asks for what there is, and not for news.
        if not look() and after is not None and wait_s > 0 and self._waiting < MAX_WAITING:
            self._waiting += 1
            try:
                await self.source.until(look, min(wait_s, LONGEST_WAIT_S))
            finally:
                self._waiting -= 1
        return EncodedPage(
            items=[Raw(entry.item) for entry in found],
            cursor=_written(self.source.position, seen),
            now=self.clock(),
        )

    def _recipients(self, sender: Principal, crew: str | None) -> Iterator[str]:
        yield of_actor(sender.actor)
        if sender.shift is not None:
            # What this phone sent in its own person's name is still shown on it.
            yield of_actor(sender.shift.enrolled)
        plan = self.plans.plan
        if plan is None:
            return
        plan = in_force(plan, self.plans.situation(self.clock()))
        crews = _crews(plan, sender, crew)
        yield from map(of_crew, sorted(crews))
        yield from map(of_site, sorted(sites_of(plan, crews)))


def read_cursor(text: str | None) -> dict[int, int]:
    """Next offsets by partition; raises `ProblemError` 400."""
    if text is None:
        return {}
    if _CURSOR.fullmatch(text) is None:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "`after` is no cursor that we gave out")
    pairs = [part.split("-") for part in text.split(".") if part]
    return {int(partition): int(offset) for partition, offset in pairs}


def _written(position: Mapping[int, int], seen: Mapping[int, int]) -> str:
    # Another replica may have read further before this one: a cursor never goes back.
    furthest = {
        partition: max(position.get(partition, 0), seen.get(partition, 0))
        for partition in sorted({*position, *seen})
    }
    return ".".join(f"{partition}-{offset}" for partition, offset in furthest.items())


def _crews(plan: Plan, sender: Principal, asked: str | None) -> frozenset[str]:
    own = crews_of(plan, sender.actor)
    if asked is None or asked in own:
        return own
    if not any(shift.crew == asked and sender.covers(shift.unit) for shift in plan.shifts):
        raise ProblemError(HTTPStatus.FORBIDDEN, f"{asked!r} is no crew of your unit")
    return own | {asked}

"""The fake store's rows of tasks, of risks, of devices and of codes."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from services.alerts.domain.doubt import Doubt
from services.alerts.ports import DeviceTrack, OpenVulnerability, Use
from shared.events.patrol import Vulnerability
from shared.events.presence import SequenceGap
from shared.events.risk import SiteRisk
from shared.events.task import Task
from tests.fake_rows import FakeRows


class FakeTaskRows(FakeRows):
    """Part of the fake transaction; bodies are kept as bytes, as the real store keeps them."""

    async def task(self, task_id: str) -> Task | None:
        """Read after the lock is had."""
        if task_id not in self._all_tasks():
            return None
        await self._store.lock(self, ("task", task_id))
        return msgspec.json.decode(self._all_tasks()[task_id], type=Task)

    async def due_tasks(self, now: datetime, limit: int) -> Sequence[Task]:
        """Skips what others hold."""
        tasks = [msgspec.json.decode(body, type=Task) for body in self._all_tasks().values()]
        due = [task for task in tasks if task.next_due_at and task.next_due_at <= now]
        due.sort(key=lambda task: task.next_due_at or now)
        return list(islice((each for each in due if self._may("task", each.id)), limit))

    async def save_task(self, task: Task) -> None:
        """Replaces it."""
        self._new.tasks[task.id] = msgspec.json.encode(task)

    async def vulnerabilities_of(self, site: str) -> Sequence[OpenVulnerability]:
        """Open ones of one site."""
        tasks = [msgspec.json.decode(body, type=Task) for body in self._all_tasks().values()]
        return [
            OpenVulnerability(
                event=task.id,
                site=site,
                reported_at=task.reported_at,
                data=Vulnerability(
                    kind=task.what,
                    text=task.text,
                    stage=task.stage or "PG",
                    owner=task.owner,
                    due_at=task.due_at,
                    checkin=task.checkin,
                    media=task.media,
                ),
            )
            for task in sorted(tasks, key=lambda task: (task.reported_at, task.id))
            if task.site == site and task.kind == "vulnerability" and task.next_due_at
        ]

    async def weighs_alone(self) -> bool:
        """The first one does."""
        await asyncio.sleep(0)
        return self._may("risk", "")

    async def open_tasks(self) -> Sequence[Task]:
        """What is not done."""
        tasks = [msgspec.json.decode(body, type=Task) for body in self._all_tasks().values()]
        open_ones = [task for task in tasks if task.next_due_at]
        return sorted(open_ones, key=lambda task: (task.reported_at, task.id))

    async def site_risks(self) -> Mapping[str, SiteRisk]:
        """By site."""
        return self._seen(self._store.rows.risks, self._new.risks)

    async def save_site_risk(self, risk: SiteRisk) -> None:
        """Replaces it."""
        self._new.risks[risk.site] = risk

    async def tracks(self, devices: Sequence[str]) -> Mapping[str, DeviceTrack]:
        """Locked, also where there is no row yet."""
        for device in devices:
            await self._store.lock(self, ("device", device))
        known = {**self._store.rows.tracks, **self._new.tracks}
        return {device: known[device] for device in devices if device in known}

    async def due_tracks(self, now: datetime, limit: int) -> Sequence[DeviceTrack]:
        """Skips what others hold."""
        known = {**self._store.rows.tracks, **self._new.tracks}.values()
        due = [track for track in known if track.next_check_at and track.next_check_at <= now]
        due.sort(key=lambda track: track.next_check_at or now)
        return list(islice((each for each in due if self._may("device", each.device)), limit))

    async def save_tracks(self, tracks: Sequence[DeviceTrack]) -> None:
        """Replaces them."""
        self._new.tracks.update({track.device: track for track in tracks})

    async def code_uses(self, codes: Sequence[str]) -> Mapping[str, tuple[Use, ...]]:
        """Locked, also where there is no row yet."""
        for code in codes:
            await self._store.lock(self, ("code", code))
        known = {**self._store.rows.codes, **self._new.codes}
        return {code: known[code] for code in codes if code in known}

    async def save_code_uses(self, uses: Mapping[str, tuple[Use, ...]]) -> None:
        """Replaces them."""
        self._new.codes.update(uses)

    async def keep_doubts(self, doubts: Sequence[Doubt]) -> None:
        """The first one of an id stays."""
        for doubt in doubts:
            if doubt.id not in self._store.rows.doubts:
                self._new.doubts.setdefault(doubt.id, doubt)

    async def save_gap(self, gap: SequenceGap) -> None:
        """None where it is closed."""
        self._new.gaps[gap.device] = gap if gap.state == "open" else None

    def _may(self, kind: str, name: str) -> bool:
        return bool(self._store.try_lock(self, (kind, name)))

    def _all_tasks(self) -> dict[str, bytes]:
        return {**self._store.rows.tasks, **self._new.tasks}

"""Phones that send until they are answered, and a ledger on disk of what they were answered."""

import asyncio
import json
import os
import random
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import httpx

from shared.clock import system_clock
from shared.events.identity import new_id
from tests.faults.checker import Promise
from tests.faults.dues import CheckIn

RETRY_S = 0.25
GIVE_UP_S = 180.0
REQUEST_TIMEOUT_S = 15.0
CHECKIN = "ronda.visit.checked_in.v1"
REPORT = "ronda.incident.reported.v1"
WEAKNESS = "ronda.vulnerability.reported.v1"
WEAKNESS_DUE_IN = timedelta(seconds=10)


class Ledger:
    """Promises, written and flushed to disk before the load goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.promises: list[Promise] = []
        self.unanswered = 0
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def promised(self, promises: list[Promise]) -> None:
        """Keeps what a 202 promised."""
        self.promises += promises
        for promise in promises:
            self._file.write(json.dumps(asdict(promise), default=str) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@dataclass(slots=True)
class Load:
    """Phones that together send at least `events` events, at about `rate` a second.

    One event in `report_every` is a suspicious report, so alerts has work too; one in
    `weakness_every` is a vulnerability that is soon overdue; one batch in ten is sent twice, as a
    phone does whose answer was lost.
    """

    client: httpx.AsyncClient
    url: str
    tokens: list[str]
    sites: list[str]
    ledger: Ledger
    events: int
    rate: float
    report_every: int = 100
    weakness_every: int = 250
    batch: int = 20
    seed: int = 7
    sent: int = field(default=0, init=False)
    resent: int = field(default=0, init=False)

    async def run(self, over: asyncio.Event | None = None) -> None:
        """Sends everything, and goes on until it is `over`, because who has nothing in hand is
        killed in vain.

        Raises TimeoutError when an event is not answered in `GIVE_UP_S`.
        """
        dice = random.Random(self.seed)
        async with asyncio.TaskGroup() as phones:
            for number, token in enumerate(self.tokens):
                phones.create_task(self._phone(number, token, dice.random(), over))

    async def _phone(
        self, number: int, token: str, seed: float, over: asyncio.Event | None
    ) -> None:
        dice = random.Random(seed)
        pause = self.batch * len(self.tokens) / self.rate
        wanted, sequence = self.events // len(self.tokens), 0
        while sequence < wanted or (over is not None and not over.is_set()):
            size = min(self.batch, wanted - sequence) if over is None else self.batch
            batch = [self._event(number, sequence + step + 1, dice) for step in range(size)]
            sequence += size
            await self._send(token, batch)
            self.sent += size
            if dice.random() < 0.1:
                self.resent += size
                await self._send(token, batch, again=True)
            await asyncio.sleep(pause * dice.uniform(0.5, 1.5))

    def _event(self, phone: int, sequence: int, dice: random.Random) -> dict[str, Any]:
        now = system_clock()
        kind, data = self._said(phone, phone * 7919 + sequence, now)
        return {
            "specversion": "1.0",
            "id": new_id(now),
            "source": "ronda/faults",
            "type": kind,
            "subject": dice.choice(self.sites),
            "time": now.isoformat(),
            "device": f"fault-phone-{phone}",
            "deviceseq": sequence,
            "data": data,
        }

    def _said(self, phone: int, turn: int, now: datetime) -> tuple[str, dict[str, Any]]:
        if turn % self.report_every == 0:
            return REPORT, {"category": "suspicious_person", "text": "uji gangguan"}
        if turn % self.weakness_every == 1:
            due_at = (now + WEAKNESS_DUE_IN).isoformat()
            return WEAKNESS, {"kind": "cctv_blind", "text": "uji gangguan", "due_at": due_at}
        return CHECKIN, {"method": "manual", "crew": f"F-{phone}"}

    async def _send(self, token: str, batch: list[dict[str, Any]], *, again: bool = False) -> None:
        waiting = {event["id"]: event for event in batch}
        async with asyncio.timeout(GIVE_UP_S):
            while waiting:
                kept = []
                for result in await self._answers(token, list(waiting.values())):
                    event = waiting.pop(result["id"])
                    assert result["status"] == "accepted", result
                    kept.append(_promise(event))
                if not again:
                    self.ledger.promised(kept)
                if waiting:
                    await asyncio.sleep(RETRY_S)

    async def _answers(self, token: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        try:
            answer = await self.client.post(
                f"{self.url}/v1/events",
                json=events,
                headers={"Authorization": f"Bearer {token}"},
                timeout=REQUEST_TIMEOUT_S,
            )
        except httpx.HTTPError:
            self.ledger.unanswered += 1
            return []
        if answer.status_code == httpx.codes.ACCEPTED:
            results: list[dict[str, Any]] = answer.json()["results"]
            return results
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
        assert answer.headers["Retry-After"].isdigit(), answer.text
        self.ledger.unanswered += 1
        return []


def _promise(event: dict[str, Any]) -> Promise:
    kind, here = event["type"], CheckIn(event["subject"], datetime.fromisoformat(event["time"]))
    return Promise(
        event["id"],
        alerting=kind == REPORT,
        vulnerability=kind == WEAKNESS,
        checkin=here if kind == CHECKIN else None,
    )

"""A field device as the intake sees one: makes ids, keeps events until each one is answered."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from shared.clock import system_clock
from shared.events.identity import new_id

RETRY_S = 0.3
GIVE_UP_S = 90.0


class NotDeliveredError(RuntimeError):
    """The intake did not take an event within `GIVE_UP_S`."""


@dataclass(slots=True)
class Sent:
    """What all phones sent: ids once each, repeats counted apart."""

    accepted: set[str] = field(default_factory=set)
    repeats: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Phone:
    """One officer's phone. Nothing leaves its outbox before the intake has answered for its id."""

    client: httpx.AsyncClient
    url: str
    token: str
    device: str
    crew: str
    members: list[str]
    ledger: Sent
    sequence: int = 0

    def event(
        self,
        event_type: str,
        data: dict[str, Any],
        *,
        site: str | None = None,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """An event of this device; `at` is when it happened, now unless said."""
        moment = at or system_clock()
        self.sequence += 1
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": new_id(moment),
            "source": "ronda/demo",
            "type": event_type,
            "time": moment.isoformat(),
            "device": self.device,
            "deviceseq": self.sequence,
            "data": data,
        }
        if site is not None:
            event["subject"] = site
        return event

    async def send(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        """Sends a batch again and again until the intake has answered for it.

        Raises `NotDeliveredError` after `GIVE_UP_S`.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + GIVE_UP_S
        problem = "no answer"
        while loop.time() < deadline:
            try:
                answer = await self.client.post(
                    f"{self.url}/v1/events",
                    json=list(events),
                    headers={
                        "Authorization": f"Bearer {self.token}",
                        "Ronda-Sent-At": system_clock().isoformat(),
                    },
                )
                if answer.status_code == httpx.codes.ACCEPTED:
                    return self._entered(answer.json()["results"])
                problem = answer.text
            except httpx.HTTPError as error:
                problem = repr(error)
            await asyncio.sleep(RETRY_S)
        raise NotDeliveredError(f"{self.device}: {problem}")

    def _entered(self, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for result in results:
            if result["status"] == "rejected":
                self.ledger.rejected += 1
            elif result["id"] in self.ledger.accepted:
                self.ledger.repeats += 1
            else:
                self.ledger.accepted.add(result["id"])
        return results

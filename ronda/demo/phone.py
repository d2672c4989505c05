"""A field device as the intake sees one: makes ids, keeps events until each one is answered."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import httpx

from ronda.demo.asking import answered
from shared.clock import system_clock
from shared.events.identity import new_id

GIVE_UP_S = 90.0


@dataclass(slots=True)
class Sent:
    """What all phones sent, an event counted each time, and what became of it.

    `unanswered` are those in requests that no 202 answered: each was sent again, and may have been
    kept all the same. `refused` counts the requests that got another answer, or none.
    """

    accepted: set[str] = field(default_factory=set)
    repeats: int = 0
    rejected: int = 0
    unanswered: int = 0
    refused: int = 0

    @property
    def events(self) -> int:
        """How many were sent, repeats included."""
        return len(self.accepted) + self.repeats + self.rejected + self.unanswered


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
    give_up_s: float = GIVE_UP_S

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

        Raises `NotAnsweredError` after `give_up_s`.
        """
        return await answered(
            f"{self.device}: events", partial(self._results, events), within=self.give_up_s
        )

    async def _results(self, events: tuple[dict[str, Any], ...]) -> list[dict[str, Any]] | None:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Ronda-Sent-At": system_clock().isoformat(),
        }
        self.ledger.unanswered += len(events)
        answer = await self.client.post(f"{self.url}/v1/events", json=events, headers=headers)
        if answer.status_code != httpx.codes.ACCEPTED:
            self.ledger.refused += 1
            return None
        self.ledger.unanswered -= len(events)
        return self._entered(answer.json()["results"])

    def _entered(self, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for result in results:
            if result["status"] == "rejected":
                self.ledger.rejected += 1
            elif result["id"] in self.ledger.accepted:
                self.ledger.repeats += 1
            else:
                self.ledger.accepted.add(result["id"])
        return results

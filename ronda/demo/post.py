"""A person at the command center, and an auditor: the HTTP API as their pages use it."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from ronda.demo.asking import answered
from shared.clock import system_clock
from shared.events.identity import new_id

GIVE_UP_S = 60.0


@dataclass(slots=True)
class Account:
    """Reads and commands under one token; a service that is down is asked again."""

    client: httpx.AsyncClient
    url: str
    token: str
    name: str
    give_up_s: float = GIVE_UP_S

    async def get(self, path: str, **params: str) -> Any:
        """The JSON of a GET; raises `httpx.HTTPError` for anything but 200."""
        answer = await self.client.get(f"{self.url}{path}", params=params, headers=self._headers)
        answer.raise_for_status()
        return answer.json()

    async def alerts(self, state: str = "all") -> list[dict[str, Any]]:
        """Alerts as the board lists them."""
        items: list[dict[str, Any]] = (await self.get("/v1/alerts", state=state))["items"]
        return items

    async def alert(self, alert: str) -> dict[str, Any]:
        """An alert as it is now; raises `httpx.HTTPError` like `get`."""
        found: dict[str, Any] = await self.get(f"/v1/alerts/{alert}")
        return found

    async def command(self, alert: str, verb: str, **fields: str) -> httpx.Response:
        """Runs a command until there is an answer; its key makes the repeats harmless.

        Raises `NotAnsweredError`.
        """
        body = {"key": new_id(system_clock()), **fields}
        return await answered(
            f"{self.name}: {verb}",
            partial(self._commanded, alert, verb, body),
            within=self.give_up_s,
        )

    async def _commanded(
        self, alert: str, verb: str, body: dict[str, str]
    ) -> httpx.Response | None:
        version = (await self.alert(alert))["version"]
        answer = await self.client.post(
            f"{self.url}/v1/alerts/{alert}/{verb}",
            json={"version": version, **body},
            headers=self._headers,
        )
        return answer if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR else None

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

"""A person at the command center, and an auditor: the HTTP API as their pages use it."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from shared.clock import system_clock
from shared.events.identity import new_id

RETRY_S = 0.3
GIVE_UP_S = 60.0


@dataclass(slots=True)
class Account:
    """Reads and commands under one token; a service that is down is asked again."""

    client: httpx.AsyncClient
    url: str
    token: str
    name: str

    async def get(self, path: str, **params: str) -> Any:
        """The JSON of a GET; raises `httpx.HTTPError` for anything but 200."""
        answer = await self.client.get(f"{self.url}{path}", params=params, headers=self._headers)
        answer.raise_for_status()
        return answer.json()

    async def alerts(self, state: str = "all") -> list[dict[str, Any]]:
        """Alerts as the board lists them."""
        items: list[dict[str, Any]] = (await self.get("/v1/alerts", state=state))["items"]
        return items

    async def command(self, alert: str, verb: str, **fields: str) -> httpx.Response:
        """Runs a command until there is an answer; its key makes the repeats harmless."""
        key = new_id(system_clock())
        deadline = asyncio.get_running_loop().time() + GIVE_UP_S
        while True:
            try:
                version = (await self.get(f"/v1/alerts/{alert}"))["version"]
                answer = await self.client.post(
                    f"{self.url}/v1/alerts/{alert}/{verb}",
                    json={"version": version, "key": key, **fields},
                    headers=self._headers,
                )
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    return answer
            except httpx.HTTPError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(RETRY_S)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

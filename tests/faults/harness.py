"""One run: load and faults at once, everything healed, lag to zero, then the checker."""

import asyncio
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.faults.checker import Verdict, check, repeated_pages
from tests.faults.load import Ledger, Load
from tests.faults.nemesis import Nemesis
from tests.faults.witness import gather, topic_lengths
from tests.faults.world import World, world
from tests.integration.archive.witnesses import query
from tests.waiting import eventually

PHONES = 20
DRAIN_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run did and what the checker says of it."""

    seed: int
    events: int
    resent: int
    unanswered_requests: int
    kills: int
    faults: dict[str, int]
    alerts: int
    pages: int
    pages_repeated: int
    provider_refused: int
    drain_s: float
    recoveries: dict[str, dict[str, float]]
    verdict: Verdict

    def as_json(self) -> dict[str, Any]:
        """The figures for a file."""
        return {
            "seed": self.seed,
            "events": self.events,
            "resent": self.resent,
            "unanswered_requests": self.unanswered_requests,
            "kills": self.kills,
            "faults": self.faults,
            "alerts": self.alerts,
            "pages": self.pages,
            "pages_repeated": self.pages_repeated,
            "provider_refused": self.provider_refused,
            "drain_s": round(self.drain_s, 1),
            "recoveries_s": self.recoveries,
            "violations": self.verdict.counts(),
        }


async def run(
    folder: Path, *, events: int, kills: int, rate: float, seed: int, say: Callable[[str], None]
) -> Figures:
    """Sends `events` or more at about `rate` a second while `kills` processes are killed."""
    async with world(folder, say, visits=True) as place:
        with Ledger(folder / "ledger.ndjson") as ledger:
            load = load_of(place, ledger, events=events, rate=rate, seed=seed)
            nemesis = Nemesis(place, load, random.Random(seed), say)
            over = asyncio.Event()
            async with asyncio.TaskGroup() as together:
                together.create_task(load.run(over))
                await nemesis.torment(kills)
                over.set()
            say("healed; waiting until everything is drained and taken")
            seconds = await drained(place)
            await _stood_still(place)
            evidence = await gather(place, ledger.promises)
            return Figures(
                seed=seed,
                events=len(ledger.promises),
                resent=load.resent,
                unanswered_requests=ledger.unanswered,
                kills=nemesis.kills,
                faults=dict(nemesis.done),
                alerts=len({decision["data"]["id"] for decision in evidence.decisions}),
                pages=len(evidence.deliveries),
                pages_repeated=repeated_pages(evidence.deliveries),
                provider_refused=place.provider.refused,
                drain_s=seconds,
                recoveries=_summary(place.recoveries),
                verdict=check(evidence),
            )


def load_of(place: World, ledger: Ledger, *, events: int, rate: float, seed: int) -> Load:
    """Twenty phones that report about every site of the plan but the one where nobody goes."""
    return Load(
        client=place.client,
        url=place.stack.url("checkin"),
        tokens=[
            place.token(f"p-fault-{number}", "officer", f"fault-phone-{number}")
            for number in range(PHONES)
        ],
        sites=[site.id for site in place.plan.sites if site.id != place.absent],
        ledger=ledger,
        events=events,
        rate=rate,
        seed=seed,
    )


async def drained(place: World) -> float:
    """Seconds until the archive holds all that is on the topics and every alert is taken.

    The operator takes what climbs, so that the night comes to rest and the witnesses agree.
    """
    now = asyncio.get_running_loop().time
    start = now()
    rest: bool = await eventually(lambda: _at_rest(place), within=DRAIN_WITHIN_S, every=0.5)
    assert rest
    return now() - start


async def _stood_still(place: World) -> None:
    """Ends alerts, whose clock would go on deciding while the witnesses are asked one by one."""
    place.stack.services["alerts"].stop()
    await eventually(lambda: place.stack.services["alerts"].pid is None, within=DRAIN_WITHIN_S)
    rest: bool = await eventually(lambda: _all_archived(place), within=DRAIN_WITHIN_S)
    assert rest


async def _at_rest(place: World) -> bool:
    if not await _all_has_fallen_due(place):
        return False
    await _resolve_all(place)
    return await _all_archived(place)


async def _all_archived(place: World) -> bool:
    before = await topic_lengths(place)
    archived = await _archived(place)
    return before == archived and before == await topic_lengths(place)


async def _all_has_fallen_due(place: World) -> bool:
    """Whether every visit is judged, every task overdue, and no page waits for another try."""
    ((failing,),) = await query(
        place.postgres.url(),
        "SELECT count(*) FROM alerts.notification WHERE due_at IS NOT NULL AND attempt > 0",
    )
    tasks = await _items(place, "tasks", state="open")
    visits = [visit for visit in await _items(place, "visits") if visit["id"] in place.due]
    return (
        failing == 0
        and all(task["state"] == "overdue" for task in tasks)
        and all(visit["state"] not in {"due", "at_risk"} for visit in visits)
    )


async def _items(place: World, what: str, **asked: str) -> list[dict[str, Any]]:
    answer = await place.client.get(
        f"{place.stack.url('alerts')}/v1/{what}",
        params=asked,
        headers={"Authorization": f"Bearer {place.token('op-fault', 'operator')}"},
    )
    answer.raise_for_status()
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def _archived(place: World) -> dict[str, int]:
    token = place.token("auditor", "auditor")
    answer = await place.client.get(
        f"{place.stack.url('archive')}/v1/stats", headers={"Authorization": f"Bearer {token}"}
    )
    answer.raise_for_status()
    names = await topic_lengths(place)
    return {name: answer.json()["topics"][name]["records"] for name in names}


async def _resolve_all(place: World) -> None:
    """Acknowledges and resolves each open alert, so that no deadline is left to make events."""
    url = f"{place.stack.url('alerts')}/v1/alerts"
    headers = {"Authorization": f"Bearer {place.token('op-fault', 'operator')}"}
    for alert in await _items(place, "alerts", state="open"):
        for verb, states in (("acknowledge", {"raised"}), ("resolve", {"raised", "acknowledged"})):
            if alert["state"] not in states:
                continue
            current = await place.client.get(f"{url}/{alert['id']}", headers=headers)
            command = {
                "version": current.json()["version"],
                "key": f"{verb}-{alert['id']}-{current.json()['version']}",
                "outcome": "test",
            }
            done = await place.client.post(
                f"{url}/{alert['id']}/{verb}", json=command, headers=headers
            )
            assert done.status_code != httpx.codes.INTERNAL_SERVER_ERROR, done.text


def _summary(recoveries: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    return {
        what: {
            "n": len(seconds),
            "median": round(statistics.median(seconds), 1),
            "max": round(max(seconds), 1),
        }
        for what, seconds in recoveries.items()
    }

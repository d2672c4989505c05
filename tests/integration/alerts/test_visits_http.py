"""Visits of a large district, read to their end; and how the rounds of each site stand."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from services.alerts.ports import PendingVisit
from shared.events.alert import Restriction
from tests.builders import KPU, POLRES, POLSEK, WAREHOUSE, a_plan, a_site
from tests.contract.alert_rows import NOW, a_visit, an_alert, id_of
from tests.integration.alerts.board import Board, is_problem, keep

MANY = 1_100
"""More than one answer holds."""
HOUR = timedelta(hours=1)
NEIGHBOUR = "polda-jatim/polres-lamongan"


def a_round(
    site: str, due_at: datetime, *, unit: str = POLRES, name: str = "", **fields: Any
) -> PendingVisit:
    pending = a_visit(name or f"{site} {due_at}", due_at=due_at, site=site)
    return PendingVisit(replace(pending.visit, unit=unit, **fields), next_check_at=None)


async def put(board: Board, *visits: PendingVisit) -> None:
    async with board.store.transaction() as transaction:
        await transaction.add_visits(visits)


async def pages(siti: httpx.AsyncClient, path: str, **asked: str) -> AsyncIterator[list[Any]]:
    """The items of every page."""
    after: dict[str, str] = {}
    while True:
        answer = await siti.get(path, params=asked | after)
        assert answer.status_code == 200, answer.text
        yield answer.json()["items"]
        if answer.json()["next"] is None:
            return
        after = {"after": answer.json()["next"]}


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


async def test_more_visits_than_one_answer_holds_are_all_read_in_order_of_their_time(
    board: Board, siti: httpx.AsyncClient, now: datetime
) -> None:
    step = timedelta(seconds=60)
    await put(
        board,
        # Four at a time, as shifts ask for them.
        *(a_round(f"tps-{n}", now + (n // 4 - MANY // 8) * step, name=str(n)) for n in range(MANY)),
        a_round("theirs", now, unit=NEIGHBOUR),
    )
    found = [page async for page in pages(siti, "/v1/visits")]
    assert [len(page) for page in found] == [1000, MANY - 1000]
    items = [visit for page in found for visit in page]
    assert len({visit["id"] for visit in items}) == MANY
    assert items == sorted(items, key=lambda visit: (visit["due_at"], visit["id"]))


async def test_more_open_alerts_than_one_answer_holds_are_all_read(
    board: Board, siti: httpx.AsyncClient
) -> None:
    alerts = [
        an_alert(f"flood {n}", unit=POLRES, raised_at=NOW + timedelta(seconds=n // 3))
        for n in range(MANY)
    ]
    await keep(board, *alerts)
    found = [page async for page in pages(siti, "/v1/alerts")]
    assert {alert["id"] for page in found for alert in page} == {alert.id for alert in alerts}
    assert sum(map(len, found)) == MANY


async def test_what_one_may_not_know_of_leaves_a_page_short_and_not_the_list(
    board: Board, siti: httpx.AsyncClient
) -> None:
    seen = an_alert("seen", unit=POLRES, raised_at=NOW)
    secret = Restriction(roles=["commander"], hidden_from=[])
    await keep(board, seen)
    await keep(board, an_alert("other", unit=POLRES, raised_at=NOW + HOUR, restricted=secret))
    found = [page async for page in pages(siti, "/v1/alerts", limit="1")]
    assert [[each["id"] for each in page] for page in found] == [[], [seen.id]]


async def test_visits_are_asked_for_by_site_district_and_time(
    board: Board, siti: httpx.AsyncClient, now: datetime
) -> None:
    board.plans.plan = a_plan(sites=[a_site(district="Tuban"), a_site(KPU, district="Soko")])
    await put(
        board,
        a_round(WAREHOUSE, now - HOUR, name="here"),
        a_round(KPU, now - HOUR, name="there"),
        a_round(KPU, now - 30 * HOUR, name="long ago"),
    )

    async def asked(**params: str) -> list[str]:
        answer = await siti.get("/v1/visits", params=params)
        return [item["id"] for item in answer.json()["items"]]

    assert await asked(site=WAREHOUSE) == [id_of("here")]
    assert await asked(district="Soko") == [id_of("there")]
    assert await asked(district="Nowhere") == []
    long_ago = (now - 40 * HOUR).isoformat()
    assert await asked(since=long_ago, site=KPU) == [id_of("long ago"), id_of("there")]
    assert await asked(since=long_ago, until=(now - 20 * HOUR).isoformat()) == [id_of("long ago")]
    assert is_problem(await siti.get("/v1/visits", params={"after": "x"}), 400)


async def test_a_site_that_is_visited_every_hour_shows_its_last_visit_and_its_next(
    board: Board, siti: httpx.AsyncClient, now: datetime
) -> None:
    """A day behind and a day ahead, as the plan demands them."""
    hours = [
        a_round(
            WAREHOUSE,
            now + n * HOUR + timedelta(minutes=30),
            state="done" if n < -2 else "missed" if n == -2 else "at_risk" if n == -1 else "due",
            visited_at=now + n * HOUR if n < -2 else None,
        )
        for n in range(-24, 24)
    ]
    await put(board, *hours)
    sites = (await siti.get("/v1/sites")).json()["items"]
    rounds = {site["id"]: site["visits"] for site in sites}
    half = timedelta(minutes=30)
    assert moments(rounds[WAREHOUSE]) == {
        "last_at": now - 3 * HOUR,
        "next_opens_at": now - half,
        "next_due_at": now + half,
        "owed_at": now - half,
        "missed": 1,
        "missed_at": now - 2 * HOUR + half,
    }
    nothing = {"last_at", "next_opens_at", "next_due_at", "owed_at", "missed_at"}
    assert rounds[KPU] == dict.fromkeys(nothing) | {"missed": 0}


async def test_a_last_visit_is_shown_however_long_ago_it_was(
    board: Board, siti: httpx.AsyncClient, now: datetime
) -> None:
    long_ago = now - timedelta(days=40)
    await put(board, a_round(KPU, long_ago, state="recovered", visited_at=long_ago))
    sites = (await siti.get("/v1/sites")).json()["items"]
    [rounds] = [site["visits"] for site in sites if site["id"] == KPU]
    assert moments(rounds)["last_at"] == long_ago


def moments(rounds: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if isinstance(value, str) else value
        for name, value in rounds.items()
    }


async def test_coverage_counts_what_is_open_now_and_the_hours_around_it(
    board: Board, siti: httpx.AsyncClient, now: datetime
) -> None:
    this_hour = now.replace(minute=0, second=0)
    await put(
        board,
        a_round(WAREHOUSE, this_hour, state="missed", name="missed"),
        a_round(KPU, this_hour - 3 * HOUR, state="done", visited_at=now, name="done"),
        a_round(KPU, this_hour + HOUR, name="ahead"),
        a_round(KPU, this_hour + 9 * HOUR, name="too far ahead"),
        a_round(KPU, this_hour, unit=NEIGHBOUR, name="theirs"),
    )
    hours = (await siti.get("/v1/coverage")).json()["hours"]
    assert len(hours) == 24
    counted = {
        datetime.fromisoformat(each["at"]): (each["made"], each["missed"], each["ahead"])
        for each in hours
    }
    assert {at: n for at, n in counted.items() if any(n)} == {
        this_hour - 3 * HOUR: (1, 0, 0),
        this_hour: (0, 1, 0),
        this_hour + HOUR: (0, 0, 1),
    }


async def test_only_a_visit_whose_window_is_open_counts_as_due_now(
    board: Board, siti: httpx.AsyncClient
) -> None:
    zone = a_plan().timezone
    noon = datetime.now(zone).replace(hour=12, minute=0, second=0, microsecond=0)
    await put(
        board,
        a_round(WAREHOUSE, noon, name="open", opens_at=noon - 48 * HOUR),
        a_round(KPU, noon, name="later", opens_at=noon + 48 * HOUR),
        a_round(KPU, noon, name="below", unit=POLSEK, opens_at=noon - 48 * HOUR),
    )
    total = (await siti.get("/v1/coverage")).json()["total"]["visits"]
    assert (total["planned"], total["open"]) == (3, 2)

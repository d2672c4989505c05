"""Sites are weighed on a real database, and what comes of it is asked for over HTTP."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from services.alerts.handlers.risks import Risks
from services.alerts.metrics import Metrics
from shared.clock import system_clock
from shared.events.alert import Restriction
from shared.plan.model import SiteType, Situation
from tests.builders import KPU, POLRES, POLSEK, WAREHOUSE, a_plan, a_site
from tests.contract.alert_rows import an_alert
from tests.integration.alerts.board import Board, keep

KIND = SiteType(id="warehouse", label="Gudang", label_en="Warehouse", keeps_logistics=True)


@pytest.fixture
def weighed(board: Board) -> Risks:
    """The engine's loop, over a warehouse full of ballots on polling day: 20 + 15 + 10."""
    sites = [a_site(risk_class="khusus"), a_site(KPU, type="kpu", risk_class="kurang_rawan")]
    board.plans.plan = a_plan(site_types=[KIND], sites=sites)
    board.plans.situation = Situation(phase="voting", logistics_stage="ballots")
    return Risks(board.store, board.plans, system_clock, Metrics(CollectorRegistry()))


async def happen(board: Board, *kinds: str, **over: Any) -> None:
    fields: dict[str, Any] = {"site": WAREHOUSE, "unit": POLRES, "raised_at": datetime.now(UTC)}
    await keep(board, *(an_alert(kind, kind=kind, **fields | over) for kind in kinds))


async def risk_at(viewer: httpx.AsyncClient, site: str) -> dict[str, Any]:
    items = (await viewer.get("/v1/sites")).json()["items"]
    risk: dict[str, Any] = next(item["risk"] for item in items if item["id"] == site)
    return risk


async def advices(viewer: httpx.AsyncClient) -> list[dict[str, Any]]:
    items = (await viewer.get("/v1/tasks")).json()["items"]
    return [item for item in items if item["kind"] == "advice"]


async def test_a_site_in_the_highest_band_shows_its_score_and_one_advice_from_two_replicas(
    board: Board, siti: httpx.AsyncClient, weighed: Risks
) -> None:
    await happen(board, "visit_missed", "silent")
    await asyncio.gather(weighed.weigh(), weighed.weigh())
    await weighed.weigh()
    risk = await risk_at(siti, WAREHOUSE)
    assert (risk["score"], risk["band"]) == (65, "tinggi")
    assert sum(reason["weight"] for reason in risk["reasons"]) == 65
    assert (await risk_at(siti, KPU))["band"] == "rendah"
    [advice] = await advices(siti)
    assert (advice["site"], advice["state"]) == (WAREHOUSE, "open")
    assert advice["reasons"][1]["en"] == "Risk score 65: high"


async def test_a_site_keeps_its_band_until_its_score_has_fallen_well_below(
    board: Board, siti: httpx.AsyncClient, weighed: Risks
) -> None:
    await happen(board, "visit_missed", "silent")
    await weighed.weigh()
    await happen(board, "silent", state="resolved")
    assert (await risk_at(siti, WAREHOUSE)) | {"reasons": []} == {
        "score": 55,
        "band": "tinggi",
        "reasons": [],
    }
    await happen(board, "visit_missed", state="resolved")
    assert (await risk_at(siti, WAREHOUSE))["band"] == "sedang"


async def test_an_advice_is_done_over_http_as_any_task_is(
    board: Board, siti: httpx.AsyncClient, weighed: Risks
) -> None:
    await happen(board, "visit_missed", "silent")
    await weighed.weigh()
    [advice] = await advices(siti)
    body = {"version": advice["version"], "key": "k", "note": "Ditambah dua penjaga"}
    done = await siti.post(f"/v1/tasks/{advice['id']}/done", json=body)
    assert (done.status_code, done.json()["state"]) == (200, "done")
    await weighed.weigh()
    assert await advices(siti) == []


async def test_what_not_everybody_may_know_of_changes_no_score_and_no_band(
    board: Board, siti: httpx.AsyncClient, weighed: Risks
) -> None:
    before = await risk_at(siti, WAREHOUSE)
    hidden = Restriction(roles=[], hidden_from=[POLSEK])
    await happen(board, "incident", severity="kritis", restricted=hidden)
    await weighed.weigh()
    assert await risk_at(siti, WAREHOUSE) == before

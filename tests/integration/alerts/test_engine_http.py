"""Backup, readiness, coverage and the situation over HTTP, on a real database."""

from dataclasses import replace as changed
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import httpx
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.tables import outbox
from services.alerts.ports import Duty
from shared.events.alert import Reason
from shared.events.patrol import Fix
from shared.events.registry import decode
from shared.events.situation import SituationChanged
from tests.builders import GUARD, POLRES, POLSEK
from tests.contract.alert_rows import NOW, a_visit, an_alert, id_of
from tests.integration.alerts.board import Board, is_problem, keep

NEIGHBOUR = "polda-jatim/polres-lamongan"
TUBAN = ZoneInfo("Asia/Jakarta")


async def test_crews_are_recommended_by_distance_with_the_ladder_beside_them(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(board, an_alert(unit=POLRES, lat=-6.9131, lon=112.0662))
    async with board.store.transaction() as transaction:
        for crew, lat in (("R-07", -6.99), ("R-21", -6.92)):
            duty = Duty(crew=crew, unit=POLRES, since=NOW, members=("p-1",))
            await transaction.save_duty(duty)
            await transaction.move(crew, Fix(lat=lat, lon=112.0662), datetime.now(UTC))
    answer = await siti.get(f"/v1/alerts/{id_of('alert')}/recommendations")
    body = answer.json()
    assert [item["crew"] for item in body["items"]] == ["R-21", "R-07"]
    assert (body["items"][0]["target_s"], body["items"][1]["target_s"]) == (600, 900)
    assert body["items"][0]["position_age_s"] < 60
    assert (body["next"], body["ladder"][0]["asked"]) == ("unit_terdekat", False)

    unknown = await siti.get(f"/v1/alerts/{id_of('nothing')}/recommendations")
    assert is_problem(unknown, 404)


async def test_the_backup_of_another_units_alert_is_nobodys_business(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(board, an_alert(unit=NEIGHBOUR))
    assert is_problem(await siti.get(f"/v1/alerts/{id_of('alert')}/recommendations"), 404)


async def test_readiness_names_what_is_empty(board: Board, siti: httpx.AsyncClient) -> None:
    answer = await siti.get("/v1/readiness", params={"hours": 6})
    body = answer.json()
    starts = datetime.fromisoformat(body["starts"])
    assert datetime.fromisoformat(body["ends"]) - starts == timedelta(hours=6)
    assert body["items"] == [], "the plan of the tests has every step on a webhook"

    assert board.plans.plan is not None
    board.plans.plan = replace(board.plans.plan, posts=board.plans.plan.posts[1:])
    items = (await siti.get("/v1/readiness")).json()["items"]
    assert {item["code"] for item in items} == {"empty_step"}


async def test_coverage_counts_the_visits_of_a_local_day_by_site(
    board: Board, siti: httpx.AsyncClient
) -> None:
    noon = datetime.combine(datetime.now(TUBAN).date() - timedelta(days=1), time(12), TUBAN)
    states = {"a": "done", "b": "recovered", "c": "missed", "d": "done"}
    short = [Reason(code="dwell", id="singkat", en="short")]
    visits = [a_visit(name, due_at=noon) for name in (*states, "elsewhere", "day before")]
    visits[5] = a_visit("day before", due_at=noon - timedelta(days=1))
    rows = [
        changed(
            each,
            visit=replace(
                each.visit,
                state=states.get(name, "done"),
                unit=NEIGHBOUR if name == "elsewhere" else POLSEK,
                shortfalls=short if name == "d" else [],
            ),
        )
        for each, name in zip(visits, (*states, "elsewhere", "day before"), strict=True)
    ]
    async with board.store.transaction() as transaction:
        for row in rows:
            await transaction.save_visit(row)
    body = (await siti.get("/v1/coverage", params={"date": noon.date().isoformat()})).json()
    assert body["total"] == {
        "visits": {
            "site": None,
            "planned": 4,
            "required": 4,
            "done": 2,
            "late": 1,
            "missed": 1,
            "at_risk": 0,
            "short": 1,
            "open": 0,
        },
        "coverage": 0.75,
    }
    assert [row["visits"]["site"] for row in body["sites"]] == ["gudang"]
    nothing = (await siti.get("/v1/coverage", params={"date": "2020-01-01"})).json()
    assert (nothing["total"]["coverage"], nothing["sites"]) == (None, [])


async def test_a_commander_changes_the_situation_and_it_goes_out_on_the_plans_topic(
    board: Board, siti: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    body = {
        "key": "k",
        "reason": "perintah",
        "changes": [{"what": "phase", "value": "quiet_period"}],
    }
    assert is_problem(await siti.post("/v1/situation", json=body), 403)
    async with board.client(board.token("commander", name="Kompol Rani")) as rani:
        answer = await rani.post("/v1/situation", json=body)
        assert answer.status_code == 200
        assert answer.json()["changes"][0]["by"] == "Kompol Rani"
        wrong = {**body, "key": "l", "changes": [{"what": "phase", "value": "pesta"}]}
        assert is_problem(await rani.post("/v1/situation", json=wrong), 422)

    async with engine.connect() as connection:
        rows = (await connection.execute(select(outbox.c.topic, outbox.c.value))).all()
    ((topic, value),) = rows
    event = decode(value)
    assert topic == "ronda.plan"
    assert isinstance(event, SituationChanged)
    assert event.data.value == "quiet_period"


async def test_who_may_change_the_situation_is_told_so_and_what_may_be_named(
    board: Board, siti: httpx.AsyncClient
) -> None:
    assert (await siti.get("/v1/situation")).json()["may_change"] is False
    assert is_problem(await siti.get("/v1/situation/choices"), 403)
    below = board.token("commander", unit=f"{POLRES}/polsek-soko", name="AKP Soko")
    async with board.client(below) as soko:
        assert (await soko.get("/v1/situation")).json()["may_change"] is False
        assert (await soko.get("/v1/situation/choices")).json()["people"] == []
    async with board.client(board.token("commander", name="Kompol Rani")) as rani:
        assert (await rani.get("/v1/situation")).json()["may_change"] is True
        found = (await rani.get("/v1/situation/choices")).json()
    assert [each["code"] for each in found["phases"]] == ["campaign", "quiet_period"]
    assert ("ballots" in found["stages"], "khusus" in found["risk_classes"]) == (True, True)
    assert [(each["id"], each["posts"]) for each in found["people"]] == [
        ("p-2001", ["Padal"]),
        (GUARD, []),
    ]


async def test_the_situation_says_whether_it_is_the_real_thing(
    board: Board, siti: httpx.AsyncClient
) -> None:
    assert (await siti.get("/v1/situation")).json()["purpose"] is None
    assert board.plans.plan is not None
    drill = replace(board.plans.plan.operation, purpose="exercise")
    board.plans.plan = replace(board.plans.plan, operation=drill)
    body = (await siti.get("/v1/situation")).json()
    assert (body["purpose"], body["overrides"], body["logistics_stage"]) == ("exercise", [], None)

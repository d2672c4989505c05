"""A take that is given back, over HTTP, on a real database, as the auditor sees it."""

from datetime import UTC, datetime, timedelta

import httpx
import msgspec
from prometheus_client import CollectorRegistry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.auditing import Auditor
from services.alerts.adapters.tables import outbox
from services.alerts.metrics import Metrics
from shared.clock import system_clock
from shared.events.alert import Alert, AlertReleased
from shared.events.registry import decode
from tests.builders import POLRES
from tests.contract.alert_rows import an_alert, id_of
from tests.integration.alerts.board import Board, a_body, is_problem, keep

ALERT = f"/v1/alerts/{id_of('alert')}"
BODY = {"reason": "salah baris"}


async def a_climbing_alert(board: Board) -> Alert:
    """Its next level is told in five minutes."""
    due_at = datetime.now(UTC) + timedelta(minutes=5)
    alert = an_alert(unit=POLRES, level=1, next_due_at=due_at, next_due_kind="climb")
    await keep(board, alert)
    return alert


async def taken(client: httpx.AsyncClient) -> Alert:
    answer = await client.post(f"{ALERT}/acknowledge", json=a_body())
    return msgspec.json.decode(answer.content, type=Alert)


async def test_a_take_is_given_back_and_everybody_learns_that_nobody_has_it(
    board: Board, siti: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    before = await a_climbing_alert(board)
    body = a_body(version=(await taken(siti)).version) | BODY

    answer = await siti.post(f"{ALERT}/release", json=body)

    assert answer.status_code == 200
    alert = msgspec.json.decode(answer.content, type=Alert)
    assert (alert.state, alert.owner, alert.cycle) == ("raised", None, before.cycle + 1)
    assert alert.next_due_at == before.next_due_at
    assert (await siti.get(ALERT)).content == answer.content
    async with engine.connect() as connection:
        values = (await connection.execute(select(outbox.c.value).order_by(outbox.c.id))).scalars()
        told = [decode(value) for value in values]
    assert isinstance(told[-1], AlertReleased)
    assert told[-1].data == alert
    again = await siti.post(f"{ALERT}/release", json=body)
    assert again.content == answer.content, "the same key gives the same answer"


async def test_whoever_did_not_take_it_and_whoever_may_not_know_of_it_gives_nothing_back(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await a_climbing_alert(board)
    await taken(siti)
    body = a_body() | BODY

    async with board.client(board.token("supervisor", name="Aiptu Budi")) as budi:
        answer = await budi.post(f"{ALERT}/release", json=body)
        assert is_problem(answer, 403)
        assert answer.json()["extra"]["name"] == "Ipda Siti"
    async with board.client(board.token(unit="polda-jatim/polres-lamongan")) as neighbour:
        assert is_problem(await neighbour.post(f"{ALERT}/release", json=body), 404)
    async with board.client(board.token("auditor")) as auditor:
        assert is_problem(await auditor.post(f"{ALERT}/release", json=body), 403)
    assert is_problem(await siti.post(f"{ALERT}/release", json=a_body()), 422), "without a reason"


async def test_what_nobody_took_cannot_be_given_back(board: Board, siti: httpx.AsyncClient) -> None:
    await a_climbing_alert(board)

    answer = await siti.post(f"{ALERT}/release", json=a_body() | BODY)

    assert is_problem(answer, 422)
    assert "raised" in answer.json()["detail"]


async def test_the_auditor_finds_nothing_to_complain_of(
    board: Board, siti: httpx.AsyncClient, engine: AsyncEngine
) -> None:
    await a_climbing_alert(board)
    await taken(siti)
    assert (await siti.post(f"{ALERT}/release", json=a_body() | BODY)).status_code == 200
    registry = CollectorRegistry()

    await Auditor(engine, Metrics(registry), system_clock).audit()

    found = {
        sample.labels["check"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "ronda_auditor_violations" and sample.value
    }
    assert found == {}

"""Tasks over HTTP, on the real database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from msgspec.structs import replace

from shared.events.task import Task
from shared.events.task_samples import VULNERABILITY
from tests.builders import POLRES, POLSEK, WAREHOUSE
from tests.contract.alert_rows import id_of
from tests.integration.alerts.board import Board, is_problem

NEIGHBOUR = "polda-jatim/polres-lamongan"
DUE = datetime.now(UTC) + timedelta(hours=5)


def a_task(name: str = "task", **over: Any) -> Task:
    fields = {"id": id_of(name), "due_at": DUE, "next_due_at": DUE} | over
    return replace(VULNERABILITY, **fields)


async def keep(board: Board, *tasks: Task) -> None:
    async with board.store.transaction() as transaction:
        for task in tasks:
            await transaction.save_task(task)


async def ids(client: httpx.AsyncClient, **params: str) -> list[str]:
    answer = await client.get("/v1/tasks", params=params)
    assert answer.status_code == 200
    return [item["id"] for item in answer.json()["items"]]


async def test_open_tasks_of_my_unit_come_soonest_first(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(
        board,
        a_task("later", unit=POLSEK, due_at=DUE + timedelta(hours=1)),
        a_task("soon", unit=POLRES),
        a_task("done", unit=POLRES, state="done", next_due_at=None),
        a_task("theirs", unit=NEIGHBOUR),
        a_task("elsewhere", unit=POLRES, site="kpu-tuban"),
    )
    assert await ids(siti, site=WAREHOUSE) == [id_of("soon"), id_of("later")]
    assert len(await ids(siti)) == 3
    assert (await ids(siti, state="all"))[-1] == id_of("done")


async def test_a_task_is_shown_as_its_events_carry_it(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(board, a_task(unit=POLRES))
    answer = await siti.get(f"/v1/tasks/{id_of('task')}")
    assert (answer.status_code, answer.json()["owner_name"]) == (200, "KPU")
    for stranger in (id_of("none"), "nonsense"):
        assert (await siti.get(f"/v1/tasks/{stranger}")).status_code in {400, 404}


async def test_another_units_task_looks_like_none(board: Board, siti: httpx.AsyncClient) -> None:
    await keep(board, a_task(unit=NEIGHBOUR))
    assert is_problem(await siti.get(f"/v1/tasks/{id_of('task')}"), 404)
    body = {"version": 1, "key": "k", "note": "x"}
    assert is_problem(await siti.post(f"/v1/tasks/{id_of('task')}/note", json=body), 404)


async def test_a_task_is_extended_and_done(board: Board, siti: httpx.AsyncClient) -> None:
    await keep(board, a_task(unit=POLRES))
    path = f"/v1/tasks/{id_of('task')}"
    later = (DUE + timedelta(days=1)).isoformat()
    extend = {"version": 1, "key": "e", "due_at": later, "reason": "suku cadang"}
    extended = await siti.post(f"{path}/extend", json=extend)
    assert (extended.status_code, extended.json()["version"]) == (200, 2)
    again = await siti.post(f"{path}/extend", json=extend)
    assert again.content == extended.content
    stale = await siti.post(f"{path}/assign", json={"version": 1, "key": "a", "owner": "KPU"})
    assert is_problem(stale, 409)
    done = await siti.post(f"{path}/done", json={"version": 2, "key": "d", "note": "diganti"})
    assert (done.json()["state"], done.json()["done_by"]) == ("done", "Ipda Siti")


async def test_who_may_not_command_or_says_nonsense_is_told_so(board: Board) -> None:
    await keep(board, a_task(unit=POLRES))
    path = f"/v1/tasks/{id_of('task')}"
    body = {"version": 1, "key": "k", "note": "x"}
    async with board.client(board.token(role="auditor")) as auditor:
        assert (await auditor.get(path)).status_code == 200
        assert is_problem(await auditor.post(f"{path}/note", json=body), 403)
    async with board.client() as nobody:
        assert is_problem(await nobody.get("/v1/tasks"), 401)
    async with board.client(board.token()) as siti:
        assert is_problem(await siti.post(f"{path}/dance", json=body), 404)
        assert is_problem(await siti.post(f"{path}/note", json={"version": 1}), 400)

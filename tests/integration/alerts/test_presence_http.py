"""Doubtful presences and missing events, as the room reads them."""

from datetime import datetime, timedelta
from typing import Any

import httpx
from msgspec.structs import replace

from services.alerts.domain.doubt import Doubt, doubt_of
from shared.events.task_samples import DOUBT, GAP
from tests.builders import KPU, POLRES, POLSEK, WAREHOUSE
from tests.contract.alert_rows import NOW, id_of
from tests.integration.alerts.board import Board, is_problem

NEIGHBOUR = "polda-jatim/polres-lamongan"


def a_doubt(name: str, noticed_at: datetime = NOW, **over: Any) -> Doubt:
    said = replace(DOUBT, id=id_of(name), unit=POLRES, site=WAREHOUSE)
    return replace(doubt_of(said, None, noticed_at), **over)


async def keep(board: Board, *doubts: Doubt) -> None:
    async with board.store.transaction() as transaction:
        await transaction.keep_doubts(doubts)


async def test_doubts_come_newest_first_with_their_reasons_and_no_persons_name(
    board: Board, siti: httpx.AsyncClient
) -> None:
    later = NOW + timedelta(minutes=1)
    await keep(board, a_doubt("old"), a_doubt("new", later), a_doubt("theirs", unit=NEIGHBOUR))
    answer = await siti.get("/v1/presence")
    assert answer.status_code == 200, answer.text
    seen = answer.json()
    assert [each["id"] for each in seen["doubts"]] == [id_of("new"), id_of("old")]
    assert seen["doubts"][0]["reasons"][0]["id"] == DOUBT.reasons[0].id
    assert seen["next"] is None
    assert "actor" not in answer.text
    assert str(DOUBT.actor) not in answer.text


async def test_a_long_list_is_read_to_its_end_in_pages(
    board: Board, siti: httpx.AsyncClient
) -> None:
    # Some within one moment: the id decides.
    doubts = [a_doubt(str(n), NOW + timedelta(seconds=n // 4)) for n in range(23)]
    await keep(board, *doubts)
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = (await siti.get("/v1/presence", params={"limit": "5"} | after)).json()
        found += [each["id"] for each in page["doubts"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(found) == len(set(found)) == 23
    assert set(found) == {each.id for each in doubts}


async def test_a_site_has_its_own_list(board: Board, siti: httpx.AsyncClient) -> None:
    await keep(board, a_doubt("here"), a_doubt("there", site=KPU))
    async with board.store.transaction() as transaction:
        await transaction.save_gap(replace(GAP, state="open", unit=POLRES))
    page = (await siti.get("/v1/presence", params={"site": KPU})).json()
    assert [each["id"] for each in page["doubts"]] == [id_of("there")]
    assert page["gaps"] == []


async def test_a_gap_is_shown_while_it_is_open_and_to_its_unit(
    board: Board, siti: httpx.AsyncClient
) -> None:
    gap = replace(GAP, state="open", unit=POLSEK, device="d-1", missing=3)
    async with board.store.transaction() as transaction:
        await transaction.save_gap(gap)
        await transaction.save_gap(replace(gap, device="d-2", unit=NEIGHBOUR))
    [shown] = (await siti.get("/v1/presence")).json()["gaps"]
    assert (shown["device"], shown["missing"], shown["unit"]) == ("d-1", 3, POLSEK)
    assert "actor" not in shown
    async with board.store.transaction() as transaction:
        await transaction.save_gap(replace(gap, state="closed", version=gap.version + 1))
    assert (await siti.get("/v1/presence")).json()["gaps"] == []


async def test_a_page_that_nobody_gave_is_refused(siti: httpx.AsyncClient) -> None:
    for after in ("x", "2024-13-01T00:00:00.000000Z~x", "~"):
        assert is_problem(await siti.get("/v1/presence", params={"after": after}), 400)

"""The journal, the handover, voice reports and the figures over HTTP, on a real database."""

from datetime import UTC, datetime

import httpx

from tests.builders import POLRES, WAREHOUSE
from tests.contract.alert_rows import an_alert, id_of
from tests.integration.alerts.board import Board, is_problem, keep


async def test_the_journal_shows_what_was_noted_the_newest_first(siti: httpx.AsyncClient) -> None:
    for number in (1, 2):
        body = {"text": f"baris {number}", "key": f"k{number}"}
        answer = await siti.post("/v1/journal", json=body)
        assert answer.status_code == 201
        assert (await siti.post("/v1/journal", json=body)).json() == answer.json()
    lines = (await siti.get("/v1/journal")).json()["items"]
    assert [line["text"] for line in lines] == ["baris 2", "baris 1"]
    assert lines[0]["by"]["name"] == "Ipda Siti"


async def test_the_watch_is_handed_over_by_two_accounts(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(board, an_alert("grave", unit=POLRES, severity="kritis"))
    made = await siti.post("/v1/handover", json={"key": "h", "attention": "gudang"})
    assert made.status_code == 201
    waiting = (await siti.get("/v1/handover")).json()
    assert waiting["pending"]["id"] == made.json()["id"]
    assert waiting["must_read"] == [id_of("grave")]
    accept = f"/v1/handover/{made.json()['id']}/accept"
    assert is_problem(await siti.post(accept, json={"key": "a"}), 403)
    async with board.client(board.token(name="Ipda Joko")) as joko:
        assert is_problem(await joko.post(accept, json={"key": "a"}), 422)
        read = {"key": "b", "read": [id_of("grave")]}
        assert (await joko.post(accept, json=read)).status_code == 200
    after = (await siti.get("/v1/handover")).json()
    assert after["pending"] is None
    assert after["last"]["incoming"]["name"] == "Ipda Joko"


async def test_a_prepared_handover_is_withdrawn_and_waits_for_nobody(
    board: Board, siti: httpx.AsyncClient
) -> None:
    made = (await siti.post("/v1/handover", json={"key": "h"})).json()
    withdraw = f"/v1/handover/{made['id']}/withdraw"
    async with board.client(board.token(name="Ipda Joko")) as joko:
        assert is_problem(await joko.post(withdraw, json={"key": "w"}), 403)
    answer = await siti.post(withdraw, json={"key": "w"})
    assert answer.json()["withdrawn"]["name"] == "Ipda Siti"
    assert (await siti.post(withdraw, json={"key": "w"})).json() == answer.json()
    assert is_problem(await siti.post(withdraw, json={"key": "again"}), 409)
    assert (await siti.get("/v1/handover")).json()["pending"] is None
    (line,) = (await siti.get("/v1/journal")).json()["items"]
    assert "dibatalkan" in line["text"]


async def test_a_voice_report_is_answered_with_its_event(siti: httpx.AsyncClient) -> None:
    body = {
        "key": "v",
        "category": "other",
        "caller": "warga",
        "told_at": "2024-02-12T20:00:00+07:00",
        "site": WAREHOUSE,
    }
    answer = await siti.post("/v1/reports", json=body)
    assert answer.status_code == 201
    assert (await siti.post("/v1/reports", json=body)).json() == answer.json()
    assert is_problem(await siti.post("/v1/reports", json=body | {"via": "x", "key": "w"}), 400)


async def test_the_figures_count_the_units_own_alerts_in_their_window(
    board: Board, siti: httpx.AsyncClient
) -> None:
    now = datetime.now(UTC)
    await keep(
        board,
        an_alert("ours", unit=POLRES, raised_at=now),
        an_alert("exercise", unit=POLRES, raised_at=now, purpose="exercise"),
        an_alert("theirs", unit="polda-jatim/polres-lamongan", raised_at=now),
        an_alert("old", unit=POLRES),
        an_alert("over", unit=POLRES, state="closed", closed_at=now),
    )
    figures = (await siti.get("/v1/performance", params={"window": "24h"})).json()
    assert figures["severities"] == {"tinggi": 1}
    assert sum(span["count"] for span in figures["per_10min"]) == 1
    assert figures["standing"] == [id_of("old")]
    assert is_problem(await siti.get("/v1/performance", params={"window": "year"}), 400)

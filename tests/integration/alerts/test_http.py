"""Who may ask what over HTTP, and how every refusal says what to mend."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.bell import Bell
from services.alerts.adapters.store import PostgresStore
from services.alerts.ports import Duty
from shared import database
from shared.events.alert import Alert, Dispatch
from shared.events.patrol import Fix
from tests.builders import KPU, POLRES, POLSEK, WAREHOUSE
from tests.contract.alert_rows import NOW, a_visit, an_alert, id_of
from tests.integration.alerts.board import Board, a_board

NEIGHBOUR = "polda-jatim/polres-lamongan"


@pytest.fixture
async def board(engine: AsyncEngine, store: PostgresStore, tmp_path: Path) -> AsyncIterator[Board]:
    async with a_board(engine, store, tmp_path) as board:
        yield board


@pytest.fixture
async def siti(board: Board) -> AsyncIterator[httpx.AsyncClient]:
    async with board.client(board.token()) as client:
        yield client


@pytest.fixture
async def nobody(board: Board) -> AsyncIterator[httpx.AsyncClient]:
    async with board.client() as client:
        yield client


async def keep(board: Board, *alerts: Alert) -> None:
    async with board.store.transaction() as transaction:
        for alert in alerts:
            await transaction.save_alert(alert)


def a_body(**over: Any) -> dict[str, Any]:
    return {"version": an_alert().version, "key": "k"} | over


def is_problem(answer: httpx.Response, status: int) -> bool:
    problem = answer.json()
    return (
        answer.status_code == problem["status"] == status
        and answer.headers["content-type"].startswith("application/problem+json")
        and len(problem["detail"]) > 8
    )


# Who may


READS = (
    "/v1/alerts",
    f"/v1/alerts/{id_of('alert')}",
    "/v1/units",
    "/v1/sites",
    "/v1/visits",
    "/v1/situation",
    "/v1/stream",
)


async def test_who_is_not_signed_in_sees_nothing(nobody: httpx.AsyncClient) -> None:
    for path in READS:
        answer = await nobody.get(path)
        assert is_problem(answer, 401), path
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_roles_of_the_field_have_their_phone_and_not_the_board(board: Board) -> None:
    for role in ("guard", "officer", "partner"):
        async with board.client(board.token(role)) as client:
            for path in READS:
                assert is_problem(await client.get(path), 403), (role, path)


async def test_who_only_looks_may_not_command(board: Board) -> None:
    await keep(board, an_alert())
    for role in ("auditor", "admin"):
        async with board.client(board.token(role)) as client:
            assert (await client.get("/v1/alerts")).status_code == 200
            answer = await client.post(f"/v1/alerts/{an_alert().id}/acknowledge", json=a_body())
            assert is_problem(answer, 403)
            assert "operator" in answer.json()["detail"]


async def test_another_units_alert_is_as_if_it_were_not(board: Board) -> None:
    await keep(board, an_alert(unit=POLSEK))
    path = f"/v1/alerts/{an_alert().id}"
    async with board.client(board.token(unit=NEIGHBOUR)) as stranger:
        assert (await stranger.get("/v1/alerts")).json() == {"items": []}
        assert is_problem(await stranger.get(path), 404)
        assert (await stranger.post(f"{path}/acknowledge", json=a_body())).status_code in {403, 404}
    async with board.client(board.token(unit=POLSEK)) as local:
        assert (await local.get(path)).json()["id"] == an_alert().id


# Sessions


async def test_a_session_is_a_cookie_that_no_script_reads_and_no_other_site_sends(
    board: Board, nobody: httpx.AsyncClient
) -> None:
    assert is_problem(await nobody.get("/v1/session"), 401)
    signed_in = await nobody.post("/v1/session", json={"token": board.token()})
    assert signed_in.status_code == 204
    cookie = signed_in.headers["set-cookie"].lower()
    assert "ronda_session=" in cookie
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    session = await nobody.get("/v1/session")
    assert session.json() == {
        "actor": "u-Ipda Siti",
        "name": "Ipda Siti",
        "role": "operator",
        "unit": POLRES,
    }
    assert session.headers["cache-control"] == "no-store"


async def test_behind_tls_the_cookie_is_never_sent_in_the_clear(board: Board) -> None:
    async with board.client() as client:
        client.headers["X-Forwarded-Proto"] = "https"
        answer = await client.post("/v1/session", json={"token": board.token()})
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_a_write_by_cookie_needs_the_header_that_no_other_site_can_send(
    board: Board, nobody: httpx.AsyncClient
) -> None:
    await keep(board, an_alert())
    await nobody.post("/v1/session", json={"token": board.token()})
    path = f"/v1/alerts/{an_alert().id}/acknowledge"
    assert is_problem(await nobody.post(path, json=a_body()), 403)
    assert is_problem(await nobody.delete("/v1/session"), 403)
    header = {"Ronda-Csrf": "1"}
    assert (await nobody.post(path, json=a_body(), headers=header)).status_code == 200
    assert (await nobody.delete("/v1/session", headers=header)).status_code == 204
    assert is_problem(await nobody.get("/v1/session"), 401)


async def test_a_session_ends_with_its_token(board: Board, nobody: httpx.AsyncClient) -> None:
    short = board.token(ttl=timedelta(seconds=2))
    answer = await nobody.post("/v1/session", json={"token": short})
    assert answer.status_code == 204
    assert int(answer.headers["set-cookie"].lower().split("max-age=")[1].split(";")[0]) <= 2


async def test_a_token_that_proves_nobody_opens_no_session(nobody: httpx.AsyncClient) -> None:
    for token in ("nonsense", "a.b.c"):
        answer = await nobody.post("/v1/session", json={"token": token})
        assert is_problem(answer, 401)
        assert token not in answer.text
        assert "set-cookie" not in answer.headers


async def test_a_guard_cannot_open_a_session_at_the_board(
    board: Board, nobody: httpx.AsyncClient
) -> None:
    assert is_problem(await nobody.post("/v1/session", json={"token": board.token("guard")}), 403)


async def test_a_form_of_another_site_opens_no_session(
    board: Board, nobody: httpx.AsyncClient
) -> None:
    body = msgspec.json.encode({"token": board.token()})
    answer = await nobody.post("/v1/session", content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code in {400, 415}
    assert "set-cookie" not in answer.headers


# Commands


async def test_of_two_who_acknowledge_one_wins_and_the_other_is_told_who(board: Board) -> None:
    await keep(board, an_alert())
    path = f"/v1/alerts/{an_alert().id}/acknowledge"
    async with (
        board.client(board.token(name="Ipda Siti")) as siti,
        board.client(board.token("supervisor", name="Iptu Teladan")) as other,
    ):
        won = await siti.post(path, json=a_body())
        lost = await other.post(path, json=a_body())
    assert won.json()["owner"]["name"] == "Ipda Siti"
    assert is_problem(lost, 409)
    extra = lost.json()["extra"]
    assert (extra["name"], extra["role"]) == ("Ipda Siti", "operator")
    assert datetime.fromisoformat(extra["at"]) <= datetime.now(UTC)


async def test_the_same_key_gets_the_same_answer(board: Board, siti: httpx.AsyncClient) -> None:
    await keep(board, an_alert())
    path = f"/v1/alerts/{an_alert().id}"
    first = await siti.post(f"{path}/acknowledge", json=a_body())
    await siti.post(f"{path}/note", json=a_body(key="n", note="CCTV dicek"))
    again = await siti.post(f"{path}/acknowledge", json=a_body())
    assert (again.status_code, again.content) == (first.status_code, first.content)


async def test_an_answer_is_the_alert_as_get_shows_it(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(board, an_alert())
    path = f"/v1/alerts/{an_alert().id}"
    answer = await siti.post(f"{path}/acknowledge", json=a_body())
    assert answer.json() == (await siti.get(path)).json()


MISFITS = (
    (b"{", "truncated"),
    (b"[]", "object"),
    (b'{"version":1}', "key"),
    (b'{"version":"one","key":"k"}', "version"),
    (b'{"version":0,"key":"k"}', "version"),
    (b'{"version":1,"key":""}', "key"),
    (b'{"version":1,"key":"k","note":"%s"}' % (b"x" * 1001), "note"),
)


async def test_a_body_that_does_not_fit_is_refused_with_what_to_mend(
    board: Board, siti: httpx.AsyncClient
) -> None:
    await keep(board, an_alert())
    headers = {"Content-Type": "application/json"}
    path = f"/v1/alerts/{an_alert().id}/acknowledge"
    for content, says in MISFITS:
        answer = await siti.post(path, content=content, headers=headers)
        assert is_problem(answer, 400)
        assert says in answer.json()["detail"].lower()
    assert (await siti.get(f"/v1/alerts/{an_alert().id}")).json()["owner"] is None


MISSING = (
    ("GET", f"/v1/alerts/{id_of('nothing')}", 404),
    ("GET", "/v1/alerts/not-an-id", 400),
    ("GET", "/v1/alerts?state=some", 400),
    ("GET", "/v1/nothing", 404),
    ("POST", f"/v1/alerts/{id_of('nothing')}/acknowledge", 404),
    ("POST", f"/v1/alerts/{id_of('nothing')}/explode", 404),
    ("PUT", "/v1/alerts", 405),
    ("POST", "/v1/stream", 405),
)


async def test_what_is_not_there_is_a_problem_that_says_so(siti: httpx.AsyncClient) -> None:
    for method, path, status in MISSING:
        body = a_body() if method == "POST" else None
        answer = await siti.request(method, path, json=body)
        assert is_problem(answer, status), (method, path, answer.text)


async def test_while_the_database_is_away_the_answer_is_503_and_when_to_come_back(
    tmp_path: Path,
) -> None:
    engine = database.engine("postgresql://ronda@127.0.0.1:1/ronda", application="test")
    store = PostgresStore(engine, published=Bell(), scheduled=Bell(), paged=Bell())
    async with (
        a_board(engine, store, tmp_path) as board,
        board.client(board.token()) as client,
    ):
        for answer in (
            await client.get("/v1/alerts"),
            await client.post(f"/v1/alerts/{an_alert().id}/acknowledge", json=a_body()),
        ):
            assert is_problem(answer, 503)
            assert answer.headers["retry-after"] == "1"


# What is around


async def test_open_alerts_are_listed_without_the_closed_ones(
    board: Board, siti: httpx.AsyncClient
) -> None:
    closed = an_alert("closed", unit=POLRES, state="closed", closed_at=NOW)
    await keep(board, an_alert("open", unit=POLRES), closed)
    answer = await siti.get("/v1/alerts")
    assert [item["id"] for item in answer.json()["items"]] == [id_of("open")]
    assert answer.headers["cache-control"] == "no-store"
    everything = await siti.get("/v1/alerts", params={"state": "all"})
    assert {item["id"] for item in everything.json()["items"]} == {id_of("open"), id_of("closed")}


async def test_units_show_where_crews_are_and_what_keeps_them_busy(
    board: Board, siti: httpx.AsyncClient
) -> None:
    at = NOW + timedelta(minutes=3)
    sent = Dispatch(crew="R-21", at=NOW, by="Ipda Siti")
    refused = Dispatch(crew="R-07", at=NOW, by="Ipda Siti", declined_at=at)
    await keep(board, an_alert(unit=POLRES, dispatches=[sent, refused]))
    async with board.store.transaction() as transaction:
        for crew, unit in (("R-21", POLRES), ("R-07", POLSEK), ("L-01", NEIGHBOUR)):
            await transaction.save_duty(Duty(crew=crew, unit=unit, since=NOW, members=("p-1",)))
        await transaction.move("R-21", Fix(lat=-6.9, lon=112.1), at)
    items = (await siti.get("/v1/units")).json()["items"]
    assert items == [
        {
            "crew": "R-07",
            "unit": POLSEK,
            "on_duty_since": "2024-02-12T20:00:00Z",
            "members": ["p-1"],
            "position": None,
            "busy_with": None,
        },
        {
            "crew": "R-21",
            "unit": POLRES,
            "on_duty_since": "2024-02-12T20:00:00Z",
            "members": ["p-1"],
            "position": {"lat": -6.9, "lon": 112.1, "at": "2024-02-12T20:03:00Z"},
            "busy_with": an_alert().id,
        },
    ]


async def test_sites_stand_as_their_alerts_and_their_last_sign_say(
    board: Board, siti: httpx.AsyncClient
) -> None:
    now = datetime.now(UTC)
    await keep(board, an_alert(site=WAREHOUSE, unit=POLRES, raised_at=now))
    async with board.store.transaction() as transaction:
        await transaction.seen(KPU, now, "aman")
    answer = await siti.get("/v1/sites")
    stands = {item["id"]: item["status"] for item in answer.json()["items"]}
    assert stands == {WAREHOUSE: "gangguan", KPU: "aman"}
    [site] = [item for item in answer.json()["items"] if item["id"] == KPU]
    assert set(site) == {
        *("id", "name", "type", "risk_class", "unit", "lat", "lon", "district", "status", "since")
    }


async def test_visits_are_those_around_now(board: Board, siti: httpx.AsyncClient) -> None:
    now = datetime.now(UTC)
    async with board.store.transaction() as transaction:
        await transaction.add_visits(
            [
                a_visit("soon", due_at=now + timedelta(hours=1)),
                a_visit("long ago", due_at=now - timedelta(days=2)),
            ]
        )
    items = (await siti.get("/v1/visits")).json()["items"]
    assert [item["id"] for item in items] == [id_of("soon")]


async def test_the_situation_names_the_operation_its_unit_and_the_categories(
    board: Board, siti: httpx.AsyncClient
) -> None:
    board.plans.situation = msgspec.structs.replace(board.plans.situation, phase="campaign")
    situation = (await siti.get("/v1/situation")).json()
    categories = situation.pop("categories")
    assert situation == {
        "operation": "contoh-tuban",
        "unit": POLRES,
        "unit_name": "Polres Contoh",
        "phase": "campaign",
        "phase_name": "campaign",
        "timezone": "Asia/Jakarta",
        "plan_version": "1",
    }
    assert {"id": "fire", "label": "fire", "label_en": "fire"} in categories


async def test_without_a_plan_the_board_is_told_how_to_get_one(
    board: Board, siti: httpx.AsyncClient
) -> None:
    board.plans.plan = None
    for path in ("/v1/situation", "/v1/sites"):
        answer = await siti.get(path)
        assert is_problem(answer, 503)
        assert "ronda plan apply" in answer.json()["detail"]
    assert (await siti.get("/v1/units")).status_code == 200


# The page


async def test_a_page_that_is_not_built_says_how_to_build_it(nobody: httpx.AsyncClient) -> None:
    answer = await nobody.get("/board/")
    assert is_problem(answer, 404)
    assert "./run pages" in answer.json()["detail"]


async def test_the_page_is_served_under_a_strict_policy(
    board: Board, nobody: httpx.AsyncClient
) -> None:
    (board.pages / "assets").mkdir(parents=True)
    (board.pages / "index.html").write_text("<!doctype html><title>Ronda</title>")
    (board.pages / "assets" / "index-abc123.js").write_text("export {}")
    page = await nobody.get("/board/")
    assert page.text.startswith("<!doctype html>")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    for rule in ("default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-cache"
    script = await nobody.get("/board/assets/index-abc123.js")
    assert "javascript" in script.headers["content-type"]
    assert "immutable" in script.headers["cache-control"]


async def test_the_way_to_the_page_ends_with_a_slash(
    board: Board, nobody: httpx.AsyncClient
) -> None:
    board.pages.mkdir()
    (board.pages / "index.html").write_text("<!doctype html>")
    for path in ("/", "/board"):
        answer = await nobody.get(path)
        assert (answer.is_redirect, answer.headers["location"]) == (True, "/board/")


async def test_no_path_leads_out_of_the_page(board: Board, nobody: httpx.AsyncClient) -> None:
    board.pages.mkdir()
    (board.pages.parent / "hidden").write_text("the secret")
    for path in (
        "/board/../hidden",
        "/board/%2e%2e/hidden",
        "/board/..%2fhidden",
        "/board//etc/hosts",
    ):
        answer = await nobody.get(path)
        assert is_problem(answer, 404)
        assert "the secret" not in answer.text

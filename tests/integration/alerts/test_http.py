"""Who may ask what over HTTP, and how every refusal says what to mend."""

from base64 import urlsafe_b64decode as b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec

from services.alerts.adapters.bell import Bell
from services.alerts.adapters.store import PostgresStore
from shared import database
from tests.builders import POLRES, POLSEK
from tests.contract.alert_rows import an_alert, id_of
from tests.integration.alerts.board import Board, a_board, a_body, is_problem, keep

NEIGHBOUR = "polda-jatim/polres-lamongan"


# Who may


READS = (
    "/v1/alerts",
    f"/v1/alerts/{id_of('alert')}",
    "/v1/units",
    "/v1/sites",
    "/v1/visits",
    "/v1/situation",
    "/v1/map/basemap.pmtiles",
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
        assert (await stranger.get("/v1/alerts")).json()["items"] == []
        assert is_problem(await stranger.get(path), 404)
        assert (await stranger.post(f"{path}/acknowledge", json=a_body())).status_code in {403, 404}
    async with board.client(board.token(unit=POLSEK)) as local:
        assert (await local.get(path)).json()["id"] == an_alert().id


# Sessions


async def test_a_session_is_a_cookie_that_no_script_reads_and_no_other_site_sends(
    board: Board, nobody: httpx.AsyncClient
) -> None:
    assert is_problem(await nobody.get("/v1/session"), 401)
    token = board.token()
    signed_in = await nobody.post("/v1/session", json={"token": token})
    assert signed_in.status_code == 204
    cookie = signed_in.headers["set-cookie"].lower()
    assert "ronda_session=" in cookie
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie
    session = await nobody.get("/v1/session")
    who = session.json()
    expires_at = datetime.fromisoformat(who.pop("expires_at"))
    assert (
        expires_at.timestamp() == msgspec.json.decode(b64decode(token.split(".")[1] + "=="))["exp"]
    )
    assert who == {
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


async def test_a_character_that_no_database_keeps_is_refused_with_what_to_mend(
    siti: httpx.AsyncClient, board: Board
) -> None:
    await keep(board, an_alert())
    for over in ({"key": "k\x00"}, {"note": "gelap\x00", "key": "\x00"}):
        answer = await siti.post(f"/v1/alerts/{an_alert().id}/acknowledge", json=a_body(**over))
        assert is_problem(answer, 400)
        assert "U+0000" in answer.json()["detail"]


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

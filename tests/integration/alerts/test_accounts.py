"""Operators sign in with a name and a password, stay signed in by a cookie, and are signed out."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from aiokafka import ConsumerRecord
from sqlalchemy import select

from services.alerts.adapters.tables import outbox
from services.alerts.handlers.administering import Refused
from shared.auth import Unauthenticated, Verifier, key_files
from shared.http import SESSION_COOKIE
from tests.builders import POLRES, POLSEK
from tests.integration.alerts.board import Board, is_problem

PASSWORD = "jaga malam di gudang"
SITI = {"login": "s.contoh", "password": PASSWORD}
CSRF = {"Ronda-Csrf": "1"}


async def an_account(board: Board, login: str = "s.contoh", **over: Any) -> None:
    fields: dict[str, Any] = {"name": "Ipda Siti", "role": "operator", "unit": POLRES}
    await board.admin.add(login, **fields | {"password": PASSWORD} | over)


async def sign_in(client: httpx.AsyncClient, **over: str) -> httpx.Response:
    return await client.post("/v1/session", json=SITI | over)


async def test_whoever_knows_the_password_is_signed_in_as_their_account_says(board: Board) -> None:
    await an_account(board, unit=POLSEK, role="supervisor", actor="p-1006")
    async with board.client() as client:
        answer = await sign_in(client, login=" S.Contoh ")
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        who = (await client.get("/v1/session")).json()
    del who["expires_at"]
    assert who == {"actor": "p-1006", "name": "Ipda Siti", "role": "supervisor", "unit": POLSEK}


async def test_a_wrong_name_and_a_wrong_password_look_the_same(board: Board) -> None:
    await an_account(board)
    await an_account(board, "b.contoh", actor="b", password=None)
    async with board.client() as client:
        answers = [
            await sign_in(client, password="something else"),
            await sign_in(client, login="nobody"),
            await sign_in(client, login="\x00 not a login"),
            await sign_in(client, login="b.contoh"),
        ]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert len({answer.content for answer in answers}) == 1
    assert all(is_problem(answer, 401) for answer in answers)
    assert all("set-cookie" not in answer.headers for answer in answers)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"login": "s.contoh"},
        {"password": PASSWORD},
        {"login": "", "password": PASSWORD},
        {"login": "s.contoh", "password": PASSWORD, "token": "x"},
    ],
)
async def test_half_a_sign_in_is_a_problem_that_says_so(board: Board, body: dict[str, str]) -> None:
    async with board.client() as client:
        assert is_problem(await client.post("/v1/session", json=body), 400)


async def test_after_five_failures_the_next_one_waits_even_with_the_right_password(
    board: Board,
) -> None:
    await an_account(board)
    async with board.client() as client:
        for _ in range(5):
            assert (await sign_in(client, password="something else")).status_code == 401
        answer = await sign_in(client)
        assert is_problem(answer, 429)
        assert int(answer.headers["retry-after"]) >= 1
        # Another account, from the same place, is not kept out by that.
        await an_account(board, "b.contoh", actor="b")
        assert (await sign_in(client, login="b.contoh")).status_code == 204


async def test_many_attempts_at_once_are_not_more_than_the_limit(board: Board) -> None:
    await an_account(board)
    async with board.client() as client:
        guesses = [sign_in(client, password=f"a guess of mine {number}") for number in range(20)]
        statuses = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert statuses.count(401) <= 5
    assert set(statuses) <= {401, 429}


async def test_names_that_nobody_has_are_throttled_alike(board: Board) -> None:
    async with board.client() as client:
        for _ in range(5):
            assert (await sign_in(client, login="nobody")).status_code == 401
        assert (await sign_in(client, login="nobody")).status_code == 429


async def test_a_success_forgets_the_failures_before_it(board: Board) -> None:
    await an_account(board)
    async with board.client() as client:
        for _ in range(3):
            for _ in range(4):
                await sign_in(client, password="something else")
            assert (await sign_in(client)).status_code == 204


async def test_signing_out_ends_that_session_even_for_whoever_kept_the_token(board: Board) -> None:
    await an_account(board)
    async with board.client() as client, board.client() as elsewhere:
        await sign_in(client)
        await sign_in(elsewhere)
        kept = client.cookies[SESSION_COOKIE]
        assert (await client.delete("/v1/session", headers=CSRF)).status_code == 204
        async with board.client(kept) as thief:
            assert is_problem(await thief.get("/v1/alerts"), 401)
        assert (await elsewhere.get("/v1/alerts")).status_code == 200


async def test_a_disabled_account_is_signed_out_everywhere_and_stays_out(board: Board) -> None:
    await an_account(board)
    async with board.client() as client:
        await sign_in(client)
        await board.admin.disable("s.contoh", by="admin")
        await relayed(board)
        assert (await client.get("/v1/alerts")).status_code == 401
        assert (await sign_in(client)).status_code == 401


async def test_a_new_password_ends_the_old_sessions_and_opens_the_account_again(
    board: Board,
) -> None:
    await an_account(board)
    async with board.client() as client:
        await sign_in(client)
        await board.admin.disable("s.contoh", by="admin")
        await board.admin.change_password("s.contoh", "another sentence of mine", by="admin")
        await relayed(board)
        assert (await client.get("/v1/alerts")).status_code == 401
        assert (await sign_in(client)).status_code == 401
        answer = await sign_in(client, password="another sentence of mine")
        assert answer.status_code == 204
        assert (await client.get("/v1/alerts")).status_code == 200


async def relayed(board: Board) -> None:
    """What the outbox holds for `ronda.device` reaches the fold, as it would through Kafka."""
    board.revocations.feed(await device_records(board))


async def device_records(board: Board) -> list[Any]:
    async with board.store._engine.connect() as connection:
        rows = await connection.execute(select(outbox).where(outbox.c.topic == "ronda.device"))
    return [
        ConsumerRecord(
            topic=row.topic,
            partition=0,
            offset=number,
            timestamp=0,
            timestamp_type=1,
            key=row.key,
            value=row.value,
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            headers=(),
        )
        for number, row in enumerate(rows)
    ]


async def test_the_stream_of_a_revoked_session_ends(board: Board) -> None:
    await an_account(board)
    async with board.client() as client:
        await sign_in(client)
        async with client.stream("GET", "/v1/stream") as stream:
            lines = stream.aiter_lines()
            assert (await anext(lines)).startswith("event:")
            await client.delete("/v1/session", headers=CSRF)
            await board.stream.beat()
            async with asyncio.timeout(10):
                async for _ in lines:
                    pass


FOREIGN = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
)


async def test_a_page_of_another_site_can_neither_sign_in_nor_out_nor_command(board: Board) -> None:
    await an_account(board)
    command = "/v1/alerts/01a2b3c4-0000-7000-8000-000000000000/note"
    async with board.client() as client:
        await sign_in(client)
        for foreign in FOREIGN:
            headers = CSRF | foreign
            for answer in (
                await client.post("/v1/session", json=SITI, headers=headers),
                await client.delete("/v1/session", headers=headers),
                await client.post(command, json={"version": 1, "key": "k"}, headers=headers),
            ):
                assert is_problem(answer, 403), (foreign, answer.request)
        assert (await client.get("/v1/session")).status_code == 200


async def test_a_page_of_our_own_can(board: Board) -> None:
    await an_account(board)
    async with board.client() as client:
        own = {"Origin": board.url, "Sec-Fetch-Site": "same-origin"}
        assert (await client.post("/v1/session", json=SITI, headers=own)).status_code == 204
        answer = await client.delete("/v1/session", headers={**CSRF, **own})
        assert answer.status_code == 204


async def test_the_form_is_told_how_one_can_sign_in(board: Board) -> None:
    async with board.client() as client:
        assert (await client.get("/v1/session/ways")).json() == {"password": True, "sso": None}


async def test_a_token_says_which_session_it_is_and_when_it_was_made(board: Board) -> None:
    await an_account(board)
    verifier = Verifier(key_files(board.pages.parent)["keys"])
    now = datetime.now(UTC)
    tokens = []
    async with board.client() as client:
        for _ in range(2):
            await sign_in(client)
            tokens.append(verifier.verify(client.cookies[SESSION_COOKIE], now))
    assert tokens[0].session != tokens[1].session
    assert tokens[0].issued_at is not None
    assert abs(tokens[0].issued_at - now) < timedelta(minutes=1)
    with pytest.raises(Unauthenticated):
        verifier.verify(client.cookies[SESSION_COOKIE], now + timedelta(hours=13))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"login": "x"}, "2 to 64"),
        ({"login": "a b"}, "2 to 64"),
        ({"role": "guard"}, "no role"),
        ({"password": "short"}, "at least 12"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "five different"),
        ({"password": "s.contoh12345"}, "more than the login"),
        ({"password": "x" * 300}, "at most 256"),
    ],
)
async def test_what_makes_no_account_is_refused_with_the_reason(
    board: Board, fields: dict[str, str], says: str
) -> None:
    given = {"login": "s.contoh"} | fields
    with pytest.raises(Refused, match=says):
        await an_account(board, **given)
    assert await board.admin.all() == []


async def test_two_accounts_share_neither_login_nor_person(board: Board) -> None:
    await an_account(board)
    with pytest.raises(Refused, match="already"):
        await an_account(board, "S.CONTOH")
    with pytest.raises(Refused, match="already"):
        await an_account(board, "s2", actor="s.contoh")
    with pytest.raises(Refused, match="no account"):
        await board.admin.disable("nobody", by="admin")


async def test_no_password_is_kept_as_it_was_typed(board: Board) -> None:
    await an_account(board)
    [operator] = await board.admin.all()
    assert operator.password_hash is not None
    assert operator.password_hash.startswith("$argon2id$")
    assert PASSWORD not in str(operator)

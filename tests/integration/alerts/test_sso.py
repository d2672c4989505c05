"""Signing in by an issuer: a browser goes there, comes back with a code, and is who the issuer
says, with the account and the rights that it has here."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters import oidc
from services.alerts.adapters.store import PostgresStore
from shared.http import SESSION_COOKIE
from tests.builders import POLRES, POLSEK
from tests.integration.alerts.board import Board, a_board
from tests.integration.alerts.issuer import SmallIssuer, a_small_issuer

PUBLIC = "http://posko.contoh.example"


@pytest.fixture
async def issuer() -> AsyncIterator[SmallIssuer]:
    async with a_small_issuer() as issuer:
        yield issuer


@pytest.fixture
async def board(
    engine: AsyncEngine, store: PostgresStore, tmp_path: Path, issuer: SmallIssuer
) -> AsyncIterator[Board]:
    """A board that takes the issuer's word."""
    async with a_board(engine, store, tmp_path, issuer.provider(PUBLIC)) as board:
        yield board


async def an_account(board: Board, login: str = "s.contoh", **over: Any) -> None:
    fields: dict[str, Any] = {"name": "Ipda Siti", "role": "supervisor", "unit": POLSEK}
    await board.admin.add(login, **fields | over)


async def to_the_issuer(browser: httpx.AsyncClient) -> str:
    """Leaves for the issuer, where somebody is signed in already; returns the way back."""
    leaving = await browser.get("/v1/session/sso")
    assert leaving.status_code == 302, leaving.text
    there = await browser.get(leaving.headers["location"])
    assert there.status_code == 302
    back: str = there.headers["location"]
    assert back.startswith(f"{PUBLIC}/v1/session/sso/callback?")
    return back.removeprefix(PUBLIC)


async def round_trip(browser: httpx.AsyncClient) -> str:
    """There and back; returns where the browser ends up."""
    answer = await browser.get(await to_the_issuer(browser))
    assert answer.status_code == 302
    return str(answer.headers["location"])


async def test_who_has_an_account_is_signed_in_with_its_rights(board: Board) -> None:
    await an_account(board)
    async with board.client() as browser:
        assert (await browser.get("/v1/session/ways")).json()["sso"] == {
            "label": "Akun Polri",
            "url": "/v1/session/sso",
        }
        assert await round_trip(browser) == "/board/"
        who = (await browser.get("/v1/session")).json()
        assert (who["actor"], who["role"], who["unit"]) == ("s.contoh", "supervisor", POLSEK)


async def test_what_is_sent_to_the_issuer_is_a_code_flow_with_pkce(board: Board) -> None:
    async with board.client() as browser:
        leaving = await browser.get("/v1/session/sso")
    asked = parse_qs(urlsplit(leaving.headers["location"]).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert {"state", "nonce"} <= set(asked)
    cookie = leaving.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/v1/session/sso" in cookie


async def test_the_first_time_binds_the_account_to_the_person_and_not_to_the_name(
    board: Board, issuer: SmallIssuer
) -> None:
    await an_account(board)
    async with board.client() as browser:
        assert await round_trip(browser) == "/board/"
        # The login has changed hands at the issuer.
        issuer.subject = "sub-2"
        assert await round_trip(browser) == "/board/?sso=unknown"
        # The person has another name there now.
        issuer.subject, issuer.login = "sub-1", "siti.contoh"
        assert await round_trip(browser) == "/board/"


async def test_nobody_gets_in_without_an_account_or_with_a_disabled_one(
    board: Board, issuer: SmallIssuer
) -> None:
    await an_account(board, "b.contoh")
    await board.admin.disable("b.contoh", by="admin")
    async with board.client() as browser:
        for issuer.login in ("nobody", "b.contoh", "", "\x00"):
            assert await round_trip(browser) == "/board/?sso=unknown"
        assert SESSION_COOKIE not in browser.cookies


async def test_a_name_at_the_issuer_takes_over_nobody_who_has_a_password_here(
    board: Board, issuer: SmallIssuer
) -> None:
    await an_account(board, "posko", role="commander", password="jaga malam di gudang")
    issuer.login = "posko"
    async with board.client() as browser:
        assert await round_trip(browser) == "/board/?sso=unknown"


LIES: tuple[dict[str, Any], ...] = (
    {"iss": "https://another.example"},
    {"aud": "another"},
    {"aud": ["ronda", "another"]},
    {"nonce": "another"},
    {"nonce": None},
    {"exp": 1_700_000_000},
    {"exp": None},
    {"sub": None},
    {"iat": None},
    {"azp": "another"},
)
FORGERIES = ("another key", "no signature", "the public key as a secret", "nothing")


async def test_an_id_token_that_is_wrong_in_anything_signs_nobody_in(
    board: Board, issuer: SmallIssuer
) -> None:
    await an_account(board)
    async with board.client() as browser:
        for issuer.lies in LIES:
            assert await round_trip(browser) == "/board/?sso=failed", issuer.lies
        issuer.lies = {}
        for issuer.forges in FORGERIES:
            assert await round_trip(browser) == "/board/?sso=failed", issuer.forges
        assert SESSION_COOKIE not in browser.cookies
        issuer.forges = ""
        assert await round_trip(browser) == "/board/"


async def test_a_way_back_that_is_not_ones_own_signs_nobody_in(board: Board) -> None:
    await an_account(board)
    async with board.client() as browser, board.client() as another:
        theirs = await to_the_issuer(another)
        assert (await browser.get(theirs)).headers["location"] == "/board/?sso=failed"
        await to_the_issuer(browser)
        assert (await browser.get(theirs)).headers["location"] == "/board/?sso=failed"
        back = await to_the_issuer(browser)
        assert (await browser.get(back)).headers["location"] == "/board/"
        # The issuer takes a code once, and the journey is over.
        assert (await browser.get(back)).headers["location"] == "/board/?sso=failed"
        nothing = "/v1/session/sso/callback"
        assert (await another.get(nothing)).headers["location"] == "/board/?sso=failed"
        denied = (await to_the_issuer(another)).replace("code=", "error=")
        assert (await another.get(denied)).headers["location"] == "/board/?sso=failed"


async def test_the_issuer_gets_the_verifier_of_its_challenge_and_our_secret(
    engine: AsyncEngine, store: PostgresStore, tmp_path: Path, issuer: SmallIssuer
) -> None:
    provider = issuer.provider(PUBLIC, client_secret="another")
    async with a_board(engine, store, tmp_path, provider) as board, board.client() as browser:
        await an_account(board)
        assert await round_trip(browser) == "/board/?sso=failed"
    assert issuer.refused == ["client"]


async def test_keys_that_the_issuer_renews_are_asked_for_anew(
    board: Board, issuer: SmallIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:

    await an_account(board)
    async with board.client() as browser:
        assert await round_trip(browser) == "/board/"
        issuer.renew_key()
        # Not more often than every half minute, or a stranger's tokens would make us ask and ask.
        assert await round_trip(browser) == "/board/?sso=failed"
        monkeypatch.setattr(oidc, "KEYS_ANEW", timedelta(0))
        assert await round_trip(browser) == "/board/"


async def test_while_the_issuer_is_away_the_board_says_so_and_passwords_work(
    board: Board, issuer: SmallIssuer
) -> None:
    await an_account(board, unit=POLRES, password="jaga malam di gudang")
    issuer.away = True
    async with board.client() as browser:
        answer = await browser.get("/v1/session/sso")
        assert answer.headers["location"] == "/board/?sso=unreachable"
        body = {"login": "s.contoh", "password": "jaga malam di gudang"}
        assert (await browser.post("/v1/session", json=body)).status_code == 204


async def test_an_issuer_that_shows_another_ones_document_is_not_believed(
    engine: AsyncEngine, store: PostgresStore, tmp_path: Path, issuer: SmallIssuer
) -> None:
    provider = issuer.provider(PUBLIC, issuer=f"{issuer.url}/")
    async with a_board(engine, store, tmp_path, provider) as board, board.client() as browser:
        answer = await browser.get("/v1/session/sso")
        assert answer.headers["location"] == "/board/?sso=unreachable"

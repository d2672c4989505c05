"""Whose word is taken for who asks: a proxy's that is named, and nobody else's."""

import httpx
import pytest

from shared.http import serving
from shared.settings import HttpSettings

SPOOFED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


async def seen(settings: HttpSettings, headers: dict[str, str]) -> tuple[str, str]:
    """The address and the scheme that a service sees."""
    found: dict[str, str] = {}

    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        found.update(client=scope["client"][0], scheme=scope["scheme"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with serving(app, settings) as url, httpx.AsyncClient(base_url=url) as client:
        assert (await client.get("/", headers=headers)).status_code == 204
    return found["client"], found["scheme"]


@pytest.mark.parametrize("trusted", [(), ("10.0.0.0/8",), ("127.0.0.2", "::1")])
async def test_an_untrusted_senders_word_changes_nothing(
    trusted: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    # uvicorn's own variable opens no second door.
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    settings = HttpSettings(trusted_proxies=trusted)
    assert await seen(settings, SPOOFED) == ("127.0.0.1", "http")


async def test_a_proxy_that_is_named_says_who_asks_and_that_it_was_over_tls() -> None:
    settings = HttpSettings(trusted_proxies=("127.0.0.0/8",))
    assert await seen(settings, SPOOFED) == ("203.0.113.9", "https")


async def test_what_the_sender_wrote_before_the_proxy_is_not_taken_for_the_sender() -> None:
    settings = HttpSettings(trusted_proxies=("127.0.0.1",))
    added = SPOOFED | {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
    assert await seen(settings, added) == ("203.0.113.9", "https")

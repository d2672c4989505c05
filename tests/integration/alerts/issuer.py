"""A small OpenID Connect issuer: discovery, authorization code with PKCE, tokens, keys.

It signs by joserfc, checks what a real one checks, and lies as it is told.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from joserfc import jwt
from joserfc.jwk import RSAKey

from services.alerts.adapters.oidc import Provider
from shared.http import serving
from shared.settings import HttpSettings

CLIENT, SECRET = "ronda", "rahasia-klien"


@dataclass(slots=True)
class SmallIssuer:
    """`subject` and `login` are whoever is signed in there. `lies` replace claims, `forges` names
    how the id_token is signed, while `away` everything answers 503."""

    url: str = ""
    subject: str = "sub-1"
    login: str = "s.contoh"
    lies: dict[str, Any] = field(default_factory=dict)
    forges: str = ""
    away: bool = False
    key: RSAKey = field(default_factory=lambda: _key("one"))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def provider(self, public_url: str, **over: Any) -> Provider:
        """As a service is told of this issuer."""
        fields: dict[str, Any] = {
            "issuer": self.url,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "public_url": public_url,
            "label": "Akun Polri",
        }
        return Provider(**fields | over)

    def renew_key(self) -> None:
        """Signs with a new key from now on, and publishes only that."""
        self.key = _key(secrets.token_hex(4))

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """The ASGI application."""
        query = dict(parse_qsl(scope["query_string"].decode()))
        form = dict(parse_qsl((await _body(receive)).decode()))
        status, body, location = self._answer(scope["path"], query, form)
        headers = [(b"content-type", b"application/json")]
        if location:
            headers.append((b"location", location.encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": msgspec.json.encode(body)})

    def _answer(
        self, path: str, query: dict[str, str], form: dict[str, str]
    ) -> tuple[int, Any, str]:
        if self.away:
            return 503, {}, ""
        if path == "/.well-known/openid-configuration":
            ends = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
            found = {name: f"{self.url}/{end}" for name, end in ends.items()}
            return 200, {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"} | found, ""
        if path == "/jwks":
            return 200, {"keys": [self.key.as_dict(private=False)]}, ""
        if path == "/authorize":
            return 302, {}, self._authorized(query)
        return self._token(form)

    def _authorized(self, query: dict[str, str]) -> str:
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return f"{query['redirect_uri']}?{back}"

    def _token(self, form: dict[str, str]) -> tuple[int, Any, str]:
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        wrong = {
            "code": asked is None,
            "client": (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET),
            "redirect_uri": asked and asked["redirect_uri"] != form.get("redirect_uri"),
            "verifier": asked and asked["code_challenge"] != _base64url(challenge),
        }
        if any(wrong.values()):
            self.refused += [name for name, is_wrong in wrong.items() if is_wrong]
            return 400, {"error": "invalid_grant"}, ""
        assert asked is not None
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": self.subject,
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 300,
            "preferred_username": self.login,
        }
        token = self._signed({k: v for k, v in (claims | self.lies).items() if v is not None})
        body = {"access_token": "at", "token_type": "Bearer"}
        return 200, body | ({"id_token": token} if token else {}), ""

    def _signed(self, claims: dict[str, Any]) -> str:
        header = {"alg": "RS256", "kid": self.key.kid}
        if self.forges == "another key":
            return jwt.encode(header, claims, _key("two"))
        if self.forges == "no signature":
            return f"{_unsigned({'alg': 'none'}, claims)}."
        if self.forges == "the public key as a secret":
            # By hand: joserfc itself makes no such token.
            unsigned = _unsigned({"alg": "HS256", "kid": self.key.kid}, claims)
            secret = self.key.as_pem(private=False)
            mac = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
            return f"{unsigned}.{_base64url(mac)}"
        if self.forges == "nothing":
            return ""
        return jwt.encode(header, claims, self.key)


@asynccontextmanager
async def a_small_issuer() -> AsyncIterator[SmallIssuer]:
    """An issuer on a free port of the loopback."""
    issuer = SmallIssuer()
    async with serving(issuer, HttpSettings()) as url:
        issuer.url = url
        yield issuer


def _key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return ".".join(_base64url(msgspec.json.encode(part)) for part in (header, claims))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


async def _body(receive: Any) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body

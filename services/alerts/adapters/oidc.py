"""OpenID Connect: a configured issuer says who somebody is (authorization code with PKCE).

The protocol's parts are authlib's and joserfc's; the requests are ours, bounded and without
redirects. Which account somebody has, and what it may do, is decided here and not by the issuer.
"""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

TIMEOUT_S = 5.0
DISCOVERED_FOR = timedelta(hours=1)
KEYS_ANEW = timedelta(seconds=30)
"""How soon the keys are asked for again when a token names one that we do not know."""
LEEWAY_S = 30
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
LONGEST_ANSWER = 256 * 1024
CALLBACK = "/v1/session/sso/callback"


class Untrusted(Exception):
    """The issuer did not say who this is, or said it wrongly; `str()` is for the log."""


class Unreachable(Exception):
    """The issuer gives no answer; trying again may help."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Whose word is taken. `public_url` is where browsers reach this service."""

    issuer: str
    client_id: str
    public_url: str
    client_secret: str | None = field(default=None, repr=False)
    login_claim: str = "preferred_username"
    label: str = "SSO"


@dataclass(frozen=True, slots=True)
class Journey:
    """What must come back from the issuer as it was sent; the browser carries it, signed by us."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the issuer vouches for; `login` is its name for them, which may change hands."""

    subject: str
    login: str


@dataclass(slots=True)
class _Discovered:
    at: datetime
    document: dict[str, Any]
    keys: KeySet
    keys_at: datetime


class Oidc:
    """One issuer. What it publishes about itself is asked for once an hour."""

    def __init__(self, provider: Provider, http: httpx.AsyncClient) -> None:
        self.provider = provider
        self._http = http
        self._known: _Discovered | None = None

    async def begin(self, now: datetime) -> tuple[str, Journey]:
        """Where the browser is sent, and what must come back. Raises `Unreachable`."""
        known = await self._discovered(now)
        journey = Journey(*(secrets.token_urlsafe(32) for _ in range(3)))
        url = prepare_grant_uri(
            known.document["authorization_endpoint"],
            client_id=self.provider.client_id,
            response_type="code",
            redirect_uri=self._redirect_uri,
            scope="openid profile",
            state=journey.state,
            nonce=journey.nonce,
            code_challenge=create_s256_code_challenge(journey.verifier),
            code_challenge_method="S256",
        )
        return str(url), journey

    async def finish(self, code: str, journey: Journey, now: datetime) -> Person:
        """Who came back with a code. Raises `Untrusted` or `Unreachable`."""
        known = await self._discovered(now)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": journey.verifier,
            "client_id": self.provider.client_id,
        }
        if self.provider.client_secret is not None:
            form["client_secret"] = self.provider.client_secret
        answer = await self._asked("POST", known.document["token_endpoint"], data=form)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Untrusted("the issuer's answer has no id_token")
        claims = await self._claims(token, journey, answer.get("access_token"), known, now)
        login = claims.get(self.provider.login_claim)
        return Person(str(claims["sub"]), login if isinstance(login, str) else "")

    @property
    def _redirect_uri(self) -> str:
        return f"{self.provider.public_url}{CALLBACK}"

    async def _claims(
        self,
        token: str,
        journey: Journey,
        access_token: object,
        known: _Discovered,
        now: datetime,
    ) -> dict[str, Any]:
        try:
            decoded = await self._decoded(token, known, now)
            expected = {
                "iss": {"essential": True, "value": self.provider.issuer},
                "aud": {"essential": True, "value": self.provider.client_id},
            }
            said = {
                "nonce": journey.nonce,
                "client_id": self.provider.client_id,
                "access_token": access_token,
            }
            claims = CodeIDToken(decoded.claims, decoded.header, expected, said)
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as error:
            raise Untrusted(f"the id_token is not valid: {error!r}"[:300]) from error
        return dict(claims)

    async def _decoded(self, token: str, known: _Discovered, now: datetime) -> Any:
        try:
            return jwt.decode(token, known.keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            if now - known.keys_at < KEYS_ANEW:
                raise
            # It may have been signed with a key that is newer than what we know.
            known.keys = await self._keys(known.document)
            known.keys_at = now
            return jwt.decode(token, known.keys, algorithms=list(ALGORITHMS))

    async def _discovered(self, now: datetime) -> _Discovered:
        if self._known is None or now - self._known.at >= DISCOVERED_FOR:
            url = f"{self.provider.issuer}/.well-known/openid-configuration"
            document = await self._asked("GET", url)
            if document.get("issuer") != self.provider.issuer:
                raise Unreachable("the issuer's document is another issuer's")
            wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            if not all(isinstance(document.get(name), str) for name in wanted):
                raise Unreachable(f"the issuer's document lacks one of {', '.join(wanted)}")
            self._known = _Discovered(now, document, await self._keys(document), now)
        return self._known

    async def _keys(self, document: dict[str, Any]) -> KeySet:
        published: Any = await self._asked("GET", document["jwks_uri"])
        try:
            return KeySet.import_key_set(published)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Unreachable(f"the issuer's keys are none: {error!r}"[:200]) from error

    async def _asked(self, method: str, url: str, **form: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._http.request(method, url, **form)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Unreachable(f"{url}: {error!r}"[:200]) from error
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unreachable(f"{url} answered {answer.status_code}")
        if not answer.is_success:
            raise Untrusted(f"{url} answered {answer.status_code}")
        try:
            said = answer.json() if len(answer.content) <= LONGEST_ANSWER else None
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise Unreachable(f"{url} answered no JSON object")
        return said

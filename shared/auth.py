"""Who may do what: short-lived signed tokens, and roles within a unit's subtree.

Two issuers, checkin for devices and alerts for operators, each with a key of its own; every service
verifies with the same JWKS. ES256 only: an algorithm is never taken from a token.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from shared.settings import SettingsError

ALGORITHM = "ES256"
AUDIENCE = "ronda"
ISSUERS = ("checkin", "alerts")
ROLES = (
    "guard",
    "officer",
    "operator",
    "supervisor",
    "commander",
    "auditor",
    "partner",
    "admin",
)
DEFAULT_TTL = timedelta(minutes=15)
REMEMBERED_TOKENS = 10_000


class Unauthenticated(Exception):
    """The token proves nobody; `str()` says why, without the token."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, as the token says. `unit` is the root of what they may see and do."""

    actor: str
    name: str
    role: str
    unit: str
    issuer: str
    expires_at: datetime
    device: str | None = None

    def covers(self, unit: str | None) -> bool:
        """Whether a unit is the principal's own or below it."""
        return unit is not None and (unit == self.unit or unit.startswith(f"{self.unit}/"))


class Issuer:
    """Signs tokens with one issuer's private key."""

    def __init__(self, key_file: Path) -> None:
        self._key = ECKey.import_key(_read(key_file))
        self._kid = str(self._key.kid)
        self.name = self._kid.partition("-")[0]

    def token(
        self,
        *,
        actor: str,
        name: str,
        role: str,
        unit: str,
        now: datetime,
        ttl: timedelta = DEFAULT_TTL,
        device: str | None = None,
    ) -> str:
        """A signed token; raises ValueError for an unknown role."""
        if role not in ROLES:
            raise ValueError(f"unknown role {role!r}; the roles are {', '.join(ROLES)}")
        claims: dict[str, Any] = {
            "iss": self.name,
            "aud": AUDIENCE,
            "sub": actor,
            "name": name,
            "role": role,
            "unit": unit,
            "iat": int(now.timestamp()),
            "exp": int((now + ttl).timestamp()),
        }
        if device is not None:
            claims["device"] = device
        return jwt.encode(
            {"alg": ALGORITHM, "kid": self._kid}, claims, self._key, algorithms=[ALGORITHM]
        )


class Verifier:
    """Verifies tokens of all issuers; remembers verified ones, because a phone sends one often."""

    def __init__(self, keys_file: Path) -> None:
        self._keys = KeySet.import_key_set(_read(keys_file))
        self._kids = {str(key.kid) for key in self._keys.keys}
        self._known: OrderedDict[str, Principal] = OrderedDict()

    def verify(self, token: str, now: datetime) -> Principal:
        """The principal; raises `Unauthenticated`."""
        principal = self._known.get(token)
        if principal is None:
            principal = self._checked(token, now)
            self._known[token] = principal
            if len(self._known) > REMEMBERED_TOKENS:
                self._known.popitem(last=False)
        if principal.expires_at <= now:
            raise Unauthenticated("the token has expired")
        return principal

    def _checked(self, token: str, now: datetime) -> Principal:
        try:
            decoded = jwt.decode(token, self._key_of, algorithms=[ALGORITHM])
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=5,
                aud={"essential": True, "value": AUDIENCE},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(decoded.claims)
            return _principal(decoded.header, decoded.claims)
        except JoseError as error:
            raise Unauthenticated(f"the token is not valid: {error.error}") from error
        except (ValueError, TypeError, KeyError) as error:
            raise Unauthenticated("the token is not valid: malformed") from error

    def _key_of(self, token: Any) -> Any:
        """Only keys of our own file, by `kid`; a key that a token brings is never looked at."""
        kid = token.headers().get("kid")
        if kid not in self._kids:
            raise Unauthenticated("the token is not valid: unknown key")
        return self._keys.get_by_kid(kid)


def _principal(header: dict[str, Any], claims: dict[str, Any]) -> Principal:
    issuer = str(claims["iss"])
    if not str(header["kid"]).startswith(f"{issuer}-") or issuer not in ISSUERS:
        raise Unauthenticated("the token is not valid: its key is another issuer's")
    if claims["role"] not in ROLES:
        raise Unauthenticated("the token is not valid: unknown role")
    device = claims.get("device")
    return Principal(
        actor=str(claims["sub"]),
        name=str(claims["name"]),
        role=str(claims["role"]),
        unit=str(claims["unit"]),
        issuer=issuer,
        expires_at=datetime.fromtimestamp(int(claims["exp"]), tz=UTC),
        device=str(device) if device is not None else None,
    )


def bearer(authorization: str | None) -> str:
    """The token of an Authorization header; raises `Unauthenticated`."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("send `Authorization: Bearer <token>`; `ronda token` makes one")
    return token.strip()


def key_files(directory: Path) -> dict[str, Path]:
    """Where `generate_keys` puts things: a signing key per issuer, and `keys`, the public JWKS."""
    return {name: directory / f"{name}-signing-key.json" for name in ISSUERS} | {
        "keys": directory / "keys.json"
    }


def generate_keys(directory: Path) -> dict[str, Path]:
    """Makes the signing keys and the JWKS where they are missing; returns `key_files`."""
    files = key_files(directory)
    directory.mkdir(parents=True, exist_ok=True)
    public = []
    for name in ISSUERS:
        file = files[name]
        if not file.exists():
            key = ECKey.generate_key("P-256", private=True)
            private = key.as_dict(private=True) | {"kid": f"{name}-{key.thumbprint()[:12]}"}
            _write_secret(file, msgspec.json.encode(private))
        public.append(public_key(file))
    files["keys"].write_bytes(msgspec.json.encode({"keys": public}))
    return files


def public_key(signing_key_file: Path) -> dict[str, Any]:
    """The public half of a signing key, as a JWK with its `kid`."""
    private: dict[str, Any] = _read(signing_key_file)
    key = ECKey.import_key(private)
    return dict(key.as_dict(private=False)) | {"kid": private["kid"]}


def require(principal: Principal, roles: Iterable[str]) -> None:
    """Raises PermissionError, naming what is needed, unless the principal has one of the roles."""
    allowed = tuple(roles)
    if principal.role not in allowed:
        raise PermissionError(
            f"role {principal.role!r} may not do this; it takes one of: {', '.join(allowed)}"
        )


def _read(file: Path) -> Any:
    try:
        return msgspec.json.decode(file.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(f"key file {file}: {error}") from error


def _write_secret(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)

"""Who may do what: short-lived signed tokens, and roles within a unit's subtree.

Two issuers, checkin for devices and alerts for operators, each with a key of its own; every service
verifies with the same JWKS. ES256 only: an algorithm is never taken from a token.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
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
class Carried:
    """Of a device's own numbers those that the token's person answers for; `last` None: still open.

    `enrolled` is the person that the device was given to.
    """

    enrolled: str
    first: int
    last: int | None = None

    def covers(self, deviceseq: int | None) -> bool:
        """Whether an event with this number is of that shift."""
        if deviceseq is None or deviceseq < self.first:
            return False
        return self.last is None or deviceseq <= self.last


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
    key: str | None = None
    """The thumbprint of the key that the device must sign its events with; None asks for none."""
    issued_at: datetime | None = None
    session: str | None = None
    """Names this one token, so that it alone can be revoked."""
    shift: Carried | None = None
    """Where the person carries a device that another one was given."""

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
        key: str | None = None,
        shift: Carried | None = None,
    ) -> str:
        """A signed token; raises ValueError for an unknown role. `key`: RFC 7800's `jkt`."""
        if role not in ROLES:
            raise ValueError(f"unknown role {role!r}; the roles are {', '.join(ROLES)}")
        claims: dict[str, Any] = {
            "iss": self.name,
            "aud": AUDIENCE,
            "sub": actor,
            "name": name,
            "role": role,
            "unit": unit,
            "iat": round(now.timestamp(), 3),
            "exp": int((now + ttl).timestamp()),
        }
        if device is not None:
            claims["device"] = device
        else:
            claims["jti"] = secrets.token_urlsafe(12)
        if key is not None:
            claims["cnf"] = {"jkt": key}
        if shift is not None:
            claims["shift"] = asdict(shift)
        return self._signed(claims)

    def sealed(
        self, purpose: str, claims: Mapping[str, str], *, now: datetime, ttl: timedelta
    ) -> str:
        """What somebody carries for us and cannot change; it is no token, and nobody's."""
        seal = {"iss": self.name, "aud": f"{AUDIENCE}-{purpose}"}
        return self._signed({**claims, **seal, "exp": int((now + ttl).timestamp())})

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(
            {"alg": ALGORITHM, "kid": self._kid}, claims, self._key, algorithms=[ALGORITHM]
        )


class Verifier:
    """Verifies tokens of all issuers; remembers verified ones, because a phone sends one often.

    `revoked` is asked each time.
    """

    def __init__(
        self, keys_file: Path, revoked: Callable[[Principal], bool] = lambda _: False
    ) -> None:
        self._revoked = revoked
        self._file = keys_file
        self._read_at_mtime = -1
        self._load()
        self._known: OrderedDict[str, Principal] = OrderedDict()

    def _load(self) -> None:
        mtime = self._file.stat().st_mtime_ns if self._file.exists() else -1
        self._keys = KeySet.import_key_set(_read(self._file))
        self._kids = {str(key.kid) for key in self._keys.keys}
        self._read_at_mtime = mtime

    def _look_again(self) -> None:
        """Reads the keys anew where the file is another one: keys are rotated under us. One that
        cannot be read changes nothing."""
        with suppress(OSError, SettingsError, ValueError, JoseError):
            if self._file.stat().st_mtime_ns != self._read_at_mtime:
                self._load()

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
        if self._revoked(principal):
            raise Unauthenticated("the token was revoked; sign in again")
        return principal

    def opened(self, purpose: str, sealed: str, now: datetime) -> Mapping[str, str]:
        """What `Issuer.sealed` made, unchanged and in time; raises `Unauthenticated`."""
        try:
            decoded = jwt.decode(sealed, self._key_of, algorithms=[ALGORITHM])
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                aud={"essential": True, "value": f"{AUDIENCE}-{purpose}"},
                exp={"essential": True},
            ).validate(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Unauthenticated("what was carried is not ours, or too old") from error
        return {name: str(value) for name, value in decoded.claims.items()}

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
        except (ValueError, TypeError, KeyError, msgspec.ValidationError) as error:
            raise Unauthenticated("the token is not valid: malformed") from error

    def _key_of(self, token: Any) -> Any:
        """Only keys of our own file, by `kid`; a key that a token brings is never looked at."""
        kid = token.headers().get("kid")
        if kid not in self._kids:
            self._look_again()
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
        key=str(claims["cnf"]["jkt"]) if "cnf" in claims else None,
        issued_at=datetime.fromtimestamp(float(claims["iat"]), tz=UTC) if "iat" in claims else None,
        session=str(claims["jti"]) if "jti" in claims else None,
        shift=msgspec.convert(claims["shift"], Carried) if "shift" in claims else None,
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
    """Makes the signing keys and the JWKS where they are missing; returns `key_files`.

    The JWKS keeps keys that sign no more: what they signed, codes on paper too, stays good.
    """
    files = key_files(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name in ISSUERS:
        if not files[name].exists():
            _write_secret(files[name], msgspec.json.encode(_new_key(name)))
    _publish(files["keys"], [public_key(files[name]) for name in ISSUERS])
    return files


def rotate_key(directory: Path, issuer: str) -> str:
    """Gives an issuer a new signing key, which it uses from its next start on; returns its `kid`.

    The JWKS comes first: no token is signed that somebody could not verify.
    """
    files, key = key_files(directory), _new_key(issuer)
    _publish(files["keys"], [_public_half(key)])
    _write_secret(files[issuer], msgspec.json.encode(key))
    return str(key["kid"])


def _new_key(issuer: str) -> dict[str, Any]:
    key = ECKey.generate_key("P-256", private=True)
    return dict(key.as_dict(private=True)) | {"kid": f"{issuer}-{key.thumbprint()[:12]}"}


def _publish(keys_file: Path, keys: Iterable[dict[str, Any]]) -> None:
    """Adds public keys to a JWKS; readers see the old file or the new one, and never a half."""
    known = {key["kid"]: key for key in _read(keys_file)["keys"]} if keys_file.exists() else {}
    known |= {key["kid"]: key for key in keys}
    content = msgspec.json.encode({"keys": list(known.values())})
    if keys_file.exists() and keys_file.read_bytes() == content:
        return
    written = keys_file.with_suffix(".new")
    written.write_bytes(content)
    written.replace(keys_file)


def public_key(signing_key_file: Path) -> dict[str, Any]:
    """The public half of a signing key, as a JWK with its `kid`."""
    return _public_half(_read(signing_key_file))


def _public_half(private: dict[str, Any]) -> dict[str, Any]:
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

"""The codes that hang at the sites: text that a phone scans, signed so that nobody can make one.

    RONDA1:<site>:<issued>:<expires>:<kid>:<signature>

Times are UTC to the minute, `20231128T0530Z`; `-` for a code on paper, which does not expire. The
signature is ES256 over all that stands before its colon, by a signing key of checkin, whose public
half is in the deployment's JWKS under `kid`.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from shared.settings import SettingsError
from shared.signing import Coordinate, Jwk, PrivateKey, PublicKey, is_signed_by, public_key, sign

REMEMBERED = 4096
_TIME = "%Y%m%dT%H%MZ"
_SHAPE = re.compile(
    r"RONDA1:([a-z0-9][a-z0-9_.-]{0,79}):(\d{8}T\d{4}Z):(\d{8}T\d{4}Z|-)"
    r":(checkin-[A-Za-z0-9_-]{1,64}):([A-Za-z0-9_-]{86})",
    re.ASCII,
)


class _NamedJwk(Jwk, frozen=True, kw_only=True):
    kid: str


class _PrivateJwk(_NamedJwk, frozen=True, kw_only=True):
    d: Coordinate


class _KeySet(Struct, frozen=True):
    keys: list[_NamedJwk]


_Keys = TypeVar("_Keys")


@dataclass(frozen=True, slots=True)
class CheckpointCode:
    """A genuine code: whose site it is and until when it is good; None means for ever."""

    site: str
    issued_at: datetime
    expires_at: datetime | None


def make(
    site: str, *, issued_at: datetime, expires_at: datetime | None, kid: str, key: PrivateKey
) -> str:
    """The text of a code; raises ValueError where site or `kid` cannot be part of one."""
    end = _written(expires_at) if expires_at is not None else "-"
    said = f"RONDA1:{site}:{_written(issued_at)}:{end}:{kid}"
    text = f"{said}:{sign(key, said.encode())}"
    if _SHAPE.fullmatch(text) is None:
        raise ValueError(f"no code can be made for site {site!r} with key {kid!r}")
    return text


class CodeBook:
    """Tells genuine codes; remembers them, because there are few and they are scanned often."""

    def __init__(self, keys: Mapping[str, PublicKey]) -> None:
        self._keys = keys
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._checked)

    def genuine(self, text: str) -> CheckpointCode | None:
        """A text's code, or None where it is none of ours."""
        try:
            return self._remembered(text)
        except KeyError:
            # Not remembered: the key may be published later.
            return None

    def _checked(self, text: str) -> CheckpointCode | None:
        match = _SHAPE.fullmatch(text)
        if match is None:
            return None
        site, issued, expires, kid, signature = match.groups()
        said = text.rpartition(":")[0].encode()
        if not is_signed_by(self._keys[kid], said, signature):
            return None
        try:
            end = None if expires == "-" else _read(expires)
            return CheckpointCode(site=site, issued_at=_read(issued), expires_at=end)
        except ValueError:
            return None


class VerifyingKeys(Mapping[str, PublicKey]):
    """The keys of a JWKS, by `kid`; the file is looked at again for one that is not there, because
    keys are rotated under us."""

    def __init__(self, keys_file: Path) -> None:
        """Raises `SettingsError` where the file holds no such keys."""
        self._file = keys_file
        self._load()

    def _load(self) -> None:
        mtime = self._file.stat().st_mtime_ns if self._file.exists() else -1
        self._keys = {key.kid: public_key(key) for key in _decoded(self._file, _KeySet).keys}
        self._read_at_mtime = mtime

    def __getitem__(self, kid: str) -> PublicKey:
        if kid not in self._keys:
            # A file that cannot be read changes nothing.
            with suppress(OSError, SettingsError, ValueError):
                if self._file.stat().st_mtime_ns != self._read_at_mtime:
                    self._load()
        return self._keys[kid]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def signing_key(key_file: Path) -> tuple[str, PrivateKey]:
    """An issuer's `kid` and private key; raises `SettingsError`."""
    key = _decoded(key_file, _PrivateJwk)
    secret = int.from_bytes(base64.urlsafe_b64decode(key.d + "="), "big")
    return key.kid, ec.derive_private_key(secret, ec.SECP256R1())


def _decoded(file: Path, kind: type[_Keys]) -> _Keys:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(f"key file {file}: {error}") from error


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_TIME)


def _read(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)

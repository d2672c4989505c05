"""What a device signs: ES256 (ECDSA P-256, SHA-256) over the RFC 8785 form of an event's fields.

Keys and signatures travel as WebCrypto gives them: a public JWK, and r‖s of 64 bytes in base64url
without padding.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Protocol

import msgspec
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from msgspec import Meta, Raw, Struct

from shared.events.envelope import SIGNED_FIELDS

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey

_ALGORITHM = ec.ECDSA(hashes.SHA256())
_HALF = 32
_SIGNATURE_LENGTH = 86
# In the order in which RFC 8785 puts names; `data` comes first, as bytes that are there already.
_AFTER_DATA = tuple(sorted(set(SIGNED_FIELDS) - {"data"}))
_encode = msgspec.json.Encoder().encode

Coordinate = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}$", max_length=43)]


class Jwk(Struct, frozen=True, kw_only=True):
    """The public half of a device's key, RFC 7517; other members are ignored."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Coordinate
    y: Coordinate


class Signed(Protocol):
    """An event as far as it is signed."""

    @property
    def data(self) -> Raw: ...


class Uncanonical(ValueError):
    """The value has no RFC 8785 form: a number beyond double precision, half a surrogate pair."""


def public_key(jwk: Jwk) -> PublicKey:
    """The key of a JWK; raises ValueError where its point is not on the curve."""
    x, y = (int.from_bytes(_decoded(part), "big") for part in (jwk.x, jwk.y))
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise ValueError("not a point of the curve P-256") from error


def jwk_of(key: PublicKey) -> Jwk:
    """The JWK of a public key."""
    numbers = key.public_numbers()
    x, y = (_text(number.to_bytes(_HALF, "big")) for number in (numbers.x, numbers.y))
    return Jwk(kty="EC", crv="P-256", x=x, y=y)


def thumbprint(jwk: Jwk) -> bytes:
    """The SHA-256 of a key by RFC 7638: names it, whoever computes it."""
    members = {"crv": jwk.crv, "kty": jwk.kty, "x": jwk.x, "y": jwk.y}
    return hashlib.sha256(canonical(members)).digest()


def canonical(value: Any) -> bytes:
    """The RFC 8785 form of a JSON value; raises `Uncanonical`."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise Uncanonical(str(error)) from error


def signed_text(event: Mapping[str, Any]) -> bytes:
    """What is signed of an event that is a JSON object; raises `Uncanonical`."""
    return canonical({name: event[name] for name in SIGNED_FIELDS if name in event})


def sign(key: PrivateKey, text: bytes) -> str:
    """The signature of a text."""
    r, s = decode_dss_signature(key.sign(text, _ALGORITHM))
    return _text(r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big"))


def is_signed_by(key: PublicKey, text: bytes, signature: str) -> bool:
    """Whether a signature is this key's over this text, in its one spelling."""
    try:
        pair = _decoded(signature)
    except ValueError:
        return False
    if len(pair) != 2 * _HALF:
        return False
    r, s = (int.from_bytes(half, "big") for half in (pair[:_HALF], pair[_HALF:]))
    try:
        key.verify(encode_dss_signature(r, s), text, _ALGORITHM)
    except InvalidSignature:
        return False
    return True


def is_event_signed_by(key: PublicKey, event: Signed, signature: str) -> bool:
    """Whether an event's signature is this key's."""
    if len(signature) != _SIGNATURE_LENGTH:
        return False
    return any(is_signed_by(key, text, signature) for text in _forms(event))


def _forms(event: Signed) -> Iterator[bytes]:
    """The signed text: at first as it is where `data` came in its RFC 8785 form already, as our
    phones send it, which spares two thirds of the work; then with `data` brought into it."""
    fields = {name: getattr(event, name) for name in _AFTER_DATA}
    rest = _encode({name: value for name, value in fields.items() if value is not None})[1:]
    raw = bytes(event.data)
    yield b'{"data":' + raw + b"," + rest
    try:
        data = canonical(msgspec.json.decode(raw))
    except (Uncanonical, msgspec.DecodeError, RecursionError):
        return
    if data != raw:
        yield b'{"data":' + data + b"," + rest


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """The bytes of base64url; raises ValueError for any spelling but the one."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64url: {error}") from error
    if _text(content) != text:
        raise ValueError("not base64url in its one spelling")
    return content

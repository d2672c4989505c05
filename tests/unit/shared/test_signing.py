"""Signatures of events: the phone's own verify, and nothing else does."""

import json
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from services.checkin.domain.incoming import Incoming
from shared.events.envelope import SIGNED_FIELDS
from shared.signing import (
    Jwk,
    Uncanonical,
    canonical,
    is_event_signed_by,
    is_signed_by,
    jwk_of,
    public_key,
    sign,
    signed_text,
    thumbprint,
)
from tests.unit.checkin.builders import an_event

PRIVATE = ec.derive_private_key(7, ec.SECP256R1())
PUBLIC = PRIVATE.public_key()
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
unexciting = st.characters(exclude_categories=["Cs"])


def verifies(body: bytes, signature: str) -> bool:
    event = msgspec.json.decode(body, type=Incoming)
    return is_event_signed_by(PUBLIC, event, signature)


def test_the_canonical_form_is_that_of_rfc_8785() -> None:
    """The example of its section 3.2.4, and the order by UTF-16 of section 3.2.3."""
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert canonical(value) == (
        b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical({"\ufb33": 1, "\U0001f600": 2, "\u20ac": 3}).decode() == (
        '{"\u20ac":3,"\U0001f600":2,"\ufb33":1}'
    )


@pytest.mark.parametrize("value", [2**53, float("nan"), float("inf"), "\ud800"])
def test_what_double_precision_or_utf_8_cannot_hold_has_no_canonical_form(value: Any) -> None:
    with pytest.raises(Uncanonical):
        canonical(value)


@given(data=json_values, subject=st.none() | st.text(unexciting, min_size=1, max_size=9))
def test_a_signed_event_verifies_however_its_json_is_written(
    data: Any, subject: str | None
) -> None:
    event = an_event(data=data) | ({"subject": subject} if subject else {})
    event.setdefault("data", None)
    signature = sign(PRIVATE, signed_text(event))
    as_signed = canonical(event)
    loosely = json.dumps(dict(reversed(event.items())), indent=1).encode()
    assert verifies(as_signed, signature)
    assert verifies(loosely, signature)


@given(st.data())
def test_no_other_value_of_a_signed_field_verifies(data: st.DataObject) -> None:
    event = an_event()
    signature = sign(PRIVATE, signed_text(event))
    name = data.draw(st.sampled_from(sorted(set(SIGNED_FIELDS) - {"specversion", "id"})))
    other = data.draw(
        {"deviceseq": st.integers(0, 2**31 - 1), "data": json_values}.get(
            name, st.text(unexciting, min_size=1, max_size=30)
        )
    )
    changed = event | {name: other}
    assert verifies(msgspec.json.encode(changed), signature) == (
        canonical(changed) == canonical(event)
    )


def test_an_unsigned_attribute_may_change_on_the_way() -> None:
    event = an_event()
    signature = sign(PRIVATE, signed_text(event))
    assert verifies(msgspec.json.encode(event | {"purpose": "exercise"}), signature)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signature: signature + "=",
        lambda signature: signature[:-1],
        lambda signature: "A" * 86,
        lambda signature: "-" * 86,
        lambda signature: "é" * 86,
        lambda signature: " " + signature[1:],
        # The last character holds four bits that say nothing: only zeros are the one spelling.
        lambda signature: signature[:-1] + chr(ord(signature[-1]) + 1),
        lambda signature: "",
    ],
)
def test_a_signature_has_one_spelling(spoil: Any) -> None:
    text = b"x"
    signature = sign(PRIVATE, text)
    assert is_signed_by(PUBLIC, text, signature)
    assert not is_signed_by(PUBLIC, text, spoil(signature))


def test_a_key_travels_as_a_jwk_with_the_thumbprint_of_rfc_7638() -> None:
    jwk = jwk_of(PUBLIC)
    assert public_key(jwk) == PUBLIC
    text = f'{{"crv":"P-256","kty":"EC","x":"{jwk.x}","y":"{jwk.y}"}}'
    assert thumbprint(jwk) == sha256(text.encode()).digest()


@pytest.mark.parametrize("y", ["A" * 43, jwk_of(PUBLIC).x, "_" * 42 + "8"])
def test_a_point_that_is_not_on_the_curve_is_no_key(y: str) -> None:
    with pytest.raises(ValueError, match="P-256"):
        public_key(Jwk(kty="EC", crv="P-256", x=jwk_of(PUBLIC).x, y=y))

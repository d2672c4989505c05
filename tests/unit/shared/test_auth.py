"""Tokens: forged ones prove nobody."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.auth import (
    Issuer,
    Principal,
    Unauthenticated,
    Verifier,
    bearer,
    generate_keys,
    public_key,
    rotate_key,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
UNIT = "polda-jatim/polres-tuban"


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    return generate_keys(tmp_path)


def _token(key_file: Path, **over: object) -> str:
    claims: dict[str, object] = {
        "actor": "p-1021",
        "name": "Aipda Contoh",
        "role": "officer",
        "unit": UNIT,
        "now": NOW,
        "device": "d-0007",
    }
    return Issuer(key_file).token(**(claims | over))  # type: ignore[arg-type]


def test_a_token_of_ours_names_its_principal(keys: dict[str, Path]) -> None:
    principal = Verifier(keys["keys"]).verify(_token(keys["checkin"]), NOW)
    assert principal == Principal(
        actor="p-1021",
        name="Aipda Contoh",
        role="officer",
        unit=UNIT,
        issuer="checkin",
        expires_at=NOW + timedelta(minutes=15),
        device="d-0007",
        issued_at=NOW,
    )


def test_a_token_is_refused_once_it_has_expired_also_when_it_is_remembered(
    keys: dict[str, Path],
) -> None:
    verifier = Verifier(keys["keys"])
    token = _token(keys["checkin"])
    verifier.verify(token, NOW)
    with pytest.raises(Unauthenticated, match="expired"):
        verifier.verify(token, NOW + timedelta(minutes=15))


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _claims(**over: object) -> dict[str, object]:
    return {
        "iss": "alerts",
        "aud": "ronda",
        "sub": "mallory",
        "name": "M",
        "role": "commander",
        "unit": UNIT,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 900,
    } | over


def _signed(key_file: Path, header: dict[str, object], **claims: object) -> str:
    """A token whose signature is good, by the key of a file, whatever it says."""
    key = ECKey.import_key(json.loads(key_file.read_text()))
    return jwt.encode({"alg": "ES256", "kid": key.kid} | header, _claims(**claims), key)


def _unsigned(keys: dict[str, Path]) -> str:
    return f"{_segment({'alg': 'none'})}.{_segment(_claims())}."


def _hmac_with_the_public_key(keys: dict[str, Path]) -> str:
    kid = json.loads(keys["keys"].read_text())["keys"][1]["kid"]
    signed = f"{_segment({'alg': 'HS256', 'kid': kid})}.{_segment(_claims())}"
    mac = hmac.new(keys["keys"].read_bytes(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _with_a_changed_claim(keys: dict[str, Path]) -> str:
    head, _, signature = _token(keys["alerts"], role="operator").split(".")
    return f"{head}.{_segment(_claims())}.{signature}"


def _with_a_changed_signature(keys: dict[str, Path]) -> str:
    token = _token(keys["checkin"])
    return token[:-6] + ("AAAAAA" if not token.endswith("AAAAAA") else "BBBBBB")


def _of_a_stranger(keys: dict[str, Path]) -> str:
    return _token(generate_keys(keys["keys"].parent / "stranger")["alerts"])


def _of_a_key_that_it_brings(keys: dict[str, Path]) -> str:
    stranger = generate_keys(keys["keys"].parent / "stranger")
    return _signed(stranger["alerts"], {"jwk": public_key(stranger["alerts"])})


def _with_an_address_of_keys(keys: dict[str, Path]) -> str:
    stranger = generate_keys(keys["keys"].parent / "stranger")
    return _signed(stranger["alerts"], {"jku": "http://127.0.0.1:9/keys"})


def _of_another_audience(keys: dict[str, Path]) -> str:
    return _signed(keys["alerts"], {}, aud="other")


def _expired(keys: dict[str, Path]) -> str:
    return _token(keys["checkin"], now=NOW - timedelta(hours=2))


def _empty(_: dict[str, Path]) -> str:
    return ""


def _two_parts(keys: dict[str, Path]) -> str:
    return _token(keys["checkin"]).rpartition(".")[0]


def _not_base64(_: dict[str, Path]) -> str:
    return "ä.ö.ü"


FORGERIES = {
    _unsigned: "unsupported_algorithm",
    _hmac_with_the_public_key: "unsupported_algorithm",
    _with_a_changed_claim: "bad_signature",
    _with_a_changed_signature: "bad_signature",
    _of_a_stranger: "unknown key",
    _of_a_key_that_it_brings: "unknown key",
    _with_an_address_of_keys: "unknown key",
    _of_another_audience: "invalid_claim",
    _expired: "expired_token",
    _empty: "decode_error",
    _two_parts: "decode_error",
    _not_base64: "decode_error",
}
"""Each is wrong in one thing, and is refused for that."""


def test_the_forgers_own_words_are_good_where_nothing_is_wrong(keys: dict[str, Path]) -> None:
    assert Verifier(keys["keys"]).verify(_signed(keys["alerts"], {}), NOW).actor == "mallory"


@pytest.mark.parametrize(
    ("forge", "reason"), FORGERIES.items(), ids=[forge.__name__.strip("_") for forge in FORGERIES]
)
def test_a_forged_token_proves_nobody(
    keys: dict[str, Path], forge: Callable[[dict[str, Path]], str], reason: str
) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        Verifier(keys["keys"]).verify(forge(keys), NOW)


def test_an_issuer_cannot_speak_in_the_name_of_another(keys: dict[str, Path]) -> None:
    token = Issuer(keys["checkin"])
    token.name = "alerts"
    forged = token.token(actor="x", name="x", role="commander", unit=UNIT, now=NOW)
    with pytest.raises(Unauthenticated, match="another issuer"):
        Verifier(keys["keys"]).verify(forged, NOW)


def test_an_unknown_role_is_not_issued(keys: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="the roles are"):
        _token(keys["alerts"], role="emperor")


def test_keys_are_made_once_and_their_private_halves_are_for_the_owner_only(
    keys: dict[str, Path],
) -> None:
    before = {name: file.read_bytes() for name, file in keys.items()}
    again = generate_keys(keys["keys"].parent)
    assert {name: file.read_bytes() for name, file in again.items()} == before
    assert keys["checkin"].stat().st_mode & 0o077 == 0
    assert b'"d"' not in keys["keys"].read_bytes()


@pytest.mark.parametrize("header", [None, "", "Basic eDp5", "Bearer", "Bearer "])
def test_a_missing_or_strange_authorization_says_what_to_send(header: str | None) -> None:
    with pytest.raises(Unauthenticated, match="ronda token"):
        bearer(header)


@pytest.mark.parametrize(
    ("unit", "covered"),
    [
        (UNIT, True),
        (f"{UNIT}/polsek-soko", True),
        ("polda-jatim", False),
        (f"{UNIT}-lama", False),
        (None, False),
    ],
)
def test_a_principal_covers_its_own_subtree_only(
    keys: dict[str, Path], unit: str | None, covered: bool
) -> None:
    principal = Verifier(keys["keys"]).verify(_token(keys["checkin"]), NOW)
    assert principal.covers(unit) is covered


def test_a_rotated_key_is_known_at_once_and_what_the_old_one_signed_stays_good(
    keys: dict[str, Path],
) -> None:
    verifier, old, before = Verifier(keys["keys"]), Issuer(keys["checkin"]), _kids(keys)
    signed_before = _token(keys["checkin"])
    kid = rotate_key(keys["keys"].parent, "checkin")
    assert _kids(keys) == before | {kid}
    assert Issuer(keys["checkin"])._kid == kid
    for token in (signed_before, _token(keys["checkin"]), _token(keys["alerts"])):
        assert verifier.verify(token, NOW).actor == "p-1021"
    # Until its next start the issuer signs with the key that it has read.
    late = old.token(actor="x", name="x", role="officer", unit=UNIT, now=NOW)
    assert verifier.verify(late, NOW).actor == "x"
    assert generate_keys(keys["keys"].parent) == keys
    assert _kids(keys) == before | {kid}


def test_a_broken_file_of_keys_takes_away_none_that_were_read(keys: dict[str, Path]) -> None:
    verifier, token = Verifier(keys["keys"]), _token(keys["checkin"])
    keys["keys"].write_text("{")
    with pytest.raises(Unauthenticated, match="unknown key"):
        verifier.verify(_of_a_stranger(keys), NOW)
    assert verifier.verify(token, NOW).actor == "p-1021"


def _kids(keys: dict[str, Path]) -> set[str]:
    return {key["kid"] for key in json.loads(keys["keys"].read_text())["keys"]}
